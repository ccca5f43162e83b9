/* SPDX-License-Identifier: MIT */
/* The statuses this program exits with, and which of them an error leads to. 1 is for commands that
 * answer "no". */
#ifndef CMD_STATUS_H
#define CMD_STATUS_H

#include <rdbferry/error.h>

enum status {
    STATUS_DONE = 0,
    STATUS_USAGE = 2,
    STATUS_INPUT = 3,  /* unreadable or corrupt */
    STATUS_OUTPUT = 4, /* the output or the machine has failed */
};

enum status status_of(rf_code code);

#endif
