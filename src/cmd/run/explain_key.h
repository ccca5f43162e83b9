/* SPDX-License-Identifier: MIT */
/* Explains what the rules do to one key, without reading an input. */
#ifndef CMD_RUN_EXPLAIN_KEY_H
#define CMD_RUN_EXPLAIN_KEY_H

#include "cmd/options/key_options.h"
#include "cmd/options/output_options.h"
#include <rdbferry/topology.h>

/* Prints the effect of each rule on written->explain_key, whether the key passes the filters, and its slot;
 * with a topology, its shard too. Returns the exit status. */
int explain_key(const struct key_options *keys, const struct output_options *written,
                const rf_topology *topology);

#endif
