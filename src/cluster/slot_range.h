/* SPDX-License-Identifier: MIT */
/* Ranges of cluster slots: equal ones, and those given in a list. */
#ifndef CLUSTER_SLOT_RANGE_H
#define CLUSTER_SLOT_RANGE_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>

/* The i-th of n equal ranges; 1 <= i <= n <= RF_SLOTS. The borders are those of `redis-cli --cluster create`,
 * which sums up floats. (Valkey src/valkey-cli.c: clusterManagerCommandCreate) From 7542 nodes on, its sums
 * leave nothing for the last nodes; here those get one slot each. */
void slot_range_equal(unsigned n, unsigned i, unsigned *first, unsigned *last);

/* Reads "5" or "0-5460": slots below RF_SLOTS, the second one not below the first. False for anything
 * else. */
bool slot_range_parse(rf_slice text, unsigned *first, unsigned *last);

/* Removes the first range from a list such as "0-99,200": list->ptr is NULL after the last one. The list must
 * have an item left. RF_E_ARGUMENT, quoting the item, if it is not a range. */
rf_code slot_list_next(rf_slice *list, char separator, unsigned *first, unsigned *last, rf_error *error);

#endif
