/* SPDX-License-Identifier: MIT */
/* The signal thread: waits for signals, 200 ms at a time. */
#include "cmd/run/signals.h"
#include "base/clock.h"
#include "base/fail.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include <rdbferry/sink.h>
#include <unistd.h>

/* Sent by signal_thread_stop() to end the wait. */
#define WAKE SIGRTMIN

enum { REST_MS = 5000 }; /* after stop_heed() */

static atomic_bool stop_awaited;
static atomic_int stop_number;        /* the signal that the command is to stop for, */
static _Atomic int64_t stop_until_ms; /* and until when the rest may take; monotonic; 0: it has not stopped */

static const struct timespec interval = {.tv_nsec = 200 * 1000 * 1000};

/* Signals that end a process by default, without a fault of its own. */
static const struct {
    int number;
    const char *name;
} fatal[] = {
    {SIGINT, "SIGINT"},   {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"},   {SIGQUIT, "SIGQUIT"},
    {SIGALRM, "SIGALRM"}, {SIGUSR1, "SIGUSR1"}, {SIGUSR2, "SIGUSR2"}, {SIGPIPE, "SIGPIPE"},
};
enum { FATAL_COUNT = sizeof fatal / sizeof *fatal };

const char *signal_name(int number)
{
    for (size_t i = 0; i < FATAL_COUNT; i++)
        if (fatal[i].number == number)
            return fatal[i].name;
    return "a signal";
}

/* --- the end of the process --------------------------------------------------------------------------- */

static void exit_of_signal(int number)
{
    _exit(STATUS_SIGNAL + number);
}

void signals_start(void)
{
    struct sigaction action, ends = {.sa_handler = exit_of_signal};
    if (getpid() != 1)
        return;
    sigemptyset(&ends.sa_mask);
    for (size_t i = 0; i < FATAL_COUNT; i++)
        if (sigaction(fatal[i].number, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
            sigaction(fatal[i].number, &ends, NULL);
}

void die_of_signal(int number)
{
    sigset_t only;
    if (number == SIGPIPE)
        signal(SIGPIPE, SIG_DFL); /* ignored until now */
    sigemptyset(&only);
    sigaddset(&only, number);
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    raise(number);
    _exit(STATUS_SIGNAL + number); /* the default action does nothing to process 1 */
}

/* --- a command that stops by itself -------------------------------------------------------------------- */

void stop_await(void)
{
    atomic_store(&stop_awaited, true);
}

int stop_signal(void)
{
    return atomic_load(&stop_number);
}

rf_code stop_tick(void *ctx, rf_error *error)
{
    (void)ctx;
    if (stop_signal() == 0 || clock_monotonic_ms() < atomic_load(&stop_until_ms))
        return RF_OK;
    return fail(error, RF_E_READ, "stopped by a signal");
}

void stop_heed(void)
{
    if (stop_signal() != 0)
        atomic_store(&stop_until_ms, clock_monotonic_ms() + REST_MS);
}

/* --- the thread --------------------------------------------------------------------------------------- */

static _Noreturn void stop_at_once(const struct signal_thread *signal_thread, int number)
{
    rf_cleanup_temp_files();
    const char *outcome = atomic_load(&signal_thread->outcome);
    message_last("stopped by %s%s%s", signal_name(number), outcome ? "; " : "", outcome ? outcome : "");
    die_of_signal(number);
}

/* True: the command handles the signal. */
static bool forward(int number)
{
    if (!atomic_load(&stop_awaited) || atomic_load(&stop_number) != 0)
        return false;
    atomic_store(&stop_number, number);
    message_warning("stopping when writes in flight are done; send the signal again to stop at once");
    return true;
}

static void *run_signal_thread(void *ctx)
{
    struct signal_thread *signal_thread = ctx;
    sigset_t awaited = signal_thread->deadly;
    sigaddset(&awaited, WAKE);
    while (!atomic_load(&signal_thread->stop)) {
        int number = sigtimedwait(&awaited, NULL, &interval);
        if (sigismember(&signal_thread->deadly, number) == 1 && !forward(number))
            stop_at_once(signal_thread, number);
        if (number < 0 && signal_thread->progress)
            progress_show(signal_thread->progress);
    }
    return NULL;
}

static void add_unless_ignored(sigset_t *set, int number)
{
    struct sigaction action;
    if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
        sigaddset(set, number);
}

void signal_thread_start(struct signal_thread *signal_thread, struct progress *progress)
{
    sigset_t blocked;
    *signal_thread = (struct signal_thread){.progress = progress};
    sigemptyset(&signal_thread->deadly);
    for (size_t i = 0; i < FATAL_COUNT; i++)
        add_unless_ignored(&signal_thread->deadly, fatal[i].number);
    blocked = signal_thread->deadly;
    sigaddset(&blocked, WAKE);
    pthread_sigmask(SIG_BLOCK, &blocked, &signal_thread->before);
    signal_thread->running = pthread_create(&signal_thread->thread, NULL, run_signal_thread, signal_thread) ==
                             0;
    if (!signal_thread->running)
        pthread_sigmask(SIG_SETMASK, &signal_thread->before, NULL);
}

void signal_thread_stop(struct signal_thread *signal_thread)
{
    if (!signal_thread->running)
        return;
    atomic_store(&signal_thread->stop, true);
    pthread_kill(signal_thread->thread, WAKE);
    pthread_join(signal_thread->thread, NULL);
    message_progress(NULL);
    pthread_sigmask(SIG_SETMASK, &signal_thread->before, NULL);
}
