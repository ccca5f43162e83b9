/* SPDX-License-Identifier: MIT */
/* The options that describe a live target, named as redis-cli names them. A command's options struct holds a
 * struct target_options; its table includes target_rows. */
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
    const char *password_file, *sentinel_password_file;
    bool tls, insecure;
    const char *cacert, *cacertdir, *cert, *key, *sni;
    int64_t timeout_ms, retry_for_ms;
    rf_target mapping; /* holds only the address maps */
};

/* Their values are in a struct target_options. */
extern const struct option_row target_rows[];

/* Handlers of options: into an rf_target, an int64_t, and a uint64_t ("50MB/s"; "/s" may be omitted). */
rf_code opt_map_address(const struct option_row *row, const char *argument, void *into, rf_error *error);
rf_code opt_retry_for(const struct option_row *row, const char *argument, void *into, rf_error *error);
rf_code opt_rate(const struct option_row *row, const char *argument, void *into, rf_error *error);

/* Whether any of the options was given. */
bool target_options_given(const struct target_options *options);

void target_options_free(struct target_options *options);

/* Builds a target from the options and a URL, which may be NULL. The options add to the URL. If neither has a
 * password, $REDISCLI_AUTH or else $VALKEYCLI_AUTH is used, and $RDBFERRY_SENTINEL_AUTH for the Sentinels.
 * Passwords on the command line are visible to other users, so they are overwritten there: `url` and the
 * options must point into argv. Returns false if the command should exit with *status; the error has been
 * printed. The caller frees *out in any case. */
bool target_options_resolve(struct target_options *options, const char *url, const char *command,
                            rf_target *out, int *status);

/* How the options of a server are named. */
struct target_words {
    const char *prefix;                               /* of the options' names */
    const char *variables[4], *sentinel_variables[2]; /* with passwords; each list ends with NULL */
};

/* The same for another server. May be called repeatedly, if no password is among the options. */
bool target_options_resolve_as(const struct target_words *words, struct target_options *options,
                               const char *url, const char *command, rf_target *out, int *status);

#endif
