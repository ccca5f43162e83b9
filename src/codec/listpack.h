/* SPDX-License-Identifier: MIT */
/* Listpacks: a cursor over an untrusted blob.
 *
 *   u32le total bytes | u16le entry count (65535: unknown) | entries | FF
 *
 * Each entry is `encoding [data] backlen`; backlen is the size of encoding and data, read from its end.
 * (Valkey src/listpack.c) */
#ifndef CODEC_LISTPACK_H
#define CODEC_LISTPACK_H

#include "base/bytes.h"
#include "codec/packed.h"
#include <stddef.h>
#include <stdint.h>

struct listpack {
    const uint8_t *start, *pos, *end; /* end: the FF */
    uint32_t seen;                    /* elements passed so far */
    uint32_t count;                   /* from the header; 65535: unknown */
    const char *fault;                /* the error message, after PACKED_DAMAGED or a failed open */
};

/* Positions the cursor at the first element. False, with `fault` set, if the header contradicts the blob's
 * size. */
bool listpack_open(struct listpack *cursor, rf_slice blob);

/* The first element, if it is an integer, from the first bytes of a blob: LISTPACK_START are enough. */
enum { LISTPACK_START = 16 };
bool listpack_first_integer(rf_slice start, int64_t *out);

enum packed_step listpack_next_slow(struct listpack *cursor, struct packed *element);

/* The next element. PACKED_END is returned only if the end byte is where the header says and the count is
 * right. The inline part handles the most frequent cases: integers below 128 and strings below 64 bytes. */
static inline enum packed_step listpack_next(struct listpack *cursor, struct packed *element)
{
    const uint8_t *p = cursor->pos;
    uint8_t lead = *p;
    size_t size = 1;
    if (lead < 0x80) {
        *element = (struct packed){.integer = lead};
    } else if (lead < 0xc0) {
        *element = (struct packed){.ptr = p + 1, .len = lead & 0x3f};
        size += lead & 0x3f;
    } else {
        return listpack_next_slow(cursor, element);
    }
    if (UNLIKELY((size_t)(cursor->end - p) <= size || p[size] != size))
        return listpack_next_slow(cursor, element);
    cursor->pos = p + size + 1;
    cursor->seen++;
    return PACKED_ELEMENT;
}

/* Takes the next element if it is an integer below 128. False: it is something else, or there is none. */
static inline bool listpack_take_small(struct listpack *cursor, int64_t *integer)
{
    const uint8_t *p = cursor->pos;
    if (*p >= 0x80 || UNLIKELY(cursor->end - p <= 1 || p[1] != 1))
        return false;
    *integer = *p;
    cursor->pos = p + 2;
    cursor->seen++;
    return true;
}

#endif
