/* SPDX-License-Identifier: MIT */
/* Database mappings, and the databases accepted by a filter. */
#include "transform/db_map.h"
#include "base/list.h"
#include "base/number.h"

bool db_mapping_read(rf_slice text, struct db_mapping *out)
{
    rf_slice from, to = text;
    return list_next(&to, '=', &from) && number_parse_db(from, &out->from) && number_parse_db(to, &out->to);
}

void db_set_of_filter(struct db_set *set, const rf_filter *filter)
{
    *set = (struct db_set){0};
    for (int64_t db = 0; db < DB_SET_SIZE; db++)
        if (!rf_filter_accepts_db(filter, db))
            set->refused[db / 64] |= UINT64_C(1) << db % 64;
}
