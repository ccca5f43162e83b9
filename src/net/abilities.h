/* SPDX-License-Identifier: MIT */
/* Finding out which commands a server accepts. */
#ifndef NET_ABILITIES_H
#define NET_ABILITIES_H

#include "net/primaries.h"
#include <rdbferry/abilities.h>

/* Asks the server at an address, over a connection of its own; `primaries` says what is known of it. What
 * cannot be found out is no error: RF_E_MEMORY is the one way to fail. */
rf_code abilities_ask(const rf_target *target, const rf_address *address, const struct primaries *primaries,
                      rf_abilities *out, rf_error *error);

#endif
