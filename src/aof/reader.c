/* SPDX-License-Identifier: MIT */
/* The public reader: detects from the first bytes whether an input is an RDB or an AOF, and continues with
 * commands if the RDB was only the preamble of an AOF. */
#include "aof/aof_commands.h"
#include "aof/batch.h"
#include "aof/foreign.h"
#include "base/fail.h"
#include "io/feed.h"
#include "io/source.h"
#include "rdb/rdb_format.h"
#include "rdb/rdb_header.h"
#include "rdb/rdb_reader.h"
#include "rdb/strings.h"
#include <stdlib.h>

/* The part of the input being read. */
enum phase { IN_RDB, IN_COMMANDS, AT_END };

struct rf_reader {
    rf_source *source;
    struct feed *feed;
    struct window window;
    struct rdb_reader rdb;
    struct aof_reader aof;
    enum phase phase;
    bool resume, has_commands, key_batches;
    uint64_t stream_from;
    bool has_comment; /* at its beginning, other than a timestamp */
    rf_reader_info info;
    rf_notify notify;
    rf_error error; /* sticky once its code is set */
};

static rf_code begin_commands(rf_reader *r)
{
    feed_skip_crc(r->feed);
    aof_reader_open(&r->aof, &r->window, r->resume, r->stream_from);
    r->phase = IN_COMMANDS;
    return RF_OK;
}

/* Reads as many of the first bytes as are available, up to those that identify an RDB. */
static rf_code peek_head(struct window *w, size_t *n)
{
    for (*n = 0; *n < RDB_MAGIC_SIZE; ++*n) {
        rf_code code = window_need(w, *n + 1);
        if (code == RF_E_TRUNCATED)
            break;
        TRY(code);
    }
    return RF_OK;
}

/* Reads on for a closer look at the head. What is there is enough, also after an error. */
static rf_slice peek_more(struct window *w, size_t wanted)
{
    rf_code code = RF_OK;
    while (code == RF_OK && (size_t)(w->end - w->pos) < wanted)
        code = window_need(w, (size_t)(w->end - w->pos) + 1);
    size_t n = (size_t)(w->end - w->pos);
    return (rf_slice){w->pos, n < wanted ? n : wanted};
}

/* `foreign`: of the whole input, whatever position it was found at. */
static rf_code fail_foreign(const rf_reader *r, const struct foreign *foreign)
{
    const char *layers = rf_source_layers(r->source), *inside = *layers ? " inside " : "";
    return fail(r->window.error, RF_E_FORMAT, "%s%s%s%s: %s",
                foreign->damaged ? "" : "not an RDB or AOF but ", foreign->what, inside, layers,
                foreign->advice);
}

static rf_code refuse_format(rf_reader *r, rf_slice head)
{
    struct foreign foreign;
    struct window *w = &r->window;
    if (head.len == 0)
        return window_fail(w, RF_E_FORMAT, "the input is empty");
    return foreign_recognise(peek_more(w, FOREIGN_HEAD), &foreign)
               ? fail_foreign(r, &foreign)
               : window_fail(w, RF_E_FORMAT, "not an RDB or AOF");
}

static bool ends_with(const char *text, size_t length, const char *ending)
{
    size_t n = strlen(ending);
    return length >= n && memcmp(text + length - n, ending, n) == 0;
}

/* An AOF without writes is empty; an empty RDB or compressed file has lost its content. An input without a
 * name counts as the latter. */
static bool may_be_empty(const rf_source *source)
{
    const char *name = source_name(source), *layers = rf_source_layers(source);
    size_t length = strlen(name);
    if (source_emptiness(source) != EMPTY_BY_NAME)
        return true;
    if (strcmp(layers, "gzip") == 0 && ends_with(name, length, ".gz"))
        length -= 3;
    else if ((strcmp(layers, "lz4") == 0 && ends_with(name, length, ".lz4")) ||
             (strcmp(layers, "zstd") == 0 && ends_with(name, length, ".zst")))
        length -= 4;
    return ends_with(name, length, ".aof");
}

/* A writer with checksums disabled stores zeros, as does one that compresses the whole RDB. If the end of the
 * input is not accessible, a checksum is assumed until the end is read. */
static bool has_no_checksum(const rf_reader *r)
{
    static const uint8_t none[8];
    uint8_t tail[sizeof none];
    return r->info.rdb_version < RDB_CHECKSUM_SINCE ||
           (source_tail(r->source, tail, sizeof tail) && memcmp(tail, none, sizeof none) == 0);
}

static rf_code begin_rdb(rf_reader *r)
{
    struct foreign foreign;
    const struct window *w = &r->window;
    size_t there = (size_t)(w->end - w->pos);
    if (foreign_rdb((rf_slice){w->pos, there < FOREIGN_RDB_HEAD ? there : FOREIGN_RDB_HEAD}, &foreign))
        return fail_foreign(r, &foreign);
    TRY(rdb_reader_open(&r->rdb, &r->window, &r->info, source_name(r->source), r->resume, &r->error,
                        &r->notify));
    r->rdb.has_other_checksum = source_replaces_checksum(r->source);
    r->rdb.value.unguarded = !r->rdb.has_other_checksum && has_no_checksum(r);
    return RF_OK;
}

/* The line at `from`; empty at the end of the input, and after more bytes than are looked at. */
static rf_slice peek_line(struct window *w, size_t from)
{
    rf_slice head = {w->pos, from};
    for (size_t wanted = from + 1; wanted <= FOREIGN_HEAD && head.len == wanted - 1; wanted++) {
        head = peek_more(w, wanted);
        if (head.len == wanted && head.ptr[wanted - 1] == '\n')
            break;
    }
    return (rf_slice){head.ptr + from, head.len - from};
}

static bool is_annotation(rf_slice line)
{
    static const char mark[] = "#TS:";
    return line.len >= sizeof mark - 1 && memcmp(line.ptr, mark, sizeof mark - 1) == 0;
}

/* Whether what is an AOF by its first byte is one by its first lines. No more is read than necessary, as a
 * pipe may deliver commands one by one. */
static rf_code check_commands(rf_reader *r)
{
    struct foreign foreign;
    struct window *w = &r->window;
    size_t at = 0;
    rf_slice line = peek_line(w, 0);
    r->has_comment = line.len > 0 && *line.ptr == '#' && !is_annotation(line);
    for (; line.len > 0 && *line.ptr == '#'; line = peek_line(w, at))
        at += line.len;
    if (line.len > 0 && *line.ptr != '*' && r->has_comment)
        return refuse_format(r, (rf_slice){w->pos, at});
    if (line.len < 3 || memcmp(line.ptr + line.len - 3, "\r\r\n", 3) == 0 || line.ptr[line.len - 2] != '\r') {
        rf_slice head = peek_more(w, FOREIGN_HEAD);
        if (foreign_line_ends((rf_slice){head.ptr + at, head.len - at}, &foreign))
            return fail_foreign(r, &foreign);
    }
    return RF_OK;
}

static rf_code begin(rf_reader *r)
{
    struct window *w = &r->window;
    size_t n;
    TRY(peek_head(w, &n));
    if (n > 0 && rdb_recognises(w->pos, n))
        return begin_rdb(r);
    if (n == 0 ? !may_be_empty(r->source) : !aof_recognises(*w->pos))
        return refuse_format(r, (rf_slice){w->pos, n});
    if (n > 0)
        TRY(check_commands(r));
    r->info.format = "aof";
    return begin_commands(r);
}

rf_code rf_reader_open(rf_source *source, const rf_reader_options *options, rf_reader **out, rf_error *error)
{
    *out = NULL;
    rf_reader *r = calloc(1, sizeof *r);
    if (!r) {
        rf_source_close(source);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    r->source = source;
    r->notify = options->notify;
    r->resume = options->resume;
    r->stream_from = options->stream_from;
    r->key_batches = options->key_batches;
    r->info.saved_at = r->info.complete_bytes = -1;
    rf_code code = feed_open(source, options->block_size, options->batches, &r->feed, error);
    if (code == RF_OK) {
        window_open_feed(&r->window, r->feed);
        r->window.error = error;
        code = begin(r);
    }
    if (code != RF_OK) {
        error_input(error, source_name(source));
        rf_reader_close(r);
        return code;
    }
    *out = r;
    return RF_OK;
}

static void tell(const rf_reader *r, rf_notice_code code, int64_t offset, const char *detail)
{
    const rf_notice notice = {.code = code, .offset = offset, .db = -1, .detail = detail};
    if (r->notify.fn)
        r->notify.fn(r->notify.ctx, &notice);
}

enum { END_MARK = 40 };

/* A primary with diskless replication ends an RDB with a mark of hexadecimal digits, which `redis-cli --rdb
 * -` does not remove. *is_mark: the rest of the input is such a mark. */
static rf_code at_end_mark(struct window *w, bool *is_mark)
{
    rf_code code = window_need(w, END_MARK + 1);
    *is_mark = code == RF_E_TRUNCATED && w->end - w->pos == END_MARK;
    for (int i = 0; *is_mark && i < END_MARK; i++)
        *is_mark = (w->pos[i] >= '0' && w->pos[i] <= '9') || (w->pos[i] >= 'a' && w->pos[i] <= 'f');
    return code == RF_E_TRUNCATED ? RF_OK : code;
}

/* After an RDB: nothing, the commands of an AOF, or bytes that a server would ignore too. The latter are read
 * to their end, so that damage of a compressed stream is detected. */
static rf_code after_rdb(rf_reader *r)
{
    bool at_end, is_mark;
    struct window *w = &r->window;
    window_release(w);
    r->phase = AT_END;
    TRY(window_at_end(w, &at_end));
    if (at_end)
        return RF_END;
    if (aof_recognises(*w->pos)) {
        r->info.format = "aof with rdb preamble";
        return begin_commands(r);
    }
    if (r->rdb.is_preamble)
        return window_fail(w, RF_E_CORRUPT, "unexpected byte 0x%02x (expected an AOF command)", *w->pos);
    TRY(at_end_mark(w, &is_mark));
    if (is_mark)
        tell(r, RF_NOTICE_END_MARK, (int64_t)window_offset(w), NULL);
    else
        tell(r, RF_NOTICE_TRAILING_BYTES, (int64_t)window_offset(w),
             "unexpected data after the end of the RDB");
    while (!at_end) {
        w->pos = w->end;
        window_release(w);
        TRY(window_at_end(w, &at_end));
    }
    return RF_END;
}

static inline rf_code next_command(rf_reader *r, rf_entry *entry)
{
    rf_code code = aof_reader_next(&r->aof, entry);
    r->has_commands |= code == RF_OK;
    return code;
}

/* Returns the first command after an RDB, or the end. */
COLD static rf_code after_last_key(rf_reader *r, rf_entry *entry)
{
    TRY(after_rdb(r));
    return r->phase == IN_COMMANDS ? next_command(r, entry) : RF_END;
}

/* Sends a notice if the file has no commands, only annotations or nothing. Comments are not written by
 * servers: a file of these alone is an AOF only if a manifest lists it. */
static rf_code check_end(const rf_reader *r, rf_error *error)
{
    enum emptiness emptiness = source_emptiness(r->source);
    if (r->phase != IN_COMMANDS || r->info.rdb_version > 0 || r->has_commands || emptiness == EMPTY_USUAL)
        return RF_END;
    if (r->has_comment && emptiness == EMPTY_BY_NAME)
        return fail(error, RF_E_FORMAT, "not an RDB or AOF: only comments, no commands");
    tell(r, RF_NOTICE_NO_DATA, -1, NULL);
    return RF_END;
}

COLD static rf_code conclude(rf_reader *r, rf_code code, rf_error *error)
{
    if (code == RF_END)
        code = check_end(r, error);
    if (r->phase == IN_COMMANDS) {
        r->info.complete_bytes = (int64_t)r->aof.complete_bytes;
        r->info.damage = r->aof.damage;
    }
    if (code == RF_END) {
        r->phase = AT_END;
        return RF_END;
    }
    error_input(error, source_name(r->source));
    if (!r->resume || r->info.damage.kind == RF_LOG_INTACT || r->info.damage.at_end)
        r->error = *error;
    return code;
}

rf_code rf_reader_next(rf_reader *r, rf_entry *entry, rf_error *error)
{
    if (UNLIKELY(r->error.code != RF_OK)) {
        *error = r->error;
        return error->code;
    }
    r->window.error = error;
    rf_code code = r->phase == IN_COMMANDS ? next_command(r, entry)
                   : r->phase == IN_RDB    ? rdb_reader_next(&r->rdb, entry)
                                           : RF_END;
    if (UNLIKELY(code == RF_END && r->phase == IN_RDB))
        code = after_last_key(r, entry);
    return LIKELY(code == RF_OK) ? RF_OK : conclude(r, code, error);
}

void rf_reader_next_strings(rf_reader *r, rf_string *keys, size_t most, rf_strings *strings)
{
    strings->count = 0;
    if (r->phase == IN_RDB && r->error.code == RF_OK)
        rdb_strings_next(&r->rdb, keys, most, strings);
}

void rf_reader_peek_commands(rf_reader *r, rf_plain_command *commands, size_t most, rf_plain_commands *run)
{
    run->count = 0;
    if (r->phase == IN_COMMANDS && r->error.code == RF_OK)
        aof_commands_peek(&r->aof, commands, most, run);
}

void rf_reader_skip_commands(rf_reader *r, const rf_plain_command *last)
{
    aof_commands_skip(&r->aof, last);
    r->has_commands = true;
}

rf_code rf_reader_take(rf_reader *r, rf_batch *batch, bool *taken, rf_error *error)
{
    *taken = false;
    if (r->phase == AT_END || r->error.code != RF_OK || (r->phase == IN_COMMANDS && r->key_batches))
        return RF_OK;
    r->window.error = error;
    rf_code code = r->phase == IN_RDB ? rdb_batch_take(&batch->keys, &r->rdb, taken)
                                      : aof_batch_take(&batch->commands, &r->aof, taken);
    r->has_commands |= *taken && r->phase == IN_COMMANDS;
    return LIKELY(code == RF_OK) ? RF_OK : conclude(r, code, error);
}

const rf_reader_info *rf_reader_info_get(const rf_reader *r)
{
    return &r->info;
}

const rf_source *rf_reader_source(const rf_reader *r)
{
    return r->source;
}

void rf_reader_position(const rf_reader *r, uint64_t *decoded, uint64_t *file)
{
    feed_position(r->feed, decoded, file);
}

void rf_reader_close(rf_reader *r)
{
    if (!r)
        return;
    rdb_reader_close(&r->rdb);
    aof_reader_close(&r->aof);
    if (r->feed) {
        window_close(&r->window);
        feed_close(r->feed);
    }
    rf_source_close(r->source);
    free(r);
}
