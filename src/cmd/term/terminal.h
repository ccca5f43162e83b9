/* SPDX-License-Identifier: MIT */
/* The standard streams, made safe at the start and checked at the end; and properties of a descriptor's
 * terminal. RDBFERRY_TEST_TTY=1 in the environment makes every descriptor count as a terminal, for tests. */
#ifndef CMD_TERM_TERMINAL_H
#define CMD_TERM_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Afterwards descriptors 0, 1 and 2 are open, and writing to a closed pipe fails instead of killing the
 * process. */
void streams_start(void);

/* The exit status of a command whose output to stdout failed: as after SIGPIPE if it has no reader any more,
 * otherwise STATUS_OUTPUT. */
int stdout_status(void);

/* Flushes stdout. Returns `status`, or that of the failure if it was at most STATUS_NO; streams_end() prints
 * the error. */
int stdout_flush(int status);

/* The same, and closes stdout. An error is printed, unless stdout has no reader any more. */
int streams_end(int status);

bool terminal_at(int fd);

/* A terminal that shows colours: NO_COLOR is empty or unset, and TERM is not "dumb". */
bool terminal_has_colour(int fd);

/* The width of a line in characters. */
size_t terminal_width(int fd);

/* The same for a text: $COLUMNS, or the width of the terminal. *known: it is one of these. */
size_t terminal_columns(int fd, bool *known);

#endif
