/* SPDX-License-Identifier: MIT */
/* A key's cluster slot.
 *
 * CRC-16/XMODEM: polynomial 1021, not reflected, init 0, no final xor; the check value of "123456789" is
 * 31c3. Starting from 0, leading zero bytes change nothing: what exceeds a multiple of eight bytes is
 * processed first, with zeros before it, so that all lookups of a step are independent. (Valkey
 * src/cluster.c: keyHashSlot) */
#include "base/bytes.h"
#include <pthread.h>
#include <rdbferry/slot.h>
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

/* The checksum of eight bytes, the first one lowest. */
static inline unsigned crc16_of_eight(uint64_t bytes)
{
    unsigned crc = 0;
    for (int i = 0; i < LANES; i++)
        crc ^= tables[LANES - 1 - i][bytes >> 8 * i & 0xff];
    return crc;
}

static inline unsigned crc16(const uint8_t *p, size_t n)
{
    const size_t odd = n % LANES;
    unsigned crc = odd ? crc16_of_eight(load_short(p, odd) << 8 * (LANES - odd)) : 0;
    for (const uint8_t *at = p + odd, *end = p + n; at < end; at += LANES)
        crc = crc16_of_eight(load_le64(at) ^ (crc >> 8 | (crc & 0xff) << 8));
    return crc;
}

static inline rf_slice hash_tag(rf_slice key)
{
    const size_t open = bytes_find(key.ptr, key.len, '{');
    if (LIKELY(open == key.len))
        return (rf_slice){0};
    const rf_slice rest = {key.ptr + open + 1, key.len - open - 1};
    const size_t length = bytes_find(rest.ptr, rest.len, '}');
    return length > 0 && length < rest.len ? slice_of(rest.ptr, length) : (rf_slice){0};
}

rf_slice rf_hash_tag(rf_slice key)
{
    return hash_tag(key);
}

unsigned rf_slot_and_tag(rf_slice key, rf_slice *tag)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (UNLIKELY(!atomic_load_explicit(&tables_made, memory_order_acquire)))
        pthread_once(&once, make_tables);

    const rf_slice found = hash_tag(key);
    *tag = found;
    return (found.ptr ? crc16(found.ptr, found.len) : crc16(key.ptr, key.len)) % RF_SLOTS;
}

unsigned rf_slot_of(rf_slice key)
{
    rf_slice tag;
    return rf_slot_and_tag(key, &tag);
}
