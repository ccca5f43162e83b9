/* SPDX-License-Identifier: MIT */
/* Compact encodings and LZF, one by one; the first byte says which. Blobs lie in blocks of exactly their
 * size. */
#include "codec/intset.h"
#include "codec/listpack.h"
#include "codec/lzf.h"
#include "codec/ziplist.h"
#include "codec/zipmap.h"
#include "support/exact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads the bytes, so that one out of bounds is seen. */
static void touch(rf_slice bytes)
{
    static volatile uint8_t sum;
    for (size_t i = 0; i < bytes.len; i++)
        sum = (uint8_t)(sum + bytes.ptr[i]);
}

static void touch_packed(const struct packed *element)
{
    uint8_t text[NUMBER_TEXT_MAX];
    touch(packed_slice(element, text));
}

static void walk_listpack(rf_slice blob)
{
    struct listpack cursor;
    struct packed element;
    if (listpack_open(&cursor, blob))
        while (listpack_next(&cursor, &element) == PACKED_ELEMENT)
            touch_packed(&element);
}

static void walk_ziplist(rf_slice blob)
{
    struct ziplist cursor;
    struct packed element;
    if (ziplist_open(&cursor, blob))
        while (ziplist_next(&cursor, &element) == PACKED_ELEMENT)
            touch_packed(&element);
}

static void walk_intset(rf_slice blob)
{
    struct intset set;
    if (intset_open(&set, blob))
        return;
    for (uint32_t i = 1; i < set.count; i++)
        if (intset_at(&set, i - 1) >= intset_at(&set, i))
            abort();
}

static void walk_zipmap(rf_slice blob)
{
    struct zipmap cursor;
    rf_slice field, value;
    if (!zipmap_open(&cursor, blob))
        return;
    while (zipmap_next(&cursor, &field, &value) == PACKED_ELEMENT) {
        touch(field);
        touch(value);
    }
}

/* The size that it is to have stands before it. */
static void expand(rf_slice blob)
{
    if (blob.len < 2)
        return;
    size_t size = load_le16(blob.ptr);
    uint8_t *out = malloc(size + LZF_SLACK);
    if (!out)
        abort();
    if (lzf_expand((rf_slice){blob.ptr + 2, blob.len - 2}, out, size))
        touch((rf_slice){out, size});
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const walks[])(rf_slice) = {walk_listpack, walk_ziplist, walk_intset, walk_zipmap, expand};
    if (size == 0)
        return 0;
    rf_slice blob = exact_copy(data + 1, size - 1);
    walks[*data % (sizeof walks / sizeof *walks)](blob);
    exact_free(blob);
    return 0;
}
