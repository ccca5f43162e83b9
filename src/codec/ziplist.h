/* SPDX-License-Identifier: MIT */
/* Ziplists: a cursor over a blob, trusting nothing in it.
 *
 *   u32le total bytes | u32le offset of the last entry | u16le entry count (65535: unknown) | entries | FF
 *
 * Each entry is `prevlen encoding [data]`; prevlen is the size of the entry before. (Valkey
 * src/ziplist.c) */
#ifndef CODEC_ZIPLIST_H
#define CODEC_ZIPLIST_H

#include "base/bytes.h"
#include "codec/packed.h"
#include <stddef.h>
#include <stdint.h>

struct ziplist {
    const uint8_t *start, *pos, *end; /* end: the FF */
    uint32_t seen;                    /* elements passed so far */
    uint32_t count;                   /* as the header says; 65535: unknown */
    uint32_t last_size;               /* of the entry passed last: what the next prevlen must say */
    const char *fault;                /* what is wrong, after PACKED_DAMAGED or a failed open */
};

/* Starts at the first element. False, with `fault` set, if the header contradicts the blob's size. */
bool ziplist_open(struct ziplist *cursor, rf_slice blob);

/* The next element. PACKED_END is reported only where the end mark stands where the header says it does
 * and the count is right. */
enum packed_step ziplist_next(struct ziplist *cursor, struct packed *element);

#endif
