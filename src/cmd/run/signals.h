/* SPDX-License-Identifier: MIT */
/* A thread that runs beside a command. It draws the progress line. On SIGINT, SIGTERM or SIGHUP it removes
 * unfinished files and lets the signal kill the process, unless the command wants to stop by itself. A signal
 * that the parent process has set to be ignored stays ignored. */
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
    struct progress *progress; /* NULL: not drawn */
    struct stop_request *stop_request;
    pthread_t thread;
    sigset_t deadly, before;
    atomic_bool stop;
    bool running;
};

/* Call it before any other thread starts: threads inherit the blocked signals. If the thread cannot be
 * created, signals have their usual effect. `stop_request` may be NULL. */
void signal_thread_start(struct signal_thread *signal_thread, struct progress *progress,
                         struct stop_request *stop_request);

/* Clears the progress line. */
void signal_thread_stop(struct signal_thread *signal_thread);

/* Ends the process by a signal that was handled earlier, as if it had not been. Returns if the signal has
 * another action. */
void die_of_signal(int number);

#endif
