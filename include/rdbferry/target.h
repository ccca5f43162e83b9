/* SPDX-License-Identifier: MIT */
/* A live target, and how to connect to it: a server, a primary monitored by Sentinels, or a cluster.
 *
 *     redis://[user[:password]@]host[:port][/db]      valkey:// too
 *     rediss://...                                    the same over TLS; valkeys:// too
 *     unix:///path[?db=N]                             redis+unix:// too
 *     redis+sentinel://[user:password@]host[:port][,host[:port]...]/name[/db]     rediss+sentinel:// too
 *     redis+cluster://[user:password@]host[:port][,host[:port]...]                rediss+cluster:// too
 *
 * In every scheme valkey may be used in place of redis. A password without a user is written as ":password@";
 * names and passwords are percent-decoded; IPv6 addresses are written in brackets. The default ports are
 * 6379, and 26379 for Sentinels. With a plain URL the kind of target is detected. For Sentinels, the name may
 * be omitted if they monitor a single primary. A URL's user and password are those of the monitored servers;
 * Sentinels may have none. Passwords are never revealed in errors or names. */
#ifndef RDBFERRY_TARGET_H
#define RDBFERRY_TARGET_H

#include <rdbferry/error.h>
#include <rdbferry/version.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum rf_target_kind {
    RF_TARGET_ANY, /* detected */
    RF_TARGET_SENTINEL,
    RF_TARGET_CLUSTER,
} rf_target_kind;

typedef struct rf_address {
    char *host; /* host name, address, or path of a unix socket if port is 0 */
    int port;
} rf_address;

/* How to reach an address that servers announce, if it cannot be reached directly: behind NAT, or in
 * containers. Port 0: any port, which is not changed. */
typedef struct rf_address_map {
    rf_address from, to;
} rf_address_map;

typedef enum rf_log_level { RF_LOG_NOTE, RF_LOG_WARNING } rf_log_level;

/* What to do while a target is not available (RF_E_UNAVAILABLE); zeroed: it is not waited for when it is
 * opened. Errors that a retry does not change, such as a wrong password, are returned at once. The callbacks
 * are called on the caller's thread, except those of a source (snapshot.h); each may be NULL. */
typedef struct rf_target_wait {
    int64_t retry_for_ms;                                            /* how long to wait for it */
    void (*on_log)(void *ctx, rf_log_level level, const char *text); /* what is waited for, once per reason */
    rf_code (*tick)(void *ctx, rf_error *error); /* about ten times a second, also while a connection or a
                                                    reply is waited for; any return value but RF_OK ends the
                                                    wait with that code */
    void *ctx;
} rf_target_wait;

/* Owns its strings; a zeroed target is empty. Filled by rf_target_parse(), or by the caller with allocated
 * strings. */
typedef struct rf_target {
    rf_target_kind kind;
    rf_address *addresses;
    size_t address_count;
    char *name;                              /* of the primary, as known to the Sentinels; NULL otherwise */
    char *user, *password;                   /* NULL: none */
    char *sentinel_user, *sentinel_password; /* of the Sentinels; NULL: none, so `user` and `password` are
                                                tried */
    rf_address_map *maps;
    size_t map_count;
    int64_t db;
    bool tls;
    bool insecure;                         /* TLS: do not verify the certificate */
    char *cacert, *cacertdir, *cert, *key; /* NULL: OpenSSL's defaults; none */
    char *sni;                             /* server name for SNI and certificate check; NULL: the host */
    rf_server server;                      /* version to use instead of the detected one; 0.0: detect */
    int timeout_ms;                        /* for connecting, and for replies; 0: 10 s, 60 s */
    rf_target_wait wait;
} rf_target;

/* Whether rf_target_parse() may accept the text: it has one of the schemes above. */
RF_API bool rf_target_is_url(const char *text);

/* Returns RF_E_ARGUMENT for an invalid URL; the target is then empty. */
RF_API rf_code rf_target_parse(const char *url, rf_target *out, rf_error *error);

RF_API rf_code rf_target_add_address(rf_target *target, const char *host, int port, rf_error *error);

/* Parses "10.0.0.5:6379=127.0.0.1:7000" or "10.0.0.5=gateway". Returns RF_E_ARGUMENT if it is invalid, or the
 * address is already mapped. With TLS the certificate must match the announced address. */
RF_API rf_code rf_target_map_address(rf_target *target, const char *from_to, rf_error *error);

/* Adds the mapped addresses of `from`. */
RF_API rf_code rf_target_copy_maps(const rf_target *from, rf_target *target, rf_error *error);

/* Formats the target without user and password, "redis://10.0.0.5:6379/0", for messages; it can be parsed
 * again. Returns the required length. */
RF_API size_t rf_target_format(const rf_target *target, char *out, size_t size);

/* Wipes the passwords before freeing them. */
RF_API void rf_target_free(rf_target *target);

#endif
