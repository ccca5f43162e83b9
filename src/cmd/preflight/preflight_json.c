/* SPDX-License-Identifier: MIT */
/* The dry run's members of the report. */
#include "cmd/preflight/preflight.h"
#include "cmd/run/report.h"
#include <string.h>

static void put_text(struct json *json, const char *name, const char *text)
{
    json_string(json, name, *text ? text : NULL);
}

static void put_number(struct json *json, const char *name, int64_t number)
{
    if (number == RF_UNKNOWN)
        json_string(json, name, NULL);
    else
        json_signed(json, name, number);
}

static void put_flag(struct json *json, const char *name, int64_t flag)
{
    if (flag == RF_UNKNOWN)
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

static void put_rejected(struct json *json, const rf_abilities *abilities)
{
    json_array(json, "unavailable_commands");
    for (int i = 0; i < RF_COMMAND_COUNT; i++)
        if (!rf_accepts(abilities, (rf_command)i))
            json_string(json, NULL, rf_command_name((rf_command)i));
    json_end_array(json);
}

static void put_node(struct json *json, const struct preflight_node *node, bool in_cluster)
{
    const rf_live_node_info *info = &node->info;
    json_object(json, NULL);
    json_string(json, "name", info->name);
    report_put_server(json, "server", info->server);
    put_text(json, "role", info->role);
    put_number(json, "replicas", info->replicas);
    put_number(json, "good_replicas", info->good_replicas);
    put_number(json, "min_replicas", info->min_replicas);
    put_number(json, "used_memory", info->used_memory);
    put_number(json, "max_memory", info->max_memory);
    put_text(json, "policy", info->policy);
    put_number(json, "databases", info->databases);
    put_number(json, "longest_argument", info->longest_argument);
    put_flag(json, "save_failed", info->save_failed);
    put_flag(json, "stops_on_failed_save", info->stops_on_failed_save);
    put_flag(json, "aof_failed", info->aof_failed);
    put_modules(json, info->modules);
    put_rejected(json, &info->abilities);
    if (in_cluster) {
        put_text(json, "cluster_state", info->cluster_state);
        json_number(json, "slots", info->slots);
        put_number(json, "moving_slots", info->moving_slots);
    }
    json_number(json, "new_keys", node->keys);
    json_number(json, "memory_needed", preflight_needed(node));
    put_number(json, "memory_left", preflight_left(node));
    json_end_object(json);
}

static void put_target(struct json *json, const struct preflight *preflight)
{
    const rf_live_info *info = rf_live_info_get(preflight->live);
    json_object(json, "target");
    json_string(json, "name", info->name);
    json_string(json, "kind", info->kind);
    report_put_server(json, "server", info->server);
    json_number(json, "keys_live", preflight->counts.live);
    json_array(json, "nodes");
    for (size_t i = 0; i < preflight->node_count; i++)
        put_node(json, &preflight->nodes[i], strcmp(info->kind, "cluster") == 0);
    json_end_array(json);
    json_end_object(json);
}

static void put_types(struct json *json, const struct preflight *preflight)
{
    json_array(json, "types");
    for (int type = 0; type < RF_TYPE_COUNT; type++) {
        if (preflight->types[type].keys == 0)
            continue;
        json_object(json, NULL);
        json_string(json, "type", rf_type_name((rf_type)type));
        json_number(json, "keys", preflight->types[type].keys);
        json_number(json, "expiring", preflight->types[type].expiring);
        json_number(json, "memory", preflight->types[type].memory);
        json_end_object(json);
    }
    json_end_array(json);
}

static void put_finding(struct json *json, const struct preflight_finding *finding,
                        enum preflight_finding_kind kind)
{
    json_object(json, preflight_kinds[kind].id);
    json_number(json, "count", finding->count);
    json_array(json, "examples");
    for (size_t i = 0; i < finding->named; i++) {
        json_object(json, NULL);
        if (preflight_is_of_keys(kind))
            json_signed(json, "db", finding->names[i].db);
        json_string(json, preflight_kinds[kind].noun, finding->names[i].name);
        if (*finding->names[i].detail)
            json_string(json, "detail", finding->names[i].detail);
        json_end_object(json);
    }
    json_end_array(json);
    json_end_object(json);
}

static void put_notes(struct json *json, const char *name, const struct preflight *preflight, bool blocker)
{
    json_array(json, name);
    for (size_t i = 0; i < preflight->note_count; i++) {
        const struct preflight_note *note = &preflight->notes[i];
        if (note->blocker != blocker)
            continue;
        json_object(json, NULL);
        json_string(json, "about", note->about);
        put_text(json, "node", note->node);
        json_string(json, "text", note->text);
        json_end_object(json);
    }
    json_end_array(json);
}

void preflight_report(struct json *json, const void *ctx)
{
    const struct preflight *preflight = ctx;
    report_put_rules(json, preflight->options->common.keys.rewrite);
    collisions_report(json, &preflight->collisions);
    if (!preflight->live)
        return;
    json_object(json, "dry_run");
    put_target(json, preflight);
    put_types(json, preflight);
    json_number(json, "libraries", preflight->libraries);
    json_number(json, "replay_ms", (uint64_t)(preflight_seconds(preflight) * 1000));
    json_object(json, "findings");
    for (int kind = 0; kind < PREFLIGHT_FINDING_COUNT; kind++)
        put_finding(json, &preflight->findings[kind], (enum preflight_finding_kind)kind);
    json_end_object(json);
    put_notes(json, "blockers", preflight, true);
    put_notes(json, "warnings", preflight, false);
    json_end_object(json);
}
