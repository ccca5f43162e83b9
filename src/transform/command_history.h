/* SPDX-License-Identifier: MIT */
/* How databases are called: by the number that their keys have at the end of a log. */
#ifndef TRANSFORM_COMMAND_HISTORY_H
#define TRANSFORM_COMMAND_HISTORY_H

#include "base/buffer.h"
#include <rdbferry/command_history.h>

/* Names of databases, by their present numbers; those beyond keep theirs. */
struct db_names {
    struct buffer names; /* int64_t */
};

int64_t db_names_of(const struct db_names *names, int64_t db);

/* After SWAPDB; false: out of memory. */
bool db_names_swap(struct db_names *names, int64_t a, int64_t b);

/* The names before the log; false: out of memory. */
bool db_names_begin(struct db_names *names, const struct rf_command_history *history);

/* Whether FLUSHDB of a database can stay in the result: no other keys are put where its keys are. `rewrite`
 * may be NULL. */
bool flush_stays(const rf_rewrite *rewrite, int64_t db);

/* The arguments of SWAPDB; false: they are invalid. */
bool swapped_dbs(const rf_entry *command, int64_t dbs[2]);

#endif
