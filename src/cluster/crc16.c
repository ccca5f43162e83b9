/* SPDX-License-Identifier: MIT */
/* The tables, and the choice of the implementation. */
#include "cluster/crc16.h"
#include "base/bytes.h"
#include <pthread.h>
#include <stdatomic.h>

enum { POLYNOMIAL = 0x1021, LANES = 8 };

/* tables[k][b]: the checksum of byte b and k zero bytes. */
static uint16_t tables[LANES][256];
static atomic_bool tables_made;

static void make_tables(void)
{
    for (unsigned b = 0; b < 256; b++) {
        unsigned crc = b << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc << 1 ^ (crc & 0x8000 ? POLYNOMIAL : 0);
        tables[0][b] = (uint16_t)crc;
    }
    for (int k = 1; k < LANES; k++)
        for (unsigned b = 0; b < 256; b++) {
            unsigned crc = tables[k - 1][b];
            tables[k][b] = (uint16_t)(crc << 8 ^ tables[0][crc >> 8]);
        }
    atomic_store_explicit(&tables_made, true, memory_order_release);
}

/* The checksum of eight bytes, the first one lowest: all lookups are independent. */
static inline unsigned of_eight(uint64_t bytes)
{
    unsigned crc = 0;
    for (int i = 0; i < LANES; i++)
        crc ^= tables[LANES - 1 - i][bytes >> 8 * i & 0xff];
    return crc;
}

unsigned crc16_slicing(const uint8_t *p, size_t n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (UNLIKELY(!atomic_load_explicit(&tables_made, memory_order_acquire)))
        pthread_once(&once, make_tables);
    const size_t odd = n % LANES;
    unsigned crc = odd ? of_eight(load_short(p, odd) << 8 * (LANES - odd)) : 0;
    for (const uint8_t *at = p + odd, *end = p + n; at < end; at += LANES)
        crc = of_eight(load_le64(at) ^ (crc >> 8 | (crc & 0xff) << 8));
    return crc;
}

/* --- the choice -------------------------------------------------------------------------------------- */

typedef unsigned crc16_fn(const uint8_t *p, size_t n);

static crc16_fn first_call;
static _Atomic(crc16_fn *) fn = first_call;

static unsigned first_call(const uint8_t *p, size_t n)
{
    crc16_fn *best = crc16_has_clmul() ? crc16_clmul : crc16_slicing;
    atomic_store_explicit(&fn, best, memory_order_relaxed);
    return best(p, n);
}

unsigned crc16(const uint8_t *p, size_t n)
{
    return atomic_load_explicit(&fn, memory_order_relaxed)(p, n);
}
