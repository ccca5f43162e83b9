/* SPDX-License-Identifier: MIT */
/* Ziplists: a cursor over an untrusted blob.
 *
 *   u32le total bytes | u32le offset of the last entry | u16le entry count (65535: unknown) | entries | FF
 *
 * Each entry is `prevlen encoding [data]`; prevlen is the size of the previous entry. (Valkey
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
    uint32_t count;                   /* from the header; 65535: unknown */
    uint32_t last_size;               /* of the previous element: the expected value of the next prevlen */
    const char *fault;                /* the error message, after PACKED_DAMAGED or a failed open */
};

/* Positions the cursor at the first element. False, with `fault` set, if the header contradicts the blob's
 * size. */
bool ziplist_open(struct ziplist *cursor, rf_slice blob);

/* The next element. PACKED_END is returned only if the end byte is where the header says and the count is
 * right. */
enum packed_step ziplist_next(struct ziplist *cursor, struct packed *element);

#endif
