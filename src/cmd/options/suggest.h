/* SPDX-License-Identifier: MIT */
/* Hints for options, values and commands that do not exist: similar ones, those of other commands, and those
 * that other tools call by another name. */
#ifndef CMD_OPTIONS_SUGGEST_H
#define CMD_OPTIONS_SUGGEST_H

#include "cmd/options/options.h"

/* Enough for each of the hints. */
enum { HINT = 256 };

/* The hint for an unknown option, which is given with its dashes and possibly "=VALUE": "; did you mean
 * '--output'?", or "" if there is none. Returns `out`. */
const char *suggest_option(const struct option_table *table, const char *given, char out[HINT]);

/* The same if an abbreviation was given for the option `row`. */
const char *suggest_full_name(const struct option_table *table, const struct option_row *row,
                              const char *given, char out[HINT]);

/* The hint for a missing output, which may be the last operand: "; did you mean '-o out.aof'?". */
const char *suggest_output(char **operands, int count, char out[HINT]);

/* The hint for an invalid value of an option. */
const char *suggest_value(const struct option_row *row, const char *given, char out[HINT]);

#endif
