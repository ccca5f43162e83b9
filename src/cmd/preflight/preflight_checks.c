/* SPDX-License-Identifier: MIT */
/* What would prevent a replay, and what the user should know beforehand. */
#include "cmd/preflight/preflight.h"
#include "cmd/replay/expiry_risk.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/measure.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct checker {
    struct preflight *preflight;
    bool is_out_of_memory;
};

/* `node` may be NULL. */
__attribute__((format(printf, 5, 6))) static void note(struct checker *checker, bool blocker,
                                                       const char *about, const struct preflight_node *node,
                                                       const char *format, ...)
{
    struct preflight *preflight = checker->preflight;
    struct preflight_note *grown = realloc(preflight->notes, (preflight->note_count + 1) * sizeof *grown);
    if (!grown) {
        checker->is_out_of_memory = true;
        return;
    }
    preflight->notes = grown;
    grown += preflight->note_count++;
    *grown = (struct preflight_note){.blocker = blocker, .about = about};
    if (node)
        memcpy(grown->node, node->info.name, sizeof grown->node);
    va_list args;
    va_start(args, format);
    vsnprintf(grown->text, sizeof grown->text, format, args);
    va_end(args);
}

/* --- a node ------------------------------------------------------------------------------------------- */

uint64_t preflight_needed(const struct preflight_node *node)
{
    return node->memory + rf_measure_tables(node->keys, node->expiring);
}

int64_t preflight_left(const struct preflight_node *node)
{
    const rf_live_node_info *info = &node->info;
    int64_t counted = info->used_memory - (info->uncounted_memory > 0 ? info->uncounted_memory : 0);
    if (info->max_memory <= 0 || info->used_memory == RF_UNKNOWN)
        return RF_UNKNOWN;
    return counted < info->max_memory ? info->max_memory - counted : 0;
}

static void check_memory(struct checker *checker, const struct preflight_node *node)
{
    const rf_live_node_info *info = &node->info;
    bool evicts = *info->policy && strcmp(info->policy, "noeviction") != 0;
    int64_t left = preflight_left(node);
    uint64_t needed = preflight_needed(node);
    if (left == RF_UNKNOWN)
        return;
    char need[SIZE_TEXT], free_text[SIZE_TEXT], most[SIZE_TEXT];
    if (needed > (uint64_t)left)
        note(checker, true, "memory", node,
             "the keys need ~%s, and only %s of maxmemory %s is free: the server %s", text_size(needed, need),
             text_size((uint64_t)info->max_memory, most), text_size((uint64_t)left, free_text),
             evicts ? "would evict keys" : "would reject writes");
    else if (evicts)
        note(checker, false, "policy", node, "maxmemory-policy is %s: keys are evicted when memory is full",
             info->policy);
}

static void check_writes(struct checker *checker, const struct preflight_node *node)
{
    const rf_live_node_info *info = &node->info;
    int64_t needed = info->min_replicas > 0 ? info->min_replicas : 1;
    if (strcmp(info->role, "slave") == 0)
        note(checker, true, "role", node, "is a replica");
    if (info->good_replicas != RF_UNKNOWN && info->good_replicas < needed)
        note(checker, true, "replicas", node,
             "min-replicas-to-write requires %" PRId64 " replicas, %" PRId64 " connected", needed,
             info->good_replicas);
    if (info->save_failed == 1 && info->stops_on_failed_save == 1)
        note(checker, true, "save", node, "the last BGSAVE failed, and stop-writes-on-bgsave-error is set");
    if (info->save_failed == 1 && info->stops_on_failed_save == RF_UNKNOWN)
        note(checker, false, "save", node, "the last BGSAVE failed: writes may be rejected");
    if (info->aof_failed == 1)
        note(checker, true, "save", node, "the last write to the AOF failed");
}

static void check_cluster(struct checker *checker, const struct preflight_node *node)
{
    const rf_live_node_info *info = &node->info;
    if (*info->cluster_state && strcmp(info->cluster_state, "ok") != 0)
        note(checker, true, "cluster", node, "cluster_state is %s", info->cluster_state);
    if (info->moving_slots > 0)
        note(checker, false, "slots", node, "%" PRId64 " slot%s being migrated", info->moving_slots,
             info->moving_slots == 1 ? " is" : "s are");
}

/* Worded as the messages of a replay. */
static void check_abilities(struct checker *checker, const struct preflight_node *node)
{
    const struct replay_options *options = checker->preflight->options;
    const rf_abilities *can = &node->info.abilities;
    bool restores = rf_accepts(can, RF_COMMAND_RESTORE) && !can->assumed;
    bool replaces = options->on_exists == RF_ON_EXISTS_REPLACE;
    rf_command rename = replaces ? RF_COMMAND_RENAME : RF_COMMAND_RENAMENX;
    char server[32];
    rf_server_format(can->server, server, sizeof server);
    if (can->assumed)
        note(checker, false, "version", node,
             "unknown version; assuming %s and not using RESTORE (see --target-version)", server);
    if (!restores && options->mode == RF_REPLAY_RESTORE)
        note(checker, true, "restore", node, "%s (see --mode)",
             can->assumed ? "RESTORE needs a known server version" : "RESTORE is not available");
    else if (!restores && !can->assumed && options->mode == RF_REPLAY_AUTO)
        note(checker, false, "restore", node, "RESTORE is not available: all values are written as commands");
    if (!rf_accepts(can, rename) && !(restores && options->mode != RF_REPLAY_COMMANDS))
        note(checker, false, "rename", node, "%s is not available: each value is written in a transaction",
             rf_command_name(rename));
    if (!rf_accepts(can, RF_COMMAND_EXISTS))
        note(checker, false, "exists", node,
             "EXISTS is not available: it is unknown which keys exist on the target");
}

/* --- entries ------------------------------------------------------------------------------------------ */

/* clang-format off */
const struct preflight_kind preflight_kinds[PREFLIGHT_FINDING_COUNT] = {
    [PREFLIGHT_EXISTING] = {"existing", "key", PREFLIGHT_BY_ON_EXISTS, "(see --on-exists)",
     "key exists on the target",
     "keys exist on the target"},
    [PREFLIGHT_EXPIRED] = {"expired", "key", PREFLIGHT_INFO, NULL,
     "key has expired",
     "keys have expired"},
    [PREFLIGHT_EMPTY] = {"empty", "key", PREFLIGHT_INFO, NULL,
     "collection has no elements",
     "collections have no elements"},
    [PREFLIGHT_UNSUPPORTED] = {"unsupported", "key", PREFLIGHT_BLOCKER, NULL,
     "key has a value that the target version does not support",
     "keys have values that the target version does not support"},
    [PREFLIGHT_REJECTED] = {"not_writable", "key", PREFLIGHT_BLOCKER, NULL,
     "key cannot be written with the commands available on the target",
     "keys cannot be written with the commands available on the target"},
    [PREFLIGHT_IN_PART] = {"partial", "key", PREFLIGHT_WARNING, NULL,
     "key will lose details that the target does not support",
     "keys will lose details that the target does not support"},
    [PREFLIGHT_TOO_LONG] = {"too_long", "key", PREFLIGHT_BLOCKER, "(see the server's proto-max-bulk-len)",
     "key has an element that is too long",
     "keys have an element that is too long"},
    [PREFLIGHT_NO_DATABASE] = {"missing_database", "key", PREFLIGHT_BLOCKER,
     "(see --db, --map-db and --flatten-dbs)",
     "key is in a database that the target lacks",
     "keys are in databases that the target lacks"},
    [PREFLIGHT_NO_NODE] = {"unassigned_slot", "key", PREFLIGHT_BLOCKER, "(see --only-slots)",
     "key is in a slot that is not assigned to a node",
     "keys are in slots that are not assigned to a node"},
    [PREFLIGHT_NO_MODULE] = {"missing_module", "key", PREFLIGHT_BLOCKER, "(see --no-type module)",
     "key needs a module that the target lacks",
     "keys need modules that the target lacks"},
    [PREFLIGHT_UNSURE_MODULE] = {"unknown_module", "key", PREFLIGHT_WARNING, NULL,
     "key needs a module that the target may lack",
     "keys need modules that the target may lack"},
    [PREFLIGHT_DELETED] = {"deleted", "key", PREFLIGHT_INFO, NULL,
     "key will be deleted",
     "keys will be deleted"},
    [PREFLIGHT_OTHER_LIBRARY] = {"different_library", "library", PREFLIGHT_BY_ON_EXISTS, "(see --on-exists)",
     "function library exists with different code",
     "function libraries exist with different code"},
    [PREFLIGHT_DELETED_LIBRARY] = {"deleted_library", "library", PREFLIGHT_INFO, NULL,
     "function library will be deleted",
     "function libraries will be deleted"},
    [PREFLIGHT_NO_LIBRARIES] = {"unsupported_library", "library", PREFLIGHT_BLOCKER, NULL,
     "function library is not supported by the target version",
     "function libraries are not supported by the target version"},
    [PREFLIGHT_NO_COMMAND] = {"unknown_command", "command", PREFLIGHT_BLOCKER, NULL,
     "AOF command is not supported by the target",
     "AOF commands are not supported by the target"},
};
/* clang-format on */

/* ": 3, 9", as far as it fits. */
static void list_databases(const struct preflight *preflight, char *out, size_t size)
{
    size_t length = 0;
    *out = '\0';
    for (size_t i = 0; i < preflight->database_count && length < size; i++)
        if (!preflight->databases[i].is_there)
            length += (size_t)snprintf(out + length, size - length, "%s%" PRId64, length ? ", " : ": ",
                                       preflight->databases[i].db);
}

static void check_finding(struct checker *checker, enum preflight_finding_kind finding)
{
    const struct preflight_kind *kind = &preflight_kinds[finding];
    uint64_t count = checker->preflight->findings[finding].count;
    bool fails = checker->preflight->options->on_exists == RF_ON_EXISTS_FAIL;
    bool is_blocker = kind->weight == PREFLIGHT_BLOCKER || (kind->weight == PREFLIGHT_BY_ON_EXISTS && fails);
    if (count == 0 || (!is_blocker && kind->weight != PREFLIGHT_WARNING))
        return;
    char databases[128] = "";
    if (finding == PREFLIGHT_NO_DATABASE)
        list_databases(checker->preflight, databases, sizeof databases);
    note(checker, is_blocker, kind->id, NULL, "%" PRIu64 " %s%s%s%s", count,
         count == 1 ? kind->one : kind->several, databases, kind->advice ? " " : "",
         kind->advice ? kind->advice : "");
}

static void check_other_entries(struct checker *checker)
{
    const struct preflight *preflight = checker->preflight;
    const struct stats *stats = &preflight->session.stats;
    if (stats->commands > 0 && preflight->counts.live > 0 &&
        preflight->options->on_exists == RF_ON_EXISTS_FAIL)
        note(checker, true, "commands", NULL,
             "AOF commands would modify the existing data, %" PRIu64 " key%s (see --on-exists)",
             preflight->counts.live, text_plural(preflight->counts.live));
    for (size_t i = 0; i < preflight->command_count; i++) {
        if (preflight->commands[i].has != RF_UNKNOWN)
            continue;
        note(checker, false, "commands", NULL,
             "it is unknown which commands the target supports: COMMAND is not available");
        break;
    }
    if (stats->module_aux > 0)
        note(checker, false, "module_aux", NULL,
             "module data stored outside of keys is not replayed (%" PRIu64 " record%s)", stats->module_aux,
             text_plural(stats->module_aux));
}

/* If they cannot be shifted, the replay does not begin. */
static void check_expiries(struct checker *checker)
{
    const struct preflight *preflight = checker->preflight;
    char risk[EXPIRY_RISK_TEXT];
    bool shifts = preflight->node_count > 0;
    for (size_t i = 0; i < preflight->node_count; i++)
        shifts &= expiry_risk_can_shift(preflight->passed, preflight->options,
                                        &preflight->nodes[i].info.abilities);
    if (*expiry_risk_text(preflight->passed, risk))
        note(checker, !shifts, "expiries", NULL, "%s%s", risk,
             shifts ? ": expiries are sent 317 years late, and corrected at the end" : " (see --server)");
}

/* Worded as the message of a replay. */
static void check_deletions(struct checker *checker)
{
    const struct preflight *preflight = checker->preflight;
    const struct extra_keys *extra = &preflight->extra;
    if (preflight->options->delete_extra && !preflight->options->force_delete && extra_keys_are_many(extra))
        note(checker, true, "deletions", NULL,
             "%" PRIu64 " of the target's %" PRIu64 " keys would be deleted (see --force-delete)",
             extra_keys_deletable(extra), extra->covered);
}

bool preflight_check(struct preflight *preflight)
{
    struct checker checker = {.preflight = preflight};
    for (size_t i = 0; i < preflight->node_count; i++) {
        const struct preflight_node *node = &preflight->nodes[i];
        check_abilities(&checker, node);
        check_writes(&checker, node);
        check_cluster(&checker, node);
        check_memory(&checker, node);
    }
    for (int kind = 0; kind < PREFLIGHT_FINDING_COUNT; kind++)
        check_finding(&checker, (enum preflight_finding_kind)kind);
    check_other_entries(&checker);
    check_expiries(&checker);
    check_deletions(&checker);
    return !checker.is_out_of_memory;
}

size_t preflight_count_notes(const struct preflight *preflight, bool blocker)
{
    size_t count = 0;
    for (size_t i = 0; i < preflight->note_count; i++)
        count += preflight->notes[i].blocker == blocker;
    return count;
}
