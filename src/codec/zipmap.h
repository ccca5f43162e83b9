/* SPDX-License-Identifier: MIT */
/* Zipmaps: small hashes of RDB 2 and 3.
 *
 *   u8 count (254: unknown) | ( klen key vlen u8-free value free-bytes )+ | FF
 *
 * klen and vlen are one byte below 254, or FE and a u32le from 254 on. As servers do since 6.2, an empty
 * zipmap and a wrong pair count are rejected. (Valkey src/zipmap.c) */
#ifndef CODEC_ZIPMAP_H
#define CODEC_ZIPMAP_H

#include "codec/packed.h"

struct zipmap {
    const uint8_t *pos, *end; /* end: after the blob's last byte */
    uint32_t seen, count;
    const char *fault;
};

bool zipmap_open(struct zipmap *cursor, rf_slice blob);

/* The next pair, borrowed from the blob. PACKED_END only if the end byte is the last byte, the count is right
 * or unknown, and there was a pair. */
enum packed_step zipmap_next(struct zipmap *cursor, rf_slice *field, rf_slice *value);

#endif
