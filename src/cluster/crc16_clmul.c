/* SPDX-License-Identifier: MIT */
/* CRC-16 by carry-less multiplication, eight bytes at a time.
 *
 * Eight bytes, the first one highest, are a polynomial of degree 63. All bytes so far are kept as one that is
 * equal to them modulo the CRC's polynomial P: with eight more bytes they are multiplied by x^64, each half
 * by what its power of x is modulo P, and the bytes are added (xor).
 *
 * The checksum is that times x^16, modulo P. The quotient is the upper half of the product with x^80 / P,
 * which is x^64 and more (Barrett); as the last sixteen bits of the dividend are zero, the remainder is what
 * the quotient times P has there. */
#include "base/bytes.h"
#include "cluster/crc16.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET __attribute__((target("pclmul,sse4.1")))

bool crc16_has_clmul(void)
{
    return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

TARGET static inline __m128i multiply(uint64_t a, uint64_t b)
{
    return _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)a), _mm_cvtsi64_si128((long long)b), 0);
}

TARGET static inline uint64_t times_x64(uint64_t a)
{
    enum { X64 = 0xb861, X96 = 0xd849 }; /* modulo P */
    return (uint64_t)_mm_cvtsi128_si64(_mm_xor_si128(multiply(a & UINT32_MAX, X64), multiply(a >> 32, X96)));
}

TARGET static inline unsigned remainder_of(uint64_t a)
{
    const uint64_t over_p = 0x11303471a041b343, p = 0x1021; /* without the highest power of each */
    const uint64_t quotient = (uint64_t)_mm_extract_epi64(multiply(a, over_p), 1) ^ a;
    return (uint16_t)_mm_cvtsi128_si32(multiply(quotient, p));
}

/* One to eight bytes of n, as a polynomial. */
static inline uint64_t first_bytes(const uint8_t *p, size_t n, size_t first)
{
    const uint64_t bytes = n < 8 ? __builtin_bswap64(load_short(p, n)) : load_be64(p);
    return bytes >> 8 * (8 - first);
}

TARGET unsigned crc16_clmul(const uint8_t *p, size_t n)
{
    if (n == 0)
        return 0;
    const size_t first = (n - 1) % 8 + 1;
    uint64_t all = first_bytes(p, n, first);
    for (const uint8_t *at = p + first, *end = p + n; at < end; at += 8)
        all = times_x64(all) ^ load_be64(at);
    return remainder_of(all);
}

#else

bool crc16_has_clmul(void)
{
    return false;
}

unsigned crc16_clmul(const uint8_t *p, size_t n)
{
    return crc16_slicing(p, n);
}

#endif
