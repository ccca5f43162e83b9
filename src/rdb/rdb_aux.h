/* SPDX-License-Identifier: MIT */
/* Learning from the AUX fields of a file. */
#ifndef RDB_RDB_AUX_H
#define RDB_RDB_AUX_H

#include "rdb/rdb_reader.h"

/* Adds to r->info what a field tells. That of Dragonfly changes the dialect. */
void rdb_aux_learn(struct rdb_reader *r, const rf_entry *entry);

/* The first product that is learned is kept; `product` may be NULL. */
void rdb_aux_learn_product(struct rdb_reader *r, const char *product);

#endif
