/* SPDX-License-Identifier: MIT */
/* Extra keys: those that a live target has and the data has not. All names of the data go into a comparison,
 * and, unless the number of keys alone says that there can be no others, a scan of the target after them.
 * Keys that the filter and the rewrite of this run do not answer for are none of them. */
#ifndef CMD_EXTRA_KEYS_H
#define CMD_EXTRA_KEYS_H

#include "json.h"
#include "session.h"
#include <rdbferry/compare.h>
#include <rdbferry/live.h>
#include <stdio.h>

/* All up to `ctx` are set, the rest begins as 0. */
struct extra_keys {
    const struct session *session;
    uint64_t memory;         /* for names; 0: a good limit */
    bool strict;             /* the target has to be asked, for libraries as well */
    rf_difference_fn differ; /* gets extra keys, and keys that the data has twice; NULL: none are told */
    void *ctx;

    rf_compare *compare;
    uint64_t count, temporary; /* extra keys; of these, what a replay has left behind */
    bool counted;
    char why_not[384]; /* otherwise, at the end: why */
};

rf_code extra_keys_open(struct extra_keys *extra, rf_error *error);

/* A key or function library of the data. */
rf_code extra_keys_note(struct extra_keys *extra, const rf_key_record *record, rf_error *error);

/* Counts them, after rf_live_finish(). What the target refuses is an error with `strict` only. */
rf_code extra_keys_find(struct extra_keys *extra, rf_live *live, const rf_live_counts *counts,
                        rf_error *error);

/* "; 38 extra keys on the target, 2 of them temporary (hint)": what comes behind a comparison's result. */
void extra_keys_say(FILE *out, const struct extra_keys *extra, const char *hint);

/* Members "keys_extra" and "keys_temporary": null where they have not been counted. */
void extra_keys_report(struct json *json, const struct extra_keys *extra);

void extra_keys_free(struct extra_keys *extra);

#endif
