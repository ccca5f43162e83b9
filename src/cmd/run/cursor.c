/* SPDX-License-Identifier: MIT */
/* The next entry: opens the inputs in turn, and has it accepted. */
#include "cmd/run/cursor.h"
#include "base/fail.h"
#include "cmd/run/cursor_accept.h"
#include "cmd/run/cursor_streams.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <stdio.h>

/* --- inputs ------------------------------------------------------------------------------------------- */

static void begin_phase(struct session *session, const char *name, size_t first, size_t end)
{
    progress_phase(&session->progress, name, inputs_size(session->inputs + first, end - first));
}

void cursor_open(struct cursor *cursor, struct session *session, size_t first, size_t end)
{
    if (session->log.cut && end > session->log.cut_input + 1)
        end = session->log.cut_input + 1;
    *cursor = (struct cursor){.session = session, .next = first, .end = end};
    if (!progress_is_main(&session->progress))
        begin_phase(session, NULL, 0, session->input_count);
}

void cursor_open_rescan(struct cursor *cursor, struct session *session, const char *phase)
{
    cursor_open_rescan_of(cursor, session, 0, session->input_count, phase);
}

void cursor_open_rescan_of(struct cursor *cursor, struct session *session, size_t first, size_t end,
                           const char *phase)
{
    *cursor = (struct cursor){.session = session, .next = first, .end = end, .rescan = true};
    begin_phase(session, phase, first, end);
    if (session->options->keys.rewrite)
        rf_rewrite_count(session->options->keys.rewrite, false);
}

/* A live server sends its data once: another time it would be other data. */
static rf_code capture(struct cursor *cursor, rf_error *error)
{
    progress_waits_for(&cursor->session->progress, cursor->input->is_live ? "copying the snapshot" : "");
    rf_code code = rf_files_capture(cursor->input->files, cursor->number, error);
    progress_waits_for(&cursor->session->progress, "");
    return code;
}

static rf_code enter_input(struct cursor *cursor, rf_error *error)
{
    struct session *session = cursor->session;
    rf_notify notify = notices_listener(&session->notices);
    cursor->number = cursor->next++;
    cursor->input = &session->inputs[cursor->number];
    if (cursor->rescan || session->read.rescans)
        TRY(capture(cursor, error));
    if (cursor->rescan) {
        cursor->again = input_of(&session->options->inputs, cursor->number);
        cursor->input = &cursor->again;
        notify = (rf_notify){0};
    }
    session->notices.input = input_name(cursor->input);
    if (cursor->input->is_stream)
        return RF_OK;
    cursor->input->streams = session->read.streams;
    cursor->input->batches = cursor->rescan ? 0 : session->read.batches;
    cursor->input->key_batches = !session->read.rewrites_commands;
    if (cursor->commands)
        rf_command_rewrite_enter(cursor->commands, (uint32_t)cursor->number);
    TRY(log_repair_survey(session, error));
    progress_waits_for(&session->progress, cursor->input->is_live ? "reading the source" : "");
    rf_code code = input_open(cursor->input, session->read.resume, notify, error);
    progress_waits_for(&session->progress, "");
    TRY(code);
    progress_enter(&session->progress, cursor->input->reader);
    return RF_OK;
}

static void print_found(const struct input *input)
{
    char version[32] = "", writer[32], size[SIZE_TEXT];
    if (input->info.rdb_version > 0)
        snprintf(version, sizeof version, " (version %d)", input->info.rdb_version);
    rf_server_format(input->info.writer, writer, sizeof writer);
    message_detail("%s: %s%s, written by %s, %s%s%s", input_name(input), input->info.format, version,
                   input->info.writer.major ? writer : "an unknown server", text_size(input->read, size),
                   *input->layers ? ", " : "", input->layers);
}

static void end_commands(struct cursor *cursor)
{
    if (cursor->commands && !cursor->rescan) {
        rf_command_rewrite_counts counts = rf_command_rewrite_counts_get(cursor->commands);
        cursor->session->commands.dropped += counts.dropped;
        cursor->session->commands.narrowed += counts.narrowed;
    }
    rf_command_rewrite_close(cursor->commands);
    cursor->commands = NULL;
}

/* Closes the input, if it could be opened. */
static void leave_input(struct cursor *cursor)
{
    struct input *input = cursor->input;
    cursor->input = NULL;
    if (!input->reader)
        return;
    progress_leave(&cursor->session->progress);
    input_close(input);
    if (!cursor->rescan)
        print_found(input);
}

void cursor_end_record(struct session *session, uint64_t offset)
{
    cursor_enter_record(session, offset);
    stats_pause(&session->stats, offset);
}

void cursor_skip_input(struct cursor *cursor)
{
    const struct input *input = cursor->input;
    leave_input(cursor);
    cursor_end_record(cursor->session, input->decoded);
}

bool cursor_is_within_command(const struct cursor *cursor)
{
    return cursor->commands && rf_command_rewrite_is_pending(cursor->commands);
}

bool cursor_needs_order(const struct session *session)
{
    const struct log_options *options = &session->options->log;
    const struct log_survey *log = &session->log;
    return session->joined || options->drop_command || options->drop_at.text || log->cut ||
           log->repair.count > 0 || options->repair != REPAIR_NONE ||
           (log->history && rf_command_history_has_swaps(log->history));
}

bool cursor_can_take(const struct cursor *cursor)
{
    const struct session *session = cursor->session;
    bool is_first = session->options->keys.shift && !cursor_is_raw(cursor) &&
                    session->shifted != cursor->input->path;
    return !cursor_is_within_command(cursor) && !cursor_needs_order(session) && !is_first;
}

rf_code cursor_take(struct cursor *cursor, rf_batch *batch, bool *taken, rf_error *error)
{
    return rf_reader_take(cursor->input->reader, batch, taken, error);
}

/* --- entries ------------------------------------------------------------------------------------------ */

/* Every key is read, and keeps its name. */
static inline rf_code take_key(struct session *session, const rf_entry *entry, rf_error *error)
{
    session->key.ambiguous = session->key.rewritten = false;
    session->key.accepted = true;
    cursor_enter_record(session, entry->offset);
    return cursor_count_key(session, entry, entry->db, error);
}

/* Keys are counted, and not compared with other inputs or with who owns their slots. */
static inline bool only_counts(const struct cursor *cursor)
{
    return !cursor->session->joined && !cursor->rescan && !cursor->input->is_live;
}

bool cursor_accepts_all(const struct cursor *cursor)
{
    return cursor->session->unfiltered && only_counts(cursor);
}

bool cursor_only_renames(const struct cursor *cursor)
{
    const struct session *session = cursor->session;
    const struct key_options *keys = &session->options->keys;
    return keys->rewrite && rf_filter_is_all(keys->filter) && !cursor_is_raw(cursor) &&
           !session->log.history && only_counts(cursor);
}

void cursor_accept_strings(struct cursor *cursor, const rf_string *keys, size_t count)
{
    struct session *session = cursor->session;
    cursor_enter_record(session, keys->offset);
    session->last_offset = keys[count - 1].offset;
    atomic_store_explicit(&session->progress.offset, session->last_offset, memory_order_relaxed);
    progress_add(&session->progress.keys, count);
    stats_add_strings(&session->stats, keys, count);
}

rf_code cursor_accept_key(struct cursor *cursor, rf_entry *entry, bool *accepted, rf_error *error)
{
    *accepted = cursor_accepts_all(cursor);
    return LIKELY(*accepted) ? take_key(cursor->session, entry, error)
                             : cursor_choose_key(cursor, entry, accepted, error);
}

/* The next one of the input, up to where its log is cut: at damage, if it is repaired. */
static rf_code next_entry(struct cursor *cursor, rf_error *error)
{
    const struct log_survey *log = &cursor->session->log;
    bool present_end;
    if (cursor->batch)
        return rf_batch_next(cursor->batch, &cursor->entry, error);
    rf_code code = log_repair_next(cursor->session, &log->repair, cursor->number, cursor->input->reader,
                                   &cursor->entry, &present_end, error);
    if (UNLIKELY(present_end) && !cursor->rescan)
        session_notice(cursor->session, RF_NOTICE_PRESENT_END,
                       &(rf_entry){.offset = input_info(cursor->input)->damage.offset}, NULL);
    if (!log->cut || cursor->number != log->cut_input)
        return code;
    bool repaired = rf_code_is_input(code) && cursor->session->options->log.repair == REPAIR_CUT;
    bool after = code == RF_OK && cursor->entry.kind == RF_ENTRY_COMMAND &&
                 cursor->entry.offset >= log->cut_offset;
    return repaired || after ? RF_END : code;
}

void cursor_next_strings(struct cursor *cursor, rf_string *keys, size_t most, rf_strings *strings)
{
    strings->count = 0;
    if (cursor->batch)
        rf_batch_next_strings(cursor->batch, keys, most, strings);
    else if (cursor->input && cursor->input->reader && cursor->session->log.repair.count == 0)
        rf_reader_next_strings(cursor->input->reader, keys, most, strings);
}

rf_code cursor_next(struct cursor *cursor, rf_entry **entry, rf_error *error)
{
    const bool pauses = cursor->session->read.pauses;
    *entry = NULL;
    while (cursor->input || cursor->next < cursor->end) {
        bool accepted = false;
        if (UNLIKELY(cursor_is_within_command(cursor))) {
            TRY(cursor_next_result(cursor, entry, error));
            if (*entry || cursor->batch)
                return RF_OK;
        }
        if (!cursor->input)
            TRY(enter_input(cursor, error));
        bool there = true;
        rf_code code = cursor->input->is_stream ? cursor_poll_streams(cursor, &there, error)
                                                : next_entry(cursor, error);
        if (code == RF_OK && !there)
            return RF_OK;
        if (code == RF_END && cursor->batch)
            return RF_END;
        if (code == RF_END) {
            cursor_skip_input(cursor);
            if (pauses && cursor->next < cursor->end)
                return RF_OK;
            continue;
        }
        if (code != RF_OK)
            return code;
        atomic_store_explicit(&cursor->session->progress.offset, cursor->entry.offset, memory_order_relaxed);
        if (cursor->entry.kind == RF_ENTRY_KEY)
            TRY(cursor_accept_key(cursor, &cursor->entry, &accepted, error));
        else if (cursor->entry.kind == RF_ENTRY_COMMAND)
            TRY(cursor_accept_command(cursor, &cursor->entry, entry, error));
        else
            TRY(cursor_accept_other(cursor, &cursor->entry, &accepted, error));
        if (accepted)
            *entry = &cursor->entry;
        if (*entry || pauses)
            return RF_OK;
    }
    return RF_END;
}

/* Whether an error can be the fault of an input. */
static bool concerns_input(rf_code code)
{
    return rf_code_is_input(code) || code == RF_E_INCOMPATIBLE || code == RF_E_ARGUMENT;
}

rf_code cursor_close(struct cursor *cursor, rf_code code, rf_error *error)
{
    const struct input *input = cursor->input;
    end_commands(cursor);
    if (input)
        leave_input(cursor);
    if (cursor->rescan && cursor->session->options->keys.rewrite)
        rf_rewrite_count(cursor->session->options->keys.rewrite, true);
    if (code == RF_OK || code == RF_END)
        return RF_OK;
    if (!input)
        return code;
    if (code == RF_E_READ || code == RF_E_TRUNCATED)
        code = input_blame(input, error);
    if ((concerns_input(code) || error->offset >= 0) && !*error->input)
        snprintf(error->input, sizeof error->input, "%s", input_name(input));
    return code;
}
