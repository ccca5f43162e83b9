/* SPDX-License-Identifier: MIT */
/* The layer of a replication capture: the data sent to a replica, saved as it came from the socket.
 *
 *     \n \n ...                         keepalives, while the primary makes its RDB
 *     +FULLRESYNC <id> <offset>\r\n     and other replies
 *     $<len>\r\n <len bytes of RDB>     from a file, or
 *     $EOF:<mark>\r\n <RDB> <mark>      from memory; 40 random bytes
 *     <commands>
 *
 * The layer returns the RDB directly followed by the commands. (Valkey src/replication.c,
 * readSyncBulkPayload) */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "io/source.h"
#include <inttypes.h>
#include <stdlib.h>

enum {
    MARK = 40,
    LINE_MAX_LEN = 256,
    CAPTURE_IN = 128 * 1024,
};

struct capture_head {
    size_t len; /* of the head; the RDB follows */
    bool marked;
    uint64_t rdb_len; /* unless it ends with a mark */
    uint8_t mark[MARK];
};

/* --- the head ---------------------------------------------------------------------------------------- */

/* A line up to its \r\n, which may not have been read yet. */
static enum recognition head_line(const uint8_t *from, size_t n, rf_slice *line)
{
    const uint8_t *end = n > 0 ? memchr(from, '\r', n < LINE_MAX_LEN ? n : LINE_MAX_LEN) : NULL;
    if (!end)
        return n < LINE_MAX_LEN ? LAYER_NEEDS_MORE : LAYER_NO;
    *line = slice_of(from, (size_t)(end - from));
    if (line->len + 1 == n)
        return LAYER_NEEDS_MORE;
    return end[1] == '\n' ? LAYER_YES : LAYER_NO;
}

/* The text after the `$`. */
static bool head_length(rf_slice text, struct capture_head *head)
{
    const rf_slice eof = SLICE("EOF:");
    head->marked = text.len == eof.len + MARK && memcmp(text.ptr, eof.ptr, eof.len) == 0;
    if (!head->marked)
        return number_parse_u64(text, &head->rdb_len);
    memcpy(head->mark, text.ptr + eof.len, MARK);
    return true;
}

static enum recognition head_parse(const uint8_t *bytes, size_t n, struct capture_head *head)
{
    size_t at = 0;
    *head = (struct capture_head){.len = 0};
    for (;;) {
        rf_slice line;
        if (at == n)
            return LAYER_NEEDS_MORE;
        if (bytes[at] == '\n') {
            at++;
            continue;
        }
        if (bytes[at] != '+' && bytes[at] != '$')
            return LAYER_NO;
        enum recognition is_line = head_line(bytes + at + 1, n - at - 1, &line);
        if (is_line != LAYER_YES)
            return is_line;
        bool last = bytes[at] == '$';
        at += 1 + line.len + 2;
        if (!last)
            continue;
        head->len = at;
        return head_length(line, head) ? LAYER_YES : LAYER_NO;
    }
}

static enum recognition capture_recognises(const uint8_t *bytes, size_t n)
{
    struct capture_head head;
    return head_parse(bytes, n, &head);
}

/* --- the RDB ----------------------------------------------------------------------------------------- */

struct capture_layer {
    struct layer layer;
    uint64_t left; /* of an RDB of known length */
    /* for one with a mark: bytes read and not returned yet */
    uint8_t mark[MARK];
    size_t pos, len; /* of what is in `in` */
    size_t sure;     /* bytes from pos that cannot be part of the mark */
    bool found;      /* the mark follows them */
    bool ended;      /* no more data follows */
    uint8_t in[CAPTURE_IN];
};

/* The commands: bytes that were already read, then the rest. */
static rf_code commands_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct capture_layer *capture = (struct capture_layer *)layer;
    if (capture->pos == capture->len)
        return layer_read(layer->below, out, cap, n, error);
    size_t left = capture->len - capture->pos;
    *n = left < cap ? left : cap;
    memcpy(out, capture->in + capture->pos, *n);
    capture->pos += *n;
    return RF_OK;
}

static rf_code counted_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct capture_layer *capture = (struct capture_layer *)layer;
    if (capture->left == 0) {
        layer->read = commands_read;
        return commands_read(layer, out, cap, n, error);
    }
    TRY(layer_read(layer->below, out, cap < capture->left ? cap : (size_t)capture->left, n, error));
    if (*n == 0)
        return fail(error, RF_E_TRUNCATED,
                    "truncated replication capture: %" PRIu64 " more bytes of the RDB expected",
                    capture->left);
    capture->left -= *n;
    return RF_OK;
}

/* Reads more, after the bytes that may be the beginning of the mark, and searches for the mark. */
static rf_code marked_refill(struct capture_layer *capture, rf_error *error)
{
    size_t n, kept = capture->len - capture->pos;
    memmove(capture->in, capture->in + capture->pos, kept);
    TRY(layer_read(capture->layer.below, capture->in + kept, CAPTURE_IN - kept, &n, error));
    capture->pos = 0;
    capture->len = kept + n;
    const uint8_t *mark = memmem(capture->in, capture->len, capture->mark, MARK);
    capture->found = mark != NULL;
    capture->ended = n == 0;
    if (mark)
        capture->sure = (size_t)(mark - capture->in);
    else if (n == 0)
        capture->sure = capture->len;
    else
        capture->sure = capture->len < MARK ? 0 : capture->len - (MARK - 1);
    return RF_OK;
}

static rf_code marked_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct capture_layer *capture = (struct capture_layer *)layer;
    while (capture->sure == 0) {
        if (capture->found) {
            capture->pos += MARK;
            layer->read = commands_read;
            return commands_read(layer, out, cap, n, error);
        }
        if (capture->ended)
            return fail(error, RF_E_TRUNCATED, "truncated replication capture: missing EOF mark");
        TRY(marked_refill(capture, error));
    }
    *n = capture->sure < cap ? capture->sure : cap;
    memcpy(out, capture->in + capture->pos, *n);
    capture->pos += *n;
    capture->sure -= *n;
    return RF_OK;
}

/* --- opening ----------------------------------------------------------------------------------------- */

static void capture_close(struct layer *layer)
{
    free(layer);
}

static struct layer *capture_open(struct layer *below)
{
    struct capture_head head;
    struct capture_layer *capture = calloc(1, sizeof *capture);
    if (!capture)
        return NULL;
    head_parse(below->head, below->head_len, &head);
    layer_skip(below, head.len);
    capture->layer.read = head.marked ? marked_read : counted_read;
    capture->layer.close = capture_close;
    capture->left = head.rdb_len;
    memcpy(capture->mark, head.mark, MARK);
    return &capture->layer;
}

const struct layer_kind layer_capture = {
    .name = "capture", .recognises = capture_recognises, .open = capture_open};
