/* SPDX-License-Identifier: MIT */
/* Extra keys: keys of a live target that are not in the data. All names of the data go into a comparison,
 * followed by a scan of the target. Keys outside the filter and the rewriting of this run do not count. */
#ifndef CMD_COMPARE_EXTRA_KEYS_H
#define CMD_COMPARE_EXTRA_KEYS_H

#include "base/json.h"
#include "cmd/run/session.h"
#include <rdbferry/compare.h>
#include <rdbferry/live.h>
#include <stdio.h>

/* The members up to `ctx` are set by the owner, the rest start as 0. */
struct extra_keys {
    struct session *session;
    uint64_t memory;         /* for names; 0: a default limit */
    bool libraries;          /* include function libraries */
    bool required;           /* a target that cannot be scanned is an error */
    rf_difference_fn differ; /* called for extra keys and for duplicate keys of the data; may be NULL */
    void *ctx;

    rf_compare *compare;
    uint64_t covered;          /* keys of the target that count, extra or not */
    uint64_t count, temporary; /* extra keys; of these, staging keys left by a replay */
    bool counted;
    char why_not[384]; /* if not counted: the reason */
};

rf_code extra_keys_open(struct extra_keys *extra, rf_error *error);

/* Adds a key or a function library of the data. */
rf_code extra_keys_note(struct extra_keys *extra, const rf_key_record *record, rf_error *error);

/* The same for an entry of the data, if it is a key that has not expired. */
rf_code extra_keys_note_live(struct extra_keys *extra, const rf_entry *entry, rf_error *error);

/* Counts the extra keys, after rf_live_finish(). A refusal by the target is only an error if it is
 * `required`.
 */
rf_code extra_keys_find(struct extra_keys *extra, rf_live *live, rf_error *error);

/* Extra keys that `replay --delete-extra` deletes: not temporary ones, which belong to another run. */
bool extra_keys_is_deletable(const rf_difference *difference);

static inline uint64_t extra_keys_deletable(const struct extra_keys *extra)
{
    return extra->count - extra->temporary;
}

/* They are more than half of the target's keys: is it the right target? */
static inline bool extra_keys_are_many(const struct extra_keys *extra)
{
    return extra_keys_deletable(extra) > extra->covered / 2;
}

/* Formats "38 extra keys on the target, 2 of them temporary (hint)", or why they were not counted; "" if
 * there are none. */
void extra_keys_format(const struct extra_keys *extra, const char *hint, char *out, size_t size);

/* Prints the same after "; ", as part of the result of a comparison. */
void extra_keys_print(FILE *out, const struct extra_keys *extra, const char *hint);

/* Adds the members "keys_extra" and "keys_temporary": null if they were not counted. */
void extra_keys_report(struct json *json, const struct extra_keys *extra);

void extra_keys_free(struct extra_keys *extra);

#endif
