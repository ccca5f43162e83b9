/* SPDX-License-Identifier: MIT */
/* Unaligned loads and stores of fixed-width integers, and a few compiler attributes. The only place that
 * reinterprets bytes as numbers; no other file casts pointers for that. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* For rarely called functions on the path of every key: keeps their register use out of the caller. */
#define COLD __attribute__((cold, noinline))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_TO_LE(bits, x) (x)
#define HOST_TO_BE(bits, x) __builtin_bswap##bits(x)
#else
#define HOST_TO_LE(bits, x) __builtin_bswap##bits(x)
#define HOST_TO_BE(bits, x) (x)
#endif

#define BYTES_ACCESSORS(bits)                                       \
    static inline uint##bits##_t load_le##bits(const uint8_t *p)    \
    {                                                               \
        uint##bits##_t x;                                           \
        memcpy(&x, p, sizeof x);                                    \
        return HOST_TO_LE(bits, x);                                 \
    }                                                               \
    static inline uint##bits##_t load_be##bits(const uint8_t *p)    \
    {                                                               \
        uint##bits##_t x;                                           \
        memcpy(&x, p, sizeof x);                                    \
        return HOST_TO_BE(bits, x);                                 \
    }                                                               \
    static inline void store_le##bits(uint8_t *p, uint##bits##_t x) \
    {                                                               \
        x = HOST_TO_LE(bits, x);                                    \
        memcpy(p, &x, sizeof x);                                    \
    }                                                               \
    static inline void store_be##bits(uint8_t *p, uint##bits##_t x) \
    {                                                               \
        x = HOST_TO_BE(bits, x);                                    \
        memcpy(p, &x, sizeof x);                                    \
    }

BYTES_ACCESSORS(16)
BYTES_ACCESSORS(32)
BYTES_ACCESSORS(64)
#undef BYTES_ACCESSORS

static inline int32_t load_le24s(const uint8_t *p)
{
    uint32_t x = (uint32_t)p[0] << 8 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 24;
    return (int32_t)x >> 8;
}

static inline double load_le_double(const uint8_t *p)
{
    uint64_t bits = load_le64(p);
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* A slice of a string literal, and one of any bytes. */
#define SLICE(literal) ((rf_slice){(const uint8_t *)(literal), sizeof(literal) - 1})

static inline rf_slice slice_of(const void *ptr, size_t len)
{
    return (rf_slice){ptr, len};
}

/* memcpy(), for which compilers do not assume that so many bytes are there. */
void bytes_copy_long(uint8_t *to, const uint8_t *from, size_t n);

/* Without a call for up to 32 bytes, which do not overlap. */
static inline void bytes_copy(uint8_t *to, const uint8_t *from, size_t n)
{
    struct pair {
        uint64_t low, high;
    } start, end;
    if (n < 8) {
        if (n >= 4) {
            const uint32_t first = load_le32(from), last = load_le32(from + n - 4);
            store_le32(to, first);
            store_le32(to + n - 4, last);
        } else if (n > 0) {
            to[0] = from[0];
            to[n / 2] = from[n / 2];
            to[n - 1] = from[n - 1];
        }
    } else if (n < 16) {
        start.low = load_le64(from);
        end.low = load_le64(from + n - 8);
        store_le64(to, start.low);
        store_le64(to + n - 8, end.low);
    } else if (n <= 32) {
        memcpy(&start, from, sizeof start);
        memcpy(&end, from + n - sizeof end, sizeof end);
        memcpy(to, &start, sizeof start);
        memcpy(to + n - sizeof end, &end, sizeof end);
    } else {
        bytes_copy_long(to, from, n);
    }
}

/* Without a call for up to 16 bytes. */
static inline bool bytes_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
    if (n < 4)
        return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
    if (n <= 8)
        return load_le32(a) == load_le32(b) && load_le32(a + n - 4) == load_le32(b + n - 4);
    if (n <= 16)
        return load_le64(a) == load_le64(b) && load_le64(a + n - 8) == load_le64(b + n - 8);
    return memcmp(a, b, n) == 0;
}

static inline bool slice_equal(rf_slice a, rf_slice b)
{
    return a.len == b.len && bytes_equal(a.ptr, b.ptr, a.len);
}

/* Fewer than eight bytes as a number, the first one lowest. */
static inline uint64_t load_short(const uint8_t *p, size_t n)
{
    if (n >= 4)
        return load_le32(p) | (uint64_t)load_le32(p + n - 4) << 8 * (n - 4);
    if (n > 0)
        return p[0] | (uint64_t)p[n / 2] << 8 * (n / 2) | (uint64_t)p[n - 1] << 8 * (n - 1);
    return 0;
}

/* The top bit of each byte of eight that has this value; also of bytes that come after the first such one. */
static inline uint64_t bytes_where(uint64_t bytes, uint8_t value)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    const uint64_t other = bytes ^ each * value;
    return (other - each) & ~other & each * 0x80;
}

static inline size_t bytes_first_where(uint64_t bytes, uint8_t value)
{
    const uint64_t found = bytes_where(bytes, value);
    return found ? (size_t)__builtin_ctzll(found) / 8 : 8;
}

enum { BYTES_FEW = 64 };

/* The position of the first byte of this value; n: there is none. memchr() without a call for up to BYTES_FEW
 * bytes, which names of keys hardly exceed. */
static inline size_t bytes_find(const uint8_t *p, size_t n, uint8_t value)
{
    if (n < 8) {
        const size_t at = bytes_first_where(load_short(p, n), value);
        return at < n ? at : n;
    }
    if (UNLIKELY(n > BYTES_FEW)) {
        const uint8_t *found = memchr(p, value, n);
        return found ? (size_t)(found - p) : n;
    }
    size_t at = 0, within;
    for (; at + 8 <= n; at += 8)
        if ((within = bytes_first_where(load_le64(p + at), value)) < 8)
            return at + within;
    return n - 8 + bytes_first_where(load_le64(p + n - 8), value);
}

/* The first eight bytes of a word in upper case; of a shorter one, all of them. */
static inline uint64_t word_start(rf_slice word)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    const uint64_t start = word.len >= 8 ? load_le64(word.ptr) : load_short(word.ptr, word.len);
    uint64_t low = start & 0x7f * each;
    uint64_t lower = (low + (0x80 - 'a') * each) & ~(low + (0x7f - 'z') * each) & ~start & 0x80 * each;
    return start ^ lower >> 2;
}

/* Without case. Most words differ in length or in their first letter. */
static inline bool slice_is_word(rf_slice slice, const char *word)
{
    return slice.len == strlen(word) && (slice.len == 0 || ((slice.ptr[0] ^ *word) & ~0x20) == 0) &&
           strncasecmp((const char *)slice.ptr, word, slice.len) == 0;
}

/* The same for one of several words, which end with NULL. */
static inline bool slice_is_one_of(rf_slice slice, const char *const *words)
{
    while (*words && !slice_is_word(slice, *words))
        words++;
    return *words != NULL;
}

/* Orders like memcmp; a prefix comes before a longer slice. */
static inline int slice_compare(rf_slice a, rf_slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

#endif
