/* SPDX-License-Identifier: MIT */
/* abilities.def as a table. */
#include "command/ability.h"

static const struct {
    const char *what;
    int since[RF_DIALECTS];
} abilities[] = {
#define ABILITY(name, what, redis, valkey, dragonfly) \
    [CAN_##name] = {what, {[RF_REDIS] = redis, [RF_VALKEY] = valkey, [RF_DRAGONFLY] = dragonfly}},
#include "command/abilities.def"
#undef ABILITY
};

bool server_can(rf_server server, enum ability ability)
{
    return 100 * server.major + server.minor >= abilities[ability].since[server.dialect];
}

const char *ability_text(enum ability ability)
{
    return abilities[ability].what;
}
