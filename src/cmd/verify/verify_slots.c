/* SPDX-License-Identifier: MIT */
/* Warnings about slots for which the file of a node seems to be missing. */
#include "cmd/term/message.h"
#include "cmd/verify/verify.h"
#include <stdio.h>

/* Commands of an AOF may have keys in any slot. */
static bool next_gap(const struct verification *v, unsigned *from, rf_slot_range *gap)
{
    return v->owners && v->session.stats.commands == 0 && !v->error &&
           slot_owners_next_gap(v->owners, from, gap);
}

uint64_t verify_warn_of_gaps(const struct verification *v)
{
    rf_slot_range gap;
    uint64_t count = 0;
    for (unsigned from = 0; next_gap(v, &from, &gap); count++)
        message_warning(
            "no key in slots %u-%u, although the inputs look like the files of a cluster's nodes: "
            "is one missing?",
            gap.first, gap.last);
    return count;
}

void verify_report_gaps(struct json *json, const struct verification *v)
{
    rf_slot_range gap;
    if (!v->owners)
        return;
    json_array(json, "missing_slots");
    for (unsigned from = 0; next_gap(v, &from, &gap);) {
        char range[32];
        snprintf(range, sizeof range, "[%u, %u]", gap.first, gap.last);
        json_made(json, range);
    }
    json_end_array(json);
}
