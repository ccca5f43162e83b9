/* SPDX-License-Identifier: MIT */
/* Reads UTF-8 (Unicode 15, table 3-7): an automaton of nine states. A byte's row contains the next state for
 * each state; a state is the position of its six bits in any row, so a step is a shift. */
#include "base/utf8.h"
#include "base/chunk.h"

enum state {
    BETWEEN = 0, /* characters */
    INVALID = 6, /* permanent */
    ONE_MORE = 12,
    TWO_MORE = 18,
    THREE_MORE = 24,
    AFTER_E0 = 30, /* the second byte's range is narrower */
    AFTER_ED = 36,
    AFTER_F0 = 42,
    AFTER_F4 = 48,
    STATE_BITS = 63,
};

#define AFTER(before, now) ((uint64_t)(now) << (before))
/* A byte that begins a sequence: invalid anywhere but between characters. */
#define BEGINS(now)                                                                                        \
    (AFTER(BETWEEN, now) | AFTER(INVALID, INVALID) | AFTER(ONE_MORE, INVALID) | AFTER(TWO_MORE, INVALID) | \
     AFTER(THREE_MORE, INVALID) | AFTER(AFTER_E0, INVALID) | AFTER(AFTER_ED, INVALID) |                    \
     AFTER(AFTER_F0, INVALID) | AFTER(AFTER_F4, INVALID))
/* A continuation byte, by the four special states. */
#define GOES_ON(e0, ed, f0, f4)                                                                            \
    (AFTER(BETWEEN, INVALID) | AFTER(INVALID, INVALID) | AFTER(ONE_MORE, BETWEEN) |                        \
     AFTER(TWO_MORE, ONE_MORE) | AFTER(THREE_MORE, TWO_MORE) | AFTER(AFTER_E0, e0) | AFTER(AFTER_ED, ed) | \
     AFTER(AFTER_F0, f0) | AFTER(AFTER_F4, f4))

static const uint64_t rows[256] = {
    [0x00 ... 0x7f] = BEGINS(BETWEEN),
    [0x80 ... 0x8f] = GOES_ON(INVALID, ONE_MORE, INVALID, TWO_MORE),
    [0x90 ... 0x9f] = GOES_ON(INVALID, ONE_MORE, TWO_MORE, INVALID),
    [0xa0 ... 0xbf] = GOES_ON(ONE_MORE, INVALID, TWO_MORE, INVALID),
    [0xc0 ... 0xc1] = BEGINS(INVALID),
    [0xc2 ... 0xdf] = BEGINS(ONE_MORE),
    [0xe0] = BEGINS(AFTER_E0),
    [0xe1 ... 0xec] = BEGINS(TWO_MORE),
    [0xed] = BEGINS(AFTER_ED),
    [0xee ... 0xef] = BEGINS(TWO_MORE),
    [0xf0] = BEGINS(AFTER_F0),
    [0xf1 ... 0xf3] = BEGINS(THREE_MORE),
    [0xf4] = BEGINS(AFTER_F4),
    [0xf5 ... 0xff] = BEGINS(INVALID),
};

static inline uint64_t step_over(uint64_t state, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        state = rows[p[i]] >> (state & STATE_BITS);
    return state & STATE_BITS;
}

bool utf8_is_valid(rf_slice text)
{
    const uint8_t *p = text.ptr;
    size_t left = text.len;
    uint64_t state = BETWEEN;
    for (; left >= CHUNK && state != INVALID; p += CHUNK, left -= CHUNK)
        if (state != BETWEEN || chunk_high(chunk_load(p)))
            state = step_over(state, p, CHUNK);
    return step_over(state, p, state == INVALID ? 0 : left) == BETWEEN;
}

/* The bits of a sequence's first byte after its ones and a zero. */
static uint32_t lead_bits(uint8_t lead)
{
    unsigned ones = (unsigned)__builtin_clz(~((uint32_t)lead << 24));
    return lead & 0xffu >> (ones + 1);
}

size_t utf8_next(rf_slice text, uint32_t *character)
{
    uint32_t code = lead_bits(text.ptr[0]);
    uint64_t state = step_over(BETWEEN, text.ptr, 1);
    size_t length = 1;
    for (; state != BETWEEN; length++) {
        if (state == INVALID || length == text.len)
            return 0;
        code = code << 6 | (text.ptr[length] & 0x3f);
        state = step_over(state, text.ptr + length, 1);
    }
    *character = code;
    return length;
}

bool utf8_is_control(uint32_t character)
{
    static const struct {
        uint32_t first, last;
    } controls[] = {
        {0, 0x1f},          {0x7f, 0x9f},     /* C0, DEL, C1 */
        {0x61c, 0x61c},     {0x200e, 0x200f}, /* directional marks */
        {0x2028, 0x2029},                     /* line, paragraph */
        {0x202a, 0x202e},   {0x2066, 0x2069}, /* embeddings, overrides, isolates */
        {0xfff9, 0xfffb},                     /* annotations */
        {0xe0000, 0xe007f},                   /* tags, which are invisible */
    };
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (character >= controls[i].first && character <= controls[i].last)
            return true;
    return false;
}
