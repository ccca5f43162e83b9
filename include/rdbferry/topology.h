/* SPDX-License-Identifier: MIT */
/* A topology: shards, and which slots each of them has. Every slot belongs to exactly one. */
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
    const char *name; /* for files: "shard-0", or its node, "10.0.0.5-6379": letters, digits, "-", "." and
                         "_"; of two shards never the same */
    const char *host; /* of its primary; NULL where it has none */
    int port;         /* 0 likewise */
    const char *id;   /* 40 hexadecimal digits; NULL where they are not known */
    const rf_slot_range *ranges; /* ascending, not touching each other, at least one */
    size_t range_count;
} rf_shard;

typedef struct rf_topology rf_topology;

/* n equal ranges, 1 to RF_SLOTS, with the borders of `redis-cli --cluster create`. */
RF_API rf_code rf_topology_equal(uint64_t n, rf_topology **out, rf_error *error);

/* "0-5460,5461-10922,10923-16383": a shard for each item; one of several ranges is "0-99+200-299". */
RF_API rf_code rf_topology_of_ranges(const char *list, rf_topology **out, rf_error *error);

/* A nodes.conf, what CLUSTER NODES answers as redis-cli prints it, or the nodes.json that `redis-cli
 * --cluster backup` writes. Only primaries that have slots become shards. RF_E_FORMAT for text that is none
 * of these; RF_E_ARGUMENT for slots that nobody has or that two have. `name` stands in errors. */
RF_API rf_code rf_topology_parse(rf_slice text, const char *name, rf_topology **out, rf_error *error);

/* What a live cluster says of itself. RF_E_TARGET also for a target that is no cluster. */
RF_API rf_code rf_topology_ask(const rf_target *target, rf_topology **out, rf_error *error);

RF_API size_t rf_topology_shards(const rf_topology *topology);
RF_API const rf_shard *rf_topology_shard(const rf_topology *topology, size_t index);

/* The shard that has a slot below RF_SLOTS. */
RF_API size_t rf_topology_of_slot(const rf_topology *topology, unsigned slot);

/* NULL is let through. */
RF_API void rf_topology_free(rf_topology *topology);

#endif
