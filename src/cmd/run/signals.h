/* SPDX-License-Identifier: MIT */
/* A thread that runs beside a command. It shows the progress. On SIGINT, SIGTERM and the like it removes
 * unfinished files, says so and lets the signal kill the process, unless the command stops by itself: the
 * next signal does so then. A signal that the parent process has set to be ignored stays ignored. */
#ifndef CMD_RUN_SIGNALS_H
#define CMD_RUN_SIGNALS_H

#include "cmd/term/progress.h"
#include <rdbferry/error.h>
#include <signal.h>

struct signal_thread {
    struct progress *progress; /* NULL: not shown */
    pthread_t thread;
    sigset_t deadly, before;
    _Atomic(const char *) outcome; /* of a run that a signal kills: "nothing was written"; NULL: unknown */
    atomic_bool stop;
    bool running;
};

/* Call it before any other thread starts: threads inherit the blocked signals. If the thread cannot be
 * created, signals have their usual effect. */
void signal_thread_start(struct signal_thread *signal_thread, struct progress *progress);

/* Clears the progress line. */
void signal_thread_stop(struct signal_thread *signal_thread);

/* Called first. Process 1 of a container is not killed by the default action of a signal; afterwards it exits
 * with 128 plus the number of the signal, as a shell would report it. */
void signals_start(void);

/* Ends the process by a signal that was handled or ignored earlier, as if it had not been; process 1 exits
 * with 128 plus its number. */
_Noreturn void die_of_signal(int number);

/* From now on the command polls for the first signal, and stops by itself. */
void stop_await(void);

/* The signal that it is to stop for; 0: none. From any thread, as the next one. */
int stop_signal(void);

/* An rf_target_wait.tick of a source: RF_E_READ once there is one. */
rf_code stop_tick(void *ctx, rf_error *error);

/* If there was a signal, the command has stopped: stop_tick() leaves some seconds for what is left to do. */
void stop_heed(void);

/* "SIGTERM". */
const char *signal_name(int number);

#endif
