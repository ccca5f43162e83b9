/* SPDX-License-Identifier: MIT */
/* Queries the modules of nodes, and decides whether a module's value may be sent. */
#include "replay/modules.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "net/info.h"
#include "rdb/dump_payload.h"
#include "replay/commands.h"
#include <rdbferry/live.h>

rf_code modules_learn(struct node *node, rf_error *error)
{
    struct client *client;
    struct reply list;
    rf_slice rest;
    if (node->modules_asked)
        return RF_OK;
    TRY(node_open_control(node, &client, error));
    rf_code code = client_put(client, (const rf_slice[]){SLICE("MODULE"), SLICE("LIST")}, 2, error);
    if (code == RF_OK)
        code = client_reply(client, &list, &rest, error);
    if (code != RF_OK) {
        node_close_control(node);
        return code;
    }
    node->modules.len = 0;
    node->modules_known = list.kind == REPLY_ARRAY;
    if (node->modules_known && !module_list_names(list, rest, &node->modules))
        return fail(error, RF_E_MEMORY, "out of memory");
    node->modules_asked = true;
    return RF_OK;
}

rf_code modules_learn_with_retry(rf_replay *r, rf_slice key, rf_error *error)
{
    int64_t since_ms = 0;
    for (;;) {
        rf_error why;
        rf_code code = modules_learn(nodes_of_key(r, key), &why);
        if (code == RF_OK)
            return RF_OK;
        if (r->error.code != RF_OK)
            return replay_ended(r, error);
        if (!rf_code_is_target(code)) {
            *error = why;
            return code;
        }
        TRY(retry_backoff(r, &since_ms, &why, error));
    }
}

bool modules_allow(const struct node *node, const char *type, const char **why)
{
    const rf_server since = {RF_REDIS, 6, 2};
    rf_server server = node->server.major > 0 ? node->server : node->replay->info.server;
    bool refuses = server.major > 0 && rf_server_at_least(server, since);
    rf_module_presence presence = rf_module_presence_of(
        server, type, node->modules_known ? (const char *)node->modules.data : NULL);
    *why = presence == RF_MODULE_LACKING ? "the server lacks the module of the value"
                                         : "the server may lack the module of the value, and would exit";
    return presence == RF_MODULE_THERE || (presence == RF_MODULE_UNSURE && refuses);
}

bool modules_type_of(rf_slice commands, char type[10])
{
    struct command command;
    bool found = false;
    while (!found && command_take(&commands, &command)) {
        struct dump_payload dump;
        rf_entry value;
        rf_error ignored;
        if (command.argc < 4 || !slice_equal(command.argv[0], SLICE("RESTORE")) ||
            dump_payload_open(&dump, command.argv[3], 0, command.argv[1], "RESTORE", &value, &ignored) !=
                RF_OK)
            continue;
        found = value.type == RF_MODULE && rf_value_module(value.value, type, &ignored) == RF_OK;
        dump_payload_close(&dump);
    }
    return found;
}
