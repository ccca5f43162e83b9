/* SPDX-License-Identifier: MIT */
/* Which modules a node has. Up to 6.0 a server exits over a value of a module that it lacks, so none is sent
 * before that is known. */
#ifndef REPLAY_MODULES_H
#define REPLAY_MODULES_H

#include "replay/replay.h"

/* Asks a node, unless it has been asked since it was started; where MODULE LIST is refused they are unknown.
 * RF_E_TARGET: it cannot be asked now. */
rf_code modules_learn(struct node *node, rf_error *error);

/* The same of the node that has the key, or whoever takes commands; waits until it can be asked. */
rf_code modules_learn_patiently(rf_replay *r, rf_slice key, rf_error *error);

/* Whether a value of this module type may be sent to a node that has been asked. Where not, *why says so. */
bool modules_allow(const struct node *node, const char *type, const char **why);

/* The type name of the value in a parcel's last RESTORE. False: there is none. */
bool modules_type_of(rf_slice commands, char type[10]);

#endif
