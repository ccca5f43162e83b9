/* SPDX-License-Identifier: MIT */
/* AOF commands: left out, rewritten, or taken as they are. */
#include "cmd/run/cursor_accept.h"
#include "cmd/term/message.h"
#include <inttypes.h>

enum { NAMED = 20 /* commands that are left out */ };

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

/* A pause comes before what results. */
static inline rf_code rewrite_command(struct cursor *cursor, const rf_entry *command, rf_entry **result,
                                      rf_error *error)
{
    if (UNLIKELY(!cursor->commands))
        TRY(open_rewrite(cursor, error));
    TRY(rf_command_rewrite_put(cursor->commands, command, error));
    bool waits = cursor->session->read.pauses && !cursor->batch;
    return waits ? RF_OK : cursor_next_result(cursor, result, error);
}

/* Whether commands are filtered, rewritten or split. */
static bool rewrites_commands(const struct cursor *cursor)
{
    const struct session *session = cursor->session;
    return !cursor_is_raw(cursor) &&
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

rf_code cursor_accept_command(struct cursor *cursor, rf_entry *command, rf_entry **entry, rf_error *error)
{
    struct session *session = cursor->session;
    cursor_enter_record(session, command->offset);
    if (UNLIKELY(is_unjoined(cursor)))
        return fail(error, RF_E_ARGUMENT,
                    "AOF commands of a pipe cannot be combined with other inputs: save them to a file");
    if (UNLIKELY(session->log.assumes) && rf_command_history_has(command))
        return fail(error, RF_E_INCOMPATIBLE, "the log has a FLUSHDB or a SWAPDB");
    bool drop = leave_out(cursor, command);
    if (UNLIKELY(session->joined != NULL) && !drop)
        TRY(joined_logs_command(session->joined, session->options, cursor->number, command, &drop, error));
    if (!drop && !rewrites_commands(cursor)) {
        *entry = command;
        return cursor_count_other(cursor, command, error);
    }
    stats_pause(&session->stats, command->offset);
    return drop ? RF_OK : rewrite_command(cursor, command, entry, error);
}

/* --- together ----------------------------------------------------------------------------------------- */

static void peek(const struct cursor *cursor, rf_plain_command *commands, size_t most, rf_plain_commands *run)
{
    run->count = 0;
    if (cursor_is_within_command(cursor))
        return;
    if (cursor->batch)
        rf_batch_peek_commands(cursor->batch, commands, most, run);
    else if (cursor->input && cursor->input->reader && !cursor_needs_order(cursor->session))
        rf_reader_peek_commands(cursor->input->reader, commands, most, run);
}

static void skip(const struct cursor *cursor, const rf_plain_command *last)
{
    if (cursor->batch)
        rf_batch_skip_commands(cursor->batch, last);
    else
        rf_reader_skip_commands(cursor->input->reader, last);
}

/* How many of them are taken, of which not all may be left. */
static size_t take(struct cursor *cursor, int64_t db, rf_plain_commands *run)
{
    if (!rewrites_commands(cursor))
        return run->db == db ? run->count : 0;
    return cursor->commands && rf_command_rewrite_db(cursor->commands, run->db) == db
               ? rf_command_rewrite_plain(cursor->commands, run)
               : 0;
}

static void count(struct session *session, uint64_t offset, size_t kept)
{
    cursor_enter_record(session, offset);
    atomic_store_explicit(&session->progress.offset, offset, memory_order_relaxed);
    progress_add(&session->progress.commands, kept);
    session->stats.commands += kept;
}

size_t cursor_next_commands(struct cursor *cursor, int64_t db, rf_plain_command *commands, size_t most,
                            rf_plain_commands *run)
{
    peek(cursor, commands, most, run);
    if (run->count == 0)
        return 0;
    const uint8_t *start = commands->head.ptr;
    const size_t taken = take(cursor, db, run);
    if (taken == 0) {
        run->count = 0;
        return 0;
    }
    const rf_plain_command *last = &commands[taken - 1];
    skip(cursor, last);
    count(cursor->session, run->offset + (uint64_t)(last->head.ptr - start), run->count);
    return taken;
}
