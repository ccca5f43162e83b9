/* SPDX-License-Identifier: MIT */
/* The standard streams, made safe at the start and checked at the end. */
#ifndef CMD_STREAMS_H
#define CMD_STREAMS_H

#include <stdbool.h>

/* Descriptors 0, 1 and 2 are open afterwards, and a write nobody takes fails instead of killing. */
void streams_start(void);

/* Closes stdout. False: something that was written to it is lost; the message has been printed. */
bool streams_end(void);

#endif
