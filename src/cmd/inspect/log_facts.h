/* SPDX-License-Identifier: MIT */
/* What the commands of an AOF are, in constant memory: by name, database and prefix of key; which file is of
 * which time; where databases were flushed and swapped. */
#ifndef CMD_INSPECT_LOG_FACTS_H
#define CMD_INSPECT_LOG_FACTS_H

#include "cmd/inspect/inspect_prefix.h"
#include "cmd/inspect/inspect_tables.h"
#include "cmd/inspect/sketch.h"
#include "cmd/run/inputs.h"

enum { EVENTS_KEPT = 10 };

/* A FLUSHALL, FLUSHDB or SWAPDB. */
struct log_event {
    const char *name;
    const struct input *input;
    uint64_t offset;
    int64_t db, time;
};

struct log_events {
    uint64_t count;
    struct log_event first[EVENTS_KEPT], last;
};

struct log_sum {
    uint64_t commands, bytes; /* of the arguments, with the name */
};

/* Of one input. */
struct log_file {
    uint64_t commands;
    int64_t first_time, last_time; /* Unix seconds; 0: there are no times */
};

struct log_facts {
    uint64_t commands, transactions;
    int64_t first_time, last_time; /* as in struct log_file */
    struct log_events flushes, swaps;
    struct log_file *files; /* of each input */
    const struct input *inputs;
    struct log_sum dbs[STATS_DATABASES + 1];
    struct sketch by_name;     /* in lower case, weighted by the bytes of their arguments */
    struct sketch unknown;     /* the same, those whose keys are not known */
    struct prefixes *prefixes; /* of their keys, weighted by the bytes of the command */
};

/* False: out of memory. */
bool log_facts_open(struct log_facts *facts, const struct input *inputs, size_t input_count,
                    struct prefixes *prefixes);
void log_facts_free(struct log_facts *facts);

/* False: out of memory. */
bool log_facts_add(struct log_facts *facts, const struct input *input, const rf_entry *command);

static inline const struct log_file *log_file_of(const struct log_facts *facts, const struct input *input)
{
    return &facts->files[input - facts->inputs];
}

/* How many of the first events are kept. */
static inline size_t log_events_kept(const struct log_events *events)
{
    return events->count < EVENTS_KEPT ? (size_t)events->count : EVENTS_KEPT;
}

#endif
