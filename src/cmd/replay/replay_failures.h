/* SPDX-License-Identifier: MIT */
/* Entries that could not be written: the first ones are printed and stored, and those that are not in a
 * checkpoint yet are remembered. */
#ifndef CMD_REPLAY_REPLAY_FAILURES_H
#define CMD_REPLAY_REPLAY_FAILURES_H

#include "base/json.h"
#include "cmd/run/session.h"
#include <rdbferry/replay.h>

enum { FAILURES_SHOWN = 20 };

struct failure_example {
    rf_failure_kind kind;
    rf_error error; /* position and reason */
    bool library;   /* the key is a function library's name */
    bool is_command;
    uint64_t command; /* its number, if known; otherwise 0 */
};

struct failures {
    uint64_t count, existing;
    uint64_t undeleted; /* keys and libraries that were not deleted */
    struct failure_example example[FAILURES_SHOWN];
    rf_position *open; /* not in a checkpoint yet */
    size_t open_count, capacity;
};

/* `remember`: until the checkpoint includes it. */
void failures_add(struct failures *failures, const struct session *session, const rf_failure *failure,
                  bool remember);

/* Forgets the remembered failures at positions that are saved, and returns their number. */
uint64_t failures_forget(struct failures *failures, bool (*is_saved)(const void *ctx, rf_position position),
                         const void *ctx);

/* Prints how many were not shown. */
void failures_summarize(const struct failures *failures);

/* Writes the member "failures". */
void failures_report(struct json *json, const struct failures *failures);

void failures_free(struct failures *failures);

#endif
