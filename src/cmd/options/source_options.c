/* SPDX-License-Identifier: MIT */
/* Builds a source from its options, a URL and the environment. */
#include "cmd/options/source_options.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include <inttypes.h>
#include <rdbferry/snapshot.h>

#define AT(member) .offset = offsetof(struct source_options, member)

/* clang-format off */
const struct option_row source_rows[] = {
    {OPTION_HEADING, .help = "Live sources (inputs that are URLs)"},
    {OPTION_FLAG, 0, "from-primary", .help =
     "with Sentinels and clusters: read primaries, not replicas", AT(from_primary)},
    {OPTION_STRING, 0, "source-user", "NAME", "ACL user name", AT(connection.user)},
    {OPTION_STRING, 0, "source-pass-file", "FILE",
     "read the password from the first line of FILE;\n"
     "or use $RDBFERRY_SOURCE_AUTH", AT(connection.password_file)},
    {OPTION_STRING, 0, "source-sentinel-user", "NAME", "user name for the Sentinels",
     AT(connection.sentinel_user)},
    {OPTION_STRING, 0, "source-sentinel-pass-file", "FILE",
     "read the password for the Sentinels from FILE;\n"
     "or use $RDBFERRY_SOURCE_SENTINEL_AUTH", AT(connection.sentinel_password_file)},
    {OPTION_HANDLER, 0, "source-map-address", "FROM=TO", "connect to TO where servers announce FROM",
     AT(connection.mapping), .handle = opt_map_address},
    {OPTION_STRING, 0, "source-cacert", "FILE", "TLS: CA certificates to trust, instead of the\nsystem's",
     AT(connection.cacert)},
    {OPTION_STRING, 0, "source-cacertdir", "DIR", "TLS: directory of CA certificates to trust",
     AT(connection.cacertdir)},
    {OPTION_STRING, 0, "source-cert", "FILE", "TLS: client certificate", AT(connection.cert)},
    {OPTION_STRING, 0, "source-key", "FILE", "TLS: private key of the client certificate", AT(connection.key)},
    {OPTION_STRING, 0, "source-sni", "HOST",
     "TLS: server name for SNI and for the check of the\n"
     "server's certificate", AT(connection.sni)},
    {OPTION_FLAG, 0, "source-insecure", .help = "TLS: do not verify the server's certificate",
     AT(connection.insecure)},
    {OPTION_DURATION, 0, "source-timeout", "DURATION",
     "timeout for connecting (10s), and for a server that is silent (60s)", AT(connection.timeout_ms)},
    {OPTION_HANDLER, 0, "source-retry-for", "DURATION",
     "how long to wait for a source that is not available (60s)", AT(connection.retry_for_ms),
     .handle = opt_retry_for},
    {.kind = OPTION_END},
};
/* clang-format on */

static const struct target_words with_target = {
    .prefix = "source-",
    .variables = {"RDBFERRY_SOURCE_AUTH", NULL},
    .sentinel_variables = {"RDBFERRY_SOURCE_SENTINEL_AUTH", NULL},
};
static const struct target_words without_target = {
    .prefix = "source-",
    .variables = {"RDBFERRY_SOURCE_AUTH", "REDISCLI_AUTH", "VALKEYCLI_AUTH", NULL},
    .sentinel_variables = {"RDBFERRY_SOURCE_SENTINEL_AUTH", NULL},
};

bool source_options_add(struct source_options *options, const char *url, bool alone, const char *command,
                        rf_files *files, int *status)
{
    rf_target source;
    rf_error error;
    bool resolved = target_options_resolve_as(alone ? &without_target : &with_target, &options->connection,
                                              url, command, &source, status);
    if (resolved && source.db != 0) {
        *status = STATUS_USAGE;
        resolved = message_usage(command,
                                 "the URL of a source must not select a database; use --db %" PRId64
                                 " for the keys of that one",
                                 source.db);
    }
    if (!resolved) {
        rf_target_free(&source);
        return false;
    }
    rf_code code = rf_files_add_live(files, &source,
                                     &(rf_snapshot_options){.from_primary = options->from_primary}, &error);
    if (code == RF_OK)
        return true;
    message_failure(&error);
    *status = (int)status_of(code);
    return false;
}

bool source_options_check(const struct source_options *options, bool has_live, const char *command)
{
    return has_live || (!options->from_primary && !target_options_given(&options->connection)) ||
           message_usage(command, "options of a live source require an input that is a URL");
}

void source_options_free(struct source_options *options)
{
    target_options_free(&options->connection);
}
