/* SPDX-License-Identifier: MIT */
/* Output of a comparison with a live target or with other data. */
#ifndef CMD_COMPARE_AGAINST_H
#define CMD_COMPARE_AGAINST_H

#include "base/json.h"
#include "cmd/compare/differences.h"
#include "cmd/compare/extra_keys.h"
#include <rdbferry/live.h>
#include <stdio.h>

/* Prints a detail message that describes the target. */
void against_detail(const rf_live *live);

/* Prints a line such as "against dump.rdb: matches", or a summary of the differences. `extra` may be NULL;
 * otherwise the line includes extra keys, and `hint` says how to list them. */
void against_print(FILE *out, const char *name, const struct differences *differences,
                   const struct extra_keys *extra, const char *hint);
/* Prints a separate line if keys have expired. */
void against_print_expired(FILE *out, const char *name, uint64_t expired);

/* Prints "against dump.rdb: ", the start of a line. */
void against_print_prefix(FILE *out, const char *name);

/* Adds the members of an object: the target, and the counts of the comparison. */
void against_report(struct json *json, const rf_live *live, const rf_live_counts *counts,
                    const struct extra_keys *extra);

#endif
