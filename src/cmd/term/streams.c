/* SPDX-License-Identifier: MIT */
/* stdin, stdout and stderr at the start and the end of the process. */
#include "cmd/term/streams.h"
#include "cmd/term/message.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

bool streams_end(void)
{
    bool failed = ferror(stdout) != 0;
    if (fclose(stdout) == 0 && !failed)
        return true;
    message_error("cannot write to stdout: %s", strerror(errno));
    return false;
}
