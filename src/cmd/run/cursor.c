/* SPDX-License-Identifier: MIT */
/* The next entry: opens the inputs in turn, filters, rewrites and counts. */
#include "cmd/run/cursor.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "cmd/run/cursor_streams.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/slot.h>
#include <rdbferry/snapshot.h>
#include <rdbferry/value.h>
#include <stdio.h>

enum { NAMED = 20 /* commands that are left out */ };

/* --- keys --------------------------------------------------------------------------------------------- */

/* Sets by how much the expiries of this input are shifted. Its save time is known by its first key. */
static rf_code set_expiry_shift(struct cursor *cursor, rf_error *error)
{
    struct session *session = cursor->session;
    const struct key_options *keys = &session->options->keys;
    int64_t saved_at = input_info(cursor->input)->saved_at, ms = keys->shift_ms;
    if (keys->shift == SHIFT_AUTO && saved_at < 0)
        return fail(error, RF_E_ARGUMENT, "the input has no save time: --shift-expiry needs a duration");
    if (keys->shift == SHIFT_AUTO)
        ms = session->now > saved_at * 1000 ? session->now - saved_at * 1000 : 0;
    if (keys->shift == SHIFT_AUTO && !cursor->rescan)
        message_detail("%s: expiries shifted by %" PRId64 " s", input_name(cursor->input), ms / 1000);
    rf_rewrite_shift_expiry(keys->rewrite, ms);
    session->shifted = cursor->input->path;
    return RF_OK;
}

/* A hash or a set whose elements have all expired is an expired key. Damage in it is left to be found by the
 * consumer of the entry. */
static rf_code check_fields(const struct session *session, rf_entry *entry, rf_drop_reason *drop,
                            rf_error *error)
{
    int policy = session->options->keys.expired;
    bool may_go = policy == RF_EXPIRED_DROP && *drop == RF_DROP_NONE;
    bool may_come = policy == RF_EXPIRED_ONLY && *drop == RF_DROP_BY_EXPIRY;
    if ((entry->type != RF_HASH && entry->type != RF_SET) || (!may_go && !may_come))
        return RF_OK;
    rf_field_expiry expiry;
    rf_code code = rf_value_field_expiry(entry->value, &expiry, error);
    if (code != RF_OK)
        return session->read.resume ? RF_OK : code;
    if (expiry.fields > 0 && rf_fields_end(&expiry) != RF_NO_EXPIRY && rf_fields_end(&expiry) <= session->now)
        *drop = may_go ? RF_DROP_BY_EXPIRY : RF_DROP_NONE;
    else if (may_go)
        rf_value_leave_out_expired(entry->value, &expiry, session->now);
    return RF_OK;
}

/* Keys of this input are the results of a rewrite already. */
static bool is_raw(const struct cursor *cursor)
{
    return cursor->session->options->keys.rewrite && cursor->number >= cursor->session->read.raw_from;
}

/* *drop: the reason to drop the key, if any. Its slot is that of the resulting name. */
static rf_code filter_key(struct cursor *cursor, rf_entry *entry, rf_drop_reason *drop, rf_error *error)
{
    struct session *session = cursor->session;
    rf_filter *filter = session->options->keys.filter;
    rf_rewrite *rewrite = session->options->keys.rewrite;
    *drop = RF_DROP_NONE;
    session->key.ambiguous = session->key.rewritten = false;
    if (session->unfiltered)
        return RF_OK;
    if (is_raw(cursor))
        return rf_rewrite_can_cover(rewrite, filter) ? rf_rewrite_covers(rewrite, filter, entry, drop, error)
                                                     : RF_OK;
    if (session->log.history)
        entry->db = rf_command_history_db(session->log.history, entry->db);
    TRY(rf_filter_match(filter, entry, drop, error));
    if (*drop == RF_DROP_NONE && session->log.history &&
        rf_command_history_is_flushed(session->log.history, entry->db, 0, 0))
        *drop = RF_DROP_BY_FLUSH;
    TRY(check_fields(session, entry, drop, error));
    if (*drop == RF_DROP_NONE && rewrite) {
        session->key.rewritten = true;
        session->key.source_db = entry->db;
        session->key.source_name = entry->key;
        if (session->shifted != cursor->input->path)
            TRY(set_expiry_shift(cursor, error));
        TRY(rf_rewrite_apply(rewrite, entry, &session->key.ambiguous, error));
    }
    if (*drop != RF_DROP_NONE || !rf_filter_uses_slots(filter))
        return RF_OK;
    entry->slot = (int)rf_slot_of(entry->key);
    if (!rf_filter_accepts_slot(filter, (unsigned)entry->slot))
        *drop = RF_DROP_BY_SLOT;
    return RF_OK;
}

/* The record of the previous key ends where this one starts. */
static void end_record(struct session *session, uint64_t offset)
{
    if (session->bytes_of)
        *session->bytes_of += offset - session->last_offset;
    session->bytes_of = NULL;
    session->last_offset = offset;
}

/* A key that another node of the cluster owns: its slot is being migrated, or was left behind by that. */
static rf_code check_owner(const struct input *input, const rf_entry *entry, rf_error *error)
{
    unsigned slot = rf_slot_of(entry->key);
    if (rf_files_has_slot(input->files, input->number, slot))
        return RF_OK;
    fail(error, RF_E_READ,
         "slot %u belongs to another node: it is being migrated, or was (see redis-cli --cluster check)",
         slot);
    error_key(error, entry->db, entry->key);
    return error->code;
}

enum { USUAL_DATABASES = 16 };

/* What a user should know of a key that is chosen. */
static __attribute__((noinline)) void tell_of_key(struct session *session, const rf_entry *key)
{
    if (key->vendor_flags)
        session_notice(session, RF_NOTICE_FOREIGN_RECORD, key, key->vendor_flags);
    if (key->db >= USUAL_DATABASES && session->notices.records[RF_NOTICE_MANY_DATABASES].count == 0)
        session_notice(session, RF_NOTICE_MANY_DATABASES, key, "servers have 16 databases by default");
}

static inline rf_code count_key(struct session *session, const rf_entry *entry, int64_t source_db,
                                rf_error *error)
{
    int64_t db = session->read.counts_results ? entry->db : source_db;
    if (UNLIKELY(entry->vendor_flags || entry->db >= USUAL_DATABASES))
        tell_of_key(session, entry);
    progress_count(&session->progress.keys);
    return stats_add(&session->stats, entry, db) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* Every key is read, and keeps its name. */
static inline rf_code take_key(struct session *session, const rf_entry *entry, rf_error *error)
{
    session->key.ambiguous = session->key.rewritten = false;
    session->key.accepted = true;
    end_record(session, entry->offset);
    return count_key(session, entry, entry->db, error);
}

static __attribute__((noinline)) rf_code choose_key(struct cursor *cursor, rf_entry *entry, bool *accepted,
                                                    rf_error *error)
{
    struct session *session = cursor->session;
    rf_drop_reason drop;
    if (cursor->input->is_live)
        TRY(check_owner(cursor->input, entry, error));
    rf_code code = filter_key(cursor, entry, &drop, error);
    if (code == RF_OK && drop == RF_DROP_NONE && session->joined)
        code = joined_logs_key(session->joined, session->options, cursor->number,
                               session_source_db(session, entry), session_source_key(session, entry), error);
    end_record(session, entry->offset);
    if (code != RF_OK)
        return code;
    *accepted = session->key.accepted = drop == RF_DROP_NONE;
    if (cursor->rescan) {
        progress_count(&session->progress.phase_keys);
        return RF_OK;
    }
    if (*accepted)
        return count_key(session, entry, session_source_db(session, entry), error);
    progress_count(&session->progress.keys);
    session->dropped[drop]++;
    stats_pause(&session->stats, entry->offset);
    return RF_OK;
}

static inline rf_code accept_key(struct cursor *cursor, rf_entry *entry, bool *accepted, rf_error *error)
{
    const struct session *session = cursor->session;
    *accepted = session->unfiltered && !session->joined && !cursor->rescan && !cursor->input->is_live;
    return LIKELY(*accepted) ? take_key(cursor->session, entry, error)
                             : choose_key(cursor, entry, accepted, error);
}

/* --- other entries ------------------------------------------------------------------------------------ */

/* AUX records of modules are filtered like the values of modules. */
static bool accepts_module_aux(struct cursor *cursor, const rf_entry *entry)
{
    char module[10];
    if (rf_filter_accepts_type(cursor->session->options->keys.filter, RF_MODULE))
        return true;
    snprintf(module, sizeof module, "%.*s", (int)entry->name.len, (const char *)entry->name.ptr);
    if (!cursor->rescan)
        session_notice(cursor->session, RF_NOTICE_MODULE_AUX_TYPE, entry, module);
    return false;
}

/* A record with a key name and a type of its own, which filters treat as a module's. */
static rf_code filter_foreign(const struct session *session, const rf_entry *entry, bool *accepted,
                              rf_error *error)
{
    rf_entry key = *entry;
    rf_drop_reason why;
    key.type = RF_MODULE;
    key.expire_ms = RF_NO_EXPIRY;
    rf_code code = rf_filter_match(session->options->keys.filter, &key, &why, error);
    *accepted = why == RF_DROP_NONE;
    return code;
}

static void notice_foreign(struct session *session, const rf_entry *entry)
{
    char what[64];
    snprintf(what, sizeof what, "%.*s of %.*s", (int)entry->text.len, (const char *)entry->text.ptr,
             (int)entry->name.len, (const char *)entry->name.ptr);
    session_notice(session, RF_NOTICE_FOREIGN_RECORD, entry, what);
}

static rf_code on_written_key(void *ctx, const rf_entry *key, int64_t source_db, rf_slice source,
                              bool ambiguous, rf_error *error)
{
    struct cursor *cursor = ctx;
    struct session *session = cursor->session;
    if (session->noted_keys.fn && !cursor->rescan)
        session->noted_keys.fn(session->noted_keys.ctx, key, source_db, source);
    if (session->joined)
        TRY(joined_logs_key(session->joined, session->options, cursor->number, source_db, source, error));
    if (!session->written_keys.fn || (session->written_keys.ambiguous_only && !ambiguous && !session->joined))
        return RF_OK;
    session->key = (struct session_key){.accepted = true,
                                        .rewritten = true,
                                        .source_db = source_db,
                                        .source_name = source,
                                        .ambiguous = ambiguous};
    return session->written_keys.fn(session->written_keys.ctx, cursor->input, key, error);
}

static rf_code on_refused_command(void *ctx, const rf_refused_command *command, rf_error *error)
{
    struct cursor *cursor = ctx;
    const struct refused_commands *refused = &cursor->session->refused_commands;
    return cursor->rescan ? RF_OK : refused->fn(refused->ctx, cursor->number, command, error);
}

static void on_left_out(void *ctx, const rf_entry *command)
{
    const struct cursor *cursor = ctx;
    const struct noted_keys *noted = &cursor->session->noted_keys;
    if (noted->left_out && !cursor->rescan)
        noted->left_out(noted->ctx, command);
}

static rf_code open_rewrite(struct cursor *cursor, rf_error *error)
{
    const struct session *session = cursor->session;
    if (!session->read.rewrites_commands)
        return fail(
            error, RF_E_ARGUMENT,
            "AOF commands cannot be filtered or rewritten here: use `rdbferry convert` first, or --server");
    if (session->options->keys.shift)
        return fail(error, RF_E_ARGUMENT, "--shift-expiry does not apply to AOF commands");
    const bool needs_all = session->noted_keys.fn || session->joined;
    const rf_command_rewrite_options options = {
        .filter = session->options->keys.filter,
        .rewrite = session->options->keys.rewrite,
        .topology = session->read.topology,
        .by_slot = session->read.by_slot,
        .history = session->log.history,
        .unknown = (rf_unknown_commands)session->options->log.unknown,
        .more_commands = session->options->log.commands,
        .more_count = session->options->log.command_count,
        .written = session->written_keys.fn || needs_all ? on_written_key : NULL,
        .ambiguous_only = needs_all ? NULL : &session->written_keys.ambiguous_only,
        .unknown_left_out = on_left_out,
        .refused = session->refused_commands.fn ? on_refused_command : NULL,
        .ctx = cursor};
    TRY(rf_command_rewrite_open(&options, &cursor->commands, error));
    rf_command_rewrite_enter(cursor->commands, (uint32_t)cursor->number);
    return RF_OK;
}

/* A command that the user wants to be left out; the first ones are named. */
static inline bool leave_out(struct cursor *cursor, const rf_entry *command)
{
    struct session *session = cursor->session;
    if (LIKELY(!session_drops_command(session, cursor->number, command)))
        return false;
    on_left_out(cursor, command);
    if (!cursor->rescan && session->log.dropped++ < NAMED)
        message_summary("%s: %.*s at offset 0x%" PRIx64 " is left out", input_name(cursor->input),
                        (int)(command->argv[0].len < 64 ? command->argv[0].len : 64),
                        (const char *)command->argv[0].ptr, command->offset);
    return true;
}

static inline rf_code count_other(struct cursor *cursor, const rf_entry *entry, rf_error *error)
{
    struct session *session = cursor->session;
    if (cursor->rescan)
        return RF_OK;
    if (entry->kind == RF_ENTRY_COMMAND)
        progress_count(&session->progress.commands);
    return stats_add(&session->stats, entry, entry->db) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* The next of the results of a command, if there is any. */
static inline rf_code next_result(struct cursor *cursor, rf_entry **result, rf_error *error)
{
    rf_code code = rf_command_rewrite_next(cursor->commands, result, error);
    if (code == RF_OK)
        return count_other(cursor, *result, error);
    return code == RF_END ? RF_OK : code;
}

/* A pause comes before what results. */
static inline rf_code rewrite_command(struct cursor *cursor, const rf_entry *command, rf_entry **result,
                                      rf_error *error)
{
    if (UNLIKELY(!cursor->commands))
        TRY(open_rewrite(cursor, error));
    TRY(rf_command_rewrite_put(cursor->commands, command, error));
    bool waits = cursor->session->read.pauses && !cursor->batch;
    return waits ? RF_OK : next_result(cursor, result, error);
}

/* Whether commands are filtered, rewritten or split. */
static bool rewrites_commands(const struct cursor *cursor)
{
    const struct session *session = cursor->session;
    return !is_raw(cursor) &&
           (!session->unfiltered || session->read.topology || session->read.by_slot || session->joined);
}

/* Of a pipe it is not known in advance that it has commands, which then are not checked against the others.
 */
static inline bool is_unjoined(const struct cursor *cursor)
{
    const struct session *session = cursor->session;
    return session->read.rewrites_commands && session->options->operand_count > 1 && !session->joined &&
           !cursor->input->is_stream;
}

/* *entry: the command, or the first one that results of it. */
static rf_code accept_command(struct cursor *cursor, rf_entry *command, rf_entry **entry, rf_error *error)
{
    struct session *session = cursor->session;
    end_record(session, command->offset);
    if (UNLIKELY(is_unjoined(cursor)))
        return fail(error, RF_E_ARGUMENT,
                    "AOF commands of a pipe cannot be combined with other inputs: save them to a file");
    bool drop = leave_out(cursor, command);
    if (UNLIKELY(session->joined != NULL) && !drop)
        TRY(joined_logs_command(session->joined, session->options, cursor->number, command, &drop, error));
    if (!drop && !rewrites_commands(cursor)) {
        *entry = command;
        return count_other(cursor, command, error);
    }
    stats_pause(&session->stats, command->offset);
    return drop ? RF_OK : rewrite_command(cursor, command, entry, error);
}

static rf_code accept_other(struct cursor *cursor, rf_entry *entry, bool *accepted, rf_error *error)
{
    struct session *session = cursor->session;
    bool raw = is_raw(cursor);
    bool foreign = entry->kind == RF_ENTRY_FOREIGN || entry->kind == RF_ENTRY_FOREIGN_DETAIL;
    rf_code code = RF_OK;
    *accepted = true;
    if (entry->kind == RF_ENTRY_AUX && cursor->input->stream)
        cursor_note_stream_db(cursor, entry);
    if (entry->kind == RF_ENTRY_MODULE_AUX && !raw)
        *accepted = accepts_module_aux(cursor, entry);
    else if (entry->kind == RF_ENTRY_FOREIGN && !raw)
        code = filter_foreign(session, entry, accepted, error);
    else if (entry->kind == RF_ENTRY_FOREIGN_DETAIL && !raw)
        *accepted = session->key.accepted; /* it belongs to the key before */
    end_record(session, entry->offset);
    if (code != RF_OK || !*accepted)
        return code;
    *accepted = !foreign || session->read.accepts_foreign;
    if (!*accepted && !cursor->rescan)
        notice_foreign(session, entry);
    return *accepted ? count_other(cursor, entry, error) : RF_OK;
}

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
    end_record(session, offset);
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

/* Commands are left out or repaired, or change how databases are called. */
static bool needs_order(const struct session *session)
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
    bool is_first = session->options->keys.shift && !is_raw(cursor) &&
                    session->shifted != cursor->input->path;
    return !cursor_is_within_command(cursor) && !needs_order(session) && !is_first;
}

rf_code cursor_take(struct cursor *cursor, rf_batch *batch, bool *taken, rf_error *error)
{
    return rf_reader_take(cursor->input->reader, batch, taken, error);
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

rf_code cursor_next(struct cursor *cursor, rf_entry **entry, rf_error *error)
{
    const bool pauses = cursor->session->read.pauses;
    *entry = NULL;
    while (cursor->input || cursor->next < cursor->end) {
        bool accepted = false;
        if (UNLIKELY(cursor_is_within_command(cursor))) {
            TRY(next_result(cursor, entry, error));
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
            TRY(accept_key(cursor, &cursor->entry, &accepted, error));
        else if (cursor->entry.kind == RF_ENTRY_COMMAND)
            TRY(accept_command(cursor, &cursor->entry, entry, error));
        else
            TRY(accept_other(cursor, &cursor->entry, &accepted, error));
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
