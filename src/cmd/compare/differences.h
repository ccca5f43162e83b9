/* SPDX-License-Identifier: MIT */
/* Differences between two data sets: all are counted, the first ones printed, one per line. */
#ifndef CMD_COMPARE_DIFFERENCES_H
#define CMD_COMPARE_DIFFERENCES_H

#include "base/json.h"
#include "cmd/run/inputs.h"
#include <rdbferry/compare.h>
#include <stdbool.h>
#include <stdio.h>

enum { DIFFERENCES_SHOWN = 50 /* lines, by default */ };

struct difference_kept {
    char *line, *object; /* as text and as JSON, without a newline */
};

/* The first members are set by the owner, the rest start as 0. */
struct differences {
    FILE *out;
    uint64_t limit;              /* lines to print; 0: all */
    bool jsonl;                  /* one JSON object per line */
    int64_t expiry_tolerance_ms; /* as in the comparison */
    const struct input *inputs;  /* indexed by a record's `input` */
    size_t input_count;
    const char *elsewhere; /* name for any other index: a live target */
    bool keep;             /* keep those that are printed for a report */

    uint64_t added, removed, changed, duplicates;
    uint64_t values, types, expiries, no_evicts; /* changes by kind; a key may count in several */
    uint64_t shown;
    struct difference_kept *kept;
    size_t kept_count;
};

/* The digest kinds (rf_digest_kind) that records need: for the comparison, and for output where digests are
 * printed. */
static inline unsigned differences_digests(const struct differences *differences)
{
    return RF_DIGEST_KEYED | (differences->jsonl || differences->keep ? RF_DIGEST_PUBLISHED : 0u);
}

/* The CHANGED_... flags of a difference, see differences_json.h. */
unsigned differences_changes(const struct differences *differences, const rf_difference *difference);

/* An rf_difference_fn whose ctx is a struct differences. Returns RF_E_WRITE if writing to `out` fails. */
rf_code differences_add(void *differences, const rf_difference *difference, rf_error *error);

uint64_t differences_total(const struct differences *differences);

/* "12 added, 3 removed, 5 changed (4 value, 1 type, 2 expiry); 10 of 20 shown" */
void differences_format(const struct differences *differences, char *out, size_t size);

/* The counts and the kept differences, as an object "differences"; suitable for struct report_part. */
void differences_report(struct json *json, const void *differences);

/* The same, without the differences. */
void differences_report_counts(struct json *json, const struct differences *differences);

void differences_free(struct differences *differences);

#endif
