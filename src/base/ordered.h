/* SPDX-License-Identifier: MIT */
/* Work on several threads whose results are taken in the order in which it was submitted. Jobs are arranged
 * in a ring:
 *
 *      oldest                          filling
 *        | done | running | waiting | waiting | free ...
 *
 * The caller owns what a job consists of; the ring has their numbers. The caller's thread fills jobs and
 * takes the results of the oldest one; while that is not done, it works on a waiting job itself. */
#ifndef BASE_ORDERED_H
#define BASE_ORDERED_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <stddef.h>

struct ordered;

/* Called on any of the threads; it may access only what belongs to the job. */
typedef void ordered_work_fn(void *ctx, size_t job);

/* The number of jobs for `threads` threads, the caller's included: each is at work on one, and another one
 * waits for it, so that none stands still while the caller works on one. */
static inline size_t ordered_jobs(size_t threads)
{
    return 2 * threads;
}

/* Starts threads - 1 of them, which are at least one; or fewer, if not so many can be started. */
rf_code ordered_open(size_t threads, ordered_work_fn *work, void *ctx, struct ordered **out, rf_error *error);

/* Jobs that are running are awaited, others are not begun. `ordered` may be NULL. */
void ordered_close(struct ordered *ordered);

bool ordered_is_empty(const struct ordered *ordered);
bool ordered_is_full(const struct ordered *ordered);

/* The job to fill, which must not be full; submits it. */
size_t ordered_filling(const struct ordered *ordered);
void ordered_submit(struct ordered *ordered);

/* Waits for the oldest job, of which there must be one. It stays the oldest one until ordered_take(), or is
 * submitted again. */
size_t ordered_await(struct ordered *ordered);
void ordered_again(struct ordered *ordered);
void ordered_take(struct ordered *ordered);

/* Between these two no job is running. */
void ordered_pause(struct ordered *ordered);
void ordered_resume(struct ordered *ordered);

#endif
