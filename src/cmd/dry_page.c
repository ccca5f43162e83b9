/* SPDX-License-Identifier: MIT */
/* The dry run's report as text. */
#include "dry_run.h"
#include "page.h"
#include "text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_target(const struct dry_run *dry)
{
    const rf_live_info *info = rf_live_info_get(dry->live);
    char server[32];

    rf_server_format(info->server, server, sizeof server);
    text_put(stdout, info->name);
    printf(": %s, %s, %zu node%s, %" PRIu64 " key%s\n", info->kind,
           info->server.major > 0 ? server : "version unknown", dry->node_count, text_plural(dry->node_count),
           dry->counts.live, text_plural(dry->counts.live));
}

/* --- nodes -------------------------------------------------------------------------------------------- */

static void put_role(const rf_live_node *told)
{
    char server[32];

    rf_server_format(told->server, server, sizeof server);
    page_text(told->server.major > 0 ? server : "version unknown");
    if (*told->role)
        printf(", %s", strcmp(told->role, "master") == 0 ? "primary" : "replica");
    if (told->replicas != RF_UNTOLD)
        printf(", %" PRId64 " replica%s", told->replicas, text_plural((uint64_t)told->replicas));
    if (told->slots > 0)
        printf(", %u slot%s", told->slots, text_plural(told->slots));
}

static void put_room(const rf_live_node *told)
{
    char used[SIZE_TEXT], most[SIZE_TEXT];

    if (told->used_memory == RF_UNTOLD)
        return;
    printf(", %s used", text_size((uint64_t)told->used_memory, used));
    if (told->max_memory > 0)
        printf(" of %s, %s", text_size((uint64_t)told->max_memory, most), told->policy);
}

static void put_nodes(const struct page *page, const struct dry_run *dry)
{
    static const struct page_column columns[] = {
        {PAGE_NAME, NULL}, {PAGE_NUMBER, "new keys"}, {PAGE_SIZE, "in memory"}, {0, NULL}};

    page_heading(page, "Nodes", columns);
    for (size_t i = 0; i < dry->node_count; i++) {
        const struct dry_node *node = &dry->nodes[i];

        page_name(node->told.name);
        page_number(node->keys, false);
        page_size(dry_needed(node), true);
        put_role(&node->told);
        put_room(&node->told);
        page_end_line();
    }
}

/* --- entries ------------------------------------------------------------------------------------------ */

static void put_types(const struct page *page, const struct dry_run *dry)
{
    static const struct page_column columns[] = {{PAGE_NAME, NULL},
                                                 {PAGE_NUMBER, "keys"},
                                                 {PAGE_NUMBER, "expiring"},
                                                 {PAGE_SIZE, "in memory"},
                                                 {0, NULL}};

    page_heading(page, "To write", columns);
    for (int type = 0; type < RF_TYPE_COUNT; type++) {
        if (dry->types[type].keys == 0)
            continue;
        page_name(text_type((rf_type)type));
        page_number(dry->types[type].keys, false);
        page_number(dry->types[type].expiring, false);
        page_size(dry->types[type].memory, true);
        page_end_line();
    }
    if (dry->libraries > 0) {
        page_name("function library");
        page_number(dry->libraries, false);
        page_end_line();
    }
    if (dry->session.stats.commands > 0) {
        page_name("command");
        page_number(dry->session.stats.commands, false);
        page_end_line();
    }
}

static void put_finding(const struct page *page, const struct dry_run *dry, enum dry_finding_kind kind)
{
    static const struct page_column columns[] = {{PAGE_NAME, NULL}, {0, NULL}};
    const struct dry_finding *finding = &dry->findings[kind];
    char title[160];

    if (finding->count == 0)
        return;
    snprintf(title, sizeof title, "%" PRIu64 " %s", finding->count, dry_finding_text(kind, finding->count));
    page_heading(page, title, columns);
    for (size_t i = 0; i < finding->named; i++) {
        if (dry_finding_is_of_keys(kind))
            printf("  db %-3" PRId64, finding->names[i].db);
        printf("  '%s'%s%s\n", finding->names[i].name, *finding->names[i].detail ? ": " : "",
               finding->names[i].detail);
    }
    if (finding->count > finding->named)
        printf("  ... and %" PRIu64 " more\n", finding->count - finding->named);
}

/* --- conclusions --------------------------------------------------------------------------------------- */

static void put_remarks(const struct page *page, const struct dry_run *dry, bool in_the_way)
{
    static const struct page_column columns[] = {{PAGE_NAME, NULL}, {0, NULL}};

    if (dry_count_remarks(dry, in_the_way) == 0)
        return;
    page_heading(page, in_the_way ? "Problems" : "Warnings", columns);
    for (size_t i = 0; i < dry->remark_count; i++) {
        const struct dry_remark *remark = &dry->remarks[i];

        if (remark->in_the_way == in_the_way)
            printf("  %s%s%s\n", remark->node, *remark->node ? ": " : "", remark->text);
    }
}

void dry_put_page(const struct dry_run *dry)
{
    const struct page page = page_begin();

    put_target(dry);
    put_nodes(&page, dry);
    put_types(&page, dry);
    for (int kind = 0; kind < DRY_FINDING_COUNT; kind++)
        put_finding(&page, dry, (enum dry_finding_kind)kind);
    put_remarks(&page, dry, false);
    put_remarks(&page, dry, true);
    puts(dry_count_remarks(dry, true) > 0 ? "\nNot ready: the replay would fail."
                                          : "\nReady: the replay would succeed.");
}
