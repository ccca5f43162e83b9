/* SPDX-License-Identifier: MIT */
/* The part of the report for people that is about the commands of an AOF. */
#ifndef CMD_INSPECT_INSPECT_LOG_TEXT_H
#define CMD_INSPECT_INSPECT_LOG_TEXT_H

#include "cmd/inspect/inspect.h"
#include "cmd/term/table.h"

/* One line below the name of an input. */
void put_log_file(const struct log_file *file);

void put_log_text(const struct table *table, const struct inspection *inspection);

#endif
