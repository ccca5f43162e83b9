/* SPDX-License-Identifier: MIT */
/* Counting by slot, and the tags that slots are heavy of. */
#include "plan.h"
#include "message.h"
#include "page.h"
#include "text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    HEAVY_SHARE = 10, /* a slot that has more than one part in so many of its shard is heavy */
    FEW_KEYS = 20,    /* of a shard with less than so many keys no slot is */
    WARNINGS = 10,
};

static bool same_tag(const struct plan_tag *a, const struct plan_tag *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* A majority vote, in bytes. */
static void vote(struct plan_tag *slot, const struct plan_tag *tag, uint64_t bytes)
{
    if (same_tag(slot, tag)) {
        slot->lead += bytes;
    } else if (slot->lead >= bytes) {
        slot->lead -= bytes;
    } else {
        uint64_t lead = bytes - slot->lead;

        *slot = *tag;
        slot->lead = lead;
    }
}

void plan_end(struct plan *plan)
{
    if (!plan->last)
        return;
    plan->last->keys++;
    plan->last->bytes += plan->last_bytes;
    if (plan->last_is_tagged)
        vote(&plan->tags[plan->last - plan->slots], &plan->last_tag, plan->last_bytes);
    plan->last = NULL;
}

static void keep_tag(struct plan *plan, rf_slice tag)
{
    struct plan_tag *kept = &plan->last_tag;

    kept->length = (uint8_t)(tag.len < PLAN_TAG ? tag.len : PLAN_TAG);
    memcpy(kept->text, tag.ptr, kept->length);
}

uint64_t *plan_add(struct plan *plan, const rf_entry *key)
{
    rf_slice tag = rf_hash_tag(key->key);

    plan_end(plan);
    plan->last = &plan->slots[key->slot];
    plan->last_bytes = 0;
    plan->last_is_tagged = tag.ptr != NULL;
    __builtin_prefetch(plan->last, 1);
    if (tag.ptr) {
        __builtin_prefetch(&plan->tags[key->slot], 1);
        keep_tag(plan, tag);
    } else {
        plan->untagged++;
    }
    return &plan->last_bytes;
}

void plan_sum(const struct plan *plan, const rf_shard *shard, struct plan_shard *out)
{
    *out = (struct plan_shard){.heaviest = shard->ranges[0].first};
    for (size_t i = 0; i < shard->range_count; i++)
        for (unsigned slot = shard->ranges[i].first; slot <= shard->ranges[i].last; slot++) {
            out->slots++;
            out->keys += plan->slots[slot].keys;
            out->bytes += plan->slots[slot].bytes;
            if (plan->slots[slot].bytes > plan->slots[out->heaviest].bytes)
                out->heaviest = slot;
        }
}

bool plan_is_heavy(const struct plan *plan, const struct plan_shard *shard, unsigned slot)
{
    return shard->keys >= FEW_KEYS && shard->slots > HEAVY_SHARE &&
           plan->slots[slot].bytes > shard->bytes / HEAVY_SHARE;
}

rf_slice plan_tag(const struct plan *plan, unsigned slot)
{
    const struct plan_tag *tag = &plan->tags[slot];
    bool most = tag->lead > plan->slots[slot].bytes / 2;

    return most ? (rf_slice){tag->text, tag->length} : (rf_slice){0};
}

/* --- the page ------------------------------------------------------------------------------------------ */

static uint64_t total_bytes(const struct plan *plan)
{
    uint64_t bytes = 0;

    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        bytes += plan->slots[slot].bytes;
    return bytes;
}

static void show_shard(const struct plan *plan, const struct page *page, const rf_shard *shard,
                       uint64_t whole)
{
    struct plan_shard sum;

    plan_sum(plan, shard, &sum);
    page_name(shard->name);
    page_number(sum.slots, false);
    page_number(sum.keys, false);
    page_size(sum.bytes, false);
    page_share(sum.bytes, whole);
    if (sum.bytes == 0) {
        page_end_line();
        return;
    }
    page_number(sum.heaviest, false);
    page_share(plan->slots[sum.heaviest].bytes, sum.bytes);
    page_bar(page, sum.bytes, whole);
}

void plan_show(const struct plan *plan)
{
    static const struct page_column columns[] = {
        {PAGE_NAME, NULL},     {PAGE_NUMBER, "slots"},      {PAGE_NUMBER, "keys"}, {PAGE_SIZE, "bytes"},
        {PAGE_SHARE, "share"}, {PAGE_NUMBER, "heavy slot"}, {PAGE_SHARE, "part"},  {0}};
    const struct page page = page_begin();
    uint64_t whole = total_bytes(plan), keys = 0;

    page_heading(&page, "Shards", columns);
    for (size_t i = 0; i < rf_topology_shards(plan->topology); i++)
        show_shard(plan, &page, rf_topology_shard(plan->topology, i), whole);
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        keys += plan->slots[slot].keys;
    printf("\n%" PRIu64 " key%s, %" PRIu64 " of them without a hash tag\n", keys, text_plural(keys),
           plan->untagged);
}

static void warn_of_slot(const struct plan *plan, const rf_shard *shard, const struct plan_shard *sum,
                         unsigned slot)
{
    rf_slice tag = plan_tag(plan, slot);
    char text[PLAN_TAG * 4 + 1] = "";

    text_escape(tag, text, sizeof text);
    message_warning("slot %u holds %.0f%% of %s%s%s%s", slot,
                    100.0 * (double)plan->slots[slot].bytes / (double)sum->bytes, shard->name,
                    tag.ptr ? ", most of it in keys with the tag {" : "", text, tag.ptr ? "}" : "");
}

/* Returns how many there were, up to `most`. */
static int warn_of_shard(const struct plan *plan, const rf_shard *shard, int most)
{
    struct plan_shard sum;
    int warned = 0;

    plan_sum(plan, shard, &sum);
    for (size_t i = 0; i < shard->range_count; i++)
        for (unsigned slot = shard->ranges[i].first; slot <= shard->ranges[i].last && warned < most; slot++)
            if (plan_is_heavy(plan, &sum, slot)) {
                warn_of_slot(plan, shard, &sum, slot);
                warned++;
            }
    return warned;
}

void plan_warn(const struct plan *plan)
{
    int most = WARNINGS;

    for (size_t i = 0; i < rf_topology_shards(plan->topology); i++)
        most -= warn_of_shard(plan, rf_topology_shard(plan->topology, i), most);
}
