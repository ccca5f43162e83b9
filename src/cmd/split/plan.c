/* SPDX-License-Identifier: MIT */
/* Counts keys by slot, and finds the hash tags that dominate slots. */
#include "cmd/split/plan.h"
#include "base/bytes.h"
#include "base/escape.h"
#include "cmd/term/message.h"
#include "cmd/term/table.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    HEAVY_SHARE = 10, /* a slot with more than 1/n of its shard's bytes is oversized */
    FEW_KEYS = 20,    /* only in shards with at least this many keys */
    WARNINGS = 10,
    AHEAD = 8,
};

static inline size_t kept_length(rf_slice tag)
{
    return tag.len <= PLAN_TAG ? tag.len : PLAN_TAG;
}

/* As plan_leader.start. */
static inline uint64_t start_of(rf_slice tag)
{
    const size_t kept = kept_length(tag), length = kept + (tag.len > kept);
    return (kept >= 8 ? load_le64(tag.ptr) : load_short(tag.ptr, kept)) << 8 | length;
}

static inline size_t length_of(const struct plan_leader *leader)
{
    return leader->start & 0xff;
}

/* A majority vote, in bytes. Whether another tag takes the lead cannot be predicted, so that is computed: one
 * that does not is put where it does no harm. */
static inline void vote(struct plan *plan, const struct placed_key *key)
{
    struct plan_leader *leader = &plan->leaders[key->slot];
    const uint64_t start = start_of(key->tag), bytes = key->bytes;
    const size_t kept = kept_length(key->tag);
    const bool is_long = kept > PLAN_TAG_START;
    if (start == leader->start && (!is_long || bytes_equal(plan->tags[key->slot], key->tag.ptr, kept))) {
        leader->lead += bytes;
        leader->bytes += bytes;
        return;
    }
    const bool leads = leader->lead < bytes;
    if (is_long)
        bytes_copy(plan->tags[leads ? key->slot : RF_SLOTS], key->tag.ptr, kept);
    leader->start = leads ? start : leader->start;
    leader->bytes = leads ? bytes : leader->bytes;
    leader->lead = leads ? bytes - leader->lead : leader->lead - bytes;
}

/* For a key that will be counted: the tables exceed the cache. */
static inline void prefetch(const struct plan *plan, const struct placed_key *key)
{
    __builtin_prefetch(&plan->slots[key->slot], 1);
    if (key->tag.ptr)
        __builtin_prefetch(&plan->leaders[key->slot], 1);
}

static inline void count(struct plan *plan, const struct placed_key *key)
{
    struct plan_slot *slot = &plan->slots[key->slot];
    slot->keys++;
    slot->bytes += key->bytes;
    if (key->tag.ptr)
        vote(plan, key);
}

void plan_end(struct plan *plan)
{
    if (plan->has_last)
        count(plan, &plan->last);
    plan->has_last = false;
}

/* It is counted when its size is known. */
static uint64_t *add_last(struct plan *plan, const struct placed_key *key)
{
    prefetch(plan, key);
    plan->untagged += !key->tag.ptr;
    plan->has_last = true;
    plan->last = *key;
    plan->last.bytes = 0;
    if (key->tag.ptr) {
        plan->last.tag.ptr = plan->last_text;
        bytes_copy(plan->last_text, key->tag.ptr, kept_length(key->tag));
    }
    return &plan->last.bytes;
}

uint64_t *plan_add(struct plan *plan, const struct placed_key *keys, size_t n)
{
    const struct placed_key *const last = keys + n - 1;
    plan_end(plan);
    for (const struct placed_key *key = keys; key < last; key++) {
        prefetch(plan, last - key > AHEAD ? key + AHEAD : last);
        plan->untagged += !key->tag.ptr;
        count(plan, key);
    }
    return add_last(plan, last);
}

void plan_sum(const struct plan *plan, const rf_shard *shard, struct plan_shard *out)
{
    *out = (struct plan_shard){.largest_slot = shard->ranges[0].first};
    for (size_t i = 0; i < shard->range_count; i++)
        for (unsigned slot = shard->ranges[i].first; slot <= shard->ranges[i].last; slot++) {
            out->slots++;
            out->keys += plan->slots[slot].keys;
            out->bytes += plan->slots[slot].bytes;
            if (plan->slots[slot].bytes > plan->slots[out->largest_slot].bytes)
                out->largest_slot = slot;
        }
}

bool plan_is_heavy(const struct plan *plan, const struct plan_shard *shard, unsigned slot)
{
    return shard->keys >= FEW_KEYS && shard->slots > HEAVY_SHARE &&
           plan->slots[slot].bytes > shard->bytes / HEAVY_SHARE;
}

const char *plan_tag(const struct plan *plan, unsigned slot, char out[PLAN_TAG_TEXT])
{
    const struct plan_leader *leader = &plan->leaders[slot];
    const size_t length = length_of(leader);
    bool is_cut = length > PLAN_TAG;
    uint8_t start[8];
    out[0] = '\0';
    if (leader->bytes <= plan->slots[slot].bytes / 2)
        return out;
    store_le64(start, leader->start >> 8);
    escape_name(length <= PLAN_TAG_START ? slice_of(start, length)
                                         : slice_of(plan->tags[slot], is_cut ? PLAN_TAG : length),
                out, PLAN_TAG_TEXT);
    return is_cut ? strcat(out, "...") : out;
}

/* --- the table ---------------------------------------------------------------------------------------- */

enum { BAR = 10, LONGEST_NAME = 32 };

static uint64_t total_bytes(const struct plan *plan)
{
    uint64_t bytes = 0;
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        bytes += plan->slots[slot].bytes;
    return bytes;
}

static int name_width(const rf_topology *topology)
{
    size_t width = strlen("shard");
    for (size_t i = 0; i < rf_topology_shards(topology); i++) {
        size_t length = strlen(rf_topology_shard(topology, i)->name);
        if (length > width)
            width = length < LONGEST_NAME ? length : LONGEST_NAME;
    }
    return (int)width;
}

static void print_shard(const struct plan *plan, const struct table *table, const rf_shard *shard, int width,
                        uint64_t total)
{
    struct plan_shard sum;
    char size[SIZE_TEXT];
    plan_sum(plan, shard, &sum);
    printf("%-*s %6" PRIu64 " %11" PRIu64 " %9s %5.1f%%", width, shard->name, sum.slots, sum.keys,
           text_size(sum.bytes, size), text_percent(sum.bytes, total));
    if (sum.bytes == 0) {
        table_end_line();
        return;
    }
    printf(" %8u %7.1f%%", sum.largest_slot, text_percent(plan->slots[sum.largest_slot].bytes, sum.bytes));
    table_bar(table, sum.bytes, total, BAR);
}

void plan_print(const struct plan *plan)
{
    const struct table table = table_begin();
    uint64_t total = total_bytes(plan), keys = 0;
    int width = name_width(plan->topology);
    printf("%s%-*s %6s %11s %9s %6s %8s %8s%s\n", table.colour ? "\033[1m" : "", width, "shard", "slots",
           "keys", "bytes", "share", "top slot", "of shard", table.colour ? "\033[0m" : "");
    for (size_t i = 0; i < rf_topology_shards(plan->topology); i++)
        print_shard(plan, &table, rf_topology_shard(plan->topology, i), width, total);
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        keys += plan->slots[slot].keys;
    printf("\n%" PRIu64 " key%s, %" PRIu64 " of them without a hash tag\n", keys, text_plural(keys),
           plan->untagged);
}

static void warn_of_slot(const struct plan *plan, const rf_shard *shard, const struct plan_shard *sum,
                         unsigned slot)
{
    char tag[PLAN_TAG_TEXT];
    plan_tag(plan, slot, tag);
    message_warning("slot %u holds %.0f%% of the bytes of %s%s%s%s", slot,
                    text_percent(plan->slots[slot].bytes, sum->bytes), shard->name,
                    *tag ? ", most of it in keys with hash tag {" : "", tag, *tag ? "}" : "");
}

static uint64_t warn_of_shard(const struct plan *plan, const rf_shard *shard, uint64_t warned)
{
    struct plan_shard sum;
    plan_sum(plan, shard, &sum);
    for (size_t i = 0; i < shard->range_count; i++)
        for (unsigned slot = shard->ranges[i].first; slot <= shard->ranges[i].last; slot++) {
            if (!plan_is_heavy(plan, &sum, slot))
                continue;
            if (warned++ < WARNINGS)
                warn_of_slot(plan, shard, &sum, slot);
        }
    return warned;
}

void plan_warn(const struct plan *plan)
{
    uint64_t warned = 0;
    for (size_t i = 0; i < rf_topology_shards(plan->topology); i++)
        warned = warn_of_shard(plan, rf_topology_shard(plan->topology, i), warned);
    if (warned > WARNINGS)
        message_warning("%" PRIu64 " more slots hold more than a tenth of the bytes of their shards",
                        warned - WARNINGS);
}
