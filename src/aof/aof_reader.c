/* SPDX-License-Identifier: MIT */
/* Reads commands from an AOF. (Valkey src/aof.c: loadSingleAppendOnlyFile) */
#include "aof/aof_reader.h"

#include "aof/aof_resync.h"
#include "base/fail.h"
#include "base/number.h"
#include "command/command_keys.h"
#include <string.h>

bool aof_recognises(uint8_t first)
{
    return first == '*' || first == '#';
}

void aof_reader_open(struct aof_reader *r, struct window *w, bool resume, uint64_t stream_from)
{
    *r = (struct aof_reader){.w = w,
                             .command = {.w = w, .stream_from = resume ? 0 : stream_from},
                             .complete_bytes = window_offset(w),
                             .resume = resume};
}

enum {
    TIME_TEXT = 32, /* enough for "#TS:" and a number */
};

/* "#TS:1795143600\r" */
static void note_time(struct aof_reader *r, const char *annotation)
{
    static const char start[] = "#TS:";
    int64_t time;
    size_t length = strcspn(annotation, "\r");
    if (strncmp(annotation, start, sizeof start - 1) == 0 &&
        number_parse_i64(
            (rf_slice){(const uint8_t *)annotation + sizeof start - 1, length - (sizeof start - 1)}, &time) &&
        time > 0)
        r->time = time;
}

/* Reads a line that begins with '#'. The last one of a file may be unterminated. A line must not be so long
 * that a server would read its rest as another line. */
static rf_code read_annotation(struct aof_reader *r)
{
    struct window *w = r->w;
    char text[TIME_TEXT + 1] = "";
    bool at_end = false;
    for (int length = 0; length < AOF_LINE_MOST && !at_end; length++) {
        window_release(w);
        TRY(window_at_end(w, &at_end));
        if (!at_end && *w->pos == '\n')
            note_time(r, text);
        if (!at_end && length < TIME_TEXT)
            text[length] = (char)*w->pos;
        if (!at_end && *w->pos++ == '\n')
            return RF_OK;
    }
    if (!at_end)
        TRY(window_at_end(w, &at_end));
    return at_end || aof_recognises(*w->pos)
               ? RF_OK
               : window_fail(w, RF_E_CORRUPT, "annotation longer than %d bytes", AOF_LINE_MOST);
}

static rf_code on_select(struct aof_reader *r, const rf_slice *argv, size_t argc, int64_t *db)
{
    if (argc != 2 || !number_parse_db(argv[1], db))
        return window_fail(r->w, RF_E_CORRUPT, "SELECT without a database number");
    return RF_OK;
}

/* Processes commands that change the reader's state. *ready: the command is an entry. */
static rf_code interpret(struct aof_reader *r, const struct rf_arguments *command, uint64_t offset,
                         int64_t *db, bool *ready)
{
    const rf_slice *argv = resp_argv(command);
    *ready = false;
    if (slice_is_word(argv[0], "SELECT"))
        return on_select(r, argv, command->argc, db);
    if (slice_is_word(argv[0], "RREPLAY"))
        return rreplay_begin(&r->rreplay, command, offset, r->db);
    *ready = true;
    if (slice_is_word(argv[0], "MULTI") && !r->in_transaction) {
        r->in_transaction = true;
        r->multi = offset;
    } else if (slice_is_word(argv[0], "EXEC")) {
        r->in_transaction = false;
    }
    return RF_OK;
}

/* In the table these are after all others, or not at all. */
static inline rf_code on_command(struct aof_reader *r, const struct rf_arguments *command,
                                 const struct command_row *row, uint64_t offset, int64_t *db, bool *ready)
{
    *ready = true;
    return LIKELY(row && row->kind < CLASS_CONTROL) ? RF_OK : interpret(r, command, offset, db, ready);
}

/* --- damage --------------------------------------------------------------------------------------------- */

/* A tap for what the window leaves behind. */
static rf_code rewind_save(void *ctx, rf_slice bytes)
{
    struct aof_reader *r = ctx;
    return buffer_append(&r->rewind, bytes) ? RF_OK
                                            : window_fail(r->w, RF_E_MEMORY, "out of memory for a command");
}

/* The commands in a RREPLAY are read from memory. */
static rf_code hold_commands(struct rf_arguments *command)
{
    return slice_is_word(*resp_argv(command), "RREPLAY") ? resp_hold_rest(command) : RF_OK;
}

static rf_code read_command(struct aof_reader *r)
{
    if (LIKELY(!r->resume)) {
        TRY(resp_read_command(&r->command));
        return UNLIKELY(r->command.rest > 0) ? hold_commands(&r->command) : RF_OK;
    }
    r->rewind.len = 0;
    window_tap_begin(r->w, rewind_save, r);
    rf_code code = resp_read_command(&r->command);
    if (LIKELY(code == RF_OK))
        window_tap_cancel(r->w);
    return code;
}

/* Goes back to the start of a command that could not be read, and on to the next one. */
static rf_code find_next(struct aof_reader *r, bool *found)
{
    struct window *w = r->w;
    if (r->damage.kind == RF_LOG_MALFORMED) {
        TRY(window_tap_end(w));
        window_release(w);
        TRY(window_unread(w, buffer_slice(&r->rewind)));
        TRY(aof_damage_kind(w, &r->damage.kind));
    }
    return aof_resync(w, found);
}

/* Whether the input itself has ended, and not failed. */
static rf_code read_rest(struct window *w)
{
    bool at_end = false;
    while (!at_end) {
        w->pos = w->end;
        window_release(w);
        TRY(window_at_end(w, &at_end));
    }
    return RF_OK;
}

/* Finds the kind of the damage and, to resume, its end: for what is well-formed, where it ends. Returns the
 * code of the damage, or an error of reading on. */
COLD static rf_code on_damage(struct aof_reader *r, rf_code code, rf_log_damage_kind kind, uint64_t offset)
{
    const rf_error failure = *r->w->error;
    bool found = kind == RF_LOG_INVALID_COMMAND && r->resume;
    if (code != RF_E_CORRUPT && code != RF_E_TRUNCATED)
        return code;
    r->damage = (rf_log_damage){.kind = kind, .offset = offset, .in_transaction = r->in_transaction};
    rf_code reading = RF_OK;
    if (r->resume && !found)
        reading = find_next(r, &found);
    if (reading == RF_OK && !found && (r->resume || code == RF_E_TRUNCATED))
        reading = read_rest(r->w);
    if (reading != RF_OK) {
        r->damage.kind = RF_LOG_INTACT;
        return reading;
    }
    *r->w->error = failure;
    if (code == RF_E_TRUNCATED && !found)
        r->damage.kind = RF_LOG_TORN;
    r->damage.end = window_offset(r->w);
    r->damage.at_end = !found;
    r->damaged = r->db_unknown = true;
    r->in_transaction = false;
    return code;
}

/* --- entries -------------------------------------------------------------------------------------------- */

static rf_code read_end(struct aof_reader *r)
{
    if (!r->in_transaction)
        return RF_END;
    r->damage = (rf_log_damage){.kind = RF_LOG_OPEN_TRANSACTION,
                                .offset = r->multi,
                                .end = window_offset(r->w),
                                .at_end = true,
                                .in_transaction = true};
    return window_fail(r->w, RF_E_TRUNCATED, "the AOF ends inside a transaction (MULTI without EXEC)");
}

/* Reads what begins at pos: a command, unless its argc is 0. */
static rf_code read_one(struct aof_reader *r, uint64_t offset)
{
    rf_log_damage_kind kind = RF_LOG_MALFORMED;
    rf_code code;
    if (UNLIKELY(*r->w->pos == '#')) {
        kind = RF_LOG_LONG_ANNOTATION;
        r->command.argc = 0;
        code = read_annotation(r);
    } else {
        code = read_command(r);
    }
    return LIKELY(code == RF_OK) ? RF_OK : on_damage(r, code, kind, offset);
}

/* The last command has been read as a whole. */
static void end_command(struct aof_reader *r)
{
    if (!r->in_transaction && !r->damaged)
        r->complete_bytes = window_offset(r->w);
}

static rf_code end_stream(struct aof_reader *r)
{
    rf_code code = resp_skip_rest(&r->command);
    if (code != RF_OK)
        return on_damage(r, code, RF_LOG_MALFORMED, r->streamed);
    r->streams = false;
    end_command(r);
    return RF_OK;
}

static inline void set_entry(const struct aof_reader *r, rf_entry *entry, uint64_t offset, int64_t db,
                             const struct rf_arguments *command, const struct command_row *row)
{
    command_entry_clear(entry);
    entry->offset = offset;
    entry->db = db;
    entry->argv = resp_argv(command);
    entry->argc = command->argc;
    entry->row = command_row_number(row);
    entry->raw.ptr = command->raw.ptr; /* by halves, as it was stored just now: both at once would wait */
    entry->raw.len = command->raw.len;
    entry->rest_count = command->rest;
    entry->time = r->time;
    entry->db_unknown = r->db_unknown;
}

/* A name of two words is not all of it in the head. */
static inline const struct command_row *row_of(struct rf_arguments *command)
{
    const rf_slice *argv = resp_argv(command);
    if (LIKELY(command->repeats && command->head.row))
        return command->head.row;
    const struct command_row *row = command_row_look_up(argv, command->argc);
    if (row && row->name[argv[0].len] == '\0')
        command->head.row = row;
    return row;
}

/* The next command inside of a RREPLAY; RF_END after the last one. */
COLD static rf_code next_inner(struct aof_reader *r, rf_entry *entry)
{
    struct rf_arguments *command = &r->rreplay.arguments;
    const struct command_row *row = NULL;
    bool ready = false;
    while (!ready) {
        TRY(rreplay_next(&r->rreplay));
        row = row_of(command);
        TRY(on_command(r, command, row, r->rreplay.offset, &r->rreplay.db, &ready));
    }
    set_entry(r, entry, r->rreplay.offset, r->rreplay.db, command, row);
    entry->db_unknown &= !r->rreplay.db_given;
    return RF_OK;
}

/* Interprets the command at `offset`, which has been read. */
static rf_code take_command(struct aof_reader *r, uint64_t offset, rf_entry *entry, bool *ready)
{
    const struct command_row *row = row_of(&r->command);
    rf_code code = on_command(r, &r->command, row, offset, &r->db, ready);
    if (UNLIKELY(code != RF_OK))
        return on_damage(r, code, RF_LOG_INVALID_COMMAND, offset);
    if (!*ready && !r->rreplay.active)
        r->db_unknown = false;
    r->streams = r->command.rest > 0;
    if (LIKELY(!r->streams))
        end_command(r);
    r->streamed = offset;
    set_entry(r, entry, offset, r->db, &r->command, row);
    entry->rest = r->streams ? &r->command : NULL;
    return RF_OK;
}

rf_code aof_reader_next(struct aof_reader *r, rf_entry *entry)
{
    r->damage.kind = RF_LOG_INTACT;
    if (UNLIKELY(r->streams))
        TRY(end_stream(r));
    for (bool ready = false; !ready;) {
        bool at_end = false;
        if (UNLIKELY(r->rreplay.active)) {
            rf_code code = next_inner(r, entry);
            if (code != RF_END)
                return code;
        }
        window_release(r->w);
        if (UNLIKELY(r->w->pos == r->w->end))
            TRY(window_at_end(r->w, &at_end));
        if (at_end)
            return read_end(r);
        uint64_t offset = window_offset(r->w);
        TRY(read_one(r, offset));
        if (LIKELY(r->command.argc > 0))
            TRY(take_command(r, offset, entry, &ready));
    }
    return RF_OK;
}

/* --- batches -------------------------------------------------------------------------------------------- */

enum aof_frame aof_reader_frame(struct aof_reader *r)
{
    const struct window *w = r->w;
    if (UNLIKELY(*w->pos == '#'))
        return memchr(w->pos, '\n', (size_t)(w->end - w->pos)) && read_annotation(r) == RF_OK
                   ? AOF_FRAME_STATE
                   : AOF_FRAME_BEGUN;
    if (!resp_read_at_once(&r->command))
        return AOF_FRAME_BEGUN;
    const struct command_row *row = row_of(&r->command);
    const rf_slice *argv = resp_argv(&r->command);
    if (LIKELY(row && row->kind < CLASS_FLUSH_DB))
        return AOF_FRAME_COMMAND;
    return !row && slice_is_word(*argv, "SELECT") && on_select(r, argv, r->command.argc, &r->db) == RF_OK
               ? AOF_FRAME_STATE
               : AOF_FRAME_OTHER;
}

bool aof_reader_can_skip(const struct aof_reader *r)
{
    return !window_is_memory(r->w) && r->w->pos < r->w->end && window_offset(r->w) >= r->in_order_to &&
           aof_reader_is_between(r);
}

void aof_reader_skip(struct aof_reader *r, int64_t db, int64_t time)
{
    r->db = db;
    r->time = time;
    end_command(r);
}

void aof_reader_close(struct aof_reader *r)
{
    rreplay_close(&r->rreplay);
    buffer_free(&r->rewind);
    resp_arguments_free(&r->command);
}
