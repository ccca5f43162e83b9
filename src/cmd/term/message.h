/* SPDX-License-Identifier: MIT */
/* Messages: everything that the program prints on stderr, one line each, preceded by its name. May be called
 * from any thread; a visible progress line is cleared first. Control characters, which only come from names
 * and data, are printed as \xNN. */
#ifndef CMD_TERM_MESSAGE_H
#define CMD_TERM_MESSAGE_H

#include <rdbferry/error.h>
#include <stdbool.h>

enum message_level {
    LEVEL_QUIET,   /* errors */
    LEVEL_NORMAL,  /* plus warnings, and a summary */
    LEVEL_VERBOSE, /* plus details */
};

#define PRINTF_LIKE __attribute__((format(printf, 1, 2)))

/* Must be called first. */
void message_start(void);

/* Call it before other threads start. */
void message_set_level(enum message_level level);
enum message_level message_get_level(void);

void message_error(const char *format, ...) PRINTF_LIKE;

/* A usage error: prints the message and how to get help. `command` may be NULL. Returns false, for
 * `return message_usage(...)`. */
bool message_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line that follows an error: what to do instead. */
void message_hint(const char *format, ...) PRINTF_LIKE;

void message_failure(const rf_error *error);
void message_warning(const char *format, ...) PRINTF_LIKE;
/* News that is neither a problem nor a detail. */
void message_note(const char *format, ...) PRINTF_LIKE;
void message_detail(const char *format, ...) PRINTF_LIKE;

/* The line that a run ends with, without the name of the program. */
void message_summary(const char *format, ...) PRINTF_LIKE;

/* The rest is not printed if that would block. */

/* An error, before the process ends. */
void message_last(const char *format, ...) PRINTF_LIKE;

/* Draws a line that the next message or call clears; NULL only clears. */
void message_progress(const char *line);

/* A line of its own, for a log. */
void message_progress_line(const char *line);

#endif
