/* SPDX-License-Identifier: MIT */
/* The commands of an AOF one by one: where each begins, in the form that convert's --until-offset and
 * --drop-at take. */
#ifndef CMD_INSPECT_INSPECT_LOG_H
#define CMD_INSPECT_INSPECT_LOG_H

#include "cmd/run/inputs.h"
#include <rdbferry/filter.h>
#include <stdio.h>

/* A filter of commands by their names: globs, separated by commas, without case. RF_E_ARGUMENT if one is
 * invalid. Freed by rf_filter_free(). */
rf_code command_filter_new(const char *globs, rf_filter **out, rf_error *error);
bool command_filter_accepts(rf_filter *filter, const rf_entry *command);

/* Whether a filter of keys accepts the database of a command and one of its keys; a command that flushes or
 * swaps databases concerns each of their keys. *known: false if the keys of the command are not known.
 * RF_E_ARGUMENT if a regular expression fails. */
rf_code key_filter_accepts(rf_filter *filter, const rf_entry *command, bool *accepted, bool *known,
                           rf_error *error);

/* Prints "appendonly.aof.1.incr.aof:0x9d  2026-11-20T03:00:00Z  db 3  DEL 'a' 'b'"; long arguments and many
 * of them are cut. False: writing to stdout failed. */
bool print_command(const struct input *input, const rf_entry *command);

/* The first part of that, up to the database. */
void print_place(const struct input *input, uint64_t offset, int64_t time, int64_t db);

/* The name of the file, as a place has it. */
const char *place_name(const struct input *input);

/* Prints a command, uncut, as a line of JSON; `number` is that of --until-command. False: writing to stdout
 * failed. */
bool print_command_json(const struct input *input, const rf_entry *command, uint64_t number);

#endif
