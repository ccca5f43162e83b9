/* SPDX-License-Identifier: MIT */
/* Intsets: size and order are validated on opening, so that access needs no checks. */
#include "codec/intset.h"
#include "base/bytes.h"

enum { INTSET_HEADER = 8 };

int64_t intset_at(const struct intset *set, uint32_t index)
{
    const uint8_t *p = set->integers + (size_t)index * set->width;
    switch (set->width) {
    case 2: return (int16_t)load_le16(p);
    case 4: return (int32_t)load_le32(p);
    default: return (int64_t)load_le64(p);
    }
}

static bool ascending(const struct intset *set)
{
    bool in_order = true;
    for (uint32_t i = 1; i < set->count; i++)
        in_order &= intset_at(set, i - 1) < intset_at(set, i);
    return in_order;
}

const char *intset_open(struct intset *set, rf_slice blob)
{
    if (blob.len < INTSET_HEADER)
        return "intset too short";
    uint32_t width = load_le32(blob.ptr), count = load_le32(blob.ptr + 4);
    if (width != 2 && width != 4 && width != 8)
        return "intset: unknown integer width";
    if (blob.len - INTSET_HEADER != (uint64_t)width * count)
        return "intset: size does not match element count";
    *set = (struct intset){blob.ptr + INTSET_HEADER, width, count};
    return ascending(set) ? NULL : "intset: elements out of order";
}
