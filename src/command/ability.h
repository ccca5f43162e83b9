/* SPDX-License-Identifier: MIT */
/* What a server's commands support: abilities.def as an enum, and a lookup. */
#ifndef COMMAND_ABILITY_H
#define COMMAND_ABILITY_H

#include <rdbferry/version.h>
#include <stdbool.h>

enum ability {
#define ABILITY(name, what, redis, valkey, dragonfly) CAN_##name,
#include "command/abilities.def"
#undef ABILITY
};

bool server_can(rf_server server, enum ability ability);

/* "streams", for "redis 4.0 commands cannot represent streams". */
const char *ability_text(enum ability ability);

#endif
