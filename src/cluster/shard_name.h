/* SPDX-License-Identifier: MIT */
/* Names of shards and nodes, which are used in file names: letters, digits, "-", "." and "_". */
#ifndef CLUSTER_SHARD_NAME_H
#define CLUSTER_SHARD_NAME_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stddef.h>

enum {
    SHARD_NAME_HOST = 200, /* bytes of a host in a name */
    SHARD_NAME_MAX = SHARD_NAME_HOST + 64,
};

/* "10.0.0.5-6379". Other characters become "_". */
void shard_name_of_address(const char *host, int port, char out[SHARD_NAME_MAX]);

/* A name with "%d" in it, once. */
rf_code shard_name_check_pattern(rf_slice pattern, rf_error *error);

/* The name in which the number takes its place. The pattern is a valid one. */
void shard_name_by_pattern(const char *pattern, size_t number, char out[SHARD_NAME_MAX]);

#endif
