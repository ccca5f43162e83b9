/* SPDX-License-Identifier: MIT */
/* CRC-64 "Jones", the checksum of RDB files and DUMP payloads.
 *
 * Width 64, polynomial ad93d23594c935a9, input and output reflected, init 0, no final xor; the check
 * value of "123456789" is e9c6d914c4b8d9ca. (Valkey src/crc64.c) */
#ifndef CODEC_CRC64_H
#define CODEC_CRC64_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of the data covered by `crc` followed by n more bytes; start with 0. The first call selects
 * the fastest implementation for the CPU. */
uint64_t crc64(uint64_t crc, const void *bytes, size_t n);

/* The checksum of the data covered by `crc` without its last n bytes, which are given. Slow: for a few
 * bytes. */
uint64_t crc64_undo(uint64_t crc, const void *bytes, size_t n);

/* The checksum of the data covered by `crc` followed by n zero bytes, without iterating over them. */
uint64_t crc64_zeros(uint64_t crc, uint64_t n);

#endif
