/* SPDX-License-Identifier: MIT */
/* What can be said to a server in commands: abilities.def as an enum and a question. */
#ifndef COMMAND_ABILITY_H
#define COMMAND_ABILITY_H

#include <rdbferry/version.h>
#include <stdbool.h>

enum ability {
#define ABILITY(name, what, redis, valkey) CAN_##name,
#include "command/abilities.def"
#undef ABILITY
};

bool server_can(rf_server server, enum ability ability);

/* "a stream", for "redis 4.0 has no way to say a stream". */
const char *ability_text(enum ability ability);

#endif
