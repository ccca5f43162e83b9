/* SPDX-License-Identifier: MIT */
/* The redis-cli command for each kind of target. */
#include "cmd/options/snapshot_hint.h"
#include "cmd/term/message.h"
#include <rdbferry/target.h>
#include <stdio.h>

enum { PART = 512 };

/* "-h HOST -p PORT", or "-s PATH". */
static const char *address_options(const rf_target *target, char out[PART])
{
    const rf_address *address = &target->addresses[0];
    if (address->port == 0)
        snprintf(out, PART, "-s %s", address->host);
    else
        snprintf(out, PART, "-h %s -p %d", address->host, address->port);
    return out;
}

/* Prints a redis-cli command with the options that the target's TLS, user and password need. */
static void print_client(const rf_target *target, const char *arguments, const char *more)
{
    message_hint("  %sredis-cli %s%s%s%s%s", target->password ? "REDISCLI_AUTH=PASSWORD " : "", arguments,
                 target->tls ? " --tls" : "", target->user ? " --user USER" : "", *more ? " " : "", more);
}

static void print_commands(const rf_target *target, const char *command)
{
    const rf_address *address = &target->addresses[0];
    char where[PART];
    switch (target->kind) {
    case RF_TARGET_ANY: print_client(target, address_options(target, where), "--rdb dump.rdb"); break;
    case RF_TARGET_SENTINEL: /* the user and the password are not those of the Sentinels */
        message_hint("  redis-cli %s%s sentinel get-master-addr-by-name %s", address_options(target, where),
                     target->tls ? " --tls" : "", target->name ? target->name : "NAME");
        print_client(target, "-h HOST -p PORT", "--rdb dump.rdb");
        break;
    case RF_TARGET_CLUSTER:
        snprintf(where, sizeof where, "--cluster backup %s:%d dumps", address->host, address->port);
        message_hint("  mkdir dumps");
        print_client(target, where, "");
        break;
    }
    message_hint("  rdbferry %s %s ...", command,
                 target->kind == RF_TARGET_CLUSTER ? "dumps/*.rdb" : "dump.rdb");
}

bool snapshot_hint(const char *url, const char *command)
{
    char shown[PART];
    rf_target target;
    rf_error error;
    if (rf_target_parse(url, &target, &error) != RF_OK)
        return message_usage(command, "%s", error.message);
    rf_target_format(&target, shown, sizeof shown);
    message_error("cannot read from the live server %s; take a snapshot first:", shown);
    print_commands(&target, command);
    rf_target_free(&target);
    return false;
}
