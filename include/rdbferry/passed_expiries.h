/* SPDX-License-Identifier: MIT */
/* Finds keys of a log at risk: their expiry passes before the log has been written to a live server, and
 * later commands use them. The server deletes such a key in between, while the one that wrote the log still
 * had it. Of each key whose expiry has passed, a digest is kept. */
#ifndef RDBFERRY_PASSED_EXPIRIES_H
#define RDBFERRY_PASSED_EXPIRIES_H

#include <rdbferry/api.h>
#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <stdbool.h>

typedef struct rf_passed_expiries rf_passed_expiries;

/* `until_ms`: Unix time in milliseconds until which an expiry may pass before the log has been written; at
 * `now_ms` it has. NULL if out of memory. */
RF_API rf_passed_expiries *rf_passed_expiries_new(int64_t now_ms, int64_t until_ms);

/* Notes a key or a command, in the order of the log; of other entries nothing is noted. `done`: the command
 * has been executed by the server, so that it puts nothing at risk. After an error the object can only be
 * freed. */
RF_API rf_code rf_passed_expiries_note(rf_passed_expiries *passed, rf_entry *entry, bool done,
                                       rf_error *error);

typedef struct rf_keys_at_risk {
    uint64_t count;
    char key[128]; /* one of them, escaped and shortened; "": its name has not been kept */
    int64_t db;
    uint64_t offset;  /* of the command that uses it */
    bool of_elements; /* expiries of fields or members have passed, or */
    bool distant; /* some are so late that a shift is ambiguous: rf_replay_shift_expiries() does not help */
} rf_keys_at_risk;

/* The keys at risk so far. */
RF_API rf_keys_at_risk rf_passed_expiries_get(const rf_passed_expiries *passed);

/* `passed` may be NULL. */
RF_API void rf_passed_expiries_free(rf_passed_expiries *passed);

#endif
