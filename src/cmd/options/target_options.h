/* SPDX-License-Identifier: MIT */
/* The options that describe a live target, named as redis-cli names them. A command's options struct has a
 * member of type struct target_options with that name; its table includes TARGET_ROWS. */
#ifndef CMD_OPTIONS_TARGET_OPTIONS_H
#define CMD_OPTIONS_TARGET_OPTIONS_H

#include "cmd/options/options.h"
#include <rdbferry/target.h>
#include <stdbool.h>
#include <stdint.h>

/* NULL, false or 0 if not given. */
struct target_options {
    const char *host, *port, *socket;
    const char *user, *password;
    const char *sentinel_user, *sentinel_password;
    bool tls, insecure;
    const char *cacert, *cacertdir, *cert, *key, *sni;
    int64_t timeout_ms;
    rf_target mapping; /* holds only the address maps */
};

/* Handles one --map-address. */
rf_code target_options_map(const char *argument, void *into, rf_error *error);

/* clang-format off */
#define TARGET_ROW(type, letter, name, argument, help, member) \
    {OPTION_STRING, letter, name, argument, help, .offset = offsetof(type, target_options.member)}

#define TARGET_ROWS(type)                                                                                     \
    TARGET_ROW(type, 'h', "host", "HOST", "server name or address (127.0.0.1)", host),                    \
    TARGET_ROW(type, 'p', "port", "PORT", "server port (6379)", port),                                           \
    TARGET_ROW(type, 's', "socket", "PATH", "unix socket of the server", socket),                                       \
    TARGET_ROW(type, 0, "user", "NAME", "ACL user name", user),                                             \
    TARGET_ROW(type, 'a', "pass", "PASSWORD", "password; better: $REDISCLI_AUTH", password),            \
    TARGET_ROW(type, 0, "sentinel-user", "NAME", "user name for the Sentinels", sentinel_user),                 \
    TARGET_ROW(type, 0, "sentinel-pass", "PASSWORD", "password for the Sentinels; better:\n$RDBFERRY_SENTINEL_AUTH", sentinel_password), \
    {OPTION_HANDLER, 0, "map-address", "FROM=TO", "connect to TO where servers announce FROM:\n10.0.0.5:6379=127.0.0.1:7000, or HOST=HOST",  \
     .handle = target_options_map, .offset = offsetof(type, target_options.mapping)},                          \
    {OPTION_FLAG, 0, "tls", .help = "use TLS", .offset = offsetof(type, target_options.tls)},               \
    TARGET_ROW(type, 0, "cacert", "FILE", "TLS: CA certificates to trust, instead of the\nsystem's", cacert),    \
    TARGET_ROW(type, 0, "cacertdir", "DIR", "TLS: directory of CA certificates to trust", cacertdir),              \
    TARGET_ROW(type, 0, "cert", "FILE", "TLS: client certificate", cert),                                    \
    TARGET_ROW(type, 0, "key", "FILE", "TLS: private key of the client certificate", key),                                              \
    TARGET_ROW(type, 0, "sni", "HOST", "TLS: server name for SNI and for the check of the\nserver's certificate", sni), \
    {OPTION_FLAG, 0, "insecure", .help = "TLS: do not verify the server's certificate",                       \
     .offset = offsetof(type, target_options.insecure)},                                                      \
    {OPTION_DURATION, 0, "timeout", "DURATION", "timeout for connecting (10s) and for replies (60s)",       \
     .offset = offsetof(type, target_options.timeout_ms)}
/* clang-format on */

/* Whether any of the options was given. */
bool target_options_given(const struct target_options *options);

void target_options_free(struct target_options *options);

/* Builds a target from the options and a URL, which may be NULL. The options add to the URL. If neither has a
 * password, $REDISCLI_AUTH is used, and $RDBFERRY_SENTINEL_AUTH for the Sentinels. Passwords on the command
 * line are visible to other users, so they are overwritten there: `url` and the options must point into argv.
 * Returns false if the command should exit with *status; the error has been printed. The caller frees *out in
 * any case. */
bool target_options_resolve(struct target_options *options, const char *url, const char *command,
                            rf_target *out, int *status);

#endif
