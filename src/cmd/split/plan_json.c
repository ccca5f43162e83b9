/* SPDX-License-Identifier: MIT */
/* plan.json: the result of a split, or of its dry run. */
#include "cmd/split/plan.h"
#include "cmd/split/split_nodes.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_ranges(struct json *json, const rf_shard *shard)
{
    json_array(json, "ranges");
    for (size_t i = 0; i < shard->range_count; i++) {
        char range[32];
        snprintf(range, sizeof range, "[%u, %u]", shard->ranges[i].first, shard->ranges[i].last);
        json_made(json, range);
    }
    json_end_array(json);
}

static void put_largest_slot(struct json *json, const struct plan *plan, const struct plan_shard *sum)
{
    unsigned slot = sum->largest_slot;
    char tag[PLAN_TAG_TEXT];
    if (sum->bytes == 0)
        return;
    plan_tag(plan, slot, tag);
    json_object(json, "largest_slot");
    json_number(json, "slot", slot);
    json_number(json, "keys", plan->slots[slot].keys);
    json_number(json, "bytes", plan->slots[slot].bytes);
    json_string(json, "tag", *tag ? tag : NULL);
    json_bool(json, "oversized", plan_is_heavy(plan, sum, slot));
    json_end_object(json);
}

static void put_shard(struct json *json, const struct plan *plan, const rf_shard *shard)
{
    struct plan_shard sum;
    plan_sum(plan, shard, &sum);
    json_object(json, NULL);
    json_string(json, "name", shard->name);
    if (shard->host) {
        json_string(json, "host", shard->host);
        json_number(json, "port", (uint64_t)shard->port);
    }
    if (shard->id)
        json_string(json, "id", shard->id);
    put_ranges(json, shard);
    json_number(json, "slots", sum.slots);
    json_number(json, "keys", sum.keys);
    json_number(json, "bytes", sum.bytes);
    put_largest_slot(json, plan, &sum);
    json_end_object(json);
}

/* Names relative to the directory. */
static void put_files(struct json *json, const rf_sink *sink, const char *directory)
{
    rf_output_info output;
    size_t length = strlen(directory);
    while (length > 1 && directory[length - 1] == '/')
        length--;
    json_array(json, "files");
    for (size_t i = 0; sink && rf_sink_output(sink, i, &output); i++) {
        const char *name = output.path + length;
        json_object(json, NULL);
        json_string(json, "name", name + strspn(name, "/"));
        json_number(json, "bytes", output.bytes);
        json_end_object(json);
    }
    json_end_array(json);
}

void plan_report(struct json *json, const struct plan *plan)
{
    json_number(json, "untagged", plan->untagged);
    json_array(json, "shards");
    for (size_t i = 0; i < rf_topology_shards(plan->topology); i++)
        put_shard(json, plan, rf_topology_shard(plan->topology, i));
    json_end_array(json);
    if (plan->nodes)
        split_nodes_report(json, plan->nodes);
}

void plan_put_json(const struct plan *plan, const struct transfer *transfer, const char *directory, FILE *out)
{
    struct json json = {.out = out};
    json_object(&json, NULL);
    json_string(&json, "rdbferry", RDBFERRY_VERSION);
    transfer_put_keys(&json, transfer);
    plan_report(&json, plan);
    put_files(&json, transfer->sink, directory);
    json_end_object(&json);
}
