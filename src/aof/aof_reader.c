/* SPDX-License-Identifier: MIT */
/* Reads commands from an AOF. (Valkey src/aof.c: loadSingleAppendOnlyFile) */
#include "aof/aof_reader.h"

#include "base/fail.h"
#include "base/number.h"
#include <string.h>

bool aof_recognises(uint8_t first)
{
    return first == '*' || first == '#';
}

void aof_reader_open(struct aof_reader *r, struct window *w, uint64_t stream_from)
{
    *r = (struct aof_reader){
        .w = w, .command = {.w = w, .stream_from = stream_from}, .complete_bytes = window_offset(w)};
}

enum {
    LINE_MOST = 1023, /* maximum line length that a server reads, including the line end */
    TIME_TEXT = 32,   /* enough for "#TS:" and a number */
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
    for (int length = 0; length < LINE_MOST && !at_end; length++) {
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
               : window_fail(w, RF_E_CORRUPT, "annotation longer than %d bytes", LINE_MOST);
}

static rf_code on_select(struct aof_reader *r, const rf_slice *argv, size_t argc)
{
    if (argc != 2 || !number_parse_i64(argv[1], &r->db) || r->db < 0 || r->db > INT32_MAX)
        return window_fail(r->w, RF_E_CORRUPT, "SELECT without a database number");
    return RF_OK;
}

/* Processes commands that change the reader's state. *ready: the command is an entry. */
static rf_code on_command(struct aof_reader *r, const rf_slice *argv, size_t argc, bool *ready)
{
    *ready = !slice_is_word(argv[0], "SELECT");
    if (!*ready)
        return on_select(r, argv, argc);
    if (slice_is_word(argv[0], "MULTI"))
        r->in_transaction = true;
    else if (slice_is_word(argv[0], "EXEC"))
        r->in_transaction = false;
    return RF_OK;
}

static rf_code read_end(struct aof_reader *r)
{
    return r->in_transaction
               ? window_fail(r->w, RF_E_TRUNCATED, "the AOF ends inside a transaction (MULTI without EXEC)")
               : RF_END;
}

/* The last command has been read. */
static void end_command(struct aof_reader *r)
{
    if (!r->in_transaction)
        r->complete_bytes = window_offset(r->w);
}

static rf_code skip_rest(struct aof_reader *r)
{
    TRY(resp_skip_rest(&r->command));
    end_command(r);
    return RF_OK;
}

/* Sets *at_end, or moves on to the next command. */
static rf_code find_command(struct aof_reader *r, bool *at_end)
{
    struct window *w = r->w;
    for (*at_end = false;;) {
        window_release(w);
        if (UNLIKELY(w->pos == w->end))
            TRY(window_at_end(w, at_end));
        if (*at_end || LIKELY(*w->pos != '#'))
            return RF_OK;
        TRY(read_annotation(r));
    }
}

rf_code aof_reader_next(struct aof_reader *r, rf_entry *entry)
{
    struct rf_arguments *command = &r->command;
    if (r->streams)
        TRY(skip_rest(r));
    for (bool ready = false, at_end; !ready;) {
        TRY(find_command(r, &at_end));
        if (at_end)
            return read_end(r);
        uint64_t offset = window_offset(r->w);
        TRY(resp_read_command(command));
        const rf_slice *argv = (const rf_slice *)(const void *)command->argv.data;
        TRY(on_command(r, argv, command->argc, &ready));
        r->streams = command->rest > 0;
        if (!r->streams)
            end_command(r);
        *entry = (rf_entry){.kind = RF_ENTRY_COMMAND,
                            .offset = offset,
                            .db = r->db,
                            .expire_ms = RF_NO_EXPIRY,
                            .argv = argv,
                            .argc = command->argc,
                            .raw = command->raw,
                            .rest = r->streams ? command : NULL,
                            .rest_count = command->rest,
                            .time = r->time};
    }
    return RF_OK;
}

void aof_reader_close(struct aof_reader *r)
{
    resp_arguments_free(&r->command);
}
