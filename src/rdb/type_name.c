/* SPDX-License-Identifier: MIT */
/* The names of logical types. */
#include "rdb/type_name.h"
#include "base/bytes.h"

const char *rf_type_name(rf_type type)
{
    static const char *const names[] = {
#define TYPE_NAME(name, text) text,
        RF_TYPES(TYPE_NAME)
#undef TYPE_NAME
    };
    return type < RF_TYPE_COUNT ? names[type] : "?";
}

bool type_of_name(rf_slice name, rf_type *out)
{
    for (int type = 0; type < RF_TYPE_COUNT; type++) {
        const char *text = rf_type_name((rf_type)type);
        if (slice_equal(name, slice_of(text, strlen(text)))) {
            *out = (rf_type)type;
            return true;
        }
    }
    return false;
}

bool rf_type_parse(rf_slice name, rf_type *out)
{
    if (slice_equal(name, SLICE("str")))
        name = SLICE("string");
    if (slice_equal(name, SLICE("sortedset")))
        name = SLICE("zset");
    return type_of_name(name, out);
}
