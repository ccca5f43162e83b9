/* SPDX-License-Identifier: MIT */
/* Damages: which there are, and where they are done. */
#include "mutate.h"

#include "content.h"
#include "pack.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Whether what comes by is the chosen one. Some things are worth more points than others. */
static bool is_due(struct types *types, size_t points)
{
    struct mutation *mutation = &types->mutation;
    bool due = mutation->at - mutation->passed - 1 < points;
    mutation->passed += points;
    return due;
}

/* --- bytes -------------------------------------------------------------------------------------------- */

/* Puts n bytes in the place of `gone` others. */
static void splice(struct buffer *bytes, size_t at, size_t gone, const uint8_t *put, size_t n)
{
    if (!buffer_reserve(bytes, n))
        die("out of memory");
    memmove(bytes->data + at + n, bytes->data + at + gone, bytes->len - at - gone);
    if (n > 0)
        memcpy(bytes->data + at, put, n);
    bytes->len += n - gone;
}

/* First bytes of lengths, elements and encodings, and the numbers beside them. */
static uint8_t telling_byte(struct rng *rng)
{
    static const uint8_t bytes[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x0c, 0x3f, 0x40, 0x7f, 0x80,
                                    0x81, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xd0, 0xdf, 0xe0,
                                    0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xfd, 0xfe, 0xff};
    return rng_below(rng, 4) ? bytes[rng_below(rng, COUNT(bytes))] : (uint8_t)rng_next(rng);
}

static void mutate_once(struct mutation *mutation, struct buffer *bytes, size_t start, size_t end)
{
    enum { OVERWRITE, FLIP, STEP, INSERT, REMOVE, REPEAT, MOVE, WAYS, MOST = 8 };
    struct rng *rng = &mutation->rng;
    size_t at = start + rng_below(rng, end - start), from = start + rng_below(rng, end - start);
    size_t left = end - (at > from ? at : from), n = 1 + rng_below(rng, left < MOST ? left : MOST);
    uint8_t byte = telling_byte(rng), copied[MOST];
    memcpy(copied, bytes->data + from, n);
    switch (rng_below(rng, WAYS)) {
    case OVERWRITE: bytes->data[at] = byte; break;
    case FLIP: bytes->data[at] ^= (uint8_t)(1 << byte % 8); break;
    case STEP: bytes->data[at] += byte & 1 ? 1 : 255; break;
    case INSERT: splice(bytes, at, 0, &byte, 1); break;
    case REMOVE: splice(bytes, at, n, NULL, 0); break;
    case REPEAT: splice(bytes, at, 0, copied, n); break;
    default: splice(bytes, at, n, copied, n);
    }
}

void mutate_bytes(struct mutation *mutation, struct buffer *bytes, size_t start, size_t end)
{
    size_t behind = bytes->len - end;
    for (size_t times = 1 + rng_below(&mutation->rng, 2); times > 0 && bytes->len > start + behind; times--)
        mutate_once(mutation, bytes, start, bytes->len - behind);
}

/* --- structures --------------------------------------------------------------------------------------- */

uint64_t mutate_number(struct types *types, uint64_t n)
{
    static const uint64_t limits[] = {0,          1,         63,         64,        255,
                                      16383,      16384,     65535,      INT32_MAX, 1u << 31,
                                      UINT32_MAX, INT64_MAX, 1ull << 63, UINT64_MAX};
    struct rng *rng = &types->mutation.rng;
    if (!is_due(types, 1))
        return n;
    switch (rng_below(rng, 4)) {
    case 0: return n + 1;
    case 1: return n - 1;
    case 2: return n ^ 1ull << rng_below(rng, 64);
    default: return limits[rng_below(rng, COUNT(limits))];
    }
}

rf_slice mutate_string(struct types *types, rf_slice s)
{
    static const rf_slice odd[] = {
        SLICE(""),     SLICE("0"),    SLICE("-0"),  SLICE("nan"),   SLICE("inf"),
        SLICE("1.5x"), SLICE("0x10"), SLICE(" 1"),  SLICE("1e400"), SLICE("-1"),
        SLICE("\0"),   SLICE("1,5"),  SLICE("007"), SLICE("1e3"),   SLICE("9223372036854775808")};
    struct mutation *mutation = &types->mutation;
    if (!is_due(types, 1))
        return s;
    if (s.len == 0 || rng_below(&mutation->rng, 2))
        return odd[rng_below(&mutation->rng, COUNT(odd))];
    mutation->scratch.len = 0;
    put(&mutation->scratch, s);
    mutate_bytes(mutation, &mutation->scratch, 0, s.len);
    return buffer_slice(&mutation->scratch);
}

size_t mutate_repeats(struct types *types)
{
    return is_due(types, 1) ? 2 * rng_below(&types->mutation.rng, 2) : 1;
}

static void fix_size(struct buffer *blob, size_t head)
{
    if (head == LISTPACK_HEAD || head == ZIPLIST_HEAD)
        store_le32(blob->data, (uint32_t)blob->len);
}

/* A blob weighs as much as some of its elements. */
rf_slice mutate_blob(struct types *types, struct buffer *blob, size_t head)
{
    enum { POINTS = 8, END_MARK = 1 };
    struct mutation *mutation = &types->mutation;
    if (is_due(types, POINTS)) {
        bool body = blob->len > head + END_MARK && rng_below(&mutation->rng, 4);
        mutate_bytes(mutation, blob, body ? head : 0, body ? blob->len - END_MARK : head);
        if (body)
            fix_size(blob, head);
    }
    return buffer_slice(blob);
}
