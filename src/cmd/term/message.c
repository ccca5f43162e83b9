/* SPDX-License-Identifier: MIT */
/* Messages on stderr. The text is formatted, escaped, and written under one lock. */
#include "cmd/term/message.h"
#include "cmd/term/terminal.h"
#include "cmd/term/text.h"
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

enum { MESSAGE_SIZE = 8192 }; /* enough for a path, a key and a sentence */

struct style {
    const char *head;
    const char *coloured;
};

static const struct style error_style = {"rdbferry: ", "\033[1;31mrdbferry:\033[0m "};
static const struct style warning_style = {"rdbferry: warning: ", "rdbferry: \033[1;35mwarning:\033[0m "};
static const struct style detail_style = {"rdbferry: ", "rdbferry: "};
static const struct style plain_style = {"", ""};

static enum message_level level = LEVEL_NORMAL;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool progress_shown;

/* stderr is buffered, so that each message is one write. */
void message_start(void)
{
    setvbuf(stderr, NULL, _IOFBF, MESSAGE_SIZE);
}

void message_set_level(enum message_level wanted)
{
    level = wanted;
}

enum message_level message_get_level(void)
{
    return level;
}

static void wipe_progress(void)
{
    if (progress_shown)
        fputs("\r\033[K", stderr);
    progress_shown = false;
}

/* Called with the lock, which it releases. */
static void print_locked(const struct style *style, const char *text)
{
    wipe_progress();
    fputs(terminal_has_colour(STDERR_FILENO) ? style->coloured : style->head, stderr);
    text_put(stderr, text);
    putc('\n', stderr);
    fflush(stderr);
    pthread_mutex_unlock(&lock);
}

static void print_text(const struct style *style, const char *text)
{
    pthread_mutex_lock(&lock);
    print_locked(style, text);
}

__attribute__((format(printf, 2, 0))) static void print_formatted(const struct style *style,
                                                                  const char *format, va_list args)
{
    char text[MESSAGE_SIZE];
    vsnprintf(text, sizeof text, format, args);
    print_text(style, text);
}

void message_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_formatted(&error_style, format, args);
    va_end(args);
}

bool message_usage(const char *command, const char *format, ...)
{
    va_list args;
    char hint[128];

    va_start(args, format);
    print_formatted(&error_style, format, args);
    va_end(args);
    snprintf(hint, sizeof hint, "try 'rdbferry %s%s'", command ? command : "help", command ? " --help" : "");
    print_text(&plain_style, hint);
    return false;
}

void message_hint(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_formatted(&plain_style, format, args);
    va_end(args);
}

void message_failure(const rf_error *error)
{
    char text[MESSAGE_SIZE];
    rf_error_format(error, text, sizeof text);
    print_text(&error_style, text);
}

void message_warning(const char *format, ...)
{
    va_list args;

    if (level < LEVEL_NORMAL)
        return;
    va_start(args, format);
    print_formatted(&warning_style, format, args);
    va_end(args);
}

void message_note(const char *format, ...)
{
    va_list args;

    if (level < LEVEL_NORMAL)
        return;
    va_start(args, format);
    print_formatted(&detail_style, format, args);
    va_end(args);
}

void message_detail(const char *format, ...)
{
    va_list args;

    if (level < LEVEL_VERBOSE)
        return;
    va_start(args, format);
    print_formatted(&detail_style, format, args);
    va_end(args);
}

void message_summary(const char *format, ...)
{
    va_list args;

    if (level < LEVEL_NORMAL)
        return;
    fflush(stdout); /* where both are one file, it does not break a line; a failure is noticed at the end */
    va_start(args, format);
    print_formatted(&plain_style, format, args);
    va_end(args);
}

/* --- from the signal thread, which must not block ----------------------------------------------------- */

static bool lock_if_ready(void)
{
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&fd, 1, 0) > 0 && fd.revents & POLLOUT && pthread_mutex_trylock(&lock) == 0;
}

void message_last(const char *format, ...)
{
    char text[MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (lock_if_ready())
        print_locked(&error_style, text);
}

void message_progress(const char *line)
{
    if (!lock_if_ready())
        return;
    wipe_progress();
    if (line) {
        text_put(stderr, line);
        progress_shown = true;
    }
    fflush(stderr);
    pthread_mutex_unlock(&lock);
}

void message_progress_line(const char *line)
{
    if (lock_if_ready())
        print_locked(&detail_style, line);
}
