/* SPDX-License-Identifier: MIT */
/* Determines which commands a server accepts. */
#ifndef NET_ABILITIES_H
#define NET_ABILITIES_H

#include "net/primaries.h"
#include <rdbferry/abilities.h>

/* Queries the server at `address` over a separate connection; `primaries` holds what is known about it. What
 * cannot be determined is not an error: the only error is RF_E_MEMORY. */
rf_code abilities_probe(const rf_target *target, const rf_address *address, const struct primaries *primaries,
                        rf_abilities *out, rf_error *error);

#endif
