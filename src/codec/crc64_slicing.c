/* SPDX-License-Identifier: MIT */
/* CRC-64 by tables. */
#include "codec/crc64_slicing.h"
#include "base/bytes.h"
#include <pthread.h>

enum { LANES = 16 };

/* tables[k][b]: the checksum of byte b and k zero bytes. */
static uint64_t tables[LANES][256];

static void make_tables(void)
{
    for (unsigned b = 0; b < 256; b++) {
        uint64_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = crc64_times_x(crc);
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
