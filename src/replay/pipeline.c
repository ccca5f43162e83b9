/* SPDX-License-Identifier: MIT */
/* Blocks and requests in a queue: encoded at one end, then sent, answered, and released at the other. */
#include "replay/pipeline.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include <stdlib.h>

enum {
    BLOCK_SIZE = 256 * 1024, /* at least OUTBUF_RESERVE_MAX */
    RING_SIZE = 256,         /* initially; a power of two */
    READ_SIZE = 64 * 1024,
};

struct pipeline_block {
    struct pipeline_block *next;
    uint64_t start; /* position of its first byte */
    size_t used;    /* of a block other than the last */
    uint8_t bytes[BLOCK_SIZE];
};

/* --- blocks -------------------------------------------------------------------------------------------- */

static uint64_t position(const struct pipeline *p)
{
    return p->last ? p->last->start + (uint64_t)(p->out.pos - p->last->bytes) : p->ready;
}

static void enter_block(struct pipeline *p, struct pipeline_block *block, size_t used)
{
    p->out.start = block->bytes;
    p->out.pos = block->bytes + used;
    p->out.end = block->bytes + BLOCK_SIZE;
}

static void drop_block(struct pipeline *p, struct pipeline_block *block)
{
    if (p->spare)
        free(block);
    else
        p->spare = block;
}

static bool add_block(struct pipeline *p)
{
    struct pipeline_block *block = p->spare ? p->spare : malloc(sizeof *block);
    if (!block)
        return false;
    uint64_t start = position(p);
    p->spare = NULL;
    block->next = NULL;
    block->start = start;
    if (p->last) {
        p->last->used = (size_t)(p->out.pos - p->last->bytes);
        p->last->next = block;
    } else {
        p->first = p->sending = block;
    }
    p->last = block;
    enter_block(p, block, 0);
    return true;
}

/* Frees the blocks that end before a position, except the last one. */
static void drop_blocks(struct pipeline *p, uint64_t before)
{
    while (p->first != p->last && p->first->next->start <= before) {
        struct pipeline_block *block = p->first;
        p->first = block->next;
        if (p->sending == block)
            p->sending = block->next;
        drop_block(p, block);
    }
}

/* If out of memory, the last block is overwritten, and its content is never sent. */
static void next_block(struct outbuf *out)
{
    struct pipeline *p = (struct pipeline *)out;
    if (p->streaming && !p->lost) {
        pipeline_mark_ready(p);
        p->listener->block(p);
    }
    if (!p->lost && p->out.code == RF_OK && !add_block(p))
        p->out.code = RF_E_MEMORY;
    if (p->lost || p->out.code != RF_OK)
        p->out.pos = p->out.start;
}

/* --- creation and destruction -------------------------------------------------------------------------- */

void pipeline_open(struct pipeline *p, const struct pipeline_listener *listener, void *owner)
{
    *p = (struct pipeline){.out = {.next = next_block}, .listener = listener, .owner = owner};
}

rf_code pipeline_connect(struct pipeline *p, struct connection *connection, unsigned serial, rf_error *error)
{
    if (!p->ring) {
        p->ring = malloc(RING_SIZE * sizeof *p->ring);
        p->ring_size = RING_SIZE;
    }
    if (!p->ring || (!p->last && !add_block(p))) {
        connection_close(connection);
        return fail(error, RF_E_MEMORY, "out of memory for a connection");
    }
    p->connection = connection;
    p->serial = serial;
    p->db = 0;
    p->window = (struct send_window){0};
    progress_made(&p->progress, clock_monotonic_ms());
    return RF_OK;
}

static void free_request(struct request *request)
{
    free(request->error_text);
    free(request->group);
    free(request->strings);
}

/* Keeps one block, so that an encoder can continue to write. */
void pipeline_disconnect(struct pipeline *p)
{
    connection_close(p->connection);
    p->connection = NULL;
    for (; p->head < p->tail; p->head++)
        free_request(pipeline_request(p, p->head));
    p->head = p->answer = p->tail = 0;
    drop_blocks(p, UINT64_MAX);
    if (p->last) {
        p->last->start = 0;
        enter_block(p, p->last, 0);
    }
    p->sending = p->first;
    p->ready = p->sent = p->wait_sent_up_to = p->replicated_up_to = 0;
    p->blocked = 0;
    p->in.len = p->consumed = 0;
    p->scan = (struct reply_scan){0};
    p->events = 0;
    p->out.code = RF_OK;
    p->lost = p->streaming;
    p->broken = NULL;
}

void pipeline_close(struct pipeline *p)
{
    pipeline_disconnect(p);
    free(p->last);
    free(p->spare);
    free(p->ring);
    buffer_free(&p->in);
    *p = (struct pipeline){0};
}

/* --- writing ------------------------------------------------------------------------------------------- */

static bool grow_ring(struct pipeline *p)
{
    struct request *grown = malloc(2 * p->ring_size * sizeof *grown);
    if (!grown)
        return false;
    for (uint64_t i = p->head; i < p->tail; i++)
        grown[i & (2 * p->ring_size - 1)] = *pipeline_request(p, i);
    free(p->ring);
    p->ring = grown;
    p->ring_size *= 2;
    return true;
}

rf_code pipeline_begin(struct pipeline *p, struct request **out, rf_error *error)
{
    if (p->tail - p->head == p->ring_size && !grow_ring(p))
        return fail(error, RF_E_MEMORY, "out of memory for pending requests");
    *out = pipeline_request(p, p->tail);
    **out = (struct request){.start = p->ready};
    return RF_OK;
}

rf_code pipeline_begin_again(struct pipeline *p, const struct request *as, struct request **out,
                             rf_error *error)
{
    TRY(pipeline_begin(p, out, error));
    uint64_t start = (*out)->start;
    **out = *as;
    (*out)->start = start;
    (*out)->error_text = NULL;
    (*out)->ask_node = NULL;
    (*out)->result = RESULT_OK;
    (*out)->done = (*out)->retry_rest = (*out)->no_multi = false;
    return RF_OK;
}

rf_code pipeline_end(struct pipeline *p, uint32_t replies, rf_error *error)
{
    if (p->out.code != RF_OK) {
        pipeline_cancel(p);
        return fail(error, RF_E_MEMORY, "out of memory for pending requests");
    }
    if (p->answer == p->tail)
        progress_made(&p->progress, clock_monotonic_ms());
    pipeline_request(p, p->tail++)->replies = replies;
    pipeline_mark_ready(p);
    return RF_OK;
}

void pipeline_cancel(struct pipeline *p)
{
    struct pipeline_block *block = p->first;
    while (block != p->last && block->next->start <= p->ready)
        block = block->next;
    while (block->next) {
        struct pipeline_block *dropped = block->next;
        block->next = dropped->next;
        drop_block(p, dropped);
    }
    p->last = block;
    enter_block(p, block, (size_t)(p->ready - block->start));
    p->out.code = RF_OK;
}

void pipeline_mark_ready(struct pipeline *p)
{
    if (!p->lost)
        p->ready = position(p);
}

void pipeline_stream(struct pipeline *p, bool on)
{
    p->streaming = on;
    p->lost = on && !p->connection;
    progress_made(&p->progress, clock_monotonic_ms());
    p->out.code = RF_OK;
}

/* --- sending and receiving ----------------------------------------------------------------------------- */

uint64_t pipeline_kept(const struct pipeline *p)
{
    return p->head < p->tail ? p->ready - pipeline_request(p, p->head)->start : 0;
}

static uint64_t block_end(const struct pipeline *p, const struct pipeline_block *block)
{
    uint64_t end = block == p->last ? p->ready : block->start + block->used;
    return end < p->ready ? end : p->ready;
}

static rf_code lost(const struct pipeline *p, rf_code code, rf_error *error)
{
    if (code == RF_END)
        return fail(error, RF_E_UNAVAILABLE, "%s: connection closed by the server",
                    connection_name(p->connection));
    return code;
}

rf_code pipeline_send(struct pipeline *p, uint64_t most, uint64_t *n, rf_error *error)
{
    *n = 0;
    while (p->sent < p->ready && *n < most) {
        struct pipeline_block *block = p->sending;
        uint64_t left = block_end(p, block) - p->sent;
        size_t written = 0;
        if (left == 0) {
            p->sending = block->next;
            continue;
        }
        size_t length = (size_t)(left < most - *n ? left : most - *n);
        length = length < p->blocked ? p->blocked : length;
        rf_code code = connection_write(p->connection, block->bytes + (p->sent - block->start), length,
                                        &written, error);
        p->blocked = written == 0 ? length : 0;
        if (code != RF_OK)
            return lost(p, code, error);
        if (written == 0)
            break;
        p->sent += written;
        *n += written;
    }
    if (*n > 0) {
        int64_t now_us = clock_monotonic_us();
        progress_made(&p->progress, now_us / 1000);
        send_window_sent(&p->window, p->sent, now_us);
    }
    if (p->streaming)
        drop_blocks(p, p->sent);
    return RF_OK;
}

/* --- replies ------------------------------------------------------------------------------------------- */

static uint64_t request_end(const struct pipeline *p, uint64_t number)
{
    return number + 1 < p->tail ? pipeline_request(p, number + 1)->start : p->ready;
}

/* A reply to a request that has not been sent is an error. */
static rf_code deliver_reply(struct pipeline *p, struct reply reply, rf_slice rest, rf_error *error)
{
    struct request *request = p->answer < p->tail ? pipeline_request(p, p->answer) : NULL;
    if (UNLIKELY(!request || request->start >= p->sent ||
                 (request->replies == 1 && request_end(p, p->answer) > p->sent)))
        return fail(error, RF_E_TARGET, "%s: unexpected reply", connection_name(p->connection));
    p->answer += --request->replies == 0;
    p->listener->reply(p, request, reply, rest);
    return RF_OK;
}

/* Replies to the requests for keys are smaller than the commands; AOF commands may return values. */
static uint64_t limit_of_next(const struct pipeline *p)
{
    if (p->streaming || p->answer == p->tail)
        return REPLY_MAX_STATUS;
    const struct request *request = pipeline_request(p, p->answer);
    return request->kind == REQUEST_COMMAND ? REPLY_MAX
                                            : REPLY_MAX_STATUS + request_end(p, p->answer) - request->start;
}

/* RF_END: the reply is not complete yet. */
static rf_code read_reply(struct pipeline *p, rf_slice bytes, size_t *size, rf_error *error)
{
    rf_slice rest = {NULL, 0};
    static const uint8_t ok[] = "+OK\r\n", one[] = ":1\r\n";
    struct reply reply = {.kind = REPLY_STATUS, .text = {ok + 1, 2}, .number = 1};
    if (LIKELY(p->scan.at == 0 && bytes.len >= 5 && memcmp(bytes.ptr, ok, 5) == 0)) {
        *size = 5;
    } else if (LIKELY(p->scan.at == 0 && bytes.len >= 4 && memcmp(bytes.ptr, one, 4) == 0)) {
        *size = 4;
        reply.kind = REPLY_NUMBER;
    } else {
        p->scan.limit = limit_of_next(p);
        rf_code code = reply_scan(&p->scan, bytes);
        if (rf_code_is_target(code))
            return fail(error, code, "%s: %s", connection_name(p->connection), p->scan.fault);
        TRY(code);
        *size = p->scan.at;
        p->scan = (struct reply_scan){0};
        rest = slice_of(bytes.ptr, *size);
        reply = reply_next(&rest);
    }
    if (p->streaming) {
        p->listener->stream_reply(p, reply, rest);
        return RF_OK;
    }
    return deliver_reply(p, reply, rest, error);
}

/* RF_END: the next reply is not complete. *any: at least one was handled. */
static rf_code read_replies(struct pipeline *p, bool *any, rf_error *error)
{
    for (*any = false;; *any = true) {
        size_t size = 0;
        rf_slice bytes = slice_of(p->in.data + p->consumed, p->in.len - p->consumed);
        if (bytes.len == 0)
            return RF_END;
        TRY(read_reply(p, bytes, &size, error));
        p->consumed += size;
    }
}

static void discard_consumed(struct pipeline *p)
{
    p->in.len -= p->consumed;
    if (p->in.len > 0 && p->consumed > 0)
        memmove(p->in.data, p->in.data + p->consumed, p->in.len);
    p->consumed = 0;
}

static void note_progress(struct pipeline *p, bool replies, size_t bytes)
{
    int64_t now_ms = clock_monotonic_ms();
    if (replies)
        progress_made(&p->progress, now_ms);
    else
        progress_arrived(&p->progress, bytes, now_ms);
}

rf_code pipeline_receive(struct pipeline *p, rf_error *error)
{
    size_t n;
    do {
        bool any;
        size_t most = p->scan.announced ? p->scan.announced + READ_SIZE : SIZE_MAX;
        if (!buffer_reserve_within(&p->in, READ_SIZE, most))
            return fail(error, RF_E_MEMORY, "out of memory for a reply");
        size_t space = p->in.cap - p->in.len;
        rf_code code = connection_read(p->connection, p->in.data + p->in.len, space, &n, error);
        if (code != RF_OK)
            return lost(p, code, error);
        p->in.len += n;
        code = read_replies(p, &any, error);
        if (n > 0)
            note_progress(p, any, n);
        discard_consumed(p);
        if (code != RF_END)
            return code;
    } while (n > 0);
    return RF_OK;
}

/* --- kept requests ------------------------------------------------------------------------------------- */

void pipeline_release(struct pipeline *p, uint64_t number)
{
    for (; p->head < number; p->head++)
        free_request(pipeline_request(p, p->head));
    uint64_t released = p->head < p->tail ? pipeline_request(p, p->head)->start : p->sent;
    send_window_released(&p->window, released, clock_monotonic_us());
    drop_blocks(p, released);
}

bool pipeline_copy(const struct pipeline *p, uint64_t number, struct buffer *into)
{
    uint64_t at = pipeline_request(p, number)->start, end = request_end(p, number);
    for (const struct pipeline_block *block = p->first; block && at < end; block = block->next) {
        uint64_t stop = block_end(p, block);
        if (stop <= at)
            continue;
        stop = stop < end ? stop : end;
        if (!buffer_append(into, slice_of(block->bytes + (at - block->start), (size_t)(stop - at))))
            return false;
        at = stop;
    }
    return true;
}
