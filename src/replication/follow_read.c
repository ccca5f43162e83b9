/* SPDX-License-Identifier: MIT */
/* What the caller reads: the queues as sources, and the commands of the stream with their positions. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "io/source.h"
#include "replication/follow.h"
#include "resp/resp_write.h"
#include <stdlib.h>
#include <sys/eventfd.h>

/* --- queues as sources -------------------------------------------------------------------------------- */

enum { SELECT_MAX = 64 };

struct queue_origin {
    struct origin origin;
    struct rf_follow *follow;
    struct fifo *fifo;
    rf_slice piece;             /* what has not been read of the current part */
    uint8_t select[SELECT_MAX]; /* the command before the stream */
};

static rf_code add_mark(struct rf_follow *follow, size_t length, int64_t arrived_ms, rf_error *error)
{
    rf_code code = RF_OK;
    pthread_mutex_lock(&follow->marks_lock);
    if (follow->mark_count == follow->mark_capacity) {
        size_t capacity = follow->mark_capacity ? 2 * follow->mark_capacity : 64;
        struct follow_mark *grown = realloc(follow->marks, capacity * sizeof *grown);
        if (grown) {
            follow->marks = grown;
            follow->mark_capacity = capacity;
        } else {
            code = fail(error, RF_E_MEMORY, "out of memory");
        }
    }
    if (code == RF_OK) {
        follow->marked += length;
        follow->marks[follow->mark_count++] = (struct follow_mark){follow->marked, arrived_ms};
    }
    pthread_mutex_unlock(&follow->marks_lock);
    return code;
}

static rf_code queue_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct queue_origin *queue = (struct queue_origin *)layer;
    *n = 0;
    if (queue->piece.len == 0) {
        int64_t stamp;
        rf_code code = fifo_next(queue->fifo, &queue->piece, &stamp, error);
        if (code == RF_E_UNAVAILABLE && rf_follow_needs_snapshot(queue->follow))
            error->code = code = RF_E_READ; /* not that of a target to which a value is written */
        if (code != RF_OK)
            return code == RF_END ? RF_OK : code;
        if (queue->fifo == queue->follow->stream)
            TRY(add_mark(queue->follow, queue->piece.len, stamp, error));
    }
    *n = queue->piece.len < cap ? queue->piece.len : cap;
    memcpy(out, queue->piece.ptr, *n);
    queue->piece = slice_of(queue->piece.ptr + *n, queue->piece.len - *n);
    atomic_fetch_add_explicit(&queue->origin.position, *n, memory_order_relaxed);
    return RF_OK;
}

static void queue_stop(struct origin *origin)
{
    fifo_stop(((struct queue_origin *)origin)->fifo);
}

/* What is still to come is discarded. */
static void queue_close(struct layer *layer)
{
    fifo_stop(((struct queue_origin *)layer)->fifo);
    free(layer);
}

static rf_code open_queue(struct rf_follow *follow, struct fifo *fifo, rf_slice select, const char *name,
                          rf_source **out, rf_error *error)
{
    struct queue_origin *queue = calloc(1, sizeof *queue);
    if (!queue)
        return fail(error, RF_E_MEMORY, "out of memory");
    *queue = (struct queue_origin){
        .origin = {.layer = {.read = queue_read, .close = queue_close}, .size = -1, .stop = queue_stop},
        .follow = follow,
        .fifo = fifo,
    };
    if (select.len > 0)
        memcpy(queue->select, select.ptr, select.len);
    queue->piece = slice_of(queue->select, select.len);
    return source_over(&queue->origin, name, out, error);
}

rf_code rf_follow_snapshot(rf_follow *follow, rf_source **out, rf_error *error)
{
    return open_queue(follow, follow->rdb, (rf_slice){0}, "snapshot", out, error);
}

/* --- commands ----------------------------------------------------------------------------------------- */

/* As the stream itself does not begin with the database that is selected. */
static rf_code begin(struct rf_follow *follow, int64_t db, rf_error *error)
{
    uint8_t number[NUMBER_TEXT_MAX], select[SELECT_MAX];
    rf_source *source;
    uint8_t *end = resp_print_header(select, '*', 2);
    end = resp_print_bulk(end, SLICE("SELECT"));
    end = resp_print_bulk(end, slice_of(number, number_print_i64(number, db)));
    size_t length = (size_t)(end - select);
    TRY(open_queue(follow, follow->stream, slice_of(select, length), "stream", &source, error));
    follow->marked = follow->base;
    follow->base -= length;
    return rf_reader_open(source, &(rf_reader_options){0}, &follow->reader, error);
}

/* The length of a command as servers send it. */
static uint64_t wire_length(const rf_entry *entry)
{
    uint64_t length = 1 + number_length_u64(entry->argc) + 2;
    for (size_t i = 0; i < entry->argc; i++)
        length += 1 + number_length_u64(entry->argv[i].len) + 2 + entry->argv[i].len + 2;
    return length;
}

static int64_t arrival(struct rf_follow *follow, uint64_t offset)
{
    pthread_mutex_lock(&follow->marks_lock);
    size_t past = 0;
    while (past + 1 < follow->mark_count && follow->marks[past].end < offset)
        past++;
    if (past > 0) {
        follow->mark_count -= past;
        memmove(follow->marks, follow->marks + past, follow->mark_count * sizeof *follow->marks);
    }
    int64_t arrived_ms = follow->mark_count > 0 ? follow->marks[0].arrived_ms : 0;
    pthread_mutex_unlock(&follow->marks_lock);
    return arrived_ms;
}

/* Commands of the link. */
static bool is_of_link(const rf_entry *entry)
{
    return slice_is_word(entry->argv[0], "PING") || slice_is_word(entry->argv[0], "REPLCONF") ||
           slice_is_word(entry->argv[0], "REPLPING");
}

/* Keys come from another node, where their removal is part of another stream. */
static rf_code check_not_moved(struct rf_follow *follow, const rf_entry *entry, rf_error *error)
{
    static const char *const names[] = {"RESTORE-ASKING", "TRIMSLOTS", "CLUSTER"};
    for (size_t i = 0; follow->place.cluster && i < sizeof names / sizeof *names; i++) {
        if (!slice_is_word(entry->argv[0], names[i]))
            continue;
        atomic_store(&follow->needs_snapshot, true);
        return fail(error, RF_E_READ,
                    "slots move to or from it while it is followed (%s): a new snapshot is needed, when the "
                    "slots stay where they are",
                    names[i]);
    }
    return RF_OK;
}

/* The next command that is read, also one of the link. */
static rf_code read_command(struct rf_follow *follow, rf_entry *entry, rf_error *error)
{
    struct rf_follow_position *at = &follow->at;
    TRY(rf_reader_next(follow->reader, entry, error));
    entry->offset += follow->base;
    at->offset = entry->offset + wire_length(entry);
    at->db = entry->db;
    at->arrived_ms = arrival(follow, at->offset);
    if (slice_is_word(entry->argv[0], "MULTI"))
        at->in_transaction = true;
    else if (slice_is_word(entry->argv[0], "EXEC"))
        at->in_transaction = false;
    TRY(check_not_moved(follow, entry, error));
    return absolute_expiry_make(&follow->absolute, at->arrived_ms, entry, error);
}

static rf_code begin_once(struct rf_follow *follow, int64_t db, rf_error *error)
{
    if (follow->reader)
        return RF_OK;
    follow->base = rf_follow_start(follow);
    follow->at = (rf_follow_position){.offset = follow->base, .db = db};
    return begin(follow, db, error);
}

rf_code rf_follow_next(rf_follow *follow, int64_t db, rf_entry *entry, rf_follow_position *position,
                       rf_error *error)
{
    TRY(begin_once(follow, db, error));
    do
        TRY(read_command(follow, entry, error));
    while (is_of_link(entry));
    *position = follow->at;
    return RF_OK;
}

/* Whether a command can be read without waiting for it, or the error at the end. */
static bool has_command(const struct rf_follow *follow)
{
    return atomic_load(&follow->complete) > follow->at.offset || atomic_load(&follow->ended);
}

rf_code rf_follow_poll(rf_follow *follow, int64_t db, bool *there, rf_entry *entry,
                       rf_follow_position *position, rf_error *error)
{
    eventfd_t count;
    TRY(begin_once(follow, db, error));
    do {
        *there = has_command(follow);
        if (!*there) {
            eventfd_read(follow->event_fd, &count);
            *there = has_command(follow);
        }
        if (*there)
            TRY(read_command(follow, entry, error));
    } while (*there && is_of_link(entry));
    *position = follow->at;
    return RF_OK;
}

int rf_follow_descriptor(const rf_follow *follow)
{
    return follow->event_fd;
}
