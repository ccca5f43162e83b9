/* SPDX-License-Identifier: MIT */
/* `replay --dry-run`: checks what would prevent a replay, without writing to the target. */
#ifndef CMD_PREFLIGHT_REPLAY_PREFLIGHT_H
#define CMD_PREFLIGHT_REPLAY_PREFLIGHT_H

#include "cmd/replay/replay_options.h"

/* Returns the exit status: STATUS_DONE if the replay would succeed, STATUS_NO if there is a problem. */
int replay_preflight(const struct replay_options *options);

#endif
