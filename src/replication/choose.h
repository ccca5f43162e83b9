/* SPDX-License-Identifier: MIT */
/* Which server of a primary and its replicas is read. */
#ifndef REPLICATION_CHOOSE_H
#define REPLICATION_CHOOSE_H

#include "net/primaries.h"

/* The server to read the data of a primary from: a replica that has all that the primary had when it was
 * asked, or the primary, if there is none, if the source is one server, or with `from_primary`. RF_E_TARGET
 * if a slot of the primary is being migrated. The caller frees the address. */
rf_code choose_server(const rf_target *source, const struct primaries *primaries, size_t number,
                      bool from_primary, rf_address *out, rf_error *error);

/* RF_E_TARGET if a slot of the primary is being migrated. */
rf_code choose_check_migration(const rf_target *source, const rf_address *primary, rf_error *error);

#endif
