/* SPDX-License-Identifier: MIT */
/* What an RDB sink makes of an input for a server, and what a reader finds in it. */
#ifndef TESTS_RDB_MADE_H
#define TESTS_RDB_MADE_H

#include "support/rdb_build.h"
#include <rdbferry/digest.h>
#include <rdbferry/sink.h>

struct rdb_made {
    rf_server target;
    bool drop_unsupported, check;
    rf_compression compress;
    int64_t shift_ms; /* of all fields' expiries */
    /* filled in */
    rf_slice file;
    unsigned notices[RF_NOTICE_COUNT];
    rf_error error;
};

/* RF_OK, or why the input cannot be written; there is no file then. */
rf_code make_rdb(rf_slice input, struct rdb_made *made);
void rdb_made_free(struct rdb_made *made);

/* The first key of a sound file. */
struct found_key {
    char name[32];
    int64_t db, expire_ms;
    rf_encoding encoding;
    rf_key_digest digest;
};

/* Reads it in blocks of one byte, or some hundred; fails the test where anything is wrong with it, also the
 * checksum. Returns how many keys there are, and the first ones. */
size_t find_keys(rf_slice file, struct found_key *keys, size_t most);

/* The version and the dialect that a file's head says. */
int version_of(rf_slice file, rf_dialect *dialect);

/* The same for a file of one key; expects its type to be one of the file's version and dialect. */
struct found_key find_key(rf_slice file);

/* Servers of all RDB versions from 6 on. */
struct made_target {
    rf_server server;
    int version;
};

extern const struct made_target made_targets[];
extern const size_t made_target_count;

/* "redis 7.0"; good until the next call. */
const char *target_name(const struct made_target *target);

#endif
