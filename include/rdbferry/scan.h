/* SPDX-License-Identifier: MIT */
/* The data of a live server that offers no replication, read with SCAN and DUMP: for managed services without
 * PSYNC.
 *
 * A pass copies every key of every database of every primary into a temporary file without a name, in
 * $TMPDIR. The next one reads all of them again, compares what DUMP returns and the expiry with the copy, and
 * updates it: changed, new and removed keys. The passes end when one has found no change. This is no point in
 * time: the copy can hold a state that the server never had, unless nothing was written during the last pass
 * but one and the last one. The source built from the copy is an RDB.
 *
 * Nothing is written to the server. The user needs SCAN, DUMP, PEXPIRETIME (or PTTL and TIME), all keys (~*),
 * SELECT for databases other than 0, INFO for the list of databases, FUNCTION LIST from 7.0 on, ROLE with
 * Sentinels, and CLUSTER SLOTS and NODES and ASKING in a cluster. MEMORY USAGE is used if it is allowed:
 * values are then requested in portions of at most 8 MiB (or one value, if that is larger); else 16 at a
 * time. DUMP counts as an access to the key, except from 7.2 on (CLIENT NO-TOUCH). LRU and LFU data cannot be
 * read, nor can data of modules that belongs to no key.
 *
 * PEXPIRETIME is exact. PTTL is the time left, which is added to the server's TIME, queried after it: keys
 * never expire earlier than on the server, and later only by the time between the two replies.
 *
 * Memory: 22 to 43 bytes for each key, and the largest value as DUMP returns it; 64 more bytes for each key
 * are in memory or, beyond 32 MiB, in a temporary file. Transient errors are retried as by rf_live. */
#ifndef RDBFERRY_SCAN_H
#define RDBFERRY_SCAN_H

#include <rdbferry/aofdir.h>
#include <rdbferry/error.h>
#include <rdbferry/source.h>
#include <rdbferry/target.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct rf_scan rf_scan;

/* The result of a pass. In the first one every key is new. */
typedef struct rf_scan_pass {
    unsigned number;  /* from 1 on */
    uint64_t keys;    /* in the copy, now */
    uint64_t added;   /* keys, not in the copy before */
    uint64_t changed; /* keys with another value or expiry than in the copy */
    uint64_t removed; /* keys of the copy that do not exist any more, except: */
    uint64_t expired; /* those whose expiry has passed, which are no change */
    bool settled;     /* it has compared, and found no change: the last one */
    bool libraries;   /* the function libraries have changed */
    bool moved;       /* slots were served by other nodes at the end than before, or are being moved: keys
                         may have been missed */
    uint64_t bytes;   /* of values received */
} rf_scan_pass;

typedef struct rf_scan_options {
    unsigned passes; /* at most; 0: RF_SCAN_PASSES. 1: no pass compares */
    unsigned count;  /* COUNT of SCAN: about how many keys are looked up at a time; 0: RF_SCAN_COUNT */
    uint64_t rate;   /* bytes of values per second; 0: not limited */
    void (*on_pass)(void *ctx, const rf_scan_pass *pass); /* after each pass; may be NULL */
    void *ctx;
} rf_scan_options;

enum { RF_SCAN_PASSES = 5, RF_SCAN_COUNT = 1000 };

/* Connects, and checks what the user may do: RF_E_TARGET with all that is missing. The target must outlive
 * `*out`, and must not select a database (RF_E_ARGUMENT). */
RF_API rf_code rf_scan_open(const rf_target *target, const rf_scan_options *options, rf_scan **out,
                            rf_error *error);

/* Runs the passes, once. RF_E_UNAVAILABLE if slots were moved during each of them. RF_E_UNSUPPORTED, with
 * the key, for a value of a server newer than those known; RF_E_WRITE for the temporary file. */
RF_API rf_code rf_scan_run(rf_scan *scan, rf_error *error);

/* Opens the copy as an RDB, after rf_scan_run(). May be called repeatedly; the scan must outlive the sources.
 */
RF_API rf_code rf_scan_source(const rf_scan *scan, rf_source **out, rf_error *error);

/* `scan` may be NULL. */
RF_API void rf_scan_close(rf_scan *scan);

/* Adds a live server as an input, which can be opened any number of times; the passes are run when it is
 * opened first. Connects and checks as rf_scan_open() does. `source` is emptied: `files` owns it from now on,
 * also after an error. Instead of RF_E_TARGET, errors are RF_E_READ. */
RF_API rf_code rf_files_add_scan(rf_files *files, rf_target *source, const rf_scan_options *options,
                                 rf_error *error);

#endif
