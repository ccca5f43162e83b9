/* SPDX-License-Identifier: MIT */
/* CRC-64 by tables, 16 bytes at a time: for any CPU, and for the rest that crc64_clmul() leaves. */
#ifndef CODEC_CRC64_SLICING_H
#define CODEC_CRC64_SLICING_H

#include <stddef.h>
#include <stdint.h>

/* ad93d23594c935a9 reflected, x^64 left out. */
static const uint64_t crc64_polynomial = 0x95ac9329ac4bc9b5;

/* Checksums are polynomials over GF(2) modulo the CRC's polynomial, bit 63 being the coefficient of x^0 and
 * bit 0 that of x^63 ("reflected"). Each further byte multiplies by x^8. */
static inline uint64_t crc64_times_x(uint64_t a)
{
    return a >> 1 ^ (a & 1 ? crc64_polynomial : 0);
}

/* As crc64(). */
uint64_t crc64_slicing(uint64_t crc, const void *bytes, size_t n);

#endif
