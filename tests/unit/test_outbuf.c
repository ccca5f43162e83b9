/* SPDX-License-Identifier: MIT */
#include "base/outbuf.h"
#include "support/exact.h"
#include <criterion/criterion.h>

/* An outbuf over one block, whose contents are gathered. */
struct gather {
    struct outbuf buf;
    uint8_t block[OUTBUF_RESERVE_MAX];
    uint8_t *bytes;
    size_t len;
    int handed_on;
};

static void gather_next(struct outbuf *out)
{
    struct gather *g = (struct gather *)out; /* its first member */
    size_t n = (size_t)(out->pos - out->start);
    memcpy(g->bytes + g->len, out->start, n);
    g->len += n;
    g->handed_on++;
    out->pos = out->start;
}

static struct gather *gather_open(size_t limit)
{
    struct gather *g = calloc(1, sizeof *g);
    g->bytes = malloc(limit);
    g->buf = (struct outbuf){.start = g->block,
                             .pos = g->block,
                             .end = g->block + sizeof g->block,
                             .next = gather_next,
                             .code = RF_OK};
    return g;
}

static void gather_close(struct gather *g)
{
    free(g->bytes);
    free(g);
}

Test(outbuf, puts_of_any_size_come_out_in_order)
{
    enum { SIZE = 3 << 20 };
    uint8_t *bytes = malloc(SIZE);
    uint64_t state = 8;
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)next_random(&state);
    struct gather *g = gather_open(SIZE);
    for (size_t at = 0, n; at < SIZE; at += n) {
        n = next_random(&state) % (at % 5 ? 3000 : 500000);
        if (n > SIZE - at)
            n = SIZE - at;
        outbuf_put(&g->buf, bytes + at, n);
    }
    gather_next(&g->buf);
    cr_assert_eq(g->len, SIZE);
    cr_assert(memcmp(g->bytes, bytes, SIZE) == 0);
    gather_close(g);
    free(bytes);
}

Test(outbuf, nothing_may_be_put)
{
    struct gather *g = gather_open(16);
    outbuf_put(&g->buf, NULL, 0);
    g->buf.pos = g->buf.end;
    outbuf_put(&g->buf, NULL, 0);
    cr_assert_eq(g->handed_on, 0);
    g->buf.pos = g->buf.start;
    gather_close(g);
}

Test(outbuf, a_block_is_filled_to_its_end_before_it_goes)
{
    struct gather *g = gather_open(2 * OUTBUF_RESERVE_MAX);
    g->buf.pos = g->buf.end - 3;
    outbuf_put(&g->buf, "abc", 3);
    cr_assert_eq(g->handed_on, 0);
    outbuf_put(&g->buf, "def", 3);
    cr_assert_eq(g->handed_on, 1);
    cr_assert(memcmp(g->bytes + g->len - 3, "abc", 3) == 0);
    cr_assert(memcmp(g->buf.start, "def", 3) == 0);
    gather_close(g);
}

Test(outbuf, room_is_contiguous)
{
    struct gather *g = gather_open(2 * OUTBUF_RESERVE_MAX);
    outbuf_put(&g->buf, "x", 1);
    uint8_t *room = outbuf_reserve(&g->buf, OUTBUF_RESERVE_MAX - 1);
    cr_assert_eq(room, g->block + 1);
    room = outbuf_reserve(&g->buf, OUTBUF_RESERVE_MAX);
    cr_assert_eq(room, g->block);
    cr_assert(g->len == 1 && g->bytes[0] == 'x');
    gather_close(g);
}
