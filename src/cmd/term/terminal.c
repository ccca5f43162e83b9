/* SPDX-License-Identifier: MIT */
/* Properties of terminals. */
#include "cmd/term/terminal.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

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
