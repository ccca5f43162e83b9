/* SPDX-License-Identifier: MIT */
/* CRC-16/XMODEM: polynomial 1021, not reflected, init 0, no final xor; the check value of "123456789" is
 * 31c3. Two implementations, for short texts; starting from 0, leading zero bytes change nothing, so both
 * take what exceeds a multiple of eight bytes first, with zeros before it. */
#ifndef CLUSTER_CRC16_H
#define CLUSTER_CRC16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* By the faster one that this CPU has. */
unsigned crc16(const uint8_t *p, size_t n);

/* By tables, eight bytes at a time. */
unsigned crc16_slicing(const uint8_t *p, size_t n);

/* By carry-less multiplication, on CPUs that have it. */
bool crc16_has_clmul(void);
unsigned crc16_clmul(const uint8_t *p, size_t n);

#endif
