/* SPDX-License-Identifier: MIT */
/* The name of a command, as tables have it: one word, or two for a subcommand. */
#ifndef COMMAND_COMMAND_NAME_H
#define COMMAND_COMMAND_NAME_H

#include <rdbferry/entry.h>
#include <stdbool.h>
#include <stddef.h>

enum { COMMAND_NAME_SIZE = 40 }; /* more than any has */

/* Joins the first words of a command by spaces. False: it has fewer, one of them is not a word, or the name
 * is longer than any. */
bool command_name_of(const rf_entry *command, size_t words, char out[COMMAND_NAME_SIZE]);

#endif
