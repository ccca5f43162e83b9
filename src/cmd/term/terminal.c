/* SPDX-License-Identifier: MIT */
/* The standard streams at the start and the end of the process, and properties of terminals. */
#include "cmd/term/terminal.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* --- streams ------------------------------------------------------------------------------------------ */

/* The next opened file would take the place of a closed stream, and messages would go into its data. The
 * substitute is read-only, so that output to it still fails. */
static void fill_gaps(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

void streams_start(void)
{
    fill_gaps();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    message_start();
}

static bool stdout_is_unread(void)
{
    struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&fd, 1, 0) > 0 && fd.revents & POLLERR;
}

int stdout_status(void)
{
    return stdout_is_unread() ? STATUS_SIGNAL + SIGPIPE : STATUS_OUTPUT;
}

int stdout_flush(int status)
{
    bool failed = ferror(stdout) != 0;
    if (fflush(stdout) == 0 && !failed)
        return status;
    return status <= STATUS_NO ? stdout_status() : status;
}

int streams_end(int status)
{
    bool failed = ferror(stdout) != 0;
    int failure = stdout_status();
    if (fclose(stdout) == 0 && !failed)
        return status;
    if (failure == STATUS_OUTPUT)
        message_error("cannot write to stdout: %s", strerror(errno));
    return status <= STATUS_NO ? failure : status;
}

/* --- terminals ---------------------------------------------------------------------------------------- */

enum { USUAL_WIDTH = 80 };

bool terminal_at(int fd)
{
    const char *test = getenv("RDBFERRY_TEST_TTY");
    return (test && strcmp(test, "1") == 0) || isatty(fd);
}

bool terminal_has_colour(int fd)
{
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return terminal_at(fd) && (!no || !*no) && (!term || strcmp(term, "dumb") != 0);
}

size_t terminal_width(int fd)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return USUAL_WIDTH;
    return size.ws_col;
}

size_t terminal_columns(int fd, bool *known)
{
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    *known = width > 0 || isatty(fd);
    return width > 0 ? (size_t)width : terminal_width(fd);
}
