/* SPDX-License-Identifier: MIT */
/* Ziplists: all encodings, and their validation.
 *
 *   00xxxxxx            string, 6-bit length      C0, D0, E0   integer of 2, 4, 8 bytes, LE
 *   01xxxxxx + byte     string, 14-bit length     F0, FE       integer of 3 bytes LE, of 1 byte
 *   80 + u32be          string, 32-bit length     F1 .. FD     the integers 0 to 12 */
#include "codec/ziplist.h"

enum { ZIPLIST_HEADER = 10, ZIPLIST_UNKNOWN = 65535, ZIPLIST_LONG = 254, ZIPLIST_END = 0xff };

bool ziplist_open(struct ziplist *cursor, rf_slice blob)
{
    *cursor = (struct ziplist){.start = blob.ptr, .fault = "ziplist too short"};
    if (blob.len <= ZIPLIST_HEADER)
        return false;
    cursor->fault = "ziplist: size does not match header";
    if (load_le32(blob.ptr) != blob.len)
        return false;
    cursor->pos = blob.ptr + ZIPLIST_HEADER;
    cursor->end = blob.ptr + blob.len - 1;
    cursor->count = load_le16(blob.ptr + 8);
    cursor->fault = "ziplist: missing end byte";
    if (*cursor->end != ZIPLIST_END)
        return false;
    cursor->fault = NULL;
    return true;
}

static enum packed_step damaged(struct ziplist *cursor, const char *fault)
{
    cursor->fault = fault;
    return PACKED_DAMAGED;
}

static enum packed_step ziplist_end(struct ziplist *cursor)
{
    if (cursor->count != ZIPLIST_UNKNOWN && cursor->count != cursor->seen)
        return damaged(cursor, "ziplist: element count mismatch");
    if ((size_t)(cursor->end - cursor->start) - cursor->last_size != load_le32(cursor->start + 4))
        return damaged(cursor, "ziplist: wrong tail offset");
    return PACKED_END;
}

/* Size of the encoding byte and what follows it, without a string's bytes; 0: unknown encoding. */
static size_t head_size(uint8_t lead)
{
    if (lead < 0x80)
        return lead < 0x40 ? 1 : 2;
    switch (lead) {
    case 0x80: return 5;
    case 0xc0: return 3;
    case 0xd0: return 5;
    case 0xe0: return 9;
    case 0xf0: return 4;
    case 0xfe: return 2;
    default: return lead > 0xf0 && lead < 0xfe ? 1 : 0;
    }
}

/* Decodes the element whose head is at p. */
static struct packed decode(const uint8_t *p)
{
    uint8_t lead = *p;
    if (lead < 0x40)
        return (struct packed){.ptr = p + 1, .len = lead};
    if (lead < 0x80)
        return (struct packed){.ptr = p + 2, .len = load_be16(p) & 0x3fff};
    switch (lead) {
    case 0x80: return (struct packed){.ptr = p + 5, .len = load_be32(p + 1)};
    case 0xc0: return (struct packed){.integer = (int16_t)load_le16(p + 1)};
    case 0xd0: return (struct packed){.integer = (int32_t)load_le32(p + 1)};
    case 0xe0: return (struct packed){.integer = (int64_t)load_le64(p + 1)};
    case 0xf0: return (struct packed){.integer = load_le24s(p + 1)};
    case 0xfe: return (struct packed){.integer = (int8_t)p[1]};
    default: return (struct packed){.integer = (lead & 15) - 1};
    }
}

enum packed_step ziplist_next(struct ziplist *cursor, struct packed *element)
{
    const uint8_t *p = cursor->pos;
    if (p == cursor->end)
        return ziplist_end(cursor);

    if (*p == ZIPLIST_END)
        return damaged(cursor, "ziplist: data after end byte");
    size_t prevlen_size = *p < ZIPLIST_LONG ? 1 : 5;
    if ((size_t)(cursor->end - p) <= prevlen_size)
        return damaged(cursor, "truncated ziplist");
    if ((prevlen_size == 1 ? *p : load_le32(p + 1)) != cursor->last_size)
        return damaged(cursor, "ziplist: wrong previous entry length");
    p += prevlen_size;

    uint64_t available = (uint64_t)(cursor->end - p), size = head_size(*p);
    if (size == 0)
        return damaged(cursor, "ziplist: unknown encoding");
    if (size > available)
        return damaged(cursor, "truncated ziplist");
    *element = decode(p);
    if (element->ptr)
        size += element->len;
    if (size > available)
        return damaged(cursor, "truncated ziplist");
    cursor->last_size = (uint32_t)(prevlen_size + size);
    cursor->pos = p + size;
    cursor->seen++;
    return PACKED_ELEMENT;
}
