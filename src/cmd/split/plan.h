/* SPDX-License-Identifier: MIT */
/* A plan: which slots, keys and bytes go to which shard, and which slots are too large. */
#ifndef CMD_SPLIT_PLAN_H
#define CMD_SPLIT_PLAN_H

#include "base/json.h"
#include "cmd/run/transfer.h"
#include <rdbferry/entry.h>
#include <rdbferry/nodes.h>
#include <rdbferry/slot.h>
#include <rdbferry/topology.h>

enum {
    PLAN_TAG = 48, /* bytes kept of a tag */
    PLAN_TAG_START = 7,
    PLAN_TAG_TEXT = 4 * PLAN_TAG + 4,
};

/* The bytes of a key are those of its record in the input. */
struct plan_slot {
    uint64_t keys, bytes;
};

/* The leading hash tag of a slot, if it has the majority of its bytes: bytes of other tags are subtracted. A
 * tag that is large compared with the shard leads in its slot, unless another one of similar size is there.
 */
struct plan_leader {
    uint64_t lead;  /* bytes that have not been subtracted */
    uint64_t bytes; /* a lower bound of its own bytes: counted since it leads */
    /* The length, PLAN_TAG + 1 if it is longer than what is kept, and the first PLAN_TAG_START bytes. */
    uint64_t start;
};

struct plan {
    const rf_topology *topology;
    const rf_nodes *nodes; /* NULL: none */
    uint64_t untagged;     /* keys without a hash tag */
    struct plan_slot slots[RF_SLOTS];
    struct plan_leader leaders[RF_SLOTS];
    uint8_t tags[RF_SLOTS + 1][PLAN_TAG]; /* of the leaders that are longer than that; the last one is
                                             overwritten and not read */
    /* Of a key whose size is not known yet. */
    bool has_last;
    struct placed_key last;
    uint8_t last_text[PLAN_TAG]; /* of its tag */
};

/* Counts n keys, one at least. The caller adds the size of the last one to the result, which is 0. */
uint64_t *plan_add(struct plan *plan, const struct placed_key *keys, size_t n);

/* Called after the last key. */
void plan_end(struct plan *plan);

/* Prints the plan as a table on stdout, and warnings about slots and tags that are too large. */
void plan_print(const struct plan *plan);
void plan_warn(const struct plan *plan);

/* Writes plan.json: the counts of keys, the shards, and the files in `directory`. */
void plan_put_json(const struct plan *plan, const struct transfer *transfer, const char *directory,
                   FILE *out);

/* Adds the members "untagged", "shards" and "nodes" to a report. */
void plan_report(struct json *json, const struct plan *plan);

/* --- for output --- */

struct plan_shard {
    uint64_t slots, keys, bytes;
    unsigned largest_slot; /* of its slots, by bytes */
};

void plan_sum(const struct plan *plan, const rf_shard *shard, struct plan_shard *out);

/* Whether a slot has more than a tenth of the bytes of its shard, which has more than ten slots and at least
 * twenty keys: another number of shards would not help. */
bool plan_is_heavy(const struct plan *plan, const struct plan_shard *shard, unsigned slot);

/* The hash tag of most of a slot's bytes, as text; "" if there is none. */
const char *plan_tag(const struct plan *plan, unsigned slot, char out[PLAN_TAG_TEXT]);

#endif
