/* SPDX-License-Identifier: MIT */
/* The statuses this program exits with, and which of them an error leads to. */
#ifndef CMD_STATUS_H
#define CMD_STATUS_H

#include <rdbferry/error.h>

enum status {
    STATUS_DONE = 0,
    STATUS_NO = 1, /* all went well, and the answer is no: data differs, or is not as it should be */
    STATUS_USAGE = 2,
    STATUS_INPUT = 3,    /* unreadable or corrupt */
    STATUS_OUTPUT = 4,   /* the output or the machine has failed */
    STATUS_SIGNAL = 128, /* and the number of the signal of which it could not die */
};

enum status status_of(rf_code code);

#endif
