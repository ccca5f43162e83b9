/* SPDX-License-Identifier: MIT */
/* What to type if a live target was given where only files are read. */
#ifndef CMD_OPTIONS_SNAPSHOT_HINT_H
#define CMD_OPTIONS_SNAPSHOT_HINT_H

#include <stdbool.h>

/* Prints that the command cannot read from a live server, and the redis-cli command that takes a snapshot of
 * the one at this URL. User and password are not shown. Returns false. */
bool snapshot_hint(const char *url, const char *command);

#endif
