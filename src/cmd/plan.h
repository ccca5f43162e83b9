/* SPDX-License-Identifier: MIT */
/* A plan: what goes to which shard, by slot, and what is too heavy. */
#ifndef CMD_PLAN_H
#define CMD_PLAN_H

#include "json.h"
#include "transfer.h"
#include <rdbferry/entry.h>
#include <rdbferry/slot.h>
#include <rdbferry/topology.h>

enum {
    PLAN_TAG = 48, /* bytes of a tag that are kept */
    PLAN_TAG_TEXT = 4 * PLAN_TAG + 4,
};

/* Bytes are those of a key's record in the input. */
struct plan_slot {
    uint64_t keys, bytes;
};

/* The tag that leads in a slot, if it is that of most bytes: those of other tags are set off against it. A
 * tag that is heavy for a shard leads in its slot, unless another one is about as heavy there. */
struct plan_tag {
    uint64_t lead;  /* bytes that have not been set off */
    uint64_t bytes; /* that are its own, at least: they are counted since it leads */
    uint8_t length; /* PLAN_TAG + 1: it is longer than what is kept */
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

/* plan.json: what became of the keys, the shards, and the files in `directory`. */
void plan_put_json(const struct plan *plan, const struct transfer *transfer, const char *directory,
                   FILE *out);

/* Members of a report's object: "untagged" and "shards". */
void plan_report(struct json *json, const struct plan *plan);

/* --- for those who tell it --- */

struct plan_shard {
    uint64_t slots, keys, bytes;
    unsigned heaviest; /* of its slots, by bytes */
};

void plan_sum(const struct plan *plan, const rf_shard *shard, struct plan_shard *out);

/* Whether a slot holds more than a tenth of its shard, which has more than ten of them and at least twenty
 * keys: another number of shards would not help. */
bool plan_is_heavy(const struct plan *plan, const struct plan_shard *shard, unsigned slot);

/* The tag that most of a slot's bytes belong to, as text; "" where there is none. */
const char *plan_tag(const struct plan *plan, unsigned slot, char out[PLAN_TAG_TEXT]);

#endif
