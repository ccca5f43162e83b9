/* SPDX-License-Identifier: MIT */
/* A thread that runs beside a command. It shows the progress. On SIGINT, SIGTERM and the like it removes
 * unfinished files, says so and lets the signal kill the process, unless the command wants to stop by itself.
 * A signal that the parent process has set to be ignored stays ignored. */
#ifndef CMD_RUN_SIGNALS_H
#define CMD_RUN_SIGNALS_H

#include "cmd/term/progress.h"
#include <signal.h>

/* A command that stops by itself polls for a signal; the next signal kills the process. */
struct stop_request {
    atomic_bool awaited; /* set by the command while it polls */
    atomic_int signal;   /* 0: none received */
};

struct signal_thread {
    struct progress *progress; /* NULL: not shown */
    struct stop_request *stop_request;
    pthread_t thread;
    sigset_t deadly, before;
    _Atomic(const char *) outcome; /* of a run that a signal kills: "nothing was written"; NULL: unknown */
    atomic_bool stop;
    bool running;
};

/* Call it before any other thread starts: threads inherit the blocked signals. If the thread cannot be
 * created, signals have their usual effect. `stop_request` may be NULL. */
void signal_thread_start(struct signal_thread *signal_thread, struct progress *progress,
                         struct stop_request *stop_request);

/* Clears the progress line. */
void signal_thread_stop(struct signal_thread *signal_thread);

/* Called first. Process 1 of a container is not killed by the default action of a signal; afterwards it exits
 * with 128 plus the number of the signal, as a shell would report it. */
void signals_start(void);

/* Ends the process by a signal that was handled or ignored earlier, as if it had not been; process 1 exits
 * with 128 plus its number. */
_Noreturn void die_of_signal(int number);

/* "SIGTERM". */
const char *signal_name(int number);

#endif
