/* SPDX-License-Identifier: MIT */
/* A plan: what goes to which shard, by slot, and what is too heavy. */
#ifndef CMD_PLAN_H
#define CMD_PLAN_H

#include "json.h"
#include "transfer.h"
#include <rdbferry/entry.h>
#include <rdbferry/slot.h>
#include <rdbferry/topology.h>

enum { PLAN_TAG = 48 /* bytes of a tag that are kept */ };

/* Bytes are those of a key's record in the input. */
struct plan_slot {
    uint64_t keys, bytes;
};

/* The tag that most of a slot's bytes belong to, if there is one: those of other tags have been set off
 * against it. A tag that is heavy for a shard is always that. */
struct plan_tag {
    uint64_t lead; /* bytes: so many at least are its own */
    uint8_t length;
    uint8_t text[PLAN_TAG];
};

struct plan {
    const rf_topology *topology;
    uint64_t untagged; /* keys without a hash tag */
    struct plan_slot slots[RF_SLOTS];
    struct plan_tag tags[RF_SLOTS];
    /* The tables are too large to be near: a key is counted when the next one comes, of which its bytes are
     * known then, and its place fetched until then. */
    struct plan_slot *last;
    uint64_t last_bytes;
    struct plan_tag last_tag;
    bool last_is_tagged;
};

/* Counts a key, of which the slot is known. Its bytes are to be added where the result points to. */
uint64_t *plan_add(struct plan *plan, const rf_entry *key);

/* All keys have been counted. */
void plan_end(struct plan *plan);

/* The plan as a page on stdout, and warnings about slots and tags that are too heavy. */
void plan_show(const struct plan *plan);
void plan_warn(const struct plan *plan);

/* The plan as JSON: what became of the keys, the shards, and the files in `directory`. */
void plan_put_json(const struct plan *plan, const struct transfer *transfer, const char *directory,
                   FILE *out);

/* --- for those who tell it --- */

struct plan_shard {
    uint64_t slots, keys, bytes;
    unsigned heaviest; /* of its slots, by bytes */
};

void plan_sum(const struct plan *plan, const rf_shard *shard, struct plan_shard *out);

/* Whether a slot holds so much of its shard that another number of shards would not help. */
bool plan_is_heavy(const struct plan *plan, const struct plan_shard *shard, unsigned slot);

/* The tag that most of a slot's bytes belong to; ptr is NULL where there is none. */
rf_slice plan_tag(const struct plan *plan, unsigned slot);

#endif
