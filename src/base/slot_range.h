/* SPDX-License-Identifier: MIT */
/* Ranges of cluster slots: equal ones, and those that a list names. */
#ifndef BASE_SLOT_RANGE_H
#define BASE_SLOT_RANGE_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>

/* The i-th of n equal ranges; 1 <= i <= n <= RF_SLOTS. They have the borders that `redis-cli --cluster
 * create` makes, which adds up floats. (Valkey src/valkey-cli.c: clusterManagerCommandCreate) Where its sums
 * run ahead so far that nothing is left for the last nodes, from 7542 nodes on, those have one slot each
 * here. */
void slot_range_equal(unsigned n, unsigned i, unsigned *first, unsigned *last);

/* Reads "5" or "0-5460": slots below RF_SLOTS, the second one not below the first. False if it is not that.
 */
bool slot_range_parse(rf_slice text, unsigned *first, unsigned *last);

/* Takes the first range off a list such as "0-99,200": list->ptr is NULL when that was the last one. Only for
 * a list that has one left. RF_E_ARGUMENT, quoting the item, where it is no range. */
rf_code slot_list_next(rf_slice *list, char separator, unsigned *first, unsigned *last, rf_error *error);

#endif
