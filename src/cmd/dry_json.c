/* SPDX-License-Identifier: MIT */
/* The dry run's members of the report. */
#include "dry_run.h"
#include "report.h"
#include "text.h"
#include <string.h>

static void put_text(struct json *json, const char *name, const char *text)
{
    json_string(json, name, *text ? text : NULL);
}

static void put_number(struct json *json, const char *name, int64_t number)
{
    if (number == RF_UNTOLD)
        json_string(json, name, NULL);
    else
        json_signed(json, name, number);
}

static void put_flag(struct json *json, const char *name, int64_t flag)
{
    if (flag == RF_UNTOLD)
        json_string(json, name, NULL);
    else
        json_bool(json, name, flag == 1);
}

static void put_modules(struct json *json, const char *modules)
{
    if (!modules) {
        json_string(json, "modules", NULL);
        return;
    }
    json_array(json, "modules");
    for (; *modules; modules += strlen(modules) + 1)
        json_string(json, NULL, modules);
    json_end_array(json);
}

static void put_refused(struct json *json, const rf_abilities *abilities)
{
    json_array(json, "unavailable_commands");
    for (int i = 0; i < RF_COMMAND_COUNT; i++)
        if (!rf_accepts(abilities, (rf_command)i))
            json_string(json, NULL, rf_command_name((rf_command)i));
    json_end_array(json);
}

static void put_node(struct json *json, const struct dry_node *node, bool in_cluster)
{
    const rf_live_node *told = &node->told;

    json_object(json, NULL);
    json_string(json, "name", told->name);
    report_put_server(json, "server", told->server);
    put_text(json, "role", told->role);
    put_number(json, "replicas", told->replicas);
    put_number(json, "good_replicas", told->good_replicas);
    put_number(json, "min_replicas", told->min_replicas);
    put_number(json, "used_memory", told->used_memory);
    put_number(json, "max_memory", told->max_memory);
    put_text(json, "policy", told->policy);
    put_number(json, "databases", told->databases);
    put_number(json, "longest_argument", told->longest_argument);
    put_flag(json, "save_failed", told->save_failed);
    put_flag(json, "stops_on_failed_save", told->stops_on_failed_save);
    put_flag(json, "aof_failed", told->aof_failed);
    put_modules(json, told->modules);
    put_refused(json, &told->abilities);
    if (in_cluster) {
        put_text(json, "cluster_state", told->cluster_state);
        json_number(json, "slots", told->slots);
        put_number(json, "moving_slots", told->moving_slots);
    }
    json_number(json, "new_keys", node->keys);
    json_number(json, "memory_needed", dry_needed(node));
    put_number(json, "memory_left", dry_left(node));
    json_end_object(json);
}

static void put_target(struct json *json, const struct dry_run *dry)
{
    const rf_live_info *info = rf_live_info_get(dry->live);

    json_object(json, "target");
    json_string(json, "name", info->name);
    json_string(json, "kind", info->kind);
    report_put_server(json, "server", info->server);
    json_number(json, "keys_live", dry->counts.live);
    json_array(json, "nodes");
    for (size_t i = 0; i < dry->node_count; i++)
        put_node(json, &dry->nodes[i], strcmp(info->kind, "cluster") == 0);
    json_end_array(json);
    json_end_object(json);
}

static void put_types(struct json *json, const struct dry_run *dry)
{
    json_array(json, "types");
    for (int type = 0; type < RF_TYPE_COUNT; type++) {
        if (dry->types[type].keys == 0)
            continue;
        json_object(json, NULL);
        json_string(json, "type", text_type((rf_type)type));
        json_number(json, "keys", dry->types[type].keys);
        json_number(json, "expiring", dry->types[type].expiring);
        json_number(json, "memory", dry->types[type].memory);
        json_end_object(json);
    }
    json_end_array(json);
}

static void put_finding(struct json *json, const struct dry_finding *finding, enum dry_finding_kind kind)
{
    json_object(json, dry_finding_id(kind));
    json_number(json, "count", finding->count);
    json_array(json, "examples");
    for (size_t i = 0; i < finding->named; i++) {
        json_object(json, NULL);
        if (dry_finding_is_of_keys(kind))
            json_signed(json, "db", finding->names[i].db);
        json_string(json, dry_finding_noun(kind), finding->names[i].name);
        if (*finding->names[i].detail)
            json_string(json, "detail", finding->names[i].detail);
        json_end_object(json);
    }
    json_end_array(json);
    json_end_object(json);
}

static void put_remarks(struct json *json, const char *name, const struct dry_run *dry, bool in_the_way)
{
    json_array(json, name);
    for (size_t i = 0; i < dry->remark_count; i++) {
        const struct dry_remark *remark = &dry->remarks[i];

        if (remark->in_the_way != in_the_way)
            continue;
        json_object(json, NULL);
        json_string(json, "about", remark->about);
        put_text(json, "node", remark->node);
        json_string(json, "text", remark->text);
        json_end_object(json);
    }
    json_end_array(json);
}

void dry_report(struct json *json, const void *ctx)
{
    const struct dry_run *dry = ctx;

    report_put_rules(json, dry->options->common.keys.rewrite);
    collisions_report(json, &dry->collisions);
    if (!dry->live)
        return;
    json_object(json, "dry_run");
    put_target(json, dry);
    put_types(json, dry);
    json_number(json, "libraries", dry->libraries);
    json_object(json, "findings");
    for (int kind = 0; kind < DRY_FINDING_COUNT; kind++)
        put_finding(json, &dry->findings[kind], (enum dry_finding_kind)kind);
    json_end_object(json);
    put_remarks(json, "blockers", dry, true);
    put_remarks(json, "warnings", dry, false);
    json_end_object(json);
}
