/* SPDX-License-Identifier: MIT */
/* Options that say how to reach a live target, as redis-cli has them. A command's struct holds a struct
 * target_options of that name; its table holds TARGET_ROWS. */
#ifndef CMD_TARGET_OPTIONS_H
#define CMD_TARGET_OPTIONS_H

#include "options.h"
#include <rdbferry/target.h>
#include <stdbool.h>
#include <stdint.h>

/* What was not given is NULL, false or 0. */
struct target_options {
    const char *host, *port, *socket;
    const char *user, *password;
    const char *sentinel_user, *sentinel_password;
    bool tls, insecure;
    const char *cacert, *cacertdir, *cert, *key, *sni;
    int64_t timeout_ms;
    rf_target mapping; /* holds the maps of addresses alone */
};

/* Takes one --map-address. */
rf_code target_options_map(const char *argument, void *into, rf_error *error);

/* clang-format off */
#define TARGET_ROW(type, letter, name, argument, help, member) \
    {OPTION_STRING, letter, name, argument, help, .offset = offsetof(type, target_options.member)}

#define TARGET_ROWS(type)                                                                                     \
    TARGET_ROW(type, 'h', "host", "HOST", "a server's name or address (127.0.0.1)", host),                    \
    TARGET_ROW(type, 'p', "port", "PORT", "its port (6379)", port),                                           \
    TARGET_ROW(type, 's', "socket", "PATH", "its unix socket", socket),                                       \
    TARGET_ROW(type, 0, "user", "NAME", "who to be there", user),                                             \
    TARGET_ROW(type, 'a', "pass", "PASSWORD", "the password; better in $REDISCLI_AUTH", password),            \
    TARGET_ROW(type, 0, "sentinel-user", "NAME", "who to be at the Sentinels", sentinel_user),                 \
    TARGET_ROW(type, 0, "sentinel-pass", "PASSWORD", "the Sentinels' password; better in\n$RDBFERRY_SENTINEL_AUTH", sentinel_password), \
    {OPTION_HANDLER, 0, "map-address", "FROM=TO", "reach an address that servers announce as FROM at\nTO: 10.0.0.5:6379=127.0.0.1:7000, HOST=HOST",  \
     .handle = target_options_map, .offset = offsetof(type, target_options.mapping)},                          \
    {OPTION_FLAG, 0, "tls", .help = "speak TLS", .offset = offsetof(type, target_options.tls)},               \
    TARGET_ROW(type, 0, "cacert", "FILE", "TLS: certificates to trust, instead of the\nsystem's", cacert),    \
    TARGET_ROW(type, 0, "cacertdir", "DIR", "TLS: a directory of such certificates", cacertdir),              \
    TARGET_ROW(type, 0, "cert", "FILE", "TLS: our own certificate", cert),                                    \
    TARGET_ROW(type, 0, "key", "FILE", "TLS: and its key", key),                                              \
    TARGET_ROW(type, 0, "sni", "HOST", "TLS: the name to ask for, and to find in the\nserver's certificate", sni), \
    {OPTION_FLAG, 0, "insecure", .help = "TLS: do not verify the server's certificate",                       \
     .offset = offsetof(type, target_options.insecure)},                                                      \
    {OPTION_DURATION, 0, "timeout", "DURATION", "wait so long to connect (10s), and for an\nanswer (60s)",       \
     .offset = offsetof(type, target_options.timeout_ms)}
/* clang-format on */

/* True if one of them was given. */
bool target_options_given(const struct target_options *options);

void target_options_free(struct target_options *options);

/* Makes a target of the options and of a URL, which may be NULL; the options add to what the URL says, and
 * $REDISCLI_AUTH is the password where neither has one, $RDBFERRY_SENTINEL_AUTH that of Sentinels. Passwords
 * in the command line, which everybody can see, are overwritten there: `url` and the options lie in argv.
 * False: leave with *status; the error has been printed. *out is the caller's to free in any case. */
bool target_options_resolve(struct target_options *options, const char *url, const char *command,
                            rf_target *out, int *status);

#endif
