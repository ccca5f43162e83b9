/* SPDX-License-Identifier: MIT */
/* CRC-64 by tables, 16 bytes at a time, backwards, over zeros, and the choice of the implementation.
 *
 * Checksums are polynomials over GF(2) modulo the CRC's polynomial, bit 63 being the coefficient of x^0 and
 * bit 0 that of x^63 ("reflected"). Each further byte multiplies by x^8. */
#include "codec/crc64.h"
#include "base/bytes.h"
#include <pthread.h>
#include <stdatomic.h>

static const uint64_t polynomial = 0x95ac9329ac4bc9b5; /* ad93d23594c935a9 reflected, x^64 left out */

enum { LANES = 16 };

/* tables[k][b]: the checksum of byte b and k zero bytes. */
static uint64_t tables[LANES][256];

static uint64_t times_x(uint64_t a)
{
    return a >> 1 ^ (a & 1 ? polynomial : 0);
}

static void make_tables(void)
{
    for (unsigned b = 0; b < 256; b++) {
        uint64_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = times_x(crc);
        tables[0][b] = crc;
    }
    for (int k = 1; k < LANES; k++)
        for (unsigned b = 0; b < 256; b++) {
            uint64_t crc = tables[k - 1][b];
            tables[k][b] = tables[0][crc & 0xff] ^ crc >> 8;
        }
}

/* The contribution of `word`, if `k` bytes follow its last byte. */
static inline uint64_t lanes_of(uint64_t word, int k)
{
    uint64_t crc = 0;
    for (int i = 0; i < 8; i++)
        crc ^= tables[k + 7 - i][word >> 8 * i & 0xff];
    return crc;
}

uint64_t crc64_slicing(uint64_t crc, const void *bytes, size_t n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_tables);

    const uint8_t *p = bytes;
    for (; n >= LANES; n -= LANES, p += LANES)
        crc = lanes_of(load_le64(p) ^ crc, 8) ^ lanes_of(load_le64(p + 8), 0);
    for (; n > 0; n--, p++)
        crc = tables[0][(crc ^ *p) & 0xff] ^ crc >> 8;
    return crc;
}

/* The inverse of times_x(), which set bit 63 exactly if it added the polynomial. */
static uint64_t over_x(uint64_t a)
{
    return a >> 63 ? (a ^ polynomial) << 1 | 1 : a << 1;
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
        a = times_x(a);
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

typedef uint64_t crc64_fn(uint64_t crc, const void *bytes, size_t n);

static crc64_fn first_call;
static _Atomic(crc64_fn *) fn = first_call;

static uint64_t first_call(uint64_t crc, const void *bytes, size_t n)
{
    crc64_fn *best = crc64_has_clmul() ? crc64_clmul : crc64_slicing;
    atomic_store_explicit(&fn, best, memory_order_relaxed);
    return best(crc, bytes, n);
}

uint64_t crc64(uint64_t crc, const void *bytes, size_t n)
{
    return atomic_load_explicit(&fn, memory_order_relaxed)(crc, bytes, n);
}
