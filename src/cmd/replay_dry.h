/* SPDX-License-Identifier: MIT */
/* `replay --dry-run`: what a replay would meet, without writing anything to the target. */
#ifndef CMD_REPLAY_DRY_H
#define CMD_REPLAY_DRY_H

#include "replay_options.h"

/* Returns the exit status: STATUS_DONE where a replay would go through, STATUS_NO where something stands in
 * its way. */
int replay_dry_run(const struct replay_options *options);

#endif
