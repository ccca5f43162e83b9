/* SPDX-License-Identifier: MIT */
/* Which methods of writing a key are possible with the commands available on the target. */
#ifndef REPLAY_WRITE_METHOD_H
#define REPLAY_WRITE_METHOD_H

#include <rdbferry/replay.h>

/* Whether RESTORE can be used. */
bool method_can_restore(const rf_abilities *target);

/* Whether a staging key can be used, which is renamed. */
bool method_can_rename(const rf_abilities *target, rf_on_exists on_exists);

/* Whether the commands that create values of this type are available. */
bool method_has_commands(const rf_abilities *target, rf_type type);

/* Whether SET writes the key, with all that belongs to it. */
bool method_is_set(const rf_abilities *target, const rf_entry *key);

/* Why a key cannot be written with commands: which command is not available. NULL: it can be,
 * unless it is too large for a single transaction. */
const char *method_obstacle(const rf_abilities *target, rf_on_exists on_exists, const rf_entry *key);

extern const char method_needs_restore[], method_too_large[];

#endif
