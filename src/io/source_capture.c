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
#include "io/rdb_frame.h"
#include "io/source.h"
#include <inttypes.h>
#include <stdlib.h>

enum {
    LINE_MAX_LEN = 256,
    CAPTURE_IN = 128 * 1024,
};

struct capture_head {
    size_t len; /* of the head; the RDB follows */
    struct rdb_frame frame;
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
        return rdb_frame_open(&head->frame, line) ? LAYER_YES : LAYER_NO;
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
    struct rdb_frame frame;
    rf_slice part, rest; /* of what is in `in`: the RDB's next bytes, and what has not been looked at */
    uint8_t in[CAPTURE_IN];
};

static size_t deliver(rf_slice *bytes, uint8_t *out, size_t cap)
{
    size_t n = bytes->len < cap ? bytes->len : cap;
    memcpy(out, bytes->ptr, n);
    bytes->ptr += n;
    bytes->len -= n;
    return n;
}

/* The commands: bytes that were already read, then the rest. */
static rf_code commands_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct capture_layer *capture = (struct capture_layer *)layer;
    if (capture->rest.len == 0)
        return layer_read(layer->below, out, cap, n, error);
    *n = deliver(&capture->rest, out, cap);
    return RF_OK;
}

static rf_code truncated(const struct rdb_frame *frame, rf_error *error)
{
    if (frame->marked)
        return fail(error, RF_E_TRUNCATED, "truncated replication capture: missing EOF mark");
    return fail(error, RF_E_TRUNCATED,
                "truncated replication capture: %" PRIu64 " more bytes of the RDB expected", frame->left);
}

static rf_code refill(struct capture_layer *capture, rf_error *error)
{
    size_t n;
    TRY(layer_read(capture->layer.below, capture->in, CAPTURE_IN, &n, error));
    capture->rest = (rf_slice){capture->in, n};
    return n > 0 ? RF_OK : truncated(&capture->frame, error);
}

static rf_code rdb_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct capture_layer *capture = (struct capture_layer *)layer;
    while (capture->part.len == 0 && !capture->frame.ended) {
        if (capture->rest.len == 0)
            TRY(refill(capture, error));
        capture->part = rdb_frame_next(&capture->frame, &capture->rest);
    }
    if (capture->part.len == 0) {
        layer->read = commands_read;
        return commands_read(layer, out, cap, n, error);
    }
    *n = deliver(&capture->part, out, cap);
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
    capture->layer.read = rdb_read;
    capture->layer.close = capture_close;
    capture->frame = head.frame;
    return &capture->layer;
}

const struct layer_kind layer_capture = {
    .name = "capture", .recognises = capture_recognises, .open = capture_open};
