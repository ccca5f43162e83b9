/* SPDX-License-Identifier: MIT */
/* Listpacks: all encodings, and their validation.
 *
 *   0xxxxxxx            7-bit integer             F0 + u32le   string, 32-bit length
 *   10xxxxxx            string, 6-bit length      F1 .. F4     integer of 2, 3, 4, 8 bytes, LE
 *   110xxxxx + byte     13-bit integer            F5 .. FE     unused
 *   1110xxxx + byte     string, 12-bit length     FF           the end */
#include "codec/listpack.h"

enum { LISTPACK_HEADER = 6, LISTPACK_UNKNOWN = 65535, LISTPACK_END = 0xff };

bool listpack_open(struct listpack *cursor, rf_slice blob)
{
    *cursor = (struct listpack){.start = blob.ptr, .fault = "listpack too short"};
    if (blob.len <= LISTPACK_HEADER)
        return false;
    cursor->fault = "listpack: size does not match header";
    if (load_le32(blob.ptr) != blob.len)
        return false;
    cursor->pos = blob.ptr + LISTPACK_HEADER;
    cursor->end = blob.ptr + blob.len - 1;
    cursor->count = load_le16(blob.ptr + 4);
    cursor->fault = "listpack: missing end byte";
    if (*cursor->end != LISTPACK_END)
        return false;
    cursor->fault = NULL;
    return true;
}

static enum packed_step damaged(struct listpack *cursor, const char *fault)
{
    cursor->fault = fault;
    return PACKED_DAMAGED;
}

static enum packed_step listpack_end(struct listpack *cursor)
{
    if (cursor->count != LISTPACK_UNKNOWN && cursor->count != cursor->seen)
        return damaged(cursor, "listpack: element count mismatch");
    return PACKED_END;
}

/* Size of the lead byte and what follows it, without a string's bytes; 0: unknown encoding. */
static size_t head_size(uint8_t lead)
{
    static const uint8_t sizes[16] = {5, 3, 4, 5, 9};
    if (lead < 0xc0)
        return 1;
    return lead < 0xf0 ? 2 : sizes[lead - 0xf0];
}

/* Decodes the element whose head is at p. */
static struct packed decode(const uint8_t *p)
{
    uint8_t lead = *p;
    if (lead < 0x80)
        return (struct packed){.integer = lead};
    if (lead < 0xc0)
        return (struct packed){.ptr = p + 1, .len = lead & 0x3f};
    if (lead < 0xe0) /* sign extension through bit 31 */
        return (struct packed){.integer = (int32_t)((uint32_t)load_be16(p) << 19) >> 19};
    if (lead < 0xf0)
        return (struct packed){.ptr = p + 2, .len = load_be16(p) & 0xfff};
    switch (lead) {
    case 0xf0: return (struct packed){.ptr = p + 5, .len = load_le32(p + 1)};
    case 0xf1: return (struct packed){.integer = (int16_t)load_le16(p + 1)};
    case 0xf2: return (struct packed){.integer = load_le24s(p + 1)};
    case 0xf3: return (struct packed){.integer = (int32_t)load_le32(p + 1)};
    default: return (struct packed){.integer = (int64_t)load_le64(p + 1)};
    }
}

bool listpack_first_integer(rf_slice start, int64_t *out)
{
    size_t size = start.len > LISTPACK_HEADER ? head_size(start.ptr[LISTPACK_HEADER]) : 0;
    if (size == 0 || size > start.len - LISTPACK_HEADER)
        return false;
    struct packed element = decode(start.ptr + LISTPACK_HEADER);
    *out = element.integer;
    return element.ptr == NULL;
}

/* The server's limits; each but the first is lower than seven bits per byte would allow. */
static size_t backlen_size(uint64_t size)
{
    if (LIKELY(size <= 127))
        return 1;
    return 2 + (size >= 16383) + (size >= 2097151) + (size >= 268435455);
}

/* Seven bits per byte, the highest first, the top bit set in all but the first. */
static inline bool backlen_matches(const uint8_t *p, size_t width, uint64_t size)
{
    if (LIKELY(width == 1))
        return *p == size;
    for (size_t i = width; i-- > 0; size >>= 7)
        if (p[i] != ((size & 0x7f) | (i ? 0x80 : 0)))
            return false;
    return true;
}

enum packed_step listpack_next_slow(struct listpack *cursor, struct packed *element)
{
    const uint8_t *p = cursor->pos;
    uint64_t available = (uint64_t)(cursor->end - p);
    if (available == 0)
        return listpack_end(cursor);

    uint64_t size = head_size(*p);
    if (size == 0)
        return damaged(cursor, "listpack: unknown encoding");
    if (size > available)
        return damaged(cursor, "truncated listpack");
    *element = decode(p);
    if (element->ptr)
        size += element->len;
    size_t width = backlen_size(size);
    if (size + width > available)
        return damaged(cursor, "truncated listpack");
    if (!backlen_matches(p + size, width, size))
        return damaged(cursor, "listpack: wrong back length");
    cursor->pos = p + size + width;
    cursor->seen++;
    return PACKED_ELEMENT;
}
