/* SPDX-License-Identifier: MIT */
/* Queries the properties of nodes. All of them are optional. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "live/internal.h"
#include "net/abilities.h"
#include "net/info.h"
#include "net/reply.h"
#include <stdio.h>
#include <stdlib.h>

/* --- queries ------------------------------------------------------------------------------------------- */

enum { WORDS_MAX = 3 };

struct query_reply {
    struct reply head;
    rf_slice rest;
};

/* The reply to a command of words; nil if it has the wrong kind. */
static rf_code query(rf_live *live, struct live_conn *node, const char *const words[WORDS_MAX],
                     enum reply_kind kind, struct query_reply *reply, rf_error *error)
{
    rf_slice argv[WORDS_MAX];
    size_t argc = 0;
    *reply = (struct query_reply){.head = {.kind = REPLY_NIL}};
    if (live->map.primaries.closes_on_unknown)
        return RF_OK;
    for (; argc < WORDS_MAX && words[argc]; argc++)
        argv[argc] = slice_of(words[argc], strlen(words[argc]));
    TRY(live_call(live, node, node->db, argv, argc, &reply->head, &reply->rest, error));
    if (reply->head.kind != kind)
        *reply = (struct query_reply){.head = {.kind = REPLY_NIL}};
    return RF_OK;
}

/* --- INFO ---------------------------------------------------------------------------------------------- */

/* A field in a text of lines, and the member that it sets. */
struct fact {
    const char *field;
    size_t offset;
    const char *bad; /* the value that is stored as 1, with 0 for any other; NULL: a number */
};

#define FACT(field, member)                              \
    {                                                    \
        field, offsetof(rf_live_node_info, member), NULL \
    }
#define FLAG(field, member, bad)                        \
    {                                                   \
        field, offsetof(rf_live_node_info, member), bad \
    }

static const struct fact info_numbers[] = {
    FACT("connected_slaves", replicas),
    FACT("min_slaves_good_slaves", good_replicas),
    FACT("used_memory", used_memory),
    FACT("mem_not_counted_for_evict", uncounted_memory),
    FACT("maxmemory", max_memory),
    FLAG("rdb_last_bgsave_status", save_failed, "err"),
    FLAG("aof_last_write_status", aof_failed, "err"),
};

static void set_number(rf_live_node_info *node_info, const struct fact *fact, rf_slice value)
{
    int64_t *into = (int64_t *)(void *)((char *)node_info + fact->offset);
    int64_t number;
    if (fact->bad)
        *into = slice_equal(value, slice_of(fact->bad, strlen(fact->bad)));
    else if (number_parse_i64(value, &number) && number >= 0)
        *into = number;
}

static void copy_text(rf_slice info, const char *field, char *out, size_t size)
{
    rf_slice value;
    if (info_field(info, field, &value))
        reply_text((struct reply){.text = value}, out, size);
}

/* ["master", offset, [replica, ...]] or ["slave", ...] */
static rf_code query_role(rf_live *live, struct live_conn *node, rf_live_node_info *node_info,
                          rf_error *error)
{
    struct query_reply role;
    TRY(query(live, node, (const char *const[WORDS_MAX]){"ROLE"}, REPLY_ARRAY, &role, error));
    if (role.head.kind == REPLY_ARRAY)
        reply_text(reply_next(&role.rest), node_info->role, sizeof node_info->role);
    else if (live->map.primaries.replica)
        snprintf(node_info->role, sizeof node_info->role, "slave");
    return RF_OK;
}

static rf_code query_info(rf_live *live, struct live_conn *node, rf_live_node_info *node_info,
                          rf_error *error)
{
    struct query_reply info;
    rf_slice value;
    node_info->server = live->info.server;
    if (live->map.primaries.info_refused)
        return query_role(live, node, node_info, error);
    TRY(query(live, node, (const char *const[WORDS_MAX]){"INFO"}, REPLY_STRING, &info, error));
    if (live->target->server.major == 0 && info_server(info.head.text).major > 0)
        node_info->server = info_server(info.head.text);
    copy_text(info.head.text, "role", node_info->role, sizeof node_info->role);
    copy_text(info.head.text, "maxmemory_policy", node_info->policy, sizeof node_info->policy);
    for (size_t i = 0; i < sizeof info_numbers / sizeof *info_numbers; i++)
        if (info_field(info.head.text, info_numbers[i].field, &value))
            set_number(node_info, &info_numbers[i], value);
    return RF_OK;
}

/* --- CONFIG GET ---------------------------------------------------------------------------------------- */

static const struct fact settings[] = {
    FACT("proto-max-bulk-len", longest_argument),
    FACT("min-slaves-to-write", min_replicas),
    FACT("min-replicas-to-write", min_replicas),
    FLAG("stop-writes-on-bgsave-error", stops_on_failed_save, "yes"),
};

/* [name, value], or [] if there is no such setting. The value is valid until the next call. */
static rf_code query_setting(rf_live *live, struct live_conn *node, const char *name, rf_slice *value,
                             bool *has, rf_error *error)
{
    struct query_reply reply;
    TRY(query(live, node, (const char *const[WORDS_MAX]){"CONFIG", "GET", name}, REPLY_ARRAY, &reply, error));
    *has = reply.head.kind == REPLY_ARRAY && reply.head.number == 2;
    if (*has) {
        reply_skip(&reply.rest, reply_next(&reply.rest));
        *value = reply_next(&reply.rest).text;
    }
    return RF_OK;
}

static rf_code query_settings(rf_live *live, struct live_conn *node, rf_live_node_info *node_info,
                              rf_error *error)
{
    static const struct fact databases[] = {FACT("databases", databases),
                                            FACT("cluster-databases", databases)};
    bool has, in_cluster = live->map.primaries.kind == RF_TARGET_CLUSTER;
    rf_slice value;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        TRY(query_setting(live, node, settings[i].field, &value, &has, error));
        if (has)
            set_number(node_info, &settings[i], value);
    }
    TRY(query_setting(live, node, databases[in_cluster].field, &value, &has, error));
    if (has)
        set_number(node_info, &databases[in_cluster], value);
    else if (in_cluster)
        node_info->databases = 1;
    TRY(query_setting(live, node, "save", &value, &has, error));
    if (has && value.len == 0) /* it does not save by itself, so failed saves do not matter */
        node_info->stops_on_failed_save = 0;
    return RF_OK;
}

/* --- MODULE LIST --------------------------------------------------------------------------------------- */

static rf_code query_modules(rf_live *live, struct live_conn *node, rf_live_node_info *node_info,
                             rf_error *error)
{
    struct query_reply list;
    struct buffer names = {0};
    TRY(query(live, node, (const char *const[WORDS_MAX]){"MODULE", "LIST"}, REPLY_ARRAY, &list, error));
    if (list.head.kind != REPLY_ARRAY)
        return RF_OK;
    if (!module_list_names(list.head, list.rest, &names)) {
        buffer_free(&names);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    node_info->modules = (const char *)names.data;
    return RF_OK;
}

/* --- CLUSTER ------------------------------------------------------------------------------------------- */

/* "id address myself,master - 0 0 1 connected 0-5460 [93-<-id] [77->-id]" */
static int64_t count_moving(rf_slice nodes)
{
    static const char mark[] = "myself";
    int64_t moving = 0;
    for (rf_slice line; info_line(&nodes, &line);)
        for (size_t i = 0; i < line.len && memmem(line.ptr, line.len, mark, sizeof mark - 1); i++)
            moving += i > 0 && line.ptr[i] == '[' && line.ptr[i - 1] == ' ';
    return moving;
}

rf_code live_query_moving(rf_live *live, struct live_conn *node, int64_t *moving, rf_error *error)
{
    struct query_reply reply;
    TRY(query(live, node, (const char *const[WORDS_MAX]){"CLUSTER", "NODES"}, REPLY_STRING, &reply, error));
    *moving = reply.head.kind == REPLY_STRING ? count_moving(reply.head.text) : RF_UNKNOWN;
    return RF_OK;
}

rf_code live_find_moves(rf_live *live, uint64_t *mark, bool *moved, rf_error *error)
{
    const uint64_t before = *mark;
    if (live->map.primaries.kind != RF_TARGET_ANY)
        TRY(live_refresh(live, error));
    *mark = live->map.moves;
    *moved = live->map.moves != before;
    for (size_t i = 0; i < live->map.primaries.node_count && live->map.primaries.kind == RF_TARGET_CLUSTER;
         i++) {
        int64_t moving = 0;
        rf_code code = live_query_moving(live, live_primary(live, i), &moving, error);
        *moved |= moving > 0 || code == RF_E_UNAVAILABLE;
        if (code != RF_E_UNAVAILABLE)
            TRY(code);
    }
    return RF_OK;
}

static rf_code query_cluster(rf_live *live, struct live_conn *node, rf_live_node_info *node_info,
                             rf_error *error)
{
    struct query_reply reply;
    TRY(query(live, node, (const char *const[WORDS_MAX]){"CLUSTER", "INFO"}, REPLY_STRING, &reply, error));
    copy_text(reply.head.text, "cluster_state", node_info->cluster_state, sizeof node_info->cluster_state);
    return live_query_moving(live, node, &node_info->moving_slots, error);
}

/* --- interface ----------------------------------------------------------------------------------------- */

static unsigned count_slots(const rf_live *live, size_t index)
{
    unsigned slots = 0;
    for (unsigned slot = 0; live->map.primaries.node_of && slot < RF_SLOTS; slot++)
        slots += live->map.primaries.node_of[slot] == index;
    return slots;
}

static rf_code query_node(rf_live *live, size_t index, rf_live_node_info *node_info, rf_error *error)
{
    struct live_conn *node = live_primary(live, index);
    *node_info = (rf_live_node_info){
        .slots = count_slots(live, index),
        .replicas = RF_UNKNOWN,
        .good_replicas = RF_UNKNOWN,
        .min_replicas = RF_UNKNOWN,
        .used_memory = RF_UNKNOWN,
        .uncounted_memory = RF_UNKNOWN,
        .max_memory = RF_UNKNOWN,
        .databases = RF_UNKNOWN,
        .longest_argument = RF_UNKNOWN,
        .save_failed = RF_UNKNOWN,
        .stops_on_failed_save = RF_UNKNOWN,
        .aof_failed = RF_UNKNOWN,
        .moving_slots = RF_UNKNOWN,
    };
    snprintf(node_info->name, sizeof node_info->name, "%s", node->base.name);
    TRY(query_info(live, node, node_info, error));
    TRY(query_settings(live, node, node_info, error));
    TRY(query_modules(live, node, node_info, error));
    TRY(abilities_probe(live->target, &node->base.address, &live->map.primaries, &node_info->abilities,
                        error));
    live->nameless |= live->options.names_only && !rf_accepts(&node_info->abilities, RF_COMMAND_EXISTS);
    if (node_info->server.major > 0)
        node_info->abilities.server = node_info->server;
    return live->map.primaries.kind == RF_TARGET_CLUSTER ? query_cluster(live, node, node_info, error)
                                                         : RF_OK;
}

rf_code live_query_nodes(rf_live *live, rf_error *error)
{
    size_t count = live->map.primaries.node_count;
    live_forget_nodes(live);
    live->node_infos = calloc(count, sizeof *live->node_infos);
    if (!live->node_infos)
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_code code = RF_OK;
    for (size_t i = 0; i < count && code == RF_OK; i++) {
        live->node_info_count++;
        code = query_node(live, i, &live->node_infos[i], error);
    }
    return code;
}

bool rf_live_node_info_get(const rf_live *live, size_t index, rf_live_node_info *out)
{
    if (index >= live->node_info_count)
        return false;
    *out = live->node_infos[index];
    return true;
}

void live_forget_nodes(rf_live *live)
{
    for (size_t i = 0; i < live->node_info_count; i++)
        free((void *)(uintptr_t)live->node_infos[i].modules);
    free(live->node_infos);
    live->node_infos = NULL;
    live->node_info_count = 0;
}

/* A server returns "ERR ..." if the database is out of range. */
rf_code live_query_db(rf_live *live, int64_t db, bool *has, rf_error *error)
{
    uint8_t text[NUMBER_TEXT_MAX];
    struct reply head;
    rf_slice rest;
    struct live_conn *node = live_primary(live, 0);
    const rf_slice argv[] = {SLICE("SELECT"), {text, number_print_i64(text, db)}};
    *has = db == 0;
    if (*has)
        return RF_OK;
    TRY(live_call(live, node, node->db, argv, 2, &head, &rest, error));
    *has = head.kind == REPLY_STATUS;
    if (*has)
        node->db = db;
    else if (!reply_is_error(head, "ERR") && !reply_refuses_command(head))
        return client_refused(node->client, "SELECT", head, error);
    return RF_OK;
}

/* [nil] for a command that the server lacks. */
rf_code live_query_command(rf_live *live, rf_slice name, int *has, rf_error *error)
{
    struct reply head, command;
    rf_slice rest;
    struct live_conn *node = live_primary(live, 0);
    const rf_slice argv[] = {SLICE("COMMAND"), SLICE("INFO"), name};
    *has = RF_UNKNOWN;
    if (live->map.primaries.closes_on_unknown)
        return RF_OK;
    TRY(live_call(live, node, node->db, argv, 3, &head, &rest, error));
    if (head.kind != REPLY_ARRAY || head.number != 1)
        return RF_OK;
    command = reply_next(&rest);
    if (command.kind == REPLY_ARRAY || command.kind == REPLY_NIL)
        *has = command.kind == REPLY_ARRAY;
    return RF_OK;
}
