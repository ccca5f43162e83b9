/* SPDX-License-Identifier: MIT */
/* One key of two data sets: which of its elements differ. */
#ifndef CMD_EXPLAIN_H
#define CMD_EXPLAIN_H

#include "differences.h"
#include "session.h"
#include <rdbferry/digest.h>

struct explanation {
    struct session *session;
    size_t before_count; /* so many of the session's inputs are the first data set */
    int64_t db;
    rf_slice key;
    uint64_t memory; /* for telling elements apart; 0: a good limit */
    uint64_t limit;  /* elements shown; 0: all */
    rf_digester *digester;
    struct differences *differences; /* takes that of the key */
};

/* Reads both, and prints what differs. RF_E_ARGUMENT where neither has the key, RF_E_UNSUPPORTED where there
 * are commands. */
rf_code explain(const struct explanation *explanation, rf_error *error);

/* What commands do to keys nobody can tell without running them: RF_E_UNSUPPORTED. */
rf_code refuse_commands(rf_error *error);

/* The elements of two values of this type, before and after; they are held, and no strings. */
rf_code explain_elements(const struct explanation *explanation, rf_type type, rf_value *const values[2],
                         rf_error *error);

#endif
