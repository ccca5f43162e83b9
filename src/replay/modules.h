/* SPDX-License-Identifier: MIT */
/* The modules of a node. Up to 6.0 a server exits if it receives a value of a module that it lacks, so none
 * is sent before its modules are known. */
#ifndef REPLAY_MODULES_H
#define REPLAY_MODULES_H

#include "replay/internal.h"

/* Queries a node, unless its process has been queried before. If MODULE LIST is not available, the modules
 * are unknown. RF_E_TARGET: the node cannot be reached now. */
rf_code modules_learn(struct node *node, rf_error *error);

/* The same for the key's node, or for the node that receives commands; waits until it can be reached. */
rf_code modules_learn_with_retry(rf_replay *r, rf_slice key, rf_error *error);

/* Whether a value of this module type may be sent to a node whose modules were queried. If not, *why is the
 * reason. */
bool modules_allow(const struct node *node, const char *type, const char **why);

/* Gets the type name of the module value in the last RESTORE of a request. Returns false if there is none. */
bool modules_type_of(rf_slice commands, char type[10]);

#endif
