/* SPDX-License-Identifier: MIT */
/* Which methods of writing a key are possible with the commands available on the target. */
#ifndef REPLAY_WAY_H
#define REPLAY_WAY_H

#include <rdbferry/replay.h>

/* Whether RESTORE can be used. */
bool way_restores(const rf_abilities *target);

/* Whether a staging key can be used, which is renamed. */
bool way_renames(const rf_abilities *target, rf_on_exists on_exists);

/* Whether a transaction without a staging key can be used. */
bool way_transacts(const rf_abilities *target, rf_on_exists on_exists);

/* Whether the commands that create values of this type are available. */
bool way_has_commands(const rf_abilities *target, rf_type type);

/* Whether SET can set the expiry of a string. */
bool way_sets_expiry(const rf_abilities *target);

/* Why a key of this type cannot be written with commands: which command is not available. NULL: it can be,
 * unless it is too large for a single transaction. */
const char *way_obstacle(const rf_abilities *target, rf_on_exists on_exists, rf_type type, bool expires);

extern const char way_needs_restore[], way_is_too_large[];

#endif
