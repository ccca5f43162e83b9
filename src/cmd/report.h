/* SPDX-License-Identifier: MIT */
/* The JSON report of a run, for CI: what was read, noticed and written, and how it ended. */
#ifndef CMD_REPORT_H
#define CMD_REPORT_H

#include "inputs.h"
#include "notices.h"
#include "stats.h"
#include <rdbferry/sink.h>

struct report {
    const char *command;
    const struct input *inputs;
    size_t input_count;
    const struct stats *stats;
    const struct notices *notices;
    rf_server target;      /* 0.0: it had not been settled */
    const rf_sink *sink;   /* a finished one; NULL: nothing was written */
    const rf_error *error; /* NULL: all went well */
    double seconds;
};

/* `path` "-" is stdout. False: the message has been printed. */
bool report_write(const struct report *report, const char *path);

#endif
