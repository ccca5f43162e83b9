/* SPDX-License-Identifier: MIT */
/* Lists of items, numbers and ranges. */
#include "base/list.h"
#include "base/bytes.h"
#include "base/number.h"

bool list_next(rf_slice *list, char separator, rf_slice *item)
{
    if (!list->ptr)
        return false;
    const uint8_t *end = memchr(list->ptr, separator, list->len);
    if (!end) {
        *item = *list;
        *list = (rf_slice){0};
        return true;
    }
    *item = slice_of(list->ptr, (size_t)(end - list->ptr));
    *list = slice_of(end + 1, list->len - item->len - 1);
    return true;
}

bool list_range(rf_slice item, uint64_t most, uint64_t *first, uint64_t *last)
{
    rf_slice low, rest = item;
    if (!list_next(&rest, '-', &low) || !number_parse_u64(low, first))
        return false;
    *last = *first;
    if (rest.ptr && !number_parse_u64(rest, last))
        return false;
    return *first <= *last && *last <= most;
}
