/* SPDX-License-Identifier: MIT */
/* What the target is, and what it accepts. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "replay/internal.h"
#include "replay/write_method.h"
#include <stdio.h>

enum { LONGEST = 512 * 1024 * 1024 /* of a string, if the server does not report it */ };

/* Gets a number with CONFIG GET; false if that is not available, or there is no such setting. */
static rf_code query_setting(struct client *client, const char *name, int64_t *value, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    int64_t number;
    TRY(client_put(client, (const rf_slice[]){SLICE("CONFIG"), SLICE("GET"), slice_of(name, strlen(name))}, 3,
                   error));
    TRY(client_reply(client, &head, &rest, error));
    if (head.kind != REPLY_ARRAY || head.number != 2)
        return RF_OK;
    reply_next(&rest);
    if (number_parse_i64(reply_next(&rest).text, &number) && number > 0)
        *value = number;
    return RF_OK;
}

static rf_code query_settings(rf_replay *r, rf_error *error)
{
    struct client *client;
    int64_t longest = LONGEST, databases = 0;
    bool cluster = r->map.primaries.kind == RF_TARGET_CLUSTER;
    r->limits.longest = LONGEST;
    if (r->map.primaries.closes_on_unknown)
        return RF_OK;
    TRY(node_open_control(nodes_primary(r, 0), &client, error));
    TRY(query_setting(client, "proto-max-bulk-len", &longest, error));
    TRY(query_setting(client, cluster ? "cluster-databases" : "databases", &databases, error));
    r->limits.longest = (uint64_t)longest;
    r->info.databases = cluster && databases == 0 ? RF_CLUSTER_DATABASES : databases;
    return RF_OK;
}

static bool at_least(const rf_replay *r, int major, int minor)
{
    return rf_server_at_least(r->info.server, (rf_server){RF_REDIS, major, minor});
}

static bool accepts_no_write(const rf_abilities *can)
{
    static const rf_command writes[] = {RF_COMMAND_RESTORE, RF_COMMAND_SET,  RF_COMMAND_RPUSH,
                                        RF_COMMAND_SADD,    RF_COMMAND_ZADD, RF_COMMAND_HMSET,
                                        RF_COMMAND_XADD};
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++)
        if (rf_accepts(can, writes[i]))
            return false;
    return true;
}

/* Logs once what is written in another way than usual. */
static rf_code check_abilities(rf_replay *r, rf_error *error)
{
    const struct node *node = nodes_primary(r, 0);
    const rf_abilities *can = &r->info.abilities;
    char server[32], text[256];
    bool restores = method_can_restore(can), by_commands = r->options.mode != RF_REPLAY_RESTORE;
    rf_server_format(can->server, server, sizeof server);
    if (can->assumed) {
        snprintf(text, sizeof text, "%s%s%s; assuming %s and not using RESTORE: set --target-version",
                 "server version unknown", *r->map.primaries.info_error ? ": INFO: " : "",
                 r->map.primaries.info_error, server);
        node_log(node, text);
    }
    if (accepts_no_write(can))
        return fail(error, RF_E_TARGET, "%s: no write command is available: %s", node->base.name, can->why);
    if (!restores && !by_commands)
        return fail(error, RF_E_TARGET, "%s: %s: use --mode auto or commands%s", node->base.name,
                    can->assumed ? "RESTORE needs a known server version" : "RESTORE is not available",
                    can->assumed ? ", or set --target-version" : "");
    if (!restores && !can->assumed && r->options.mode == RF_REPLAY_AUTO)
        node_log(node, "RESTORE is not available: all values are written as commands");
    if (!r->can.rename && by_commands && !(restores && r->options.mode == RF_REPLAY_AUTO)) {
        bool replaces = write_replaces(r);
        snprintf(text, sizeof text, "%s is not available: each value is written in a transaction",
                 rf_command_name(replaces ? RF_COMMAND_RENAME : RF_COMMAND_RENAMENX));
        node_log(node, text);
    }
    return RF_OK;
}

rf_code replay_probe(void *ctx, rf_error *error)
{
    rf_replay *r = ctx;
    TRY(nodes_find(r, error));
    r->info.kind = cluster_map_kind(&r->map);
    r->info.server = r->map.primaries.server;
    rf_target_format(&r->target, r->info.name, sizeof r->info.name);
    TRY(abilities_probe(&r->target, &nodes_primary(r, 0)->base.address, &r->map.primaries, &r->info.abilities,
                        error));
    r->can.unlink = at_least(r, 4, 0) && rf_accepts(&r->info.abilities, RF_COMMAND_UNLINK);
    r->can.rename = method_can_rename(&r->info.abilities, r->options.on_exists);
    r->can.transact = rf_accepts(&r->info.abilities, RF_COMMAND_MULTI);
    r->can.expire_staging = rf_accepts(&r->info.abilities, RF_COMMAND_PEXPIRE) &&
                            rf_accepts(&r->info.abilities, RF_COMMAND_PERSIST);
    r->can.batch_strings = r->map.primaries.kind != RF_TARGET_CLUSTER && r->can.transact &&
                           !r->map.primaries.closes_on_unknown &&
                           rf_accepts(&r->info.abilities,
                                      write_replaces(r) ? RF_COMMAND_MSET : RF_COMMAND_MSETNX);
    r->can.restore_replace = at_least(r, 3, 0);
    r->can.restore_until = at_least(r, 5, 0);
    TRY(check_abilities(r, error));
    return query_settings(r, error);
}
