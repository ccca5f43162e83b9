/* SPDX-License-Identifier: MIT */
/* CRC-64 by carry-less multiplication, on CPUs that have it. */
#ifndef CODEC_CRC64_CLMUL_H
#define CODEC_CRC64_CLMUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool crc64_has_clmul(void);
bool crc64_has_wide_clmul(void); /* also in registers of 64 bytes */

/* As crc64(). */
uint64_t crc64_clmul(uint64_t crc, const void *bytes, size_t n);
uint64_t crc64_wide_clmul(uint64_t crc, const void *bytes, size_t n);

#endif
