/* SPDX-License-Identifier: MIT */
/* Explains one key of two data sets: which of its elements differ. */
#ifndef CMD_DIFF_EXPLAIN_H
#define CMD_DIFF_EXPLAIN_H

#include "cmd/compare/differences.h"
#include "cmd/run/session.h"
#include <rdbferry/digest.h>

struct explanation {
    struct session *session;
    size_t before_count; /* number of the session's inputs that form the first data set */
    int64_t db;
    rf_slice key;
    uint64_t memory; /* for matching elements; 0: a default limit */
    uint64_t limit;  /* elements shown; 0: all */
    rf_digester *digester;
    struct differences *differences; /* receives the difference of the key */
};

/* Reads both data sets and prints the differences. Returns RF_E_ARGUMENT if neither has the key,
 * RF_E_UNSUPPORTED if there are commands. */
rf_code explain(const struct explanation *explanation, rf_error *error);

/* The effect of commands on keys is unknown without executing them: returns RF_E_UNSUPPORTED. */
rf_code refuse_commands(rf_error *error);

/* Compares the elements of two values of this type, before and after; the values are held, and are not
 * strings. */
rf_code explain_elements(const struct explanation *explanation, rf_type type, rf_value *const values[2],
                         rf_error *error);

#endif
