/* SPDX-License-Identifier: MIT */
/* The attendant thread: waits for signals, 200 ms at a time. */
#include "attend.h"
#include "message.h"
#include "save.h"
#include <rdbferry/sink.h>
#include <stdlib.h>

/* Sent by attend_stop() to end the wait. */
#define WAKE SIGRTMIN

static const struct timespec interval = {.tv_nsec = 200 * 1000 * 1000};

static _Noreturn void die_of(int number, const sigset_t *deadly)
{
    rf_remove_unfinished();
    save_remove_unfinished();
    message_progress(NULL);
    pthread_sigmask(SIG_UNBLOCK, deadly, NULL);
    raise(number); /* the default action: no other one has been set */
    abort();
}

/* True: the command handles the signal. */
static bool pass_on(struct attendant *attendant, int number)
{
    struct stop_request *request = attendant->stop_request;

    if (!request || !atomic_load(&request->awaited) || atomic_load(&request->signal) != 0)
        return false;
    atomic_store(&request->signal, number);
    message_warning("stopping when writes in flight are done; send the signal again to stop at once");
    return true;
}

static void *attend(void *ctx)
{
    struct attendant *attendant = ctx;
    sigset_t awaited = attendant->deadly;

    sigaddset(&awaited, WAKE);
    while (!atomic_load(&attendant->stop)) {
        int number = sigtimedwait(&awaited, NULL, &interval);

        if (sigismember(&attendant->deadly, number) == 1 && !pass_on(attendant, number))
            die_of(number, &attendant->deadly);
        if (number < 0 && attendant->progress)
            progress_draw(attendant->progress);
    }
    return NULL;
}

static void add_unless_ignored(sigset_t *set, int number)
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
        sigaddset(set, number);
}

void attend_start(struct attendant *attendant, struct progress *progress, struct stop_request *stop_request)
{
    sigset_t blocked;

    *attendant = (struct attendant){.progress = progress, .stop_request = stop_request};
    sigemptyset(&attendant->deadly);
    add_unless_ignored(&attendant->deadly, SIGINT);
    add_unless_ignored(&attendant->deadly, SIGTERM);
    add_unless_ignored(&attendant->deadly, SIGHUP);
    blocked = attendant->deadly;
    sigaddset(&blocked, WAKE);
    pthread_sigmask(SIG_BLOCK, &blocked, &attendant->before);
    attendant->running = pthread_create(&attendant->thread, NULL, attend, attendant) == 0;
    if (!attendant->running)
        pthread_sigmask(SIG_SETMASK, &attendant->before, NULL);
}

void attend_stop(struct attendant *attendant)
{
    if (!attendant->running)
        return;
    atomic_store(&attendant->stop, true);
    pthread_kill(attendant->thread, WAKE);
    pthread_join(attendant->thread, NULL);
    message_progress(NULL);
    pthread_sigmask(SIG_SETMASK, &attendant->before, NULL);
}

void die_of_signal(int number)
{
    sigset_t only;

    sigemptyset(&only);
    sigaddset(&only, number);
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    raise(number);
}
