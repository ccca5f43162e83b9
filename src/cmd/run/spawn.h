/* SPDX-License-Identifier: MIT */
/* Runs a program that the user names. */
#ifndef CMD_RUN_SPAWN_H
#define CMD_RUN_SPAWN_H

#include <rdbferry/error.h>

/* Runs the command without a shell: its words are separated by blanks, and the first one is the program,
 * which is searched for in $PATH. Its stdout is our stderr. Waits for its end, and calls `tick` meanwhile,
 * whose error kills it. RF_E_WRITE: it cannot be run, or fails. */
rf_code spawn_and_wait(const char *command, rf_code (*tick)(void *ctx, rf_error *error), void *ctx,
                       rf_error *error);

#endif
