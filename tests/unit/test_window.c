/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
#include "codec/crc64.h"
#include "io/feed.h"
#include "io/window.h"
#include "support/exact.h"
#include "support/stream.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

/* --- a window against the flat bytes it stands for --------------------------------------------------- */

enum { KEPT_MAX = 64 };

struct play {
    struct window w;
    rf_source *source;
    struct feed *feed;
    rf_error error;
    rf_slice flat;
    uint64_t random;
    size_t need_max;
    struct {
        rf_slice bytes;
        size_t offset;
    } kept[KEPT_MAX]; /* slices handed out since the last release */
    size_t kept_count;
    struct buffer tapped;
    size_t tapped_from;
    bool tapping;
};

static void play_open(struct play *play, rf_slice flat, size_t block_size, uint64_t seed)
{
    *play = (struct play){.flat = flat, .random = seed};
    cr_assert_eq(rf_source_open_memory(flat.ptr, flat.len, "flat", &play->source, &play->error), RF_OK);
    cr_assert_eq(feed_open(play->source, block_size, 0, &play->feed, &play->error), RF_OK);
    window_open_feed(&play->w, play->feed);
    play->w.error = &play->error;
}

static void play_close(struct play *play)
{
    window_close(&play->w);
    feed_close(play->feed);
    rf_source_close(play->source);
    buffer_free(&play->tapped);
}

static size_t play_at(const struct play *play)
{
    return (size_t)window_offset(&play->w);
}

static rf_code tap(void *ctx, rf_slice bytes)
{
    cr_assert_gt(bytes.len, 0);
    return buffer_append(ctx, bytes) ? RF_OK : RF_E_MEMORY;
}

/* What does not come is truncated, with nothing consumed. */
static void play_need(struct play *play)
{
    size_t at = play_at(play), left = play->flat.len - at;
    size_t n = next_random(&play->random) % play->need_max;
    rf_code code = window_need(&play->w, n);
    cr_assert_eq(play_at(play), at);
    if (n > left) {
        cr_assert_eq(code, RF_E_TRUNCATED);
        cr_assert_eq(play->error.offset, (int64_t)at);
        cr_assert_eq(play->error.file_offset, (int64_t)at);
        n = left;
    } else {
        cr_assert_eq(code, RF_OK, "%s", play->error.message);
    }
    cr_assert_geq((size_t)(play->w.end - play->w.pos), n);
    cr_assert(n == 0 || memcmp(play->w.pos, play->flat.ptr + at, n) == 0);
    if (play->kept_count < KEPT_MAX) {
        play->kept[play->kept_count].bytes = slice_of(play->w.pos, n);
        play->kept[play->kept_count++].offset = at;
    }
    if (next_random(&play->random) % 4 == 0) { /* not all that was asked for */
        play->w.pos += n / 2;
    } else {
        play->w.pos += n;
    }
    cr_assert_eq(window_crc(&play->w), crc64(0, play->flat.ptr, play_at(play)));
}

static void play_skip(struct play *play)
{
    size_t at = play_at(play), left = play->flat.len - at;
    size_t n = next_random(&play->random) % (play->need_max * 2);
    rf_code code = window_skip(&play->w, n);
    cr_assert_eq(code, n > left ? RF_E_TRUNCATED : RF_OK);
    cr_assert_eq(play_at(play), n > left ? play->flat.len : at + n);
}

static void play_release(struct play *play)
{
    for (size_t i = 0; i < play->kept_count; i++)
        cr_assert(slice_equal(play->kept[i].bytes,
                              slice_of(play->flat.ptr + play->kept[i].offset, play->kept[i].bytes.len)));
    play->kept_count = 0;
    window_release(&play->w);
}

static void play_tap(struct play *play)
{
    if (play->tapping) {
        cr_assert_eq(window_tap_end(&play->w), RF_OK);
        size_t n = play_at(play) - play->tapped_from;
        cr_assert(slice_equal(buffer_slice(&play->tapped), slice_of(play->flat.ptr + play->tapped_from, n)));
    } else {
        play->tapped.len = 0;
        play->tapped_from = play_at(play);
        window_tap_begin(&play->w, tap, &play->tapped);
    }
    play->tapping = !play->tapping;
}

/* Random steps until nothing is left. `calm`: how rarely a release comes. */
static void play_all(rf_slice flat, size_t block_size, size_t need_max, unsigned calm, uint64_t seed)
{
    struct play play;
    bool at_end = false;
    play_open(&play, flat, block_size, seed);
    play.need_max = need_max;
    while (!at_end) {
        unsigned step = (unsigned)(next_random(&play.random) % (8 + calm));
        if (step < 1)
            play_release(&play);
        else if (step < 2)
            play_tap(&play);
        else if (step < 3)
            play_skip(&play);
        else
            play_need(&play);
        if (step < 4)
            cr_assert_eq(window_at_end(&play.w, &at_end), RF_OK);
    }
    if (play.tapping)
        play_tap(&play);
    play_release(&play);
    cr_assert_eq(play_at(&play), flat.len);
    play_close(&play);
}

Test(window, agrees_with_flat_bytes, .timeout = 120)
{
    static const size_t block_sizes[] = {1, 2, 3, 7, 64, 4096, 100000};
    static const size_t need_maxes[] = {2, 12, 300, 20000};
    uint64_t seed = (uint64_t)getpid() * 2654435761U + 1;
    fprintf(stderr, "window: seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < sizeof block_sizes / sizeof *block_sizes; i++)
        for (size_t j = 0; j < sizeof need_maxes / sizeof *need_maxes; j++)
            for (unsigned calm = 0; calm < 100; calm += 33) {
                if (calm > 0 && block_sizes[i] * 1000 < need_maxes[j])
                    continue; /* tens of thousands of blocks: once is enough */
                rf_slice flat = sample_bytes(need_maxes[j] * 3 + 1500, seed);
                play_all(flat, block_sizes[i], need_maxes[j], calm, seed += 2);
                exact_free(flat);
            }
}

/* Blocks larger than the room before them, and needs of several blocks. */
Test(window, agrees_with_flat_bytes_when_large, .timeout = 120)
{
    rf_slice flat = sample_bytes(3000000, 9);
    for (uint64_t seed = 1; seed < 20; seed += 2) {
        play_all(flat, 100000, 400000, (unsigned)seed, seed);
        play_all(flat, 150000, 90000, (unsigned)seed, seed);
    }
    exact_free(flat);
}

/* Needs for which there are large pages. */
Test(window, agrees_with_flat_bytes_when_mapped, .timeout = 120)
{
    rf_slice flat = sample_bytes(20000000, 9);
    play_all(flat, 150000, 9000000, 0, 5);
    exact_free(flat);
}

/* --- one thing at a time ----------------------------------------------------------------------------- */

Test(window, memory)
{
    rf_error error;
    struct window w;
    bool at_end;
    window_open_memory(&w, SLICE("123456789"));
    w.error = &error;
    cr_assert_eq(window_need(&w, 9), RF_OK);
    cr_assert_eq(window_need(&w, 10), RF_E_TRUNCATED);
    cr_assert_str_eq(error.message, "truncated: 1 more byte expected");
    cr_assert_eq(error.file_offset, -1);
    cr_assert_eq(window_skip(&w, 9), RF_OK);
    cr_assert_eq(window_crc(&w), 0xe9c6d914c4b8d9ca);
    cr_assert_eq(window_at_end(&w, &at_end), RF_OK);
    cr_assert(at_end);
    cr_assert_eq(window_skip(&w, 5), RF_E_TRUNCATED);
    cr_assert_eq(window_offset(&w), 9);
    window_close(&w);
    window_open_memory(&w, (rf_slice){NULL, 0});
    cr_assert_eq(window_at_end(&w, &at_end), RF_OK);
    cr_assert(at_end);
    window_close(&w);
}

/* A length that lies costs no memory: the spill grows by what arrives. */
Test(window, need_of_nearly_everything)
{
    struct play play;
    rf_slice flat = sample_bytes(2000, 1);
    play_open(&play, flat, 64, 1);
    cr_assert_eq(window_need(&play.w, SIZE_MAX), RF_E_TRUNCATED);
    cr_assert_eq(play.w.end - play.w.pos, 2000);
    cr_assert_eq(memcmp(play.w.pos, flat.ptr, 2000), 0);
    cr_assert_eq(window_skip(&play.w, UINT64_MAX), RF_E_TRUNCATED);
    play_close(&play);
    exact_free(flat);
}

static rf_code failing_tap(void *ctx, rf_slice bytes)
{
    (void)ctx, (void)bytes;
    return RF_E_WRITE;
}

Test(window, errors_of_a_tap_come_through)
{
    struct play play;
    rf_slice flat = sample_bytes(100, 1);
    play_open(&play, flat, 10, 1);
    window_tap_begin(&play.w, failing_tap, NULL);
    cr_assert_eq(window_need(&play.w, 5), RF_OK);
    play.w.pos += 5;
    cr_assert_eq(window_need(&play.w, 10), RF_E_WRITE);
    play_close(&play);

    play_open(&play, flat, 10, 1);
    window_tap_begin(&play.w, failing_tap, NULL);
    cr_assert_eq(window_skip(&play.w, 50), RF_E_WRITE);
    play_close(&play);

    play_open(&play, flat, 10, 1);
    window_tap_begin(&play.w, failing_tap, NULL);
    cr_assert_eq(window_tap_end(&play.w), RF_OK);
    cr_assert_eq(window_need(&play.w, 5), RF_OK);
    window_tap_begin(&play.w, failing_tap, NULL);
    play.w.pos += 5;
    cr_assert_eq(window_tap_end(&play.w), RF_E_WRITE);
    play_close(&play);
    exact_free(flat);
}

/* --- a tap that has had enough, and the way back ------------------------------------------------------- */

struct limited {
    struct buffer taken;
    size_t most;
};

static rf_code tap_up_to(void *ctx, rf_slice bytes)
{
    struct limited *limited = ctx;
    cr_assert(buffer_append(&limited->taken, bytes));
    return limited->taken.len > limited->most ? RF_E_ARGUMENT : RF_OK;
}

/* Whatever lay between: whole blocks that were passed over, or parts of them. */
static void go_back_from(rf_slice flat, size_t block_size, size_t start, size_t most)
{
    struct play play;
    struct limited limited = {.most = most};
    play_open(&play, flat, block_size, 1);
    cr_assert_eq(window_skip(&play.w, start), RF_OK);
    window_tap_begin(&play.w, tap_up_to, &limited);
    rf_code code = window_skip(&play.w, flat.len - start), tap_code = window_tap_end(&play.w);
    cr_assert(code != RF_OK || tap_code != RF_OK);
    window_release(&play.w);
    cr_assert_eq(window_unread(&play.w, buffer_slice(&limited.taken)), RF_OK);
    cr_assert_eq(play_at(&play), start, "%zu, %zu, %zu", block_size, start, most);
    cr_assert_eq(window_need(&play.w, flat.len - start), RF_OK);
    cr_assert_arr_eq(play.w.pos, flat.ptr + start, flat.len - start, "%zu, %zu, %zu", block_size, start,
                     most);
    buffer_free(&limited.taken);
    play_close(&play);
}

Test(window, goes_back_from_where_a_tap_has_had_enough, .timeout = 120)
{
    uint8_t bytes[700];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t block_size = 1; block_size <= 256; block_size = block_size * 2 + 1)
        for (size_t start = 0; start < 100; start += 27)
            for (size_t most = 0; start + most < 600; most += 13)
                go_back_from(slice_of(bytes, sizeof bytes), block_size, start, most);
}

Test(window, errors_of_the_source_come_after_its_bytes)
{
    rf_slice flat = sample_bytes(5000, 1);
    struct buffer packed = {0};
    struct window w;
    struct feed *feed;
    rf_source *source;
    rf_error error;
    bool at_end;
    gzip_append(&packed, flat);
    packed.data[packed.len - 1] ^= 1;
    cr_assert_eq(rf_source_open_memory(packed.data, packed.len, "in.gz", &source, &error), RF_OK);
    cr_assert_eq(feed_open(source, 300, 0, &feed, &error), RF_OK);
    window_open_feed(&w, feed);
    w.error = &error;
    rf_code code = window_skip(&w, 4000);
    if (code == RF_OK)
        code = window_need(&w, 1001);
    cr_assert_eq(code, RF_E_COMPRESSED);
    cr_assert_str_eq(error.input, "in.gz");
    cr_assert_eq(window_at_end(&w, &at_end), RF_OK);
    w.pos = w.end;
    cr_assert_eq(window_at_end(&w, &at_end), RF_E_COMPRESSED);
    window_close(&w);
    feed_close(feed);
    rf_source_close(source);
    buffer_free(&packed);
    exact_free(flat);
}

Test(window, fails_where_it_is)
{
    struct play play;
    rf_slice flat = sample_bytes(100, 1);
    play_open(&play, flat, 10, 1);
    cr_assert_eq(window_skip(&play.w, 25), RF_OK);
    cr_assert_eq(window_fail(&play.w, RF_E_CORRUPT, "bad %s", "thing"), RF_E_CORRUPT);
    cr_assert_str_eq(play.error.message, "bad thing");
    cr_assert_eq(play.error.code, RF_E_CORRUPT);
    cr_assert_eq(play.error.offset, 25);
    cr_assert_eq(play.error.file_offset, 25);
    play_close(&play);
    exact_free(flat);
}

/* --- feeds ------------------------------------------------------------------------------------------- */

Test(feed, blocks_carry_their_place)
{
    struct play play;
    uint64_t offset = 0, decoded, file;
    struct block *block;
    rf_slice flat = sample_bytes(1000, 1);
    play_open(&play, flat, 300, 1);
    while ((block = feed_next(play.feed))->len > 0) {
        cr_assert_eq(block->code, RF_OK);
        cr_assert_eq(block->offset, offset);
        cr_assert_eq(block->crc, crc64(0, flat.ptr, offset));
        offset += block->len;
        cr_assert_eq(block->len, offset == 1000 ? 100 : 300);
        cr_assert_geq(block->file_offset, (int64_t)offset);
        block_return(play.feed, block);
    }
    cr_assert_eq(feed_next(play.feed), block);
    cr_assert_eq(block->code, RF_OK);
    feed_position(play.feed, &decoded, &file);
    cr_assert_eq(decoded, 1000);
    cr_assert_eq(file, 1000);
    play_close(&play);
    exact_free(flat);
}

Test(feed, close_before_the_end)
{
    struct play play;
    rf_slice flat = sample_bytes(100000, 1);
    play_open(&play, flat, 10, 1);
    play_close(&play);
    exact_free(flat);
}

/* What a pipe has comes at once; closing does not wait for the rest. */
Test(feed, pipe_that_stays_open, .timeout = 20)
{
    rf_source *source;
    struct feed *feed;
    rf_error error;
    int fds[2];
    cr_assert_eq(pipe(fds), 0);
    cr_assert_eq(write(fds[1], "REDIS0011", 9), 9);
    cr_assert_eq(rf_source_open_fd(fds[0], "pipe", &source, &error), RF_OK);
    cr_assert_eq(feed_open(source, 0, 0, &feed, &error), RF_OK);
    struct block *block = feed_next(feed);
    cr_assert(slice_equal(slice_of(block->data, block->len), SLICE("REDIS0011")));
    feed_close(feed);
    rf_source_close(source);
    close(fds[0]);
    close(fds[1]);
}
