/* SPDX-License-Identifier: MIT */
/* The commands of an AOF one by one: where each begins, in the form that convert's --until-offset and
 * --drop-at take; and where databases were flushed. */
#ifndef CMD_INSPECT_INSPECT_LOG_H
#define CMD_INSPECT_INSPECT_LOG_H

#include "cmd/run/inputs.h"
#include <rdbferry/filter.h>
#include <stdio.h>

enum { FLUSHES_KEPT = 10 };

/* A FLUSHALL or FLUSHDB. */
struct flush_record {
    const struct input *input;
    uint64_t offset;
    int64_t db, time;
    bool all;
};

struct log_facts {
    int64_t first_time, last_time; /* Unix seconds; 0: there are no times */
    uint64_t flush_count;
    struct flush_record flushes[FLUSHES_KEPT];
};

void log_facts_add(struct log_facts *facts, const struct input *input, const rf_entry *command);

/* A filter of commands by their names: globs, separated by commas, without case. RF_E_ARGUMENT if one is
 * invalid. Freed by rf_filter_free(). */
rf_code command_filter_new(const char *globs, rf_filter **out, rf_error *error);
bool command_filter_accepts(rf_filter *filter, const rf_entry *command);

/* Prints "appendonly.aof.1.incr.aof:0x9d  2026-11-20T03:00:00Z  db 3  DEL 'a' 'b'"; long arguments and many
 * of them are cut. False: writing to stdout failed. */
bool print_command(const struct input *input, const rf_entry *command);

/* The first part of that, up to the database. */
void print_place(const struct input *input, uint64_t offset, int64_t time, int64_t db);

#endif
