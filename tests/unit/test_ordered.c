/* SPDX-License-Identifier: MIT */
/* Jobs on several threads, whose results are taken in order. */
#include "base/ordered.h"
#include <criterion/criterion.h>
#include <sched.h>
#include <stdatomic.h>

enum { JOBS_MOST = 64, JOBS = 3000 };

struct square {
    struct ordered *ordered;
    uint64_t in[JOBS_MOST], out[JOBS_MOST];
    unsigned times[JOBS_MOST]; /* that the job was worked on since it was filled */
    _Atomic int running;
};

static void work(void *ctx, size_t job)
{
    struct square *square = ctx;
    square->running++;
    if (square->in[job] % 7 == 0)
        sched_yield();
    square->out[job] = square->in[job] * square->in[job];
    square->times[job]++;
    square->running--;
}

static void open_square(struct square *square, size_t threads)
{
    rf_error error;
    *square = (struct square){0};
    cr_assert_eq(ordered_open(threads, work, square, &square->ordered, &error), RF_OK);
}

static void fill(struct square *square, uint64_t number)
{
    size_t job = ordered_filling(square->ordered);
    cr_assert_lt(job, JOBS_MOST);
    square->in[job] = number;
    square->times[job] = 0;
    ordered_submit(square->ordered);
}

static void take(struct square *square, uint64_t number, unsigned times)
{
    size_t job = ordered_await(square->ordered);
    cr_assert_eq(square->in[job], number);
    cr_assert_eq(square->out[job], number * number);
    cr_assert_eq(square->times[job], times);
    ordered_take(square->ordered);
}

Test(ordered, results_come_in_order)
{
    for (size_t threads = 2; threads <= 7; threads++) {
        struct square square;
        uint64_t taken = 0;
        open_square(&square, threads);
        for (uint64_t i = 0; i < JOBS; i++) {
            if (ordered_is_full(square.ordered))
                take(&square, taken++, 1);
            fill(&square, i);
            cr_assert_leq(i + 1 - taken, ordered_jobs(threads));
        }
        while (!ordered_is_empty(square.ordered))
            take(&square, taken++, 1);
        cr_expect_eq(taken, JOBS);
        ordered_close(square.ordered);
    }
}

Test(ordered, the_oldest_is_done_again)
{
    struct square square;
    open_square(&square, 4);
    for (uint64_t i = 0; i < ordered_jobs(4); i++)
        fill(&square, i);
    for (uint64_t i = 0; i < ordered_jobs(4); i++) {
        cr_assert_eq(square.in[ordered_await(square.ordered)], i);
        ordered_again(square.ordered);
        take(&square, i, 2);
    }
    cr_expect(ordered_is_empty(square.ordered));
    ordered_close(square.ordered);
}

Test(ordered, nothing_runs_during_a_pause)
{
    struct square square;
    uint64_t taken = 0;
    open_square(&square, 3);
    for (uint64_t i = 0; i < JOBS; i++) {
        ordered_pause(square.ordered);
        cr_assert_eq(square.running, 0);
        if (ordered_is_full(square.ordered)) {
            ordered_resume(square.ordered);
            take(&square, taken++, 1);
            ordered_pause(square.ordered);
        }
        fill(&square, i);
        sched_yield();
        cr_assert_eq(square.running, 0);
        ordered_resume(square.ordered);
    }
    ordered_close(square.ordered);
}

Test(ordered, is_closed_with_jobs_in_it)
{
    for (int i = 0; i < 200; i++) {
        struct square square;
        open_square(&square, 4);
        for (uint64_t j = 0; j < ordered_jobs(4); j++)
            fill(&square, j);
        ordered_close(square.ordered);
        cr_assert_eq(square.running, 0);
    }
    ordered_close(NULL);
}
