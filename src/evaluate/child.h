/* SPDX-License-Identifier: MIT */
/* A child process that cannot outlive this one: rf_cleanup_temp_files() ends it, before its directory is
 * removed, and the kernel does if this process is killed. */
#ifndef EVALUATE_CHILD_H
#define EVALUATE_CHILD_H

#include "io/cleanup.h"
#include <rdbferry/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
    struct cleanup cleanup; /* first: it is cast back; listed while the process exists */
    pid_t pid;
    int status; /* as of waitpid(), once it is not listed any more */
};

/* Runs a program, an absolute path, in a process group of its own, with `directory` as its working directory,
 * `output` as its stdout and stderr, no stdin, and an environment of PATH and LC_ALL. *child must not move
 * afterwards. RF_E_TARGET: it cannot be executed. */
rf_code child_start(struct child *child, char *const argv[], int directory, int output, rf_error *error);

bool child_is_running(const struct child *child);

/* Waits until it has ended; false: it still runs. */
bool child_wait(const struct child *child, int64_t timeout_ms);

/* Kills it and its process group, and collects its status. It may have ended or been stopped already, or
 * never been started. */
void child_stop(struct child *child);

/* Formats "ended with status 1" or "was killed by SIGSEGV", once it has been stopped. */
void child_format_end(const struct child *child, char *out, size_t size);

#endif
