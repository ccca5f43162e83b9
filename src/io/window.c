/* SPDX-License-Identifier: MIT */
/* The slow paths of a window: handling the end of a segment.
 *
 *   enter:   current  |....... rest|          The next block becomes current, and the rest of the previous
 * one next         |rest|.......|      is copied into the headroom in front of it.
 *
 *   gather:  current  |....... rest|          The rest, and the required part of the next blocks, are copied
 *            spill    |rest ...... n|         to separate memory. The remainder of the last block is used
 *            pending            |xxx.....|    after the spill.
 *
 * A block that was entered is kept until the release. As the feed needs blocks to continue, once HELD_MAX are
 * held the next ones are copied into spills completely, and returned at once. */
#include "io/window.h"
#include "base/fail.h"
#include "codec/crc64.h"
#include "io/feed.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    HELD_MAX = FEED_BLOCKS - 3, /* one more may be pending, two are left to the feed */
    LARGE_PAGE = 2 * 1024 * 1024,
    MAPPED_MIN = 2 * LARGE_PAGE,
    MAPPED_MAX = 512 * 1024 * 1024, /* the longest string that servers accept by default */
};

static const uint8_t nothing[1]; /* the value of pos when there are no bytes */

static size_t window_left(const struct window *w)
{
    return (size_t)(w->end - w->pos);
}

void window_open_feed(struct window *w, struct feed *feed)
{
    *w = (struct window){.feed = feed};
    w->pos = w->end = w->segment_start = w->crc_from = nothing;
}

void window_open_memory(struct window *w, rf_slice bytes)
{
    const uint8_t *start = bytes.len ? bytes.ptr : nothing;
    *w = (struct window){.pos = start, .end = start + bytes.len};
    w->segment_start = w->crc_from = start;
}

/* --- parts ------------------------------------------------------------------------------------------- */

void window_open_part(struct window *part, const struct window *w)
{
    const struct arena arena = part->arena;
    window_open_memory(part, (rf_slice){w->pos, window_left(w)});
    part->arena = arena;
    part->is_part = true;
    part->segment_offset = window_offset(w);
    part->file_offset = window_file_offset(w);
}

struct block *window_lend(struct window *w, uint64_t n)
{
    w->pos += n;
    block_share(w->current);
    return w->current;
}

bool window_extend(struct window *w)
{
    rf_error *error = w->error, ignored;
    w->error = &ignored;
    bool extended = window_need(w, window_left(w) + 1) == RF_OK;
    w->error = error;
    return extended;
}

/* --- segments ---------------------------------------------------------------------------------------- */

static void segment_free(struct window *w, struct block *segment)
{
    w->held -= !segment->spill;
    block_return(w->feed, segment);
}

static void retire(struct window *w, struct block *segment)
{
    if (!segment)
        return;
    segment->next = w->retired;
    w->retired = segment;
}

void window_release_slow(struct window *w)
{
    while (w->retired) {
        struct block *segment = w->retired;
        w->retired = segment->next;
        segment_free(w, segment);
    }
}

void window_close(struct window *w)
{
    window_release_slow(w);
    if (w->current)
        segment_free(w, w->current);
    if (w->pending)
        segment_free(w, w->pending);
    arena_free(&w->arena);
}

/* Makes the next block pending, unless one is. RF_END at the end of the input. */
static rf_code await_block(struct window *w)
{
    if (w->pending)
        return RF_OK;
    struct block *block = feed_next(w->feed);
    if (block->len > 0) {
        w->pending = block;
        w->pending_used = 0;
        w->pending_was_current = false;
        w->held++;
        return RF_OK;
    }
    if (block->code == RF_OK)
        return RF_END;
    *w->error = *feed_error(w->feed);
    return block->code;
}

static size_t pending_left(const struct window *w)
{
    return w->pending->len - w->pending_used;
}

/* Makes `segment` current; the bytes at `pos` are those at the window's previous pos. */
static void segment_set(struct window *w, struct block *segment, const uint8_t *pos, const uint8_t *end)
{
    w->segment_offset = window_offset(w);
    w->segment_start = w->tap_from = w->pos = pos;
    w->end = end;
    retire(w, w->current);
    w->current = segment;
}

/* Moves on to the pending block, whose headroom fits the rest. */
static void segment_enter(struct window *w)
{
    struct block *block = w->pending;
    size_t rest = window_left(w);
    uint8_t *pos = block->data + w->pending_used - rest;
    if (rest > 0)
        memmove(pos, w->pos, rest);
    w->pending = NULL;
    w->crc_from = block->data;
    w->crc = block->crc;
    w->file_offset = block->file_offset;
    segment_set(w, block, pos, block->data + block->len);
}

static bool can_enter(const struct window *w, size_t n)
{
    size_t rest = window_left(w), before = w->pending_was_current ? 0 : FEED_HEADROOM + w->pending_used;
    return w->held <= HELD_MAX && rest <= before && n - rest <= pending_left(w);
}

/* --- spills ------------------------------------------------------------------------------------------ */

/* Reserves k more bytes: at least doubles the capacity, but not beyond `most`. The first call creates the
 * spill. False if out of memory. */
static bool spill_reserve(struct block **spill, size_t *cap, size_t k, size_t most)
{
    size_t len = *spill ? (*spill)->len : 0;
    if (*spill && *cap - len >= k)
        return true;
    size_t doubled = *cap < most / 2 ? 2 * *cap : most;
    size_t wanted = *cap > 0 && doubled > len + k ? doubled : len + k;
    struct block *grown = realloc(*spill, sizeof *grown + wanted);
    if (!grown)
        return false;
    if (!*spill)
        *grown = (struct block){.spill = true, .users = 1};
    grown->data = (uint8_t *)(grown + 1);
    *spill = grown;
    *cap = wanted;
    return true;
}

/* Moves k bytes of the pending block to the end of the spill; returns a fully used block to the feed. */
static void spill_take(struct window *w, struct block *spill, size_t k)
{
    struct block *block = w->pending;
    memcpy(spill->data + spill->len, block->data + w->pending_used, k);
    spill->len += k;
    w->pending_used += k;
    w->file_offset = block->file_offset;
    if (w->pending_used == block->len) {
        w->pending = NULL;
        segment_free(w, block);
    }
}

/* Creates a spill of n bytes at once: as the system only provides memory that is touched, an unverified
 * length costs address space. It is not moved while it grows, and there are large pages for it. False: too
 * few or too many bytes for that, or no address space. */
static bool spill_map(struct block **spill, size_t *cap, size_t n)
{
    const uintptr_t within = LARGE_PAGE - 1;
    if (n < MAPPED_MIN || n > MAPPED_MAX || !spill_reserve(spill, cap, n, n))
        return false;
    const uintptr_t start = ((uintptr_t)(*spill)->data + within) & ~within;
    const uintptr_t end = ((uintptr_t)(*spill)->data + n) & ~within;
    madvise((void *)start, end - start, MADV_HUGEPAGE);
    return true;
}

/* Makes a spill current: the rest, and then pending blocks until there are n bytes or the input ends. Of the
 * last block only the required part is copied, unless so many are held that it must be returned. */
static rf_code gather(struct window *w, size_t n)
{
    size_t rest = window_left(w), arrived = rest + pending_left(w), cap = 0, crc_at = 0;
    struct block *spill = NULL;
    rf_code code = RF_OK;
    if (!spill_map(&spill, &cap, n) && !spill_reserve(&spill, &cap, arrived < n ? arrived : n, n))
        return window_fail(w, RF_E_MEMORY, "out of memory");
    if (rest > 0)
        memcpy(spill->data, w->pos, rest);
    spill->len = rest;

    while (code == RF_OK && spill->len < n) {
        size_t k = pending_left(w);
        if (w->held <= HELD_MAX && k > n - spill->len)
            k = n - spill->len;
        if (!spill_reserve(&spill, &cap, k, n)) {
            free(spill);
            return window_fail(w, RF_E_MEMORY, "out of memory");
        }
        crc_at = spill->len;
        w->crc = crc64(w->pending->crc, w->pending->data, w->pending_used);
        spill_take(w, spill, k);
        if (spill->len < n)
            code = await_block(w);
    }
    w->crc_from = spill->data + crc_at;
    segment_set(w, spill, spill->data, spill->data + spill->len);
    return code;
}

/* --- moving on --------------------------------------------------------------------------------------- */

static rf_code truncated(struct window *w, uint64_t missing)
{
    return window_fail(w, RF_E_TRUNCATED, "truncated: %" PRIu64 " more byte%s expected", missing,
                       missing == 1 ? "" : "s");
}

static rf_code tap_deliver(struct window *w, const uint8_t *from, size_t n)
{
    return w->tap && n > 0 ? w->tap(w->tap_ctx, slice_of(from, n)) : RF_OK;
}

/* Passes the consumed bytes of this segment to the tap. */
static rf_code tap_flush(struct window *w)
{
    const uint8_t *from = w->tap_from;
    w->tap_from = w->pos;
    return tap_deliver(w, from, (size_t)(w->pos - from));
}

/* Called when n bytes are required and fewer are left. RF_END if the input has fewer. */
static rf_code move_on(struct window *w, size_t n)
{
    if (!w->feed)
        return RF_END;
    TRY(await_block(w));
    TRY(tap_flush(w));
    if (!can_enter(w, n))
        return gather(w, n);
    segment_enter(w);
    return RF_OK;
}

rf_code window_fill(struct window *w, size_t n)
{
    rf_code code = move_on(w, n);
    return code == RF_END ? truncated(w, n - window_left(w)) : code;
}

rf_code window_at_end(struct window *w, bool *at_end)
{
    rf_code code = window_left(w) > 0 ? RF_OK : move_on(w, 1);
    *at_end = code == RF_END;
    return code == RF_END ? RF_OK : code;
}

/* Skips the whole pending block; only the tap sees its bytes. Afterwards the bytes before pos in the segment
 * are not those before it in the stream. */
static rf_code skip_over(struct window *w)
{
    struct block *block = w->pending;
    size_t n = pending_left(w);
    rf_code code = tap_deliver(w, block->data + w->pending_used, n);
    w->segment_offset = window_offset(w) + n;
    w->segment_start = w->pos;
    w->file_offset = block->file_offset;
    w->pending = NULL;
    segment_free(w, block);
    return code;
}

rf_code window_skip_slow(struct window *w, uint64_t n)
{
    n -= window_left(w);
    w->pos = w->end;
    TRY(tap_flush(w));
    rf_code code = w->feed ? await_block(w) : RF_END;
    while (code == RF_OK && n > pending_left(w)) {
        n -= pending_left(w);
        TRY(skip_over(w));
        code = await_block(w);
    }
    if (code == RF_OK)
        code = move_on(w, n);
    if (code == RF_OK)
        w->pos += n;
    return code == RF_END ? truncated(w, n) : code;
}

/* --- going back -------------------------------------------------------------------------------------- */

/* Makes a spill of these bytes and the rest of the segment. */
static rf_code put_before(struct window *w, rf_slice bytes)
{
    struct block *spill = NULL;
    size_t rest = window_left(w), cap = 0;
    if (!spill_reserve(&spill, &cap, bytes.len + rest, bytes.len + rest))
        return window_fail(w, RF_E_MEMORY, "out of memory");
    memcpy(spill->data, bytes.ptr, bytes.len);
    if (rest > 0)
        memcpy(spill->data + bytes.len, w->pos, rest);
    spill->len = bytes.len + rest;
    w->crc = window_crc(w);
    w->crc_from = spill->data + bytes.len;
    segment_set(w, spill, spill->data, spill->data + spill->len);
    return RF_OK;
}

rf_code window_unread(struct window *w, rf_slice bytes)
{
    if (bytes.len <= (size_t)(w->pos - w->segment_start)) {
        w->pos -= bytes.len;
        return RF_OK;
    }
    TRY(put_before(w, bytes));
    w->segment_offset -= bytes.len;
    return RF_OK;
}

/* Makes a block of the feed the pending one again, so that its rest need not be copied: others may be reading
 * the part of it that has been used. */
static void step_back(struct window *w)
{
    if (!w->current || w->current->spill || w->pending || w->pos == w->end)
        return;
    w->segment_offset = window_offset(w);
    w->pending = w->current;
    w->pending_used = (size_t)(w->pos - w->current->data);
    w->pending_was_current = true;
    w->crc = window_crc(w);
    w->current = NULL;
    w->pos = w->end = w->segment_start = w->crc_from = nothing;
}

rf_code window_splice(struct window *w, rf_slice bytes)
{
    w->has_spliced = true;
    if (bytes.len == 0)
        return RF_OK;
    if (w->feed)
        feed_count_spliced(w->feed, bytes.len);
    step_back(w);
    return put_before(w, bytes);
}

/* --- taps, checksums, errors ------------------------------------------------------------------------- */

void window_tap_begin(struct window *w, rf_bytes_fn tap, void *ctx)
{
    w->tap = tap;
    w->tap_ctx = ctx;
    w->tap_from = w->pos;
}

rf_code window_tap_end(struct window *w)
{
    rf_code code = tap_flush(w);
    w->tap = NULL;
    return code;
}

uint64_t window_crc(const struct window *w)
{
    if (w->pos < w->crc_from) /* in the bytes that were moved in front of the block */
        return crc64_undo(w->crc, w->pos, (size_t)(w->crc_from - w->pos));
    return crc64(w->crc, w->crc_from, (size_t)(w->pos - w->crc_from));
}

int64_t window_file_offset(const struct window *w)
{
    return w->is_part || w->has_spliced || (w->feed && !feed_is_plain(w->feed)) ? w->file_offset : -1;
}

rf_code window_fail(struct window *w, rf_code code, const char *format, ...)
{
    char message[sizeof w->error->message];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);

    int64_t offset = (int64_t)window_offset(w), file_offset = window_file_offset(w);
    if (file_offset < 0 && (w->feed || w->is_part))
        file_offset = offset;
    fail(w->error, code, "%s", message);
    error_at(w->error, offset, file_offset);
    return code;
}
