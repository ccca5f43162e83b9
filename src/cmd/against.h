/* SPDX-License-Identifier: MIT */
/* What is said of a comparison, with a live target or with other data. */
#ifndef CMD_AGAINST_H
#define CMD_AGAINST_H

#include "differences.h"
#include "extra_keys.h"
#include "json.h"
#include <rdbferry/live.h>
#include <stdio.h>

/* A message for who wants details: what the target is. */
void against_detail(const rf_live *live);

/* A line "against dump.rdb: matches", or what differs; with `extra`, which may be NULL, extra keys, and
 * `hint` how they can be listed. */
void against_say(FILE *out, const char *name, const struct differences *differences,
                 const struct extra_keys *extra, const char *hint);
/* Lines of their own. */
void against_say_expired(FILE *out, const char *name, uint64_t expired);

/* "against dump.rdb: ", for a line of one's own. */
void against_begin_line(FILE *out, const char *name);

/* Members of an object: what the target is, and what has been counted there. */
void against_report(struct json *json, const rf_live *live, const rf_live_counts *counts,
                    const struct extra_keys *extra);

#endif
