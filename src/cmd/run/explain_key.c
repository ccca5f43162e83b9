/* SPDX-License-Identifier: MIT */
/* Prints one line per rule, and the resulting key. */
#include "cmd/run/explain_key.h"
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/slot.h>
#include <stdlib.h>
#include <string.h>

enum { RULE_COLUMN = 32, KEY_SHOWN = 256 };

static void put_key(int64_t db, rf_slice key)
{
    print_bytes_cut(stdout, key, KEY_SHOWN);
    printf(" (db %" PRId64 ")", db);
}

static void put_step(void *ctx, const rf_rewrite_step *step)
{
    (void)ctx;
    printf("  %-*s ", RULE_COLUMN, step->rule);
    if (step->matched)
        put_key(step->db, step->key);
    else
        fputs(step->why_not ? step->why_not : "does not match", stdout);
    putchar('\n');
}

static void put_shard(const rf_topology *topology, unsigned slot)
{
    const rf_shard *shard = rf_topology_shard(topology, rf_topology_of_slot(topology, slot));
    printf(", %s (", shard->name);
    for (size_t i = 0; i < shard->range_count; i++)
        printf(shard->ranges[i].first == shard->ranges[i].last ? "%s%u" : "%s%u-%u", i ? "," : "",
               shard->ranges[i].first, shard->ranges[i].last);
    putchar(')');
}

static void put_end(const rf_filter *filter, const rf_entry *key, rf_drop_reason drop,
                    const rf_topology *topology)
{
    unsigned slot = rf_slot_of(key->key);
    rf_slice tag = rf_hash_tag(key->key);
    printf("slot %u", slot);
    if (tag.ptr) {
        fputs(", hash tag ", stdout);
        print_bytes_cut(stdout, tag, KEY_SHOWN);
    }
    if (topology)
        put_shard(topology, slot);
    putchar('\n');
    if (topology && key->db != 0)
        printf("database %" PRId64 " exists only in clusters of Valkey 9.0 and newer\n", key->db);
    if (drop == RF_DROP_BY_DB || drop == RF_DROP_BY_NAME)
        printf("filtered out by its %s\n", drop == RF_DROP_BY_DB ? "database" : "name");
    else if (!rf_filter_accepts_slot(filter, slot))
        puts("filtered out by its slot");
}

static rf_code explain(const struct key_options *keys, int64_t db, rf_slice name, const rf_topology *topology,
                       rf_error *error)
{
    rf_entry key = {.kind = RF_ENTRY_KEY, .db = db, .key = name, .slot = -1, .expire_ms = RF_NO_EXPIRY};
    rf_drop_reason drop;
    bool ambiguous;
    TRY(rf_filter_match(keys->filter, &key, &drop, error));
    put_key(db, name);
    putchar('\n');
    if (keys->rewrite) {
        TRY(rf_rewrite_explain(keys->rewrite, db, name, put_step, NULL, error));
        TRY(rf_rewrite_apply(keys->rewrite, &key, &ambiguous, error));
    }
    put_end(keys->filter, &key, drop, topology);
    return RF_OK;
}

int explain_key(const struct key_options *keys, const struct output_options *written,
                const rf_topology *topology)
{
    char *name = strdup(written->explain_key);
    rf_error error;
    rf_code code;
    if (!name) {
        message_error("out of memory");
        return STATUS_OUTPUT;
    }
    code = explain(keys, written->explain_db == OPT_UNSET ? 0 : (int64_t)written->explain_db, unescape(name),
                   topology, &error);
    free(name);
    if (code != RF_OK)
        message_failure(&error);
    return (int)status_of(code);
}
