/* SPDX-License-Identifier: MIT */
/* CRC-64 by carry-less multiplication, 128 or 512 bytes at a time.
 *
 * 16 bytes in a register are a polynomial of degree 127, the first byte's lowest bit being the highest
 * coefficient. Shifting them by d bits towards the start of the data multiplies them by x^d, which may be
 * reduced beforehand: each half, times its power of x modulo the CRC's polynomial, gives 16 bytes that are
 * added (xor) to those d bits further on. The result is 16 bytes with the checksum of everything, which the
 * tables finish. A product of two reflected halves is shifted by one bit, hence the powers below are one
 * less.
 *
 *     d bits on    first half (8 bytes)    second half
 *                  x^(d+63)                x^(d-1) */
#include "codec/crc64_clmul.h"
#include "codec/crc64_slicing.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET __attribute__((target("pclmul,sse4.1")))

enum { LANES = 8, STRIDE = LANES * 16 };

bool crc64_has_clmul(void)
{
    return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

TARGET static inline __m128i load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

/* `value` shifted by the distance for which `powers` were computed. */
TARGET static inline __m128i fold(__m128i value, __m128i powers)
{
    return _mm_xor_si128(_mm_clmulepi64_si128(value, powers, 0x00),
                         _mm_clmulepi64_si128(value, powers, 0x11));
}

TARGET uint64_t crc64_clmul(uint64_t crc, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    if (n < 2 * STRIDE)
        return crc64_slicing(crc, p, n);

    const __m128i by_stride = _mm_set_epi64x(0x768361524d29ed0b, (long long)0xcc26fa7c57f8054c);
    const __m128i by_lane = _mm_set_epi64x(0x381d0015c96f4444, (long long)0xd9d7be7d505da32c);
    __m128i lanes[LANES];
    for (int i = 0; i < LANES; i++)
        lanes[i] = load(p + 16 * i);
    lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi64_si128((long long)crc));
    for (p += STRIDE, n -= STRIDE; n >= STRIDE; p += STRIDE, n -= STRIDE)
        for (int i = 0; i < LANES; i++)
            lanes[i] = _mm_xor_si128(fold(lanes[i], by_stride), load(p + 16 * i));

    __m128i all = lanes[0];
    for (int i = 1; i < LANES; i++)
        all = _mm_xor_si128(fold(all, by_lane), lanes[i]);
    for (; n >= 16; p += 16, n -= 16)
        all = _mm_xor_si128(fold(all, by_lane), load(p));

    uint8_t last[16];
    _mm_storeu_si128((__m128i *)last, all);
    return crc64_slicing(crc64_slicing(0, last, sizeof last), p, n);
}

/* --- four lanes in each register ------------------------------------------------------------------------ */

#define WIDE_TARGET __attribute__((target("vpclmulqdq,avx512f")))

enum { WIDE_LANES = 8, WIDE_STRIDE = WIDE_LANES * 64 };

bool crc64_has_wide_clmul(void)
{
    return crc64_has_clmul() && __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx512f");
}

WIDE_TARGET static inline __m512i wide_fold(__m512i value, __m512i powers, __m512i next)
{
    const __m512i first = _mm512_clmulepi64_epi128(value, powers, 0x00);
    const __m512i second = _mm512_clmulepi64_epi128(value, powers, 0x11);
    return _mm512_ternarylogic_epi64(first, second, next, 0x96); /* the sum of all three */
}

WIDE_TARGET uint64_t crc64_wide_clmul(uint64_t crc, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    if (n < 4 * WIDE_STRIDE)
        return crc64_clmul(crc, p, n);

    const __m512i by_stride = _mm512_set4_epi64(0x517c365ad57671f6, 0x5f76ba258de12275, 0x517c365ad57671f6,
                                                0x5f76ba258de12275);
    __m512i lanes[WIDE_LANES];
    uint8_t last[WIDE_STRIDE];
    for (int i = 0; i < WIDE_LANES; i++)
        lanes[i] = _mm512_loadu_si512(p + 64 * i);
    lanes[0] = _mm512_xor_si512(lanes[0], _mm512_zextsi128_si512(_mm_cvtsi64_si128((long long)crc)));
    for (p += WIDE_STRIDE, n -= WIDE_STRIDE; n >= WIDE_STRIDE; p += WIDE_STRIDE, n -= WIDE_STRIDE)
        for (int i = 0; i < WIDE_LANES; i++)
            lanes[i] = wide_fold(lanes[i], by_stride, _mm512_loadu_si512(p + 64 * i));
    for (int i = 0; i < WIDE_LANES; i++)
        _mm512_storeu_si512(last + 64 * i, lanes[i]);
    return crc64_clmul(crc64_clmul(0, last, sizeof last), p, n);
}

#else

bool crc64_has_clmul(void)
{
    return false;
}

bool crc64_has_wide_clmul(void)
{
    return false;
}

uint64_t crc64_wide_clmul(uint64_t crc, const void *bytes, size_t n)
{
    return crc64_slicing(crc, bytes, n);
}

uint64_t crc64_clmul(uint64_t crc, const void *bytes, size_t n)
{
    return crc64_slicing(crc, bytes, n);
}

#endif
