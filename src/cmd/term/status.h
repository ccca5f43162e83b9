/* SPDX-License-Identifier: MIT */
/* The exit statuses of the program, and the mapping of errors to them. */
#ifndef CMD_TERM_STATUS_H
#define CMD_TERM_STATUS_H

#include <rdbferry/error.h>

enum status {
    STATUS_DONE = 0,
    STATUS_NO = 1, /* success, but a check failed: data differs, or is not as expected */
    STATUS_USAGE = 2,
    STATUS_INPUT = 3,       /* unreadable or corrupt */
    STATUS_OUTPUT = 4,      /* the output or the machine failed, or the target rejects it */
    STATUS_UNAVAILABLE = 5, /* a live target cannot be reached, or not any more: it may work later */
    STATUS_SIGNAL = 128,    /* plus the number of the signal that ends the process */
};

enum status status_of(rf_code code);

#endif
