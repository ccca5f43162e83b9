/* SPDX-License-Identifier: MIT */
/* LZF expansion in wide copies: lengths are rounded up to 8, 16 or 32 bytes where the input and the slack
 * after the output allow it; excess bytes are overwritten later or discarded. */
#include "codec/lzf.h"
#include "base/bytes.h"

enum { LITERALS_MAX = 32, SHORT_MATCH_MAX = 8 };

static inline void copy8(uint8_t *to, const uint8_t *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof word);
    memcpy(to, &word, sizeof word);
}

static inline void copy16(uint8_t *to, const uint8_t *from)
{
    uint8_t words[16];
    memcpy(words, from, sizeof words);
    memcpy(to, words, sizeof words);
}

/* A repeat with a distance of fewer than 8 bytes: after the first 8 bytes, copying continues from the
 * smallest multiple of the distance that is at least 8. */
static void copy_repeat(uint8_t *to, size_t distance, size_t length)
{
    static const uint8_t multiples[8] = {0, 8, 8, 9, 8, 10, 12, 14};
    uint8_t *end = to + length;
    for (int i = 0; i < 8; i++)
        to[i] = (to - distance)[i];
    for (uint8_t *p = to + 8; p < end; p += 8)
        copy8(p, p - multiples[distance]);
}

static inline void copy_match(uint8_t *to, size_t distance, size_t length)
{
    const uint8_t *from = to - distance;
    if (UNLIKELY(distance < 8)) {
        copy_repeat(to, distance, length);
        return;
    }
    copy8(to, from);
    if (length <= SHORT_MATCH_MAX)
        return;
    for (size_t i = 8; i < length; i += 8)
        copy8(to + i, from + i);
}

bool lzf_expand(rf_slice in, uint8_t *out, size_t size)
{
    if (in.len == 0)
        return size == 0;
    const uint8_t *p = in.ptr, *end = in.ptr + in.len;
    uint8_t *to = out, *limit = out + size;

    while (p < end) {
        size_t control = *p++;
        if (control < LITERALS_MAX) {
            size_t length = control + 1;
            if (UNLIKELY((size_t)(limit - to) < length || (size_t)(end - p) < length))
                return false;
            if (LIKELY(end - p >= LITERALS_MAX)) {
                copy16(to, p);
                copy16(to + 16, p + 16);
            } else {
                memcpy(to, p, length);
            }
            p += length;
            to += length;
            continue;
        }
        size_t length = (control >> 5) + 2;
        if (UNLIKELY(end - p < 1 + (length == 9)))
            return false;
        if (length == 9)
            length += *p++;
        size_t distance = ((control & 31) << 8 | *p++) + 1;
        if (UNLIKELY((size_t)(to - out) < distance || (size_t)(limit - to) < length))
            return false;
        copy_match(to, distance, length);
        to += length;
    }
    return to == limit;
}

size_t lzf_expand_start(rf_slice in, uint8_t *out, size_t size)
{
    const uint8_t *p = in.ptr, *end = in.ptr + in.len;
    size_t n = 0;
    while (p < end && n < size) {
        size_t control = *p++;
        if (control < LITERALS_MAX) {
            for (size_t left = control + 1; left > 0 && n < size && p < end; left--)
                out[n++] = *p++;
            continue;
        }
        size_t length = (control >> 5) + 2;
        if (end - p < 1 + (length == 9))
            return n;
        if (length == 9)
            length += *p++;
        size_t distance = ((control & 31) << 8 | *p++) + 1;
        if (distance > n)
            return n;
        for (; length > 0 && n < size; length--, n++)
            out[n] = out[n - distance];
    }
    return n;
}
