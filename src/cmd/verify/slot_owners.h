/* SPDX-License-Identifier: MIT */
/* Which operand has the keys of a slot: the files of a cluster's nodes have no slot in common, so that one
 * that is missing leaves a gap. */
#ifndef CMD_VERIFY_SLOT_OWNERS_H
#define CMD_VERIFY_SLOT_OWNERS_H

#include <rdbferry/topology.h>
#include <stdbool.h>

struct slot_owners;

/* NULL if out of memory. To be freed with free(). */
struct slot_owners *slot_owners_new(size_t operands);

/* Operands are added one after the other. */
void slot_owners_add(struct slot_owners *owners, size_t operand, rf_slice key);

/* Called after the last key: finds the next range of slots, from slot *from on, for which a node's file is
 * missing, and sets *from to the slot after it. False: there is none, or the operands do not look like the
 * files of a cluster's nodes. */
bool slot_owners_next_gap(const struct slot_owners *owners, unsigned *from, rf_slot_range *gap);

#endif
