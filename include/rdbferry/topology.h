/* SPDX-License-Identifier: MIT */
/* A topology: shards and their slots. Every slot belongs to exactly one shard. */
#ifndef RDBFERRY_TOPOLOGY_H
#define RDBFERRY_TOPOLOGY_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <rdbferry/slot.h>
#include <rdbferry/target.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rf_slot_range {
    uint16_t first, last;
} rf_slot_range;

typedef struct rf_shard {
    const char *name; /* for file names: "shard-0", or its node, "10.0.0.5-6379": letters, digits, "-", "."
                         and "_"; unique */
    const char *host; /* of its primary; NULL if there is none */
    int port;         /* 0 if there is none */
    const char *id;   /* 40 hexadecimal digits; NULL if unknown */
    const rf_slot_range *ranges; /* ascending, not adjacent, at least one */
    size_t range_count;
} rf_shard;

typedef struct rf_topology rf_topology;

/* n equal ranges, 1 to RF_SLOTS, with the same borders as `redis-cli --cluster create`. */
RF_API rf_code rf_topology_equal(uint64_t n, rf_topology **out, rf_error *error);

/* "0-5460,5461-10922,10923-16383": a shard for each item; a shard of several ranges is "0-99+200-299". */
RF_API rf_code rf_topology_of_ranges(const char *list, rf_topology **out, rf_error *error);

/* Parses a nodes.conf, the reply to CLUSTER NODES as redis-cli prints it, or the nodes.json that `redis-cli
 * --cluster backup` writes. Only primaries that have slots become shards. RF_E_FORMAT for any other text;
 * RF_E_ARGUMENT for slots that are not assigned or assigned twice. `name` is used in errors. */
RF_API rf_code rf_topology_parse(rf_slice text, const char *name, rf_topology **out, rf_error *error);

/* Asks a live cluster. RF_E_TARGET also for a target that is not a cluster. */
RF_API rf_code rf_topology_query(const rf_target *target, rf_topology **out, rf_error *error);

RF_API size_t rf_topology_shards(const rf_topology *topology);
RF_API const rf_shard *rf_topology_shard(const rf_topology *topology, size_t index);

/* The shard that has a slot below RF_SLOTS. */
RF_API size_t rf_topology_of_slot(const rf_topology *topology, unsigned slot);

/* Names the shards by a pattern, in which "%d" is their number, from 0 on. RF_E_ARGUMENT for anything else.
 */
RF_API rf_code rf_topology_set_names(rf_topology *topology, const char *pattern, rf_error *error);

/* `topology` may be NULL. */
RF_API void rf_topology_free(rf_topology *topology);

#endif
