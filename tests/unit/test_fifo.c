/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "base/fail.h"
#include "io/fifo.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

enum { PARTS = 400, SIZE = 100 * 1000 }; /* more than fits in memory, some of it compressible */

static void fill(uint8_t *bytes, uint32_t number)
{
    uint32_t state = number + 1;
    for (size_t i = 0; i < SIZE; i++) {
        state = state * 1664525 + 1013904223;
        bytes[i] = number % 3 == 0 ? (uint8_t)number : (uint8_t)(state >> 24);
    }
}

static size_t size_of(uint32_t number)
{
    return 1 + (number * 7919u) % SIZE;
}

static void put(struct fifo *fifo, uint32_t number)
{
    static uint8_t bytes[SIZE];
    rf_error error;
    fill(bytes, number);
    cr_assert_eq(fifo_put(fifo, slice_of(bytes, size_of(number)), number, &error), RF_OK);
}

static void expect(struct fifo *fifo, uint32_t number)
{
    static uint8_t expected[SIZE];
    rf_slice bytes;
    int64_t stamp;
    rf_error error;
    cr_assert_eq(fifo_next(fifo, &bytes, &stamp, &error), RF_OK);
    fill(expected, number);
    cr_assert_eq(stamp, number);
    cr_assert(slice_equal(bytes, slice_of(expected, size_of(number))));
}

static struct fifo *opened(uint64_t limit)
{
    struct fifo *fifo;
    rf_error error;
    cr_assert_eq(fifo_open(NULL, limit, &fifo, &error), RF_OK);
    return fifo;
}

/* All is put first; then by turns, so that the files are used up again and again. */
Test(fifo, order)
{
    struct fifo *fifo = opened(0);
    for (uint32_t i = 0; i < PARTS; i++)
        put(fifo, i);
    for (uint32_t i = 0; i < PARTS; i++)
        expect(fifo, i);
    uint32_t written = 0, read = 0;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 7 * (round % 11); i++)
            put(fifo, written++);
        for (int i = 0; i < 6 * (round % 13) && read < written; i++)
            expect(fifo, read++);
    }
    while (read < written)
        expect(fifo, read++);
    fifo_close(fifo);
}

Test(fifo, limit)
{
    struct fifo *fifo = opened(1000 * 1000);
    uint32_t count = 0;
    while (!fifo_is_full(fifo))
        put(fifo, count++);
    for (uint32_t i = 0; i < count; i++)
        expect(fifo, i);
    cr_assert_not(fifo_is_full(fifo));
    fifo_close(fifo);
}

/* After the last part, not before. */
Test(fifo, end)
{
    rf_slice bytes;
    int64_t stamp;
    rf_error error, why;
    struct fifo *fifo = opened(0);
    put(fifo, 1);
    fail(&why, RF_E_UNAVAILABLE, "lost");
    fifo_finish(fifo, RF_E_UNAVAILABLE, &why);
    expect(fifo, 1);
    cr_assert_eq(fifo_next(fifo, &bytes, &stamp, &error), RF_E_UNAVAILABLE);
    cr_assert_str_eq(error.message, "lost");
    cr_assert_eq(fifo_next(fifo, &bytes, &stamp, &error), RF_E_UNAVAILABLE);
    fifo_close(fifo);
}

static void *write_all(void *ctx)
{
    for (uint32_t i = 0; i < PARTS; i++)
        put(ctx, i);
    fifo_finish(ctx, RF_END, NULL);
    return NULL;
}

Test(fifo, threads)
{
    rf_slice bytes;
    int64_t stamp;
    rf_error error;
    pthread_t thread;
    struct fifo *fifo = opened(0);
    cr_assert_eq(pthread_create(&thread, NULL, write_all, fifo), 0);
    for (uint32_t i = 0; i < PARTS; i++)
        expect(fifo, i);
    cr_assert_eq(fifo_next(fifo, &bytes, &stamp, &error), RF_END);
    pthread_join(thread, NULL);
    fifo_close(fifo);
}

Test(fifo, stopped)
{
    rf_slice bytes;
    int64_t stamp;
    rf_error error;
    struct fifo *fifo = opened(0);
    fifo_stop(fifo);
    put(fifo, 1);
    cr_assert_eq(fifo_next(fifo, &bytes, &stamp, &error), RF_E_READ);
    fifo_close(fifo);
}
