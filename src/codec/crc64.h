/* SPDX-License-Identifier: MIT */
/* CRC-64 "Jones", the checksum of RDB files and DUMP payloads.
 *
 * Width 64, polynomial ad93d23594c935a9, input and output reflected, init 0, no final xor; the check
 * value of "123456789" is e9c6d914c4b8d9ca. (Valkey src/crc64.c) */
#ifndef CODEC_CRC64_H
#define CODEC_CRC64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The checksum of what `crc` covers followed by n more bytes; start with 0. Picks the fastest way the CPU
 * has at the first call. */
uint64_t crc64(uint64_t crc, const void *bytes, size_t n);

/* The checksum of what `crc` covers without its last n bytes, which are given. Slow: for a few bytes. */
uint64_t crc64_undo(uint64_t crc, const void *bytes, size_t n);

/* The checksum of what `crc` covers followed by n zero bytes, without going over them. */
uint64_t crc64_zeros(uint64_t crc, uint64_t n);

/* The two ways, for tests to hold against each other. The second needs crc64_has_clmul(). */
uint64_t crc64_slicing(uint64_t crc, const void *bytes, size_t n);
uint64_t crc64_clmul(uint64_t crc, const void *bytes, size_t n);
bool crc64_has_clmul(void);

#endif
