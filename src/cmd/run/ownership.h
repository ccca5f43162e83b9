/* SPDX-License-Identifier: MIT */
/* Says who the outputs belong to if that is not the user of the process. */
#ifndef CMD_RUN_OWNERSHIP_H
#define CMD_RUN_OWNERSHIP_H

/* Prints at most one line; the first time that there is something to say. */
void ownership_summarize(void);

#endif
