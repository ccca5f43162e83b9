/* SPDX-License-Identifier: MIT */
/* A window: contiguous bytes to decode, over input that arrives in blocks.
 *
 *     segment                             a block as it was read, or a spill made of several
 *       | consumed      pos     end |
 *
 * window_need(w, n) makes n bytes from `pos` contiguous, or returns an error; decoders read them and advance
 * `pos`. Pointers to these bytes stay valid until window_release(), even if later calls move on to other
 * segments: so a field and its value can be held at the same time, and memory is bounded by the largest
 * element. When a request crosses the end of a block, the rest is copied into the headroom of the next block;
 * only larger requests are gathered in a spill, whose memory grows as bytes arrive, never by an unverified
 * length. */
#ifndef IO_WINDOW_H
#define IO_WINDOW_H

#include "base/arena.h"
#include "base/bytes.h"
#include <rdbferry/error.h>
#include <rdbferry/value.h>
#include <stdbool.h>

struct block;
struct feed;

struct window {
    const uint8_t *pos, *end;
    struct arena arena; /* scratch memory for the current element */
    rf_error *error;    /* receives errors; set by the user of the window */
    bool long_lengths;  /* a 64-bit length has been decoded; cleared by the user of the window */

    /* private to window.c */
    struct feed *feed;        /* NULL: over memory */
    bool is_part;             /* over memory that is a part of an input */
    bool has_spliced;         /* offsets in the decoded stream are not those in the file */
    struct block *current;    /* the one that contains pos; NULL at first, and over memory */
    struct block *retired;    /* previous current blocks since the last release */
    struct block *pending;    /* follows current: its part after a spill, or after spliced bytes */
    size_t pending_used;      /* bytes of `pending` that are in the spill, or were used before it */
    bool pending_was_current; /* others may read its used bytes: nothing is moved in front of its rest */
    unsigned held;            /* number of the feed's blocks among these */
    uint64_t segment_offset;  /* of segment_start in the decoded stream */
    const uint8_t *segment_start;
    const uint8_t *crc_from; /* in this segment; crc is the checksum of the stream up to here */
    uint64_t crc;
    int64_t file_offset;     /* of the end of the segment, to within a block */
    const uint8_t *tap_from; /* bytes consumed from here on go to the tap */
    rf_bytes_fn tap;
    void *tap_ctx;
};

/* Opens a window over the blocks of a feed, or over memory; both stay owned by the caller. */
void window_open_feed(struct window *w, struct feed *feed);
void window_open_memory(struct window *w, rf_slice bytes);
void window_close(struct window *w);

/* Opens a window over the rest of the segment of another one: errors have its offsets. The bytes are valid as
 * long as those of `w`, or longer after window_lend(). It must be closed. `part` is zeroed, or was opened by
 * this before: its memory is kept. */
void window_open_part(struct window *part, const struct window *w);

/* Consumes n bytes of the segment, which there must be. They stay valid until block_return(). Only for a
 * window over a feed from which something has been read. */
struct block *window_lend(struct window *w, uint64_t n);

/* Makes the segment longer, which must not be over memory. False: the input ends, or there is an error, which
 * is found again when the bytes are needed. */
bool window_extend(struct window *w);

__attribute__((cold)) rf_code window_fill(struct window *w, size_t n);

/* RF_OK with at least n bytes from pos; RF_E_TRUNCATED if the input ends before; or a read error. */
static inline rf_code window_need(struct window *w, size_t n)
{
    return LIKELY((size_t)(w->end - w->pos) >= n) ? RF_OK : window_fill(w, n);
}

/* Sets *at_end if no byte is left. Returns RF_OK, or a read error. */
rf_code window_at_end(struct window *w, bool *at_end);

rf_code window_skip_slow(struct window *w, uint64_t n);

/* Consumes n bytes, which need not be contiguous. */
static inline rf_code window_skip(struct window *w, uint64_t n)
{
    if (LIKELY((size_t)(w->end - w->pos) >= n)) {
        w->pos += n;
        return RF_OK;
    }
    return window_skip_slow(w, n);
}

void window_release_slow(struct window *w);

/* Releases everything handed out since the last release; to be called between elements. */
static inline void window_release(struct window *w)
{
    if (UNLIKELY(w->retired != NULL))
        window_release_slow(w);
    arena_reset(&w->arena);
}

/* Passes every byte consumed from here on to `tap`, at the latest in window_tap_end(). */
void window_tap_begin(struct window *w, rf_bytes_fn tap, void *ctx);
rf_code window_tap_end(struct window *w);

/* Ends the tap; requires that no bytes of this segment have been passed to it, and passes none. */
static inline void window_tap_cancel(struct window *w)
{
    w->tap = NULL;
}

/* Puts back the bytes that were consumed last. */
rf_code window_unread(struct window *w, rf_slice bytes);

/* Puts bytes into the stream that are not in the input: they are read next, and count in offsets, but not in
 * the checksum. */
rf_code window_splice(struct window *w, rf_slice bytes);

/* Over memory all bytes stay valid, and `pos` may be moved back. */
static inline bool window_is_memory(const struct window *w)
{
    return !w->feed;
}

/* The position in the decoded stream. */
static inline uint64_t window_offset(const struct window *w)
{
    return w->segment_offset + (uint64_t)(w->pos - w->segment_start);
}

/* The position in a compressed file, to within a block; -1 if the file is not compressed. */
int64_t window_file_offset(const struct window *w);

/* The CRC-64 of the decoded stream up to pos. */
uint64_t window_crc(const struct window *w);

/* Fails with `code` at the current position. */
rf_code window_fail(struct window *w, rf_code code, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));

#endif
