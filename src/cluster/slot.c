/* SPDX-License-Identifier: MIT */
/* A key's cluster slot.
 *
 * CRC-16/XMODEM: polynomial 1021, not reflected, init 0, no final xor; the check value of "123456789" is
 * 31c3. Starting from 0, leading zero bytes change nothing: the odd bytes are processed first, so that all
 * lookups are independent except from one step to the next. (Valkey src/cluster.c: keyHashSlot) */
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

static unsigned crc16(const uint8_t *p, size_t n)
{
    unsigned crc = 0;
    for (size_t odd = n % LANES; odd > 0; odd--)
        crc ^= tables[odd - 1][*p++];
    for (n /= LANES; n > 0; n--, p += LANES) {
        unsigned next = tables[7][p[0] ^ crc >> 8] ^ tables[6][p[1] ^ (crc & 0xff)];
        for (int i = 2; i < LANES; i++)
            next ^= tables[LANES - 1 - i][p[i]];
        crc = next;
    }
    return crc;
}

rf_slice rf_hash_tag(rf_slice key)
{
    if (key.len == 0)
        return (rf_slice){0};
    const uint8_t *open = *key.ptr == '{' ? key.ptr : memchr(key.ptr, '{', key.len);
    if (!open)
        return (rf_slice){0};
    const uint8_t *tag = open + 1, *close = memchr(tag, '}', (size_t)(key.ptr + key.len - tag));
    return close && close > tag ? slice_of(tag, (size_t)(close - tag)) : (rf_slice){0};
}

unsigned rf_slot_of(rf_slice key)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (UNLIKELY(!atomic_load_explicit(&tables_made, memory_order_acquire)))
        pthread_once(&once, make_tables);

    rf_slice tag = rf_hash_tag(key);
    rf_slice hashed = tag.ptr ? tag : key;
    return crc16(hashed.ptr, hashed.len) % RF_SLOTS;
}
