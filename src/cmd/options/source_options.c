/* SPDX-License-Identifier: MIT */
/* Builds a source from its options, a URL and the environment. */
#include "cmd/options/source_options.h"
#include "cmd/run/signals.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include <inttypes.h>
#include <rdbferry/scan.h>
#include <rdbferry/snapshot.h>
#include <stdio.h>

#define AT(member) .offset = offsetof(struct source_options, member)

/* clang-format off */
const struct option_row source_rows[] = {
    {OPTION_HEADING, .help = "Live sources (inputs that are URLs)"},
    {OPTION_FLAG, 0, "from-primary", .help =
     "with Sentinels and clusters: read primaries, not replicas", AT(from_primary)},
    {OPTION_FLAG, 0, "scan", .help =
     "read keys with SCAN and DUMP, for servers without\n"
     "PSYNC; not a point in time", AT(scan)},
    {OPTION_COUNT, 0, "scan-passes", "N",
     "read all keys at most N times, until nothing has\n"
     "changed (5)", AT(scan_passes), .most = 1000},
    {OPTION_COUNT, 0, "scan-count", "N", "keys per SCAN (1000)", AT(scan_count), .most = 1000000},
    {OPTION_HANDLER, 0, "scan-rate", "SIZE/s", "limit the rate of values read by a scan: 50MB/s",
     AT(scan_rate), .handle = opt_rate},
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

/* --- scans --- */

/* "3 new, 4 changed and 1 removed keys" */
static void format_changes(const rf_scan_pass *pass, char *out, size_t size)
{
    snprintf(out, size, "%" PRIu64 " new, %" PRIu64 " changed and %" PRIu64 " removed keys%s%s", pass->added,
             pass->changed, pass->removed, pass->libraries ? ", and function libraries" : "",
             pass->moved ? "; slots were moved" : "");
}

static void print_pass(void *ctx, const rf_scan_pass *pass)
{
    const struct source_options *options = ctx;
    uint64_t most = options->scan_passes ? options->scan_passes : RF_SCAN_PASSES;
    char changes[128];
    format_changes(pass, changes, sizeof changes);
    if (pass->settled)
        message_note("scan: pass %u of %" PRIu64 " keys found no change; this is not a point in time",
                     pass->number, pass->keys);
    else if (pass->number < most)
        message_detail("scan: pass %u: %s, %" PRIu64 " in all", pass->number, changes, pass->keys);
    else if (pass->number == 1)
        message_warning("scan: one pass of %" PRIu64 " keys, which was not compared: keys that were written "
                        "meanwhile may be old or missing",
                        pass->keys);
    else
        message_warning("scan: still changing in pass %u, the last one (--scan-passes): %s", pass->number,
                        changes);
}

static rf_code add_scan(struct source_options *options, rf_files *files, rf_target *source, rf_error *error)
{
    const rf_scan_options scan = {.passes = (unsigned)options->scan_passes,
                                  .count = (unsigned)options->scan_count,
                                  .rate = options->scan_rate,
                                  .on_pass = print_pass,
                                  .ctx = options};
    return rf_files_add_scan(files, source, &scan, error);
}

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
    source.wait.tick = stop_tick;
    rf_code code = options->scan
                       ? add_scan(options, files, &source, &error)
                       : rf_files_add_live(files, &source,
                                           &(rf_snapshot_options){.from_primary = options->from_primary},
                                           &error);
    if (code == RF_OK)
        return true;
    message_failure(&error);
    *status = (int)status_of(code);
    return false;
}

bool source_options_check(const struct source_options *options, bool has_live, const char *command)
{
    bool about_scan = options->scan_passes > 0 || options->scan_count > 0 || options->scan_rate > 0;
    if (about_scan && !options->scan)
        return message_usage(command, "--scan-passes, --scan-count and --scan-rate require --scan");
    if (options->scan && options->from_primary)
        return message_usage(command, "--scan always reads primaries, so --from-primary is not needed");
    return has_live ||
           (!options->from_primary && !options->scan && !target_options_given(&options->connection)) ||
           message_usage(command, "options of a live source require an input that is a URL");
}

void source_options_free(struct source_options *options)
{
    target_options_free(&options->connection);
}
