/* SPDX-License-Identifier: MIT */
/* Reads commands from an AOF. (Valkey src/aof.c: loadSingleAppendOnlyFile) */
#include "aof/aof_reader.h"

#include "base/fail.h"
#include "base/number.h"
#include "resp/resp_read.h"
#include <string.h>

bool aof_recognises(uint8_t first)
{
    return first == '*' || first == '#';
}

void aof_reader_open(struct aof_reader *r, struct window *w)
{
    *r = (struct aof_reader){.w = w, .complete_bytes = window_offset(w)};
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

rf_code aof_reader_next(struct aof_reader *r, rf_entry *entry)
{
    for (bool ready = false; !ready;) {
        bool at_end;
        size_t argc;
        window_release(r->w);
        TRY(window_at_end(r->w, &at_end));
        if (at_end)
            return read_end(r);
        if (*r->w->pos == '#') {
            TRY(read_annotation(r));
            continue;
        }
        entry->offset = window_offset(r->w);
        TRY(resp_read_command(r->w, &r->argv, &argc));
        const rf_slice *argv = (const rf_slice *)(const void *)r->argv.data;
        TRY(on_command(r, argv, argc, &ready));
        if (!r->in_transaction)
            r->complete_bytes = window_offset(r->w);
        *entry = (rf_entry){.kind = RF_ENTRY_COMMAND,
                            .offset = entry->offset,
                            .db = r->db,
                            .expire_ms = RF_NO_EXPIRY,
                            .argv = argv,
                            .argc = argc,
                            .time = r->time};
    }
    return RF_OK;
}

void aof_reader_close(struct aof_reader *r)
{
    buffer_free(&r->argv);
}
