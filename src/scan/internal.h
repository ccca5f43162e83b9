/* SPDX-License-Identifier: MIT */
/* The internals of a scan.
 *
 *     SCAN ── page of names ──┬─ known ────────────── DUMP, expiry ── equal, or stored again
 *                             └─ MEMORY USAGE ── (size)  ─┘
 *     keys that the pass has not found ────────────── DUMP, expiry ── removed, or as above
 *
 * Requests, retries and redirections are those of live/. */
#ifndef SCAN_INTERNAL_H
#define SCAN_INTERNAL_H

#include "live/internal.h"
#include "scan/scan_keys.h"
#include "scan/scan_store.h"
#include <rdbferry/scan.h>

/* What DUMP has returned for the key whose expiry follows. */
struct scan_dump {
    rf_digest value;
    bool stored; /* `record` is new; otherwise the key's own is still valid */
    struct scan_record record;
};

struct rf_scan {
    rf_scan_options options;
    rf_live *live;
    struct live_capture capture;
    struct scan_keys keys;
    struct scan_store store;
    struct buffer libraries; /* RDB records */
    rf_digest library_sum;
    struct scan_dump dump;
    struct key_page sized; /* names of a page that are to be requested with the size that precedes each */
    bool sizes;            /* MEMORY USAGE is available */
    int64_t started_ms;    /* the pass; monotonic */
    rf_dialect dialect;    /* the newest RDB version of any value */
    int rdb_version;       /* 0: none yet */
    int64_t saved_at_ms;   /* by the server's clock: when the last pass began */
    rf_scan_pass pass;
    bool complete; /* no slot was moved during some pass: it found all keys that existed all the while */
};

/* --- scan_rights.c --- */

/* Tries what the scan needs, and chooses between PEXPIRETIME and PTTL. RF_E_TARGET lists what is missing. */
rf_code scan_check_rights(rf_scan *scan, rf_error *error);

/* --- scan_pass.c --- */

/* Sets the functions of scan->capture. */
void scan_pass_init(rf_scan *scan);

/* Runs the next pass. */
rf_code scan_pass_run(rf_scan *scan, rf_error *error);

/* --- scan_libraries.c --- */

/* Loads the function libraries; *changed: they are not those loaded before. */
rf_code scan_load_libraries(rf_scan *scan, bool *changed, rf_error *error);

#endif
