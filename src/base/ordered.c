/* SPDX-License-Identifier: MIT */
/* The ring of jobs under a mutex, and its threads. */
#include "base/ordered.h"
#include "base/fail.h"
#include "base/thread.h"
#include <stdlib.h>

enum state { WAITING, RUNNING, DONE };

struct ordered {
    ordered_work_fn *work;
    void *ctx;
    pthread_t *threads;
    size_t thread_count;
    enum state *jobs; /* under the lock */
    size_t size;
    size_t oldest, filling; /* they increase without limit, see state_of(); changed by the caller only */
    size_t waiting_from;    /* no job before it is waiting; under the lock, as is the change of `filling` */
    pthread_mutex_t lock;
    pthread_cond_t submitted, done;
    size_t running;
    bool stop, paused;
};

static enum state *state_of(const struct ordered *o, size_t number)
{
    return &o->jobs[number % o->size];
}

/* Requires the lock: the oldest waiting job is running now. False: there is none. */
static bool begin(struct ordered *o, size_t *number)
{
    while (!o->paused && o->waiting_from < o->filling && *state_of(o, o->waiting_from) != WAITING)
        o->waiting_from++;
    if (o->paused || o->waiting_from == o->filling)
        return false;
    *number = o->waiting_from++;
    *state_of(o, *number) = RUNNING;
    return true;
}

/* Releases the lock while it runs. */
static void run(struct ordered *o, size_t number)
{
    o->running++;
    pthread_mutex_unlock(&o->lock);
    o->work(o->ctx, number % o->size);
    pthread_mutex_lock(&o->lock);
    *state_of(o, number) = DONE;
    o->running--;
    pthread_cond_signal(&o->done);
}

static void *thread_run(void *arg)
{
    struct ordered *o = arg;
    size_t number;
    pthread_mutex_lock(&o->lock);
    while (!o->stop) {
        if (begin(o, &number))
            run(o, number);
        else
            pthread_cond_wait(&o->submitted, &o->lock);
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

/* --- the caller's side -------------------------------------------------------------------------------- */

bool ordered_is_empty(const struct ordered *o)
{
    return o->oldest == o->filling;
}

bool ordered_is_full(const struct ordered *o)
{
    return o->filling - o->oldest == o->size;
}

size_t ordered_filling(const struct ordered *o)
{
    return o->filling % o->size;
}

void ordered_submit(struct ordered *o)
{
    pthread_mutex_lock(&o->lock);
    *state_of(o, o->filling++) = WAITING;
    pthread_cond_signal(&o->submitted);
    pthread_mutex_unlock(&o->lock);
}

size_t ordered_await(struct ordered *o)
{
    size_t number;
    pthread_mutex_lock(&o->lock);
    while (*state_of(o, o->oldest) != DONE) {
        if (begin(o, &number))
            run(o, number);
        else
            pthread_cond_wait(&o->done, &o->lock);
    }
    pthread_mutex_unlock(&o->lock);
    return o->oldest % o->size;
}

void ordered_again(struct ordered *o)
{
    pthread_mutex_lock(&o->lock);
    *state_of(o, o->oldest) = WAITING;
    o->waiting_from = o->oldest;
    pthread_cond_signal(&o->submitted);
    pthread_mutex_unlock(&o->lock);
}

void ordered_take(struct ordered *o)
{
    o->oldest++;
}

void ordered_pause(struct ordered *o)
{
    pthread_mutex_lock(&o->lock);
    o->paused = true;
    while (o->running > 0)
        pthread_cond_wait(&o->done, &o->lock);
    pthread_mutex_unlock(&o->lock);
}

void ordered_resume(struct ordered *o)
{
    pthread_mutex_lock(&o->lock);
    o->paused = false;
    pthread_cond_broadcast(&o->submitted);
    pthread_mutex_unlock(&o->lock);
}

/* --- opening and closing ------------------------------------------------------------------------------ */

rf_code ordered_open(size_t threads, ordered_work_fn *work, void *ctx, struct ordered **out, rf_error *error)
{
    struct ordered *o = calloc(1, sizeof *o);
    size_t wanted = threads > 2 ? threads - 1 : 1;
    if (!o)
        return fail(error, RF_E_MEMORY, "out of memory");
    o->work = work;
    o->ctx = ctx;
    o->size = ordered_jobs(threads);
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->submitted, NULL);
    pthread_cond_init(&o->done, NULL);
    o->jobs = calloc(o->size, sizeof *o->jobs);
    o->threads = calloc(wanted, sizeof *o->threads);
    if (!o->jobs || !o->threads) {
        ordered_close(o);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    while (o->thread_count < wanted && thread_start(&o->threads[o->thread_count], thread_run, o) == 0)
        o->thread_count++;
    *out = o;
    return RF_OK;
}

void ordered_close(struct ordered *o)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->lock);
    o->stop = true;
    pthread_cond_broadcast(&o->submitted);
    pthread_mutex_unlock(&o->lock);
    for (size_t i = 0; i < o->thread_count; i++)
        pthread_join(o->threads[i], NULL);
    pthread_cond_destroy(&o->submitted);
    pthread_cond_destroy(&o->done);
    pthread_mutex_destroy(&o->lock);
    free(o->threads);
    free(o->jobs);
    free(o);
}
