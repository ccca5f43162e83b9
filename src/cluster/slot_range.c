/* SPDX-License-Identifier: MIT */
/* Ranges of cluster slots. */
#include "cluster/slot_range.h"
#include "base/fail.h"
#include "base/list.h"
#include <rdbferry/slot.h>

/* The last slot of the i-th range, rounded half up; the n - i ranges after it need one each. */
static unsigned last_slot(unsigned n, unsigned i, float cursor, float each)
{
    unsigned most = RF_SLOTS - 1 - (n - i);
    unsigned last = (unsigned)((double)(cursor + each - 1) + 0.5);
    return i == n || last > most ? most : last;
}

void slot_range_equal(unsigned n, unsigned i, unsigned *first, unsigned *last)
{
    float each = RF_SLOTS / (float)n, cursor = 0, before = 0;
    for (unsigned k = 1; k < i; k++) {
        before = cursor;
        cursor += each;
    }
    *first = i == 1 ? 0 : last_slot(n, i - 1, before, each) + 1;
    *last = last_slot(n, i, cursor, each);
}

bool slot_range_parse(rf_slice text, unsigned *first, unsigned *last)
{
    uint64_t low, high;
    if (!list_range(text, RF_SLOTS - 1, &low, &high))
        return false;
    *first = (unsigned)low;
    *last = (unsigned)high;
    return true;
}

rf_code slot_list_next(rf_slice *list, char separator, unsigned *first, unsigned *last, rf_error *error)
{
    rf_slice item = {0};
    list_next(list, separator, &item);
    if (slot_range_parse(item, first, last))
        return RF_OK;
    return fail(error, RF_E_ARGUMENT,
                "invalid slot or slot range '%.*s%s': use numbers from 0 to %d, e.g. 0-5460", QUOTED(item),
                RF_SLOTS - 1);
}
