/* SPDX-License-Identifier: MIT */
/* Queries the properties of nodes. All of them are optional. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "check/live.h"
#include "net/abilities.h"
#include "net/info.h"
#include "net/module_list.h"
#include "net/refusal.h"
#include <stdio.h>
#include <stdlib.h>

/* --- queries ------------------------------------------------------------------------------------------- */

enum { WORDS_MAX = 3 };

struct told {
    struct reply head;
    rf_slice rest;
};

/* The reply to a command of words; nil if it has the wrong kind. */
static rf_code ask(rf_live *live, struct live_node *node, const char *const words[WORDS_MAX],
                   enum reply_kind kind, struct told *told, rf_error *error)
{
    rf_slice argv[WORDS_MAX];
    size_t argc = 0;
    *told = (struct told){.head = {.kind = REPLY_NIL}};
    if (live->primaries.closes_on_unknown)
        return RF_OK;
    for (; argc < WORDS_MAX && words[argc]; argc++)
        argv[argc] = slice_of(words[argc], strlen(words[argc]));
    TRY(live_call(live, node, node->db, argv, argc, &told->head, &told->rest, error));
    if (told->head.kind != kind)
        *told = (struct told){.head = {.kind = REPLY_NIL}};
    return RF_OK;
}

/* --- INFO ---------------------------------------------------------------------------------------------- */

/* A field in a text of lines, and the member that it sets. */
struct fact {
    const char *field;
    size_t offset;
    const char *bad; /* the value that is stored as 1, with 0 for any other; NULL: a number */
};

#define FACT(field, member)                         \
    {                                               \
        field, offsetof(rf_live_node, member), NULL \
    }
#define FLAG(field, member, bad)                   \
    {                                              \
        field, offsetof(rf_live_node, member), bad \
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

static void take_number(rf_live_node *told, const struct fact *fact, rf_slice value)
{
    int64_t *into = (int64_t *)(void *)((char *)told + fact->offset);
    int64_t number;
    if (fact->bad)
        *into = slice_equal(value, slice_of(fact->bad, strlen(fact->bad)));
    else if (number_parse_i64(value, &number) && number >= 0)
        *into = number;
}

static void take_text(rf_slice info, const char *field, char *out, size_t size)
{
    rf_slice value;
    if (info_field(info, field, &value))
        reply_text((struct reply){.text = value}, out, size);
}

/* ["master", offset, [replica, ...]] or ["slave", ...] */
static rf_code ask_role(rf_live *live, struct live_node *node, rf_live_node *told, rf_error *error)
{
    struct told role;
    TRY(ask(live, node, (const char *const[WORDS_MAX]){"ROLE"}, REPLY_ARRAY, &role, error));
    if (role.head.kind == REPLY_ARRAY)
        reply_text(reply_take(&role.rest), told->role, sizeof told->role);
    else if (live->primaries.replica)
        snprintf(told->role, sizeof told->role, "slave");
    return RF_OK;
}

static rf_code ask_info(rf_live *live, struct live_node *node, rf_live_node *told, rf_error *error)
{
    struct told info;
    rf_slice value;
    told->server = live->info.server;
    if (live->primaries.info_refused)
        return ask_role(live, node, told, error);
    TRY(ask(live, node, (const char *const[WORDS_MAX]){"INFO"}, REPLY_STRING, &info, error));
    if (live->target->server.major == 0 && info_server(info.head.text).major > 0)
        told->server = info_server(info.head.text);
    take_text(info.head.text, "role", told->role, sizeof told->role);
    take_text(info.head.text, "maxmemory_policy", told->policy, sizeof told->policy);
    for (size_t i = 0; i < sizeof info_numbers / sizeof *info_numbers; i++)
        if (info_field(info.head.text, info_numbers[i].field, &value))
            take_number(told, &info_numbers[i], value);
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
static rf_code ask_setting(rf_live *live, struct live_node *node, const char *name, rf_slice *value,
                           bool *has, rf_error *error)
{
    struct told told;
    TRY(ask(live, node, (const char *const[WORDS_MAX]){"CONFIG", "GET", name}, REPLY_ARRAY, &told, error));
    *has = told.head.kind == REPLY_ARRAY && told.head.number == 2;
    if (*has) {
        reply_pass(&told.rest, reply_take(&told.rest));
        *value = reply_take(&told.rest).text;
    }
    return RF_OK;
}

static rf_code ask_settings(rf_live *live, struct live_node *node, rf_live_node *told, rf_error *error)
{
    static const struct fact databases[] = {FACT("databases", databases),
                                            FACT("cluster-databases", databases)};
    bool has, in_cluster = live->primaries.kind == RF_TARGET_CLUSTER;
    rf_slice value;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        TRY(ask_setting(live, node, settings[i].field, &value, &has, error));
        if (has)
            take_number(told, &settings[i], value);
    }
    TRY(ask_setting(live, node, databases[in_cluster].field, &value, &has, error));
    if (has)
        take_number(told, &databases[in_cluster], value);
    else if (in_cluster)
        told->databases = 1;
    TRY(ask_setting(live, node, "save", &value, &has, error));
    if (has && value.len == 0) /* it does not save by itself, so failed saves do not matter */
        told->stops_on_failed_save = 0;
    return RF_OK;
}

/* --- MODULE LIST --------------------------------------------------------------------------------------- */

static rf_code ask_modules(rf_live *live, struct live_node *node, rf_live_node *told, rf_error *error)
{
    struct told list;
    struct buffer names = {0};
    TRY(ask(live, node, (const char *const[WORDS_MAX]){"MODULE", "LIST"}, REPLY_ARRAY, &list, error));
    if (list.head.kind != REPLY_ARRAY)
        return RF_OK;
    if (!module_list_names(list.head, list.rest, &names)) {
        buffer_free(&names);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    told->modules = (const char *)names.data;
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

static rf_code ask_cluster(rf_live *live, struct live_node *node, rf_live_node *told, rf_error *error)
{
    struct told reply;
    TRY(ask(live, node, (const char *const[WORDS_MAX]){"CLUSTER", "INFO"}, REPLY_STRING, &reply, error));
    take_text(reply.head.text, "cluster_state", told->cluster_state, sizeof told->cluster_state);
    TRY(ask(live, node, (const char *const[WORDS_MAX]){"CLUSTER", "NODES"}, REPLY_STRING, &reply, error));
    if (reply.head.kind == REPLY_STRING)
        told->moving_slots = count_moving(reply.head.text);
    return RF_OK;
}

/* --- interface ----------------------------------------------------------------------------------------- */

static unsigned count_slots(const rf_live *live, size_t index)
{
    unsigned slots = 0;
    for (unsigned slot = 0; live->primaries.node_of && slot < RF_SLOTS; slot++)
        slots += live->primaries.node_of[slot] == index;
    return slots;
}

static rf_code ask_node(rf_live *live, size_t index, rf_live_node *told, rf_error *error)
{
    struct live_node *node = live->nodes[index];
    *told = (rf_live_node){
        .slots = count_slots(live, index),
        .replicas = RF_UNTOLD,
        .good_replicas = RF_UNTOLD,
        .min_replicas = RF_UNTOLD,
        .used_memory = RF_UNTOLD,
        .uncounted_memory = RF_UNTOLD,
        .max_memory = RF_UNTOLD,
        .databases = RF_UNTOLD,
        .longest_argument = RF_UNTOLD,
        .save_failed = RF_UNTOLD,
        .stops_on_failed_save = RF_UNTOLD,
        .aof_failed = RF_UNTOLD,
        .moving_slots = RF_UNTOLD,
    };
    address_format(&node->address, told->name);
    TRY(ask_info(live, node, told, error));
    TRY(ask_settings(live, node, told, error));
    TRY(ask_modules(live, node, told, error));
    TRY(abilities_ask(live->target, &node->address, &live->primaries, &told->abilities, error));
    live->nameless |= live->options.names_only && !rf_accepts(&told->abilities, RF_COMMAND_EXISTS);
    if (told->server.major > 0)
        told->abilities.server = told->server;
    return live->primaries.kind == RF_TARGET_CLUSTER ? ask_cluster(live, node, told, error) : RF_OK;
}

rf_code live_ask_nodes(rf_live *live, rf_error *error)
{
    size_t count = live->primaries.node_count;
    live_forget_nodes(live);
    live->told = calloc(count, sizeof *live->told);
    if (!live->told)
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_code code = RF_OK;
    for (size_t i = 0; i < count && code == RF_OK; i++) {
        live->told_count++;
        code = ask_node(live, i, &live->told[i], error);
    }
    return code;
}

bool rf_live_node_get(const rf_live *live, size_t index, rf_live_node *out)
{
    if (index >= live->told_count)
        return false;
    *out = live->told[index];
    return true;
}

void live_forget_nodes(rf_live *live)
{
    for (size_t i = 0; i < live->told_count; i++)
        free((void *)(uintptr_t)live->told[i].modules);
    free(live->told);
    live->told = NULL;
    live->told_count = 0;
}

/* A server returns "ERR ..." if the database is out of range. */
rf_code live_ask_db(rf_live *live, int64_t db, bool *has, rf_error *error)
{
    uint8_t text[NUMBER_TEXT_MAX];
    struct reply head;
    rf_slice rest;
    struct live_node *node = live->nodes[0];
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
rf_code live_ask_command(rf_live *live, rf_slice name, int *has, rf_error *error)
{
    struct reply head, command;
    rf_slice rest;
    struct live_node *node = live->nodes[0];
    const rf_slice argv[] = {SLICE("COMMAND"), SLICE("INFO"), name};
    *has = RF_UNTOLD;
    if (live->primaries.closes_on_unknown)
        return RF_OK;
    TRY(live_call(live, node, node->db, argv, 3, &head, &rest, error));
    if (head.kind != REPLY_ARRAY || head.number != 1)
        return RF_OK;
    command = reply_take(&rest);
    if (command.kind == REPLY_ARRAY || command.kind == REPLY_NIL)
        *has = command.kind == REPLY_ARRAY;
    return RF_OK;
}
