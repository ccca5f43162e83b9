/* SPDX-License-Identifier: MIT */
/* The attendant: a thread that looks after a running command. It draws the progress line, and when SIGINT,
 * SIGTERM or SIGHUP comes it removes what is unfinished and lets the signal kill the process, unless the
 * command wants to stop by itself. A signal that the parent has set to be ignored stays ignored. */
#ifndef CMD_ATTEND_H
#define CMD_ATTEND_H

#include "progress.h"
#include <signal.h>

/* A command that stops by itself looks now and then for a signal; the next one kills. */
struct stop_request {
    atomic_bool awaited; /* set by the command, while it looks */
    atomic_int signal;   /* 0: none has come */
};

struct attendant {
    struct progress *progress; /* NULL: not drawn */
    struct stop_request *stop_request;
    pthread_t thread;
    sigset_t deadly, before;
    atomic_bool stop;
    bool running;
};

/* Before any other thread starts: they inherit that the signals are blocked. Without a thread (the
 * machine has none left) signals do what they do without an attendant. `stop_request` may be NULL. */
void attend_start(struct attendant *attendant, struct progress *progress, struct stop_request *stop_request);

/* Wipes the progress line. */
void attend_stop(struct attendant *attendant);

/* Dies of a signal that has been looked after meanwhile, as if nobody had. Returns where its action is
 * another one. */
void die_of_signal(int number);

#endif
