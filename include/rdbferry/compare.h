/* SPDX-License-Identifier: MIT */
/* Comparison of two data sets key by key, in bounded memory.
 *
 * All keys of the first set are added before those of the second. They are held in memory, 76 to 86 bytes
 * plus the name each; beyond the limit, in partitions by hash on disk (unnamed, lz4, in $TMPDIR, up to 64
 * open files at a time, or 64 more for each time that a partition itself is too large), which are compared
 * one after the other at the end. Names are compared byte by byte, values by their digests. Differences are
 * reported as they are found, in no particular order. */
#ifndef RDBFERRY_COMPARE_H
#define RDBFERRY_COMPARE_H

#include <rdbferry/digest.h>
#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <stdbool.h>

enum { RF_LIBRARY = -1 }; /* the db of a record that stands for a function library */

/* What is compared of a key: its db and name identify it, the rest is its state. */
typedef struct rf_key_record {
    int64_t db; /* RF_LIBRARY: a function library; type and expire_ms are unused */
    rf_slice key;
    rf_type type;
    rf_digest value;      /* rf_key_digest.keyed; for a library rf_digest_keyed() of its code */
    int64_t expire_ms;    /* RF_NO_EXPIRY: none */
    bool no_evict;        /* a server must not evict the key (Redis 8.12) */
    int64_t fields_until; /* fields or members that expire until then are excluded from the value; 0: none */
    bool fields_expired;  /* all of its fields or members are: for rf_live_check() a missing key is then no
                             difference */
    uint32_t input;       /* the caller's number for the input it comes from, returned with a difference */
    uint64_t offset;      /* in that input */
    rf_digest
        published; /* rf_key_digest.value, rf_digest_library(): returned, not compared; 0: not requested */
} rf_key_record;

typedef enum rf_difference_kind {
    RF_ADDED,     /* only in the second set */
    RF_REMOVED,   /* only in the first set */
    RF_CHANGED,   /* in both; type, value, expiry or no_evict differ */
    RF_DUPLICATE, /* duplicated in one set, which is then not a data set; `before` and `after` are the two,
                 of which the first represents the key otherwise */
} rf_difference_kind;

/* A side that does not have the key is NULL. Records are borrowed until the function returns. */
typedef struct rf_difference {
    rf_difference_kind kind;
    const rf_key_record *before, *after;
} rf_difference;

/* Any result but RF_OK ends the comparison with that code; the function fills `error` itself. */
typedef rf_code (*rf_difference_fn)(void *ctx, const rf_difference *difference, rf_error *error);

typedef struct rf_compare_options {
    uint64_t memory;             /* bytes; 0: 512 MiB, or a quarter of the limit of the cgroup or of
                                    RLIMIT_AS if that is less. Tiny limits are kept to within a few KiB */
    int64_t expiry_tolerance_ms; /* expiries no further apart than this are equal */
    bool one_set;                /* there is no second set: only duplicate keys are reported */
    bool names_only;             /* a key that is in both sets is equal */
    rf_difference_fn fn;
    void *ctx;
} rf_compare_options;

/* Makes the record of an entry that is a key (with the keyed digest of its value) or a function library. The
 * published digest is left to the caller. */
RF_API void rf_key_record_of(const rf_entry *entry, rf_digest value, uint32_t input, rf_key_record *out);

/* The same for comparing a key without its expired fields. */
RF_API void rf_key_record_of_left(const rf_entry *key, const rf_key_digest *digest, uint32_t input,
                                  rf_key_record *out);

/* True if the two, of the same key, differ by more than the tolerance. */
RF_API bool rf_key_record_differs(const rf_key_record *a, const rf_key_record *b, int64_t tolerance_ms);

typedef struct rf_compare rf_compare;

RF_API rf_code rf_compare_open(const rf_compare_options *options, rf_compare **out, rf_error *error);

/* Adds to the first set; to the second. Nothing may be added to the first set after the second was begun.
 * RF_E_WRITE if a temporary file cannot be written. */
RF_API rf_code rf_compare_add_before(rf_compare *compare, const rf_key_record *record, rf_error *error);
RF_API rf_code rf_compare_add_after(rf_compare *compare, const rf_key_record *record, rf_error *error);

/* Ends both sets: reports the remaining differences. */
RF_API rf_code rf_compare_finish(rf_compare *compare, rf_error *error);

/* `compare` may be NULL. */
RF_API void rf_compare_close(rf_compare *compare);

#endif
