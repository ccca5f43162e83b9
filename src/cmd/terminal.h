/* SPDX-License-Identifier: MIT */
/* What is on the other side of a descriptor. RDBFERRY_TEST_TTY=1 in the environment makes every
 * descriptor a terminal, so that tests see what people see. */
#ifndef CMD_TERMINAL_H
#define CMD_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

bool terminal_at(int fd);

/* A terminal where colour is welcome: NO_COLOR is empty or unset, TERM is not "dumb". */
bool terminal_has_colour(int fd);

/* How many characters fit in one line. */
size_t terminal_width(int fd);

#endif
