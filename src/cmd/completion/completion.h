/* SPDX-License-Identifier: MIT */
/* `rdbferry help --completion SHELL`: scripts that complete command lines, made from the tables of commands
 * and options. */
#ifndef CMD_COMPLETION_COMPLETION_H
#define CMD_COMPLETION_COMPLETION_H

#include "cmd/command.h"
#include "cmd/options/options.h"
#include <stddef.h>

/* Prints the script for this shell to stdout. Returns the exit status; the error has been printed. */
int completion_print(const char *shell, const struct command *commands, size_t count);

/* --- what the scripts are made of --------------------------------------------------------------------- */

enum completion_value {
    COMPLETE_NOTHING, /* the option takes no argument */
    COMPLETE_ANY,     /* an argument that cannot be guessed */
    COMPLETE_FILE,
    COMPLETE_DIRECTORY,
    COMPLETE_WORDS,
};

enum { COMPLETION_WORDS = 512 };

/* What the argument of an option may be. For COMPLETE_WORDS, `words` has them, separated by spaces. */
enum completion_value completion_value_of(const struct option_row *row, char words[COMPLETION_WORDS]);

/* Calls `on_option` for each option of a table and the tables that it includes. */
void completion_each(const struct option_row *rows,
                     void (*on_option)(const struct option_row *row, const void *ctx), const void *ctx);

/* Prints the words separated by single spaces, with a backslash before each character in `special`, and
 * `quote` in place of a single quote. */
void completion_text(const char *text, const char *special, const char *quote);

/* One for each shell. */
void completion_bash(const struct command *commands, size_t count);
void completion_zsh(const struct command *commands, size_t count);
void completion_fish(const struct command *commands, size_t count);

#endif
