/* SPDX-License-Identifier: MIT */
/* What to do about a target that does not let us in. */
#ifndef CMD_TARGET_ADVICE_H
#define CMD_TARGET_ADVICE_H

#include <rdbferry/error.h>

/* The failure, and behind it what can be done about it, where something is known. */
void target_failure(const rf_error *error);

#endif
