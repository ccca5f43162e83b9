/* SPDX-License-Identifier: MIT */
/* The standard streams: made safe at the start and checked at the end. */
#ifndef CMD_TERM_STREAMS_H
#define CMD_TERM_STREAMS_H

#include <stdbool.h>

/* Afterwards descriptors 0, 1 and 2 are open, and writing to a closed pipe fails instead of killing the
 * process. */
void streams_start(void);

/* Closes stdout. False: output was lost; the error has been printed. */
bool streams_end(void);

#endif
