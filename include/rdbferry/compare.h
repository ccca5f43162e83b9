/* SPDX-License-Identifier: MIT */
/* Comparing two data sets key by key, in bounded memory.
 *
 * All keys of the one are added first, then those of the other. They are held in memory, 76 to 86 bytes and
 * the name each; where that outgrows the limit, in partitions by hash on disk (unnamed, lz4, in $TMPDIR, up
 * to 64 open files at a time, or 64 more for each time that a partition is too large itself), which are
 * compared one after the other at the end. Names are compared as they are, values by their digests.
 * Differences are told as they are found, in no order that means anything. */
#ifndef RDBFERRY_COMPARE_H
#define RDBFERRY_COMPARE_H

#include <rdbferry/digest.h>
#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <stdbool.h>

enum { RF_LIBRARY = -1 }; /* the db of a record that stands for a function library */

/* What is compared of a key: its db and name say which one it is, the rest how it is. */
typedef struct rf_key_record {
    int64_t db; /* RF_LIBRARY: a function library; type and expire_ms mean nothing */
    rf_slice key;
    rf_type type;
    rf_digest value;      /* rf_key_digest.keyed; of a library rf_digest_keyed() of its code */
    int64_t expire_ms;    /* RF_NO_EXPIRY: none */
    int64_t fields_until; /* fields of a hash that expire until then are no part of the value; 0: all are */
    bool
        fields_expired; /* that is all of them: to rf_live_check() a key that is not there is no difference */
    uint32_t input;     /* the caller's number for where it comes from, given back with a difference */
    uint64_t offset;    /* in that input */
    rf_digest
        published; /* rf_key_digest.value, rf_digest_library(): given back, not compared; 0: not asked for */
} rf_key_record;

typedef enum rf_difference_kind {
    RF_ADDED,   /* only in the second set */
    RF_REMOVED, /* only in the first set */
    RF_CHANGED, /* in both; type, value or expiry differ */
    RF_TWICE,   /* twice in one set, which is no data set then; `before` and `after` are the two, of which
                   the first one stands for the key otherwise */
} rf_difference_kind;

/* A side that has no such key is NULL. Records are borrowed until the function returns. */
typedef struct rf_difference {
    rf_difference_kind kind;
    const rf_key_record *before, *after;
} rf_difference;

/* Anything but RF_OK ends the comparison with that code; it fills `error` itself. */
typedef rf_code (*rf_difference_fn)(void *ctx, const rf_difference *difference, rf_error *error);

typedef struct rf_compare_options {
    uint64_t memory;             /* bytes; 0: 512 MiB. Tiny limits are kept to within a few KiB */
    int64_t expiry_tolerance_ms; /* expiries no further apart than this are equal */
    bool one_set;                /* there is no second set: only keys that occur twice are told */
    bool names_only;             /* a key that is in both is equal */
    rf_difference_fn fn;
    void *ctx;
} rf_compare_options;

/* The record of an entry that is a key (with the keyed digest of its value) or a function library. The
 * published digest is left to the caller. */
RF_API void rf_key_record_of(const rf_entry *entry, rf_digest value, uint32_t input, rf_key_record *out);

/* The same for a comparison of a key, of which a field that has expired is no part. */
RF_API void rf_key_record_of_left(const rf_entry *key, const rf_key_digest *digest, uint32_t input,
                                  rf_key_record *out);

/* True where the two, of the same key, differ in more than the tolerance allows. */
RF_API bool rf_key_record_differs(const rf_key_record *a, const rf_key_record *b, int64_t tolerance_ms);

typedef struct rf_compare rf_compare;

RF_API rf_code rf_compare_open(const rf_compare_options *options, rf_compare **out, rf_error *error);

/* Adds to the first set; to the second. None of the first after one of the second. RF_E_WRITE where a
 * temporary file cannot be written. */
RF_API rf_code rf_compare_add_before(rf_compare *compare, const rf_key_record *record, rf_error *error);
RF_API rf_code rf_compare_add_after(rf_compare *compare, const rf_key_record *record, rf_error *error);

/* Both sets are complete: tells what has not been told yet. */
RF_API rf_code rf_compare_finish(rf_compare *compare, rf_error *error);

/* NULL is let through. */
RF_API void rf_compare_close(rf_compare *compare);

#endif
