/* SPDX-License-Identifier: MIT */
/* Messages: everything the program says on stderr, one line each, headed by its name. May be called from
 * any thread; a progress line that stands there is wiped first. Control characters, which only names
 * and data can bring in, come out as \xNN. */
#ifndef CMD_MESSAGE_H
#define CMD_MESSAGE_H

#include <rdbferry/error.h>

enum message_level {
    LEVEL_QUIET,   /* errors */
    LEVEL_NORMAL,  /* and warnings, and on a terminal a summary */
    LEVEL_VERBOSE, /* and details */
};

#define PRINTF_LIKE __attribute__((format(printf, 1, 2)))

/* Comes first. */
void message_start(void);

/* Before other threads start. */
void message_set_level(enum message_level level);
enum message_level message_get_level(void);

void message_error(const char *format, ...) PRINTF_LIKE;

/* A usage error: the message, and where to read on. `command` may be NULL. */
void message_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

void message_failure(const rf_error *error);
void message_warning(const char *format, ...) PRINTF_LIKE;
void message_detail(const char *format, ...) PRINTF_LIKE;

/* One line, without the program's name, for a person who waits. */
void message_summary(const char *format, ...) PRINTF_LIKE;

/* Draws a line that the next message or the next call wipes; NULL only wipes. */
void message_progress(const char *line);

#endif
