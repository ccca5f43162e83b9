/* SPDX-License-Identifier: MIT */
/* The loop over the entries of an input. */
#include "cmd/run/session.h"
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/term/message.h"
#include "cmd/term/terminal.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/slot.h>
#include <rdbferry/value.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t session_fields_until(void)
{
    enum { ANSWERED_WITHIN_MS = 10 * 1000 };
    return now_ms() + ANSWERED_WITHIN_MS;
}

rf_code session_error_key(const struct session *session, const rf_entry *entry, rf_error *error)
{
    escape_name(session_source_key(session, entry), error->key, sizeof error->key);
    error->db = (int)session_source_db(session, entry);
    return error->code;
}

bool session_open(struct session *session, const struct common_options *options)
{
    message_set_level(options->quiet ? LEVEL_QUIET : options->verbose ? LEVEL_VERBOSE : LEVEL_NORMAL);
    *session = (struct session){.options = options, .input_count = options->inputs.count, .now = now_ms()};
    session->inputs = calloc(session->input_count + 1, sizeof *session->inputs);
    if (!session->inputs) {
        message_error("out of memory");
        return false;
    }
    for (size_t i = 0; i < session->input_count; i++)
        session->inputs[i] = input_of(&options->inputs, i);
    rf_filter_expired(options->keys.filter, (rf_expired)options->keys.expired, session->now);
    session->unfiltered = session_is_unfiltered(session);
    return true;
}

void session_close(struct session *session)
{
    stats_free(&session->stats);
    free(session->inputs);
}

static bool is_foreign(const rf_entry *entry)
{
    return entry->kind == RF_ENTRY_FOREIGN || entry->kind == RF_ENTRY_FOREIGN_DETAIL;
}

void session_notice(struct session *session, rf_notice_code code, const rf_entry *entry, const char *detail)
{
    rf_notify listener = notices_listener(&session->notices);
    bool has_key = entry->kind == RF_ENTRY_KEY || is_foreign(entry);
    listener.fn(listener.ctx, &(rf_notice){.code = code,
                                           .offset = (int64_t)entry->offset,
                                           .db = has_key ? (int)entry->db : -1,
                                           .key = has_key ? entry->key : (rf_slice){0},
                                           .detail = detail});
}

void session_notice_command(struct session *session, const rf_entry *command)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", command->argv[0].len < sizeof name ? (int)command->argv[0].len : 32,
             (const char *)command->argv[0].ptr);
    session_notice(session, RF_NOTICE_UNKNOWN_COMMAND, command, name);
}

/* --- entries ------------------------------------------------------------------------------------------ */

/* The record of the previous key ends where this one starts. */
static void weigh_last(struct session *session, uint64_t offset)
{
    if (session->bytes_of)
        *session->bytes_of += offset - session->last_offset;
    session->bytes_of = NULL;
    session->last_offset = offset;
}

/* Sets by how much the expiries of this input are shifted. Its save time is known by its first key. */
static rf_code set_expiry_shift(struct session *session, const struct input *input, rf_error *error)
{
    const struct key_options *keys = &session->options->keys;
    int64_t saved_at = input_info(input)->saved_at, ms = keys->shift_ms;
    if (keys->shift == SHIFT_AUTO && saved_at < 0)
        return fail(error, RF_E_ARGUMENT, "the input has no save time: --shift-expiry needs a duration");
    if (keys->shift == SHIFT_AUTO)
        ms = session->now > saved_at * 1000 ? session->now - saved_at * 1000 : 0;
    if (keys->shift == SHIFT_AUTO && !session->rescanning)
        message_detail("%s: expiries shifted by %" PRId64 " s", input_name(input), ms / 1000);
    rf_rewrite_shift_expiry(keys->rewrite, ms);
    session->shifted = input->path;
    return RF_OK;
}

static rf_code rewrite_key(struct session *session, const struct input *input, rf_entry *entry,
                           rf_error *error)
{
    rf_rewrite *rewrite = session->options->keys.rewrite;
    rf_code code = RF_OK;
    session->rewritten = true;
    session->source_db = entry->db;
    session->source_key = entry->key;
    if (session->shifted != input->path)
        code = set_expiry_shift(session, input, error);
    return code == RF_OK ? rf_rewrite_apply(rewrite, entry, &session->ambiguous, error) : code;
}

/* A hash whose fields have all expired is an expired key. Damage in it is left to be found by the consumer of
 * the entry. */
static rf_code check_fields(const struct session *session, rf_entry *entry, rf_drop_reason *drop,
                            rf_error *error)
{
    int policy = session->options->keys.expired;
    bool may_go = policy == RF_EXPIRED_DROP && *drop == RF_DROP_NONE;
    bool may_come = policy == RF_EXPIRED_ONLY && *drop == RF_DROP_BY_EXPIRY;
    rf_field_expiry expiry;
    rf_code code;
    if (entry->type != RF_HASH || (!may_go && !may_come))
        return RF_OK;
    code = rf_value_field_expiry(entry->value, &expiry, error);
    if (code != RF_OK)
        return session->resume ? RF_OK : code;
    if (expiry.fields > 0 && rf_fields_end(&expiry) != RF_NO_EXPIRY && rf_fields_end(&expiry) <= session->now)
        *drop = may_go ? RF_DROP_BY_EXPIRY : RF_DROP_NONE;
    else if (may_go)
        rf_value_leave_out_expired(entry->value, &expiry, session->now);
    return RF_OK;
}

/* *drop: the reason to drop the key, if any. Its slot is that of the resulting name. */
static rf_code choose_key(struct session *session, const struct input *input, rf_entry *entry,
                          rf_drop_reason *drop, rf_error *error)
{
    const struct key_options *keys = &session->options->keys;
    rf_filter *filter = keys->filter;
    rf_code code;
    *drop = RF_DROP_NONE;
    session->ambiguous = session->rewritten = false;
    if (session->unfiltered)
        return RF_OK;
    if (session->raw_keys)
        return rf_rewrite_can_cover(keys->rewrite, filter)
                   ? rf_rewrite_covers(keys->rewrite, filter, entry, drop, error)
                   : RF_OK;
    code = rf_filter_match(filter, entry, drop, error);
    if (code == RF_OK)
        code = check_fields(session, entry, drop, error);
    if (code == RF_OK && *drop == RF_DROP_NONE && keys->rewrite)
        code = rewrite_key(session, input, entry, error);
    if (code != RF_OK || *drop != RF_DROP_NONE || !rf_filter_uses_slots(filter))
        return code;
    entry->slot = (int)rf_slot_of(entry->key);
    if (!rf_filter_accepts_slot(filter, (unsigned)entry->slot))
        *drop = RF_DROP_BY_SLOT;
    return RF_OK;
}

static rf_code on_key(struct session *session, struct input *input, rf_entry *entry, session_entry_fn *fn,
                      void *ctx, rf_error *error)
{
    rf_drop_reason drop;
    rf_code code = choose_key(session, input, entry, &drop, error);
    weigh_last(session, entry->offset);
    if (code != RF_OK)
        return code;
    session->last_accepted = drop == RF_DROP_NONE;
    if (session->rescanning)
        return drop == RF_DROP_NONE ? fn(ctx, input, entry, error) : RF_OK;
    progress_count(&session->progress.keys);
    if (drop != RF_DROP_NONE) {
        session->dropped[drop]++;
        stats_pause(&session->stats, entry->offset);
        return RF_OK;
    }
    return stats_add(&session->stats, entry,
                     session->counts_results ? entry->db : session_source_db(session, entry))
               ? fn(ctx, input, entry, error)
               : fail(error, RF_E_MEMORY, "out of memory");
}

static void notice_foreign(struct session *session, const rf_entry *entry)
{
    char what[64];
    snprintf(what, sizeof what, "%.*s of %.*s", (int)entry->text.len, (const char *)entry->text.ptr,
             (int)entry->name.len, (const char *)entry->name.ptr);
    session_notice(session, RF_NOTICE_FOREIGN_RECORD, entry, what);
}

/* AUX records of modules are filtered like the values of modules. */
static bool leaves_out_module_aux(struct session *session, const rf_entry *entry)
{
    char module[10];
    if (rf_filter_accepts_type(session->options->keys.filter, RF_MODULE))
        return false;
    snprintf(module, sizeof module, "%.*s", (int)entry->name.len, (const char *)entry->name.ptr);
    if (!session->rescanning)
        session_notice(session, RF_NOTICE_MODULE_AUX_TYPE, entry, module);
    return true;
}

/* A record with a key name and a type of its own, which filters treat as a module's. */
static rf_code check_foreign(struct session *session, const rf_entry *entry, bool *drop, rf_error *error)
{
    rf_entry key = *entry;
    rf_drop_reason why;
    rf_code code;
    key.type = RF_MODULE;
    key.expire_ms = RF_NO_EXPIRY;
    code = rf_filter_match(session->options->keys.filter, &key, &why, error);
    *drop = why != RF_DROP_NONE;
    return code;
}

/* *drop: an entry that is not a key, but belongs to a dropped one. */
static rf_code choose_other(struct session *session, const rf_entry *entry, bool *drop, rf_error *error)
{
    *drop = false;
    if (session->raw_keys)
        return RF_OK;
    if (entry->kind == RF_ENTRY_MODULE_AUX)
        *drop = leaves_out_module_aux(session, entry);
    if (entry->kind == RF_ENTRY_FOREIGN_DETAIL)
        *drop = !session->last_accepted;
    return entry->kind == RF_ENTRY_FOREIGN ? check_foreign(session, entry, drop, error) : RF_OK;
}

static rf_code on_other(struct session *session, struct input *input, rf_entry *entry, session_entry_fn *fn,
                        void *ctx, rf_error *error)
{
    bool drop;
    rf_code code = choose_other(session, entry, &drop, error);
    weigh_last(session, entry->offset);
    if (code != RF_OK || drop)
        return code;
    if (entry->kind == RF_ENTRY_COMMAND && !session->raw_keys && !session_is_unfiltered(session))
        return fail(error, RF_E_ARGUMENT,
                    "AOF commands cannot be filtered or rewritten by key: load the AOF into a server and "
                    "save an RDB");
    if (is_foreign(entry) && !session->accepts_foreign) {
        if (!session->rescanning)
            notice_foreign(session, entry);
        return RF_OK;
    }
    if (session->rescanning)
        return fn(ctx, input, entry, error);
    if (entry->kind == RF_ENTRY_COMMAND)
        progress_count(&session->progress.commands);
    return stats_add(&session->stats, entry, entry->db) ? fn(ctx, input, entry, error)
                                                        : fail(error, RF_E_MEMORY, "out of memory");
}

static rf_code on_entry(struct session *session, struct input *input, rf_entry *entry, session_entry_fn *fn,
                        void *ctx, rf_error *error)
{
    return entry->kind == RF_ENTRY_KEY ? on_key(session, input, entry, fn, ctx, error)
                                       : on_other(session, input, entry, fn, ctx, error);
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

static rf_code next_entry(struct session *session, struct input *input, rf_entry *entry, rf_error *error)
{
    rf_code code = session->before_entry ? session->before_entry(session->before_ctx, error) : RF_OK;
    return code == RF_OK ? rf_reader_next(input->reader, entry, error) : code;
}

rf_code session_read(struct session *session, struct input *input, session_entry_fn *fn, void *ctx,
                     rf_error *error)
{
    rf_code code;
    rf_entry entry;
    rf_notify nobody = {0};
    session->notices.input = input_name(input);
    code = input_open(input, session->resume,
                      session->rescanning ? nobody : notices_listener(&session->notices), error);
    if (code == RF_OK) {
        progress_enter(&session->progress, input->reader);
        while ((code = next_entry(session, input, &entry, error)) == RF_OK) {
            code = on_entry(session, input, &entry, fn, ctx, error);
            if (code != RF_OK)
                break;
        }
        progress_leave(&session->progress);
        input_close(input);
        if (!session->rescanning)
            print_found(input);
    }
    if (code == RF_END) {
        weigh_last(session, input->decoded);
        stats_pause(&session->stats, input->decoded);
        return RF_OK;
    }
    if (code == RF_E_READ || code == RF_E_TRUNCATED)
        code = input_blame(input, error);
    if ((rf_code_is_input(code) || code == RF_E_INCOMPATIBLE || code == RF_E_ARGUMENT) && !*error->input)
        snprintf(error->input, sizeof error->input, "%s", input_name(input));
    return code;
}

rf_code session_rescan(struct session *session, session_entry_fn *fn, void *ctx, rf_error *error)
{
    rf_rewrite *rewrite = session->options->keys.rewrite;
    rf_code code = RF_OK;
    session->rescanning = true;
    progress_extend(&session->progress, inputs_size(session->inputs, session->input_count));
    if (rewrite)
        rf_rewrite_count(rewrite, false);
    for (size_t i = 0; i < session->input_count && code == RF_OK; i++) {
        struct input input = input_of(&session->options->inputs, i);
        code = session_read(session, &input, fn, ctx, error);
    }
    if (rewrite)
        rf_rewrite_count(rewrite, true);
    session->rescanning = false;
    return code;
}

/* --- running ------------------------------------------------------------------------------------------ */

static bool wants_progress(const struct common_options *options)
{
    if (options->progress == PROGRESS_AUTO)
        return !options->quiet && terminal_at(STDERR_FILENO);
    return options->progress == PROGRESS_ALWAYS;
}

rf_code session_run(struct session *session, rf_code (*work)(void *ctx, rf_error *error),
                    void (*undo)(void *ctx), void *ctx, rf_error *error)
{
    struct signal_thread signal_thread;
    rf_code code;
    progress_start(&session->progress, inputs_size(session->inputs, session->input_count));
    signal_thread_start(&signal_thread, wants_progress(session->options) ? &session->progress : NULL,
                        session->stop_request);
    code = work(ctx, error);
    if (code != RF_OK && undo)
        undo(ctx);
    signal_thread_stop(&signal_thread);
    return code;
}

bool session_is_unfiltered(const struct session *session)
{
    return rf_filter_is_all(session->options->keys.filter) && !session->options->keys.rewrite;
}

uint64_t session_dropped(const struct session *session)
{
    uint64_t dropped = 0;
    for (int i = 0; i < RF_DROP_COUNT; i++)
        dropped += session->dropped[i];
    return dropped;
}

void session_format_counts(const struct session *session, char *out, size_t size)
{
    const struct stats *stats = &session->stats;
    uint64_t keys = tables_total(&stats->tables).keys, commands = stats->commands;
    size_t databases = stats_databases(stats);
    char keys_text[64] = "", commands_text[64] = "";
    if (keys > 0 || commands == 0)
        snprintf(keys_text, sizeof keys_text, "%" PRIu64 " key%s in %zu database%s", keys, text_plural(keys),
                 databases, text_plural(databases));
    if (commands > 0)
        snprintf(commands_text, sizeof commands_text, "%" PRIu64 " command%s", commands,
                 text_plural(commands));
    snprintf(out, size, "%s%s%s", keys_text, *keys_text && *commands_text ? ", " : "", commands_text);
}

void session_format_inputs(const struct session *session, char *out, size_t size)
{
    if (session->input_count > 1)
        snprintf(out, size, "%zu inputs", session->input_count);
    else
        snprintf(out, size, "%s", input_name(session->inputs));
}
