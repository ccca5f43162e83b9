/* SPDX-License-Identifier: MIT */
/* A live target: a server, a Sentinel-watched primary or a Cluster, and how to reach it.
 *
 *     redis://[user[:password]@]host[:port][/db]      valkey:// too
 *     rediss://...                                    the same over TLS; valkeys:// too
 *     unix:///path[?db=N]                             redis+unix:// too
 *     redis+sentinel://[user:password@]host[:port][,host[:port]...]/name[/db]     rediss+sentinel:// too
 *     redis+cluster://[user:password@]host[:port][,host[:port]...]                rediss+cluster:// too
 *
 * Where redis stands, valkey may stand. A password without a user is ":password@"; names and passwords are
 * percent-decoded; an IPv6 address stands in brackets. Ports left out are 6379, and 26379 for Sentinels. A
 * plain URL finds out what it is talking to. Sentinels need no name where they watch one primary alone, and
 * no password where they have none; user and password of a URL are those of the servers that they watch.
 * Passwords never come back out: not in errors, not in names. */
#ifndef RDBFERRY_TARGET_H
#define RDBFERRY_TARGET_H

#include <rdbferry/error.h>
#include <rdbferry/version.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum rf_target_kind {
    RF_TARGET_ANY, /* what it is, it says itself */
    RF_TARGET_SENTINEL,
    RF_TARGET_CLUSTER,
} rf_target_kind;

typedef struct rf_address {
    char *host; /* a name, an address, or the path of a unix socket where port is 0 */
    int port;
} rf_address;

/* Where an address that servers announce is reached from here: behind NAT, or in containers. Port 0: any of
 * the host's, which stays as it is. */
typedef struct rf_address_map {
    rf_address from, to;
} rf_address_map;

/* Owns its strings; a zeroed one is empty. Filled by rf_target_parse(), or member by member with strings of
 * malloc. */
typedef struct rf_target {
    rf_target_kind kind;
    rf_address *addresses;
    size_t address_count;
    char *name;                              /* of the primary, as the Sentinels call it; NULL otherwise */
    char *user, *password;                   /* NULL: none */
    char *sentinel_user, *sentinel_password; /* of the Sentinels; NULL: none, then those above are tried */
    rf_address_map *maps;
    size_t map_count;
    int64_t db;
    bool tls;
    bool insecure;                         /* TLS: the certificate is not verified */
    char *cacert, *cacertdir, *cert, *key; /* NULL: as OpenSSL has it; none */
    char *sni;        /* the name to ask for and to find in the certificate; NULL: the host's own */
    rf_server server; /* its version, in place of what it says; 0.0: what it says */
    int timeout_ms;   /* for connecting, and for an answer to go on; 0: 10 s, 60 s */
} rf_target;

/* True for what rf_target_parse() takes: a text with one of the schemes above. */
RF_API bool rf_target_is_url(const char *text);

/* RF_E_ARGUMENT for a URL that makes no sense; the target is then empty. */
RF_API rf_code rf_target_parse(const char *url, rf_target *out, rf_error *error);

RF_API rf_code rf_target_add_address(rf_target *target, const char *host, int port, rf_error *error);

/* "10.0.0.5:6379=127.0.0.1:7000", "10.0.0.5=gateway": RF_E_ARGUMENT for what is none, or is mapped already.
 * In TLS the certificate still has to name the address that was announced. */
RF_API rf_code rf_target_map_address(rf_target *target, const char *from_to, rf_error *error);

/* Without user and password: "redis://10.0.0.5:6379/0", for messages; reads as the same target. Returns the
 * length it needs. */
RF_API size_t rf_target_format(const rf_target *target, char *out, size_t size);

/* Wipes the passwords before freeing it. */
RF_API void rf_target_free(rf_target *target);

#endif
