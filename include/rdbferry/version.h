/* SPDX-License-Identifier: MIT */
/* The program's version (the build reads it from here), and server versions: who wrote an input, who
 * is to read an output. */
#ifndef RDBFERRY_VERSION_H
#define RDBFERRY_VERSION_H

#include <rdbferry/api.h>
#include <stdbool.h>
#include <stddef.h>

#define RDBFERRY_VERSION "0.1.0"

/* Which project's rules the bytes follow. The two parted after RDB 11. */
typedef enum rf_dialect { RF_REDIS, RF_VALKEY } rf_dialect;

typedef struct rf_server {
    rf_dialect dialect;
    int major, minor; /* 0.0: unknown */
} rf_server;

/* Reads "6.2", "7.0.15", "redis-7.4", "valkey-9.0". A bare number is Redis. False if it is none of
 * these; *out is then untouched. */
RF_API bool rf_server_parse(const char *text, rf_server *out);

/* Prints "redis 7.4" or "valkey 9.0"; returns the length it needs. */
RF_API size_t rf_server_format(rf_server server, char *out, size_t size);

/* True where `a` is `b` or newer; servers of the two projects compare by their common ancestry: every
 * Valkey is as new as Redis 7.2 and no newer, and no Redis as new as a Valkey after 7.2. */
RF_API bool rf_server_at_least(rf_server a, rf_server b);

/* The newest RDB version that this server reads and writes (Redis 7.0: 10, Valkey 9.0: 80); 0 where the
 * server is unknown. Of a server newer than this program knows it is that of the newest it knows. */
RF_API int rf_server_rdb_version(rf_server server);

/* Whether a server, of which the version is known, loads files of this RDB version. */
RF_API bool rf_server_reads_version(rf_server server, rf_dialect dialect, int rdb_version);

/* The newest server that writes this RDB version: what an input without a `redis-ver` may come from.
 * Versions never released (3 to 5) count as the next one; of one not known yet the server is unknown. */
RF_API rf_server rf_server_of_rdb(rf_dialect dialect, int rdb_version);

#endif
