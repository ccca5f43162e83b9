/* SPDX-License-Identifier: MIT */
/* Which argument of a command is an absolute expiry, from command_expiry.def. */
#ifndef COMMAND_COMMAND_EXPIRY_H
#define COMMAND_COMMAND_EXPIRY_H

#include <rdbferry/entry.h>
#include <stdbool.h>
#include <stddef.h>

struct command_row;

struct command_expiry {
    size_t argument;
    int64_t ms;       /* Unix time; an expiry in seconds that is too large for it is INT64_MAX */
    bool in_seconds;  /* the argument is */
    bool of_elements; /* of the key, such as fields of a hash; false: of the keys */
};

/* The first word from argument `from` on, before FIELDS or MEMBERS; argc: there is none. */
size_t command_find_word(const rf_entry *command, size_t from, const char *word);

/* The first argument that may be a relative expiry, or the word before one; SIZE_MAX: there is none. */
size_t command_relative_from(const struct command_row *row);

/* False: the command has none. */
bool command_expiry_find(const rf_entry *command, struct command_expiry *expiry);

#endif
