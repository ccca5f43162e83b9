/* SPDX-License-Identifier: MIT */
/* Sixteen bytes of text at a time, and predicates on all of them: results are masks of sixteen bits, of which
 * the lowest is the first byte's. SSE2 if available, else two words. */
#ifndef BASE_CHUNK_H
#define BASE_CHUNK_H

#include "base/bytes.h"
#include <stddef.h>

enum { CHUNK = 16 };

#if defined(__SSE2__) && !defined(CHUNK_OF_WORDS)
#include <emmintrin.h>

typedef __m128i chunk;

static inline chunk chunk_load(const uint8_t *p)
{
    return _mm_loadu_si128((const void *)p);
}

static inline chunk chunk_of(uint64_t low, uint64_t high)
{
    return _mm_set_epi64x((long long)high, (long long)low);
}

static inline void chunk_store(uint8_t *p, chunk c)
{
    _mm_storeu_si128((void *)p, c);
}

/* Bytes from 0x80 on. */
static inline unsigned chunk_high(chunk c)
{
    return (unsigned)_mm_movemask_epi8(c);
}

/* Quotes, backslashes and bytes below 0x20. */
static inline unsigned chunk_escaped(chunk c)
{
    const __m128i last_control = _mm_set1_epi8(0x1f);
    __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(c, last_control), last_control);
    __m128i quote = _mm_cmpeq_epi8(c, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(c, _mm_set1_epi8('\\'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash)));
}

static inline unsigned chunk_equal(chunk c, uint8_t byte)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(c, _mm_set1_epi8((char)byte)));
}

/* "{" and "}". */
static inline unsigned chunk_braces(chunk c)
{
    __m128i open = _mm_cmpeq_epi8(c, _mm_set1_epi8('{'));
    __m128i close = _mm_cmpeq_epi8(c, _mm_set1_epi8('}'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(open, close));
}

#else

typedef struct chunk {
    uint64_t low, high;
} chunk;

#define EACH_BYTE(x) (UINT64_C(0x0101010101010101) * (x))

static inline chunk chunk_of(uint64_t low, uint64_t high)
{
    return (chunk){low, high};
}

static inline chunk chunk_load(const uint8_t *p)
{
    return (chunk){load_le64(p), load_le64(p + 8)};
}

static inline void chunk_store(uint8_t *p, chunk c)
{
    store_le64(p, c.low);
    store_le64(p + 8, c.high);
}

/* The highest bit of each byte, packed. */
static inline unsigned word_high(uint64_t x)
{
    return (unsigned)((x >> 7 & EACH_BYTE(1)) * UINT64_C(0x0102040810204080) >> 56);
}

static inline uint64_t word_equal(uint64_t x, uint8_t byte)
{
    uint64_t different = x ^ EACH_BYTE(byte);
    return ~((different & EACH_BYTE(0x7f)) + EACH_BYTE(0x7f)) & ~different;
}

static inline unsigned word_escaped(uint64_t x)
{
    uint64_t control = ~((x & EACH_BYTE(0x7f)) + EACH_BYTE(0x80 - 0x20)) & ~x;
    return word_high(control | word_equal(x, '"') | word_equal(x, '\\'));
}

static inline unsigned chunk_high(chunk c)
{
    return word_high(c.low) | word_high(c.high) << 8;
}

static inline unsigned chunk_escaped(chunk c)
{
    return word_escaped(c.low) | word_escaped(c.high) << 8;
}

static inline unsigned chunk_equal(chunk c, uint8_t byte)
{
    return word_high(word_equal(c.low, byte)) | word_high(word_equal(c.high, byte)) << 8;
}

static inline unsigned chunk_braces(chunk c)
{
    return chunk_equal(c, '{') | chunk_equal(c, '}');
}

#endif

/* n <= 8 bytes, then zeros. */
static inline uint64_t load_at_most_8(const uint8_t *p, size_t n)
{
    if (n >= 4)
        return load_le32(p) | (uint64_t)load_le32(p + n - 4) << 8 * (n - 4);
    if (n == 0)
        return 0;
    return p[0] | (uint64_t)p[n / 2] << 8 * (n / 2) | (uint64_t)p[n - 1] << 8 * (n - 1);
}

/* n < 16 bytes, then zeros. */
static inline chunk chunk_load_part(const uint8_t *p, size_t n)
{
    if (n <= 8)
        return chunk_of(load_at_most_8(p, n), 0);
    return chunk_of(load_le64(p), load_le64(p + n - 8) >> 8 * (CHUNK - n));
}

#endif
