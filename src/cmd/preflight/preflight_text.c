/* SPDX-License-Identifier: MIT */
/* The dry run's report as text. */
#include "cmd/preflight/preflight.h"
#include "cmd/term/table.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_target(const struct preflight *preflight)
{
    const rf_live_info *info = rf_live_info_get(preflight->live);
    char server[32];
    rf_server_format(info->server, server, sizeof server);
    text_put(stdout, info->name);
    printf(": %s, %s, %zu node%s, %" PRIu64 " key%s\n", info->kind,
           info->server.major > 0 ? server : "version unknown", preflight->node_count,
           text_plural(preflight->node_count), preflight->counts.live, text_plural(preflight->counts.live));
}

/* --- nodes -------------------------------------------------------------------------------------------- */

static void put_role(const rf_live_node_info *info)
{
    char server[32];
    rf_server_format(info->server, server, sizeof server);
    table_text(info->server.major > 0 ? server : "version unknown");
    if (*info->role)
        printf(", %s", strcmp(info->role, "master") == 0 ? "primary" : "replica");
    if (info->replicas != RF_UNKNOWN)
        printf(", %" PRId64 " replica%s", info->replicas, text_plural((uint64_t)info->replicas));
    if (info->slots > 0)
        printf(", %u slot%s", info->slots, text_plural(info->slots));
}

static void put_memory(const rf_live_node_info *info)
{
    if (info->used_memory == RF_UNKNOWN)
        return;
    char used[SIZE_TEXT], most[SIZE_TEXT];
    printf(", %s used", text_size((uint64_t)info->used_memory, used));
    if (info->max_memory > 0)
        printf(" of %s, %s", text_size((uint64_t)info->max_memory, most), info->policy);
}

static void put_nodes(const struct table *table, const struct preflight *preflight)
{
    static const struct table_column columns[] = {
        {TABLE_NAME, NULL}, {TABLE_NUMBER, "new keys"}, {TABLE_SIZE, "in memory"}, {0, NULL}};
    table_heading(table, "Nodes", columns);
    for (size_t i = 0; i < preflight->node_count; i++) {
        const struct preflight_node *node = &preflight->nodes[i];
        table_name(node->info.name);
        table_number(node->keys, false);
        table_size(preflight_needed(node), true);
        put_role(&node->info);
        put_memory(&node->info);
        table_end_line();
    }
}

/* --- entries ------------------------------------------------------------------------------------------ */

static void put_types(const struct table *table, const struct preflight *preflight)
{
    static const struct table_column columns[] = {{TABLE_NAME, NULL},
                                                  {TABLE_NUMBER, "keys"},
                                                  {TABLE_NUMBER, "expiring"},
                                                  {TABLE_SIZE, "in memory"},
                                                  {0, NULL}};
    table_heading(table, "To write", columns);
    for (int type = 0; type < RF_TYPE_COUNT; type++) {
        if (preflight->types[type].keys == 0)
            continue;
        table_name(rf_type_name((rf_type)type));
        table_number(preflight->types[type].keys, false);
        table_number(preflight->types[type].expiring, false);
        table_size(preflight->types[type].memory, true);
        table_end_line();
    }
    if (preflight->libraries > 0) {
        table_name("function library");
        table_number(preflight->libraries, false);
        table_end_line();
    }
    if (preflight->session.stats.commands > 0) {
        table_name("command");
        table_number(preflight->session.stats.commands, false);
        table_end_line();
    }
}

static void put_finding(const struct table *table, const struct preflight *preflight,
                        enum preflight_finding_kind kind)
{
    static const struct table_column columns[] = {{TABLE_NAME, NULL}, {0, NULL}};
    const struct preflight_finding *finding = &preflight->findings[kind];
    if (finding->count == 0)
        return;
    char title[160];
    snprintf(title, sizeof title, "%" PRIu64 " %s", finding->count,
             finding->count == 1 ? preflight_kinds[kind].one : preflight_kinds[kind].several);
    table_heading(table, title, columns);
    for (size_t i = 0; i < finding->named; i++) {
        if (preflight_is_of_keys(kind))
            printf("  db %-3" PRId64, finding->names[i].db);
        printf("  '%s'%s%s\n", finding->names[i].name, *finding->names[i].detail ? ": " : "",
               finding->names[i].detail);
    }
    if (finding->count > finding->named)
        printf("  ... and %" PRIu64 " more\n", finding->count - finding->named);
}

/* --- conclusions --------------------------------------------------------------------------------------- */

static void put_notes(const struct table *table, const struct preflight *preflight, bool blocker)
{
    static const struct table_column columns[] = {{TABLE_NAME, NULL}, {0, NULL}};
    if (preflight_count_notes(preflight, blocker) == 0)
        return;
    table_heading(table, blocker ? "Problems" : "Warnings", columns);
    for (size_t i = 0; i < preflight->note_count; i++) {
        const struct preflight_note *note = &preflight->notes[i];
        if (note->blocker == blocker)
            printf("  %s%s%s\n", note->node, *note->node ? ": " : "", note->text);
    }
}

const char *preflight_conclusion(const struct preflight *preflight, char out[CONCLUSION_TEXT])
{
    char replayed[SECONDS_TEXT];
    if (preflight_count_notes(preflight, true) > 0)
        return "Not ready: the replay would fail.";
    snprintf(out, CONCLUSION_TEXT, "Ready: the replay would succeed, in %s.",
             estimate_format(preflight_seconds(preflight), replayed));
    return out;
}

void preflight_print(const struct preflight *preflight)
{
    const struct table table = table_begin();
    put_target(preflight);
    put_nodes(&table, preflight);
    put_types(&table, preflight);
    for (int kind = 0; kind < PREFLIGHT_FINDING_COUNT; kind++)
        put_finding(&table, preflight, (enum preflight_finding_kind)kind);
    put_notes(&table, preflight, false);
    put_notes(&table, preflight, true);
    char conclusion[CONCLUSION_TEXT];
    printf("\n%s\n", preflight_conclusion(preflight, conclusion));
}
