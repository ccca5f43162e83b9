/* SPDX-License-Identifier: MIT */
/* Which ways a key can take into a target, by the commands that this accepts. */
#ifndef REPLAY_WAY_H
#define REPLAY_WAY_H

#include <rdbferry/replay.h>

/* By RESTORE, at all. */
bool way_restores(const rf_abilities *target);

/* By a temporary name, which is renamed. */
bool way_renames(const rf_abilities *target, rf_on_exists on_exists);

/* Without one, in a transaction of its own. */
bool way_transacts(const rf_abilities *target, rf_on_exists on_exists);

/* The commands that make values of this type. */
bool way_has_commands(const rf_abilities *target, rf_type type);

/* Whether the expiry of a string goes along with it. */
bool way_sets_expiry(const rf_abilities *target);

/* Why a key of this type cannot be written by commands: what the target does not accept. NULL: it can be, as
 * far as a transaction of all of it is not too large. */
const char *way_obstacle(const rf_abilities *target, rf_on_exists on_exists, rf_type type, bool expires);

extern const char way_needs_restore[], way_is_too_large[];

#endif
