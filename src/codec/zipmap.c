/* SPDX-License-Identifier: MIT */
/* Zipmaps: a walk over pairs. */
#include "codec/zipmap.h"
#include "base/bytes.h"

enum { ZIPMAP_UNKNOWN = 254, ZIPMAP_LONG = 254, ZIPMAP_END = 255, ZIPMAP_EMPTY_SIZE = 2 };

bool zipmap_open(struct zipmap *cursor, rf_slice blob)
{
    *cursor = (struct zipmap){.pos = blob.ptr, .end = blob.ptr};
    if (blob.len < ZIPMAP_EMPTY_SIZE) {
        cursor->fault = "zipmap too short";
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

static const char truncated[] = "truncated zipmap";

/* Reads a length, which must be in one byte if it fits, as servers require. Returns NULL, or the error
 * message; so do the functions below. */
static const char *parse_length(const uint8_t **pos, const uint8_t *end, uint64_t *len)
{
    const uint8_t *p = *pos;
    if (p == end || *p == ZIPMAP_END)
        return truncated;
    *len = *p++;
    if (*len == ZIPMAP_LONG) {
        if (end - p < 4)
            return truncated;
        *len = load_le32(p);
        p += 4;
        if (*len < ZIPMAP_LONG)
            return "zipmap: non-canonical length";
    }
    *pos = p;
    return NULL;
}

/* Reads the bytes after the length at *pos; `spare`: a byte before them counts unused bytes after them. */
static const char *parse_string(const uint8_t **pos, const uint8_t *end, bool spare, rf_slice *out)
{
    const uint8_t *p = *pos;
    uint64_t len, unused = 0;
    const char *fault = parse_length(&p, end, &len);
    if (fault)
        return fault;
    if (spare) {
        if (p == end)
            return truncated;
        unused = *p++;
    }
    if ((uint64_t)(end - p) < len + unused)
        return truncated;
    *out = slice_of(p, (size_t)len);
    *pos = p + len + unused;
    return NULL;
}

static enum packed_step zipmap_end(struct zipmap *cursor)
{
    if (cursor->pos + 1 != cursor->end)
        return damaged(cursor, "zipmap: data after end byte");
    if (cursor->count != ZIPMAP_UNKNOWN && cursor->count != cursor->seen)
        return damaged(cursor, "zipmap: pair count mismatch");
    if (cursor->seen == 0)
        return damaged(cursor, "empty zipmap");
    return PACKED_END;
}

enum packed_step zipmap_next(struct zipmap *cursor, rf_slice *field, rf_slice *value)
{
    if (cursor->pos == cursor->end)
        return damaged(cursor, "zipmap: missing end byte");
    if (*cursor->pos == ZIPMAP_END)
        return zipmap_end(cursor);
    const uint8_t *p = cursor->pos;
    const char *fault = parse_string(&p, cursor->end, false, field);
    if (!fault)
        fault = parse_string(&p, cursor->end, true, value);
    if (fault)
        return damaged(cursor, fault);
    cursor->pos = p;
    cursor->seen++;
    return PACKED_ELEMENT;
}
