/* SPDX-License-Identifier: MIT */
/* What to do when a target denies access. */
#ifndef CMD_RUN_TARGET_ADVICE_H
#define CMD_RUN_TARGET_ADVICE_H

#include <rdbferry/error.h>

/* Prints the failure, followed by advice if there is any. */
void target_failure(const rf_error *error);

#endif
