/* SPDX-License-Identifier: MIT */
/* Differences between two data sets: counted, and the first ones printed, a line each. */
#ifndef CMD_DIFFERENCES_H
#define CMD_DIFFERENCES_H

#include "inputs.h"
#include "json.h"
#include <rdbferry/compare.h>
#include <stdbool.h>
#include <stdio.h>

enum { DIFFERENCES_SHOWN = 50 /* lines, where nothing else is asked for */ };

/* The first members are the owner's to set, the rest begins as 0. */
struct differences {
    FILE *out;
    uint64_t limit;              /* lines to print; 0: all */
    bool jsonl;                  /* a JSON object a line */
    int64_t expiry_tolerance_ms; /* as the comparison has it */
    const struct input *inputs;  /* a record's `input` is a place in them; */
    size_t input_count;
    const char *elsewhere; /* what any other number is called: a live target */
    bool keep;             /* those that are printed, for a report */

    uint64_t added, removed, changed, twice;
    uint64_t values, types, expiries; /* what has changed; one key may count in several, but for its type */
    uint64_t shown;
    struct difference_kept {
        char *line, *object; /* as text and as JSON, without a newline */
    } * kept;
    size_t kept_count;
};

/* The kinds of digests (rf_digest_kind) that records need: to be compared, and to be printed where they are.
 */
static inline unsigned differences_digests(const struct differences *differences)
{
    return RF_DIGEST_KEYED | (differences->jsonl || differences->keep ? RF_DIGEST_PUBLISHED : 0u);
}

/* An rf_difference_fn whose ctx is a struct differences. RF_E_WRITE where `out` takes no more. */
rf_code differences_take(void *differences, const rf_difference *difference, rf_error *error);

uint64_t differences_total(const struct differences *differences);

/* "12 added, 3 removed, 5 changed (4 value, 1 type, 2 expiry); 10 of 20 shown" */
void differences_format(const struct differences *differences, char *out, size_t size);

/* The same as a message_summary(). */
void differences_summarize(const struct differences *differences);

/* The counts, as members of an object "differences", and those that were kept; a struct report_part takes it.
 */
void differences_report(struct json *json, const void *differences);

void differences_free(struct differences *differences);

#endif
