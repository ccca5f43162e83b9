/* SPDX-License-Identifier: MIT */
/* What would prevent a replay, and what the user should know beforehand. */
#include "dry_run.h"
#include "text.h"
#include <inttypes.h>
#include <rdbferry/measure.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct judge {
    struct dry_run *dry;
    bool is_out_of_memory;
};

/* `node` may be NULL. */
__attribute__((format(printf, 5, 6))) static void remark(struct judge *judge, bool in_the_way,
                                                         const char *about, const struct dry_node *node,
                                                         const char *format, ...)
{
    struct dry_run *dry = judge->dry;
    struct dry_remark *grown = realloc(dry->remarks, (dry->remark_count + 1) * sizeof *grown);
    va_list args;

    if (!grown) {
        judge->is_out_of_memory = true;
        return;
    }
    dry->remarks = grown;
    grown += dry->remark_count++;
    *grown = (struct dry_remark){.in_the_way = in_the_way, .about = about};
    if (node)
        memcpy(grown->node, node->told.name, sizeof grown->node);
    va_start(args, format);
    vsnprintf(grown->text, sizeof grown->text, format, args);
    va_end(args);
}

/* --- a node ------------------------------------------------------------------------------------------- */

uint64_t dry_needed(const struct dry_node *node)
{
    return node->memory + rf_measure_tables(node->keys, node->expiring);
}

int64_t dry_left(const struct dry_node *node)
{
    const rf_live_node *told = &node->told;
    int64_t counted = told->used_memory - (told->uncounted_memory > 0 ? told->uncounted_memory : 0);

    if (told->max_memory <= 0 || told->used_memory == RF_UNTOLD)
        return RF_UNTOLD;
    return counted < told->max_memory ? told->max_memory - counted : 0;
}

static void judge_memory(struct judge *judge, const struct dry_node *node)
{
    const rf_live_node *told = &node->told;
    bool evicts = *told->policy && strcmp(told->policy, "noeviction") != 0;
    int64_t left = dry_left(node);
    uint64_t needed = dry_needed(node);
    char need[SIZE_TEXT], room[SIZE_TEXT], most[SIZE_TEXT];

    if (left == RF_UNTOLD)
        return;
    if (needed > (uint64_t)left)
        remark(judge, true, "memory", node,
               "the keys need ~%s, and only %s of maxmemory %s is free: the server %s",
               text_size(needed, need), text_size((uint64_t)told->max_memory, most),
               text_size((uint64_t)left, room), evicts ? "would evict keys" : "would reject writes");
    else if (evicts)
        remark(judge, false, "policy", node, "maxmemory-policy is %s: keys are evicted when memory is full",
               told->policy);
}

static void judge_writes(struct judge *judge, const struct dry_node *node)
{
    const rf_live_node *told = &node->told;
    int64_t needed = told->min_replicas > 0 ? told->min_replicas : 1;

    if (strcmp(told->role, "slave") == 0)
        remark(judge, true, "role", node, "is a replica");
    if (told->good_replicas != RF_UNTOLD && told->good_replicas < needed)
        remark(judge, true, "replicas", node,
               "min-replicas-to-write requires %" PRId64 " replicas, %" PRId64 " connected", needed,
               told->good_replicas);
    if (told->save_failed == 1 && told->stops_on_failed_save == 1)
        remark(judge, true, "save", node, "the last BGSAVE failed, and stop-writes-on-bgsave-error is set");
    if (told->save_failed == 1 && told->stops_on_failed_save == RF_UNTOLD)
        remark(judge, false, "save", node, "the last BGSAVE failed: writes may be rejected");
    if (told->aof_failed == 1)
        remark(judge, true, "save", node, "the last write to the AOF failed");
}

static void judge_cluster(struct judge *judge, const struct dry_node *node)
{
    const rf_live_node *told = &node->told;

    if (*told->cluster_state && strcmp(told->cluster_state, "ok") != 0)
        remark(judge, true, "cluster", node, "cluster_state is %s", told->cluster_state);
    if (told->moving_slots > 0)
        remark(judge, false, "slots", node, "%" PRId64 " slot%s being migrated", told->moving_slots,
               told->moving_slots == 1 ? " is" : "s are");
}

/* Worded as the messages of a replay. */
static void judge_abilities(struct judge *judge, const struct dry_node *node)
{
    const struct replay_options *options = judge->dry->options;
    const rf_abilities *can = &node->told.abilities;
    bool restores = rf_accepts(can, RF_COMMAND_RESTORE) && !can->assumed;
    bool replaces = options->on_exists == RF_ON_EXISTS_REPLACE;
    rf_command rename = replaces ? RF_COMMAND_RENAME : RF_COMMAND_RENAMENX;
    char server[32];

    rf_server_format(can->server, server, sizeof server);
    if (can->assumed)
        remark(judge, false, "version", node,
               "unknown version; assuming %s and not using RESTORE (see --target-version)", server);
    if (!restores && options->mode == RF_REPLAY_RESTORE)
        remark(judge, true, "restore", node, "%s (see --mode)",
               can->assumed ? "RESTORE needs a known server version" : "RESTORE is not available");
    else if (!restores && !can->assumed && options->mode == RF_REPLAY_AUTO)
        remark(judge, false, "restore", node, "RESTORE is not available: all values are written as commands");
    if (!rf_accepts(can, rename) && !(restores && options->mode != RF_REPLAY_COMMANDS))
        remark(judge, false, "rename", node, "%s is not available: each value is written in a transaction",
               rf_command_name(rename));
    if (!rf_accepts(can, RF_COMMAND_EXISTS))
        remark(judge, false, "exists", node,
               "EXISTS is not available: it is unknown which keys exist on the target");
}

static void judge_node(struct judge *judge, const struct dry_node *node)
{
    judge_abilities(judge, node);
    judge_writes(judge, node);
    judge_cluster(judge, node);
    judge_memory(judge, node);
}

/* --- entries ------------------------------------------------------------------------------------------ */

enum weight { IS_NOTHING, IS_WARNING, IS_IN_THE_WAY, IS_BY_ON_EXISTS };

/* Which option or setting helps; NULL: none. */
static const struct {
    enum weight weight;
    const char *advice;
} weights[DRY_FINDING_COUNT] = {
    [DRY_EXISTING] = {IS_BY_ON_EXISTS, "(see --on-exists)"},
    [DRY_UNSAYABLE] = {IS_IN_THE_WAY, NULL},
    [DRY_REFUSED] = {IS_IN_THE_WAY, NULL},
    [DRY_IN_PART] = {IS_WARNING, NULL},
    [DRY_TOO_LONG] = {IS_IN_THE_WAY, "(see the server's proto-max-bulk-len)"},
    [DRY_NO_DATABASE] = {IS_IN_THE_WAY, "(see --db, --map-db and --flatten-dbs)"},
    [DRY_NO_NODE] = {IS_IN_THE_WAY, "(see --only-slots)"},
    [DRY_NO_MODULE] = {IS_IN_THE_WAY, "(see --no-type module)"},
    [DRY_UNSURE_MODULE] = {IS_WARNING, NULL},
    [DRY_OTHER_LIBRARY] = {IS_BY_ON_EXISTS, "(see --on-exists)"},
    [DRY_NO_LIBRARIES] = {IS_IN_THE_WAY, NULL},
    [DRY_NO_COMMAND] = {IS_IN_THE_WAY, NULL},
};

/* ": 3, 9", as far as it fits. */
static void list_databases(const struct dry_run *dry, char *out, size_t size)
{
    size_t length = 0;

    *out = '\0';
    for (size_t i = 0; i < dry->database_count && length < size; i++)
        if (!dry->databases[i].is_there)
            length += (size_t)snprintf(out + length, size - length, "%s%" PRId64, length ? ", " : ": ",
                                       dry->databases[i].db);
}

static void judge_finding(struct judge *judge, enum dry_finding_kind kind)
{
    uint64_t count = judge->dry->findings[kind].count;
    const char *advice = weights[kind].advice;
    enum weight weight = weights[kind].weight;
    char databases[128] = "";

    if (weight == IS_BY_ON_EXISTS)
        weight = judge->dry->options->on_exists == RF_ON_EXISTS_FAIL ? IS_IN_THE_WAY : IS_NOTHING;
    if (count == 0 || weight == IS_NOTHING)
        return;
    if (kind == DRY_NO_DATABASE)
        list_databases(judge->dry, databases, sizeof databases);
    remark(judge, weight == IS_IN_THE_WAY, dry_finding_id(kind), NULL, "%" PRIu64 " %s%s%s%s", count,
           dry_finding_text(kind, count), databases, advice ? " " : "", advice ? advice : "");
}

static void judge_other_entries(struct judge *judge)
{
    const struct dry_run *dry = judge->dry;
    const struct stats *stats = &dry->session.stats;

    if (stats->commands > 0 && strcmp(rf_live_info_get(dry->live)->kind, "cluster") == 0)
        remark(judge, true, "commands", NULL, "AOF commands cannot be replayed into a cluster");
    else if (stats->commands > 0 && dry->counts.live > 0 && dry->options->on_exists == RF_ON_EXISTS_FAIL)
        remark(judge, true, "commands", NULL,
               "AOF commands would modify the existing data, %" PRIu64 " key%s (see --on-exists)",
               dry->counts.live, text_plural(dry->counts.live));
    for (size_t i = 0; i < dry->command_count; i++) {
        if (dry->commands[i].has != RF_UNTOLD)
            continue;
        remark(judge, false, "commands", NULL,
               "it is unknown which commands the target supports: COMMAND is not available");
        break;
    }
    if (stats->module_aux > 0)
        remark(judge, false, "module_aux", NULL,
               "module data stored outside of keys is not replayed (%" PRIu64 " record%s)", stats->module_aux,
               text_plural(stats->module_aux));
}

bool dry_judge(struct dry_run *dry)
{
    struct judge judge = {.dry = dry};

    for (size_t i = 0; i < dry->node_count; i++)
        judge_node(&judge, &dry->nodes[i]);
    for (int kind = 0; kind < DRY_FINDING_COUNT; kind++)
        judge_finding(&judge, (enum dry_finding_kind)kind);
    judge_other_entries(&judge);
    return !judge.is_out_of_memory;
}

size_t dry_count_remarks(const struct dry_run *dry, bool in_the_way)
{
    size_t count = 0;

    for (size_t i = 0; i < dry->remark_count; i++)
        count += dry->remarks[i].in_the_way == in_the_way;
    return count;
}

/* --- texts -------------------------------------------------------------------------------------------- */

static const struct {
    const char *id;
    bool of_keys;
    const char *one, *several;
} findings[] = {
#define FINDING_ROW(name, id, of_keys, one, several) [DRY_##name] = {id, of_keys, one, several},
    DRY_FINDINGS(FINDING_ROW)
#undef FINDING_ROW
};

const char *dry_finding_text(enum dry_finding_kind kind, uint64_t count)
{
    return count == 1 ? findings[kind].one : findings[kind].several;
}

bool dry_finding_is_of_keys(enum dry_finding_kind kind)
{
    return findings[kind].of_keys;
}

const char *dry_finding_noun(enum dry_finding_kind kind)
{
    return findings[kind].of_keys ? "key" : kind == DRY_NO_COMMAND ? "command" : "library";
}

const char *dry_finding_id(enum dry_finding_kind kind)
{
    return findings[kind].id;
}
