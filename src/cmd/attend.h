/* SPDX-License-Identifier: MIT */
/* The attendant: a thread that looks after a running command. It draws the progress line, and when SIGINT,
 * SIGTERM or SIGHUP comes it removes what is unfinished and lets the signal kill the process. A signal
 * that the parent has set to be ignored stays ignored. */
#ifndef CMD_ATTEND_H
#define CMD_ATTEND_H

#include "progress.h"
#include <signal.h>

struct attendant {
    struct progress *progress; /* NULL: not drawn */
    pthread_t thread;
    sigset_t deadly, before;
    atomic_bool stop;
    bool running;
};

/* Before any other thread starts: they inherit that the signals are blocked. Without a thread (the
 * machine has none left) signals do what they do without an attendant. */
void attend_start(struct attendant *attendant, struct progress *progress);

/* Wipes the progress line. */
void attend_stop(struct attendant *attendant);

#endif
