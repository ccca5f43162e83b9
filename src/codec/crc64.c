/* SPDX-License-Identifier: MIT */
/* The choice of the implementation, and CRC-64 backwards and over zeros. */
#include "codec/crc64.h"
#include "codec/crc64_clmul.h"
#include "codec/crc64_slicing.h"
#include <stdatomic.h>

/* The inverse of crc64_times_x(), which set bit 63 exactly if it added the polynomial. */
static uint64_t over_x(uint64_t a)
{
    return a >> 63 ? (a ^ crc64_polynomial) << 1 | 1 : a << 1;
}

uint64_t crc64_undo(uint64_t crc, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    while (n > 0) {
        for (int bit = 0; bit < 8; bit++)
            crc = over_x(crc);
        crc ^= p[--n];
    }
    return crc;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    for (; b != 0; b <<= 1) {
        if (b >> 63)
            product ^= a;
        a = crc64_times_x(a);
    }
    return product;
}

/* Multiplies by x^(8n), by repeated squaring. */
uint64_t crc64_zeros(uint64_t crc, uint64_t n)
{
    uint64_t power = (uint64_t)1 << (63 - 8); /* x^8 */
    for (; n > 0; n >>= 1) {
        if (n & 1)
            crc = multiply(crc, power);
        power = multiply(power, power);
    }
    return crc;
}

/* --- the choice -------------------------------------------------------------------------------------- */

typedef uint64_t crc64_fn(uint64_t crc, const void *bytes, size_t n);

static crc64_fn first_call;
static _Atomic(crc64_fn *) fn = first_call;

static uint64_t first_call(uint64_t crc, const void *bytes, size_t n)
{
    crc64_fn *best = crc64_has_wide_clmul() ? crc64_wide_clmul
                     : crc64_has_clmul()    ? crc64_clmul
                                            : crc64_slicing;
    atomic_store_explicit(&fn, best, memory_order_relaxed);
    return best(crc, bytes, n);
}

uint64_t crc64(uint64_t crc, const void *bytes, size_t n)
{
    return atomic_load_explicit(&fn, memory_order_relaxed)(crc, bytes, n);
}
