/* SPDX-License-Identifier: MIT */
/* Zipmaps: a walk over pairs. */
#include "codec/zipmap.h"
#include "base/bytes.h"

enum { ZIPMAP_UNKNOWN = 254, ZIPMAP_LONG = 254, ZIPMAP_END = 255 };

bool zipmap_open(struct zipmap *cursor, rf_slice blob)
{
    *cursor = (struct zipmap){.pos = blob.ptr, .end = blob.ptr};
    if (blob.len < 2) {
        cursor->fault = "zipmap shorter than an empty one";
        return false;
    }
    cursor->count = blob.ptr[0];
    cursor->pos = blob.ptr + 1;
    cursor->end = blob.ptr + blob.len;
    return true;
}

static enum packed_step damaged(struct zipmap *cursor, const char *fault)
{
    cursor->fault = fault;
    return PACKED_DAMAGED;
}

/* The bytes behind the length at *pos, `spare` of them: 1 where a byte counts unused ones after them. */
static bool take_string(const uint8_t **pos, const uint8_t *end, bool spare, rf_slice *out)
{
    const uint8_t *p = *pos;
    if (p == end)
        return false;
    uint64_t len = *p++, unused = 0;
    if (len == ZIPMAP_END)
        return false;
    if (len == ZIPMAP_LONG) {
        if (end - p < 4)
            return false;
        len = load_le32(p);
        p += 4;
    }
    if (spare) {
        if (p == end)
            return false;
        unused = *p++;
    }
    if ((uint64_t)(end - p) < len + unused)
        return false;
    *out = slice_of(p, (size_t)len);
    *pos = p + len + unused;
    return true;
}

static enum packed_step zipmap_end(struct zipmap *cursor)
{
    if (cursor->pos + 1 != cursor->end)
        return damaged(cursor, "zipmap with bytes behind its end");
    if (cursor->count < ZIPMAP_UNKNOWN && cursor->count != cursor->seen)
        return damaged(cursor, "zipmap with another number of pairs than it says");
    return PACKED_END;
}

enum packed_step zipmap_next(struct zipmap *cursor, rf_slice *field, rf_slice *value)
{
    if (cursor->pos == cursor->end)
        return damaged(cursor, "zipmap without an end");
    if (*cursor->pos == ZIPMAP_END)
        return zipmap_end(cursor);
    const uint8_t *p = cursor->pos;
    if (!take_string(&p, cursor->end, false, field) || !take_string(&p, cursor->end, true, value))
        return damaged(cursor, "truncated zipmap");
    cursor->pos = p;
    cursor->seen++;
    return PACKED_ELEMENT;
}
