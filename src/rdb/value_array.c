/* SPDX-License-Identifier: MIT */
/* Arrays (Redis 8.8): sparse, indexed by 64-bit integers.
 *
 *   len count >= 1   len flag   [flag 1: len insert-index]   (len index  len tag  payload)*count
 *   tag: 0 string   1 i64le   2 double LE   3 string of at most 7 bytes
 *
 * A double's text is the shortest that reads back, with ".0" appended if it would look like an integer.
 * (Redis src/rdb.c, 8.8) */
#include "base/double_text.h"
#include "base/number.h"
#include "rdb/rdb_read.h"
#include "rdb/walk.h"
#include <math.h>

static rf_code integer_text(struct walk *k, uint8_t *text, rf_slice *out)
{
    uint64_t bits;
    TRY(rdb_u64le(k->w, &bits));
    *out = (rf_slice){text, number_print_i64(text, (int64_t)bits)};
    return RF_OK;
}

static rf_code double_text(struct walk *k, uint8_t *text, rf_slice *out)
{
    TRY(window_need(k->w, 8));
    double d = load_le_double(k->w->pos);
    k->w->pos += 8;
    size_t n = double_print(text, d);
    bool looks_integral = isfinite(d) && !memchr(text, '.', n) && !memchr(text, 'e', n);
    if (looks_integral) {
        memcpy(text + n, ".0", 2);
        n += 2;
    }
    *out = (rf_slice){text, n};
    return RF_OK;
}

static rf_code slot_value(struct walk *k, uint64_t tag, uint8_t *text, rf_slice *out)
{
    enum { STRING, INTEGER, DOUBLE, SHORT_STRING };
    switch (tag) {
    case INTEGER: return integer_text(k, text, out);
    case DOUBLE: return double_text(k, text, out);
    case STRING:
    case SHORT_STRING: return k->visitor ? rdb_string(k->w, out) : rdb_skip_string(k->w);
    default: return CORRUPT(k, "array: unknown value kind %llu", (unsigned long long)tag);
    }
}

static rf_code insert_index(struct walk *k)
{
    uint64_t flag, index = 0;
    TRY(rdb_length(k->w, &flag));
    if (flag > 1)
        return CORRUPT(k, "array: unknown flag %llu", (unsigned long long)flag);
    if (flag)
        TRY(rdb_length(k->w, &index));
    if (index == UINT64_MAX)
        TRY(WRONG(k, "array: insert index out of range"));
    return k->visitor ? VISIT(k, array, flag == 1, index) : RF_OK;
}

rf_code walk_array(struct walk *k)
{
    uint64_t count, index, next = 0, tag;
    TRY(rdb_length(k->w, &count));
    if (count == 0)
        TRY(WRONG(k, "empty array"));
    TRY(insert_index(k));
    for (; count > 0; count--) {
        uint8_t text[DOUBLE_TEXT_MAX + 2];
        rf_slice value = {0};
        window_release(k->w);
        TRY(rdb_length(k->w, &index));
        if (index == UINT64_MAX)
            TRY(WRONG(k, "array: index out of range"));
        if (index < next)
            TRY(WRONG(k, "array: indexes out of order"));
        next = index + 1;
        TRY(rdb_length(k->w, &tag));
        TRY(slot_value(k, tag, text, &value));
        if (k->visitor)
            TRY(VISIT(k, slot, index, value));
    }
    return RF_OK;
}
