/* SPDX-License-Identifier: MIT */
/* The program's version (the build reads it from here), and server versions: of the server that wrote an
 * input, and of the one that is to read an output. */
#ifndef RDBFERRY_VERSION_H
#define RDBFERRY_VERSION_H

#include <rdbferry/api.h>
#include <stdbool.h>
#include <stddef.h>

#define RDBFERRY_VERSION "0.1.0"

/* The project whose rules the bytes follow. Redis and Valkey diverged after RDB 11. Dragonfly writes headers
 * of Redis, with types and records of its own. */
typedef enum rf_dialect { RF_REDIS, RF_VALKEY, RF_DRAGONFLY, RF_DIALECTS } rf_dialect;

typedef struct rf_server {
    rf_dialect dialect;
    int major, minor; /* 0.0: unknown */
} rf_server;

/* Reads "6.2", "7.0.15", "redis-7.4", "valkey-9.0", "dragonfly-1.36", and "dragonfly" for all of its
 * releases. A bare number is Redis. Returns false for anything else and leaves *out unchanged. */
RF_API bool rf_server_parse(const char *text, rf_server *out);

/* Prints "redis 7.4" or "valkey 9.0"; returns the required length, as snprintf does. */
RF_API size_t rf_server_format(rf_server server, char *out, size_t size);

/* The releases known here, without development builds: those of Redis, Valkey, Dragonfly, oldest first.
 * False: there are not so many. */
RF_API bool rf_server_release(size_t index, rf_server *out);

/* True if `a` is `b` or newer; servers of the two projects compare by their common ancestry: every Valkey is
 * as new as Redis 7.2 and no newer, and no Redis is as new as a Valkey after 7.2. Dragonfly is as new as
 * Redis 6.2, which it claims to be in its dumps. */
RF_API bool rf_server_at_least(rf_server a, rf_server b);

/* The newest RDB version that this server reads and writes (Redis 7.0: 10, Valkey 9.0: 80); 0 if the server
 * is unknown. For a server newer than the newest one known here, the version of the latter. */
RF_API int rf_server_rdb_version(rf_server server);

/* Whether a server of known version loads files of this RDB version. */
RF_API bool rf_server_reads_version(rf_server server, rf_dialect dialect, int rdb_version);

/* The newest server that writes this RDB version: the presumed writer of an input without `redis-ver`.
 * Versions never released (3 to 5) count as the next one; for a version not known yet the server is
 * unknown. */
RF_API rf_server rf_server_of_rdb(rf_dialect dialect, int rdb_version);

#endif
