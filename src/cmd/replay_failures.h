/* SPDX-License-Identifier: MIT */
/* What could not be written: the first ones are printed and kept, and those that a checkpoint does not have
 * yet are remembered. */
#ifndef CMD_REPLAY_FAILURES_H
#define CMD_REPLAY_FAILURES_H

#include "json.h"
#include "session.h"
#include <rdbferry/replay.h>

enum { FAILURES_SHOWN = 20 };

struct failure_example {
    rf_failure_kind kind;
    rf_error error; /* where, and the reason */
    bool library;   /* the key is a function library's name */
};

struct failures {
    uint64_t count;
    struct failure_example example[FAILURES_SHOWN];
    rf_place *open; /* not settled in any checkpoint */
    size_t open_count, room;
};

/* `remember`: for a checkpoint. */
void failures_add(struct failures *failures, const struct session *session, const rf_failure *failure,
                  bool remember);

/* How many that were remembered lie before `position`; they are forgotten. */
uint64_t failures_settle(struct failures *failures, rf_place position);

/* How many were not shown. */
void failures_summarize(const struct failures *failures);

/* A member "failures". */
void failures_report(struct json *json, const struct failures *failures);

void failures_free(struct failures *failures);

#endif
