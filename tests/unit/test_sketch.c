/* SPDX-License-Identifier: MIT */
/* The sketch of frequent names, against an exact count. It is the program's, which the tests do not link. */
#include "cmd/inspect/sketch.c"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

enum { NAMES = 60000, TURNS = 600000 };

static struct sketch_sum *truth; /* of NAMES */

static rf_slice name_text(unsigned number, char text[16])
{
    int length = snprintf(text, 16, "name:%u", number);
    return (rf_slice){(uint8_t *)text, (size_t)length};
}

static const struct sketch_name *find(const struct sketch *sketch, unsigned number)
{
    char text[16];
    return find_name(sketch, hash_of(sketch, name_text(number, text)));
}

static void expect_between(uint64_t low, uint64_t n, uint64_t high, unsigned name)
{
    cr_expect(low <= n && n <= high, "name %u: %llu is not in %llu..%llu", name, (unsigned long long)n,
              (unsigned long long)low, (unsigned long long)high);
}

static void expect_truth(const struct sketch *sketch, unsigned number)
{
    const struct sketch_name *name = find(sketch, number);
    struct sketch_sum sum = name ? name->sum : (struct sketch_sum){0};
    struct sketch_sum missed = name ? name->missed : sketch->evicted_max;
    expect_between(sum.count, truth[number].count, sum.count + missed.count, number);
    expect_between(sum.weight, truth[number].weight, sum.weight + missed.weight, number);
    if (name && sketch_is_exact(name))
        cr_expect_eq(sum.count, truth[number].count);
}

Test(sketch, holds_what_it_promises)
{
    struct sketch sketch = {.figures_size = sizeof(uint64_t)};
    uint64_t seed = (uint64_t)time(NULL), state = seed, weights = 0;
    char text[16];
    truth = calloc(NAMES, sizeof *truth);
    cr_assert(truth);
    printf("seed %llu\n", (unsigned long long)seed);
    for (int turn = 0; turn < TURNS; turn++) {
        /* small numbers come up often, the others now and then */
        uint64_t bits = next_random(&state) % 16, weight = next_random(&state) % 1000;
        unsigned number = (unsigned)(next_random(&state) % NAMES >> bits);
        if (number % 1000 == 999) /* seldom, and heavy */
            weight *= 1000;
        truth[number].count++;
        truth[number].weight += weight;
        weights += weight;
        struct sketch_name *name = sketch_add(&sketch, name_text(number, text), weight);
        cr_assert(name);
        *(uint64_t *)name->figures += weight;
    }
    for (size_t i = 0; i < sketch.count; i++)
        cr_expect_eq(*(uint64_t *)sketch.names[i].figures, sketch.names[i].sum.weight);
    cr_expect_gt(sketch.evicted_max.count, 0, "it has been full");
    cr_expect_lt(sketch.evicted_max.count, 4 * (uint64_t)TURNS / SKETCH_NAMES + 1);
    cr_expect_lt(sketch.evicted_max.weight, 4 * weights / SKETCH_NAMES + 1);
    for (unsigned number = 0; number < NAMES; number++)
        expect_truth(&sketch, number);
    sketch_free(&sketch);
    free(truth);
}

Test(sketch, is_exact_while_there_is_room)
{
    struct sketch sketch = {0};
    const struct sketch_name *greatest[3];
    char text[16];
    for (unsigned number = 0; number < SKETCH_NAMES; number++)
        for (unsigned turn = 0; turn <= number % 7; turn++)
            cr_assert(sketch_add(&sketch, name_text(number, text), number));
    cr_expect_eq(sketch.evicted_max.count, 0);
    cr_expect_eq(sketch_top(&sketch, true, greatest, 3), 3);
    cr_expect_eq(greatest[0]->sum.count, 7);
    cr_expect_eq(greatest[0]->sum.weight, 7 * 4094);
    cr_expect_eq(greatest[1]->sum.weight, 7 * 4087);
    cr_expect_eq(sketch_top(&sketch, false, greatest, 3), 3);
    cr_expect_eq(greatest[2]->sum.count, 7);
    cr_expect_eq(sketch_top(&sketch, false, greatest, 0), 0);
    sketch_free(&sketch);
}

Test(sketch, names_that_are_long_or_empty)
{
    struct sketch sketch = {0};
    const struct sketch_name *greatest[2];
    uint8_t bytes[200] = {0};
    rf_slice name = exact_copy(bytes, sizeof bytes);
    cr_assert(sketch_add(&sketch, name, 5));
    cr_assert(sketch_add(&sketch, (rf_slice){0}, 7));
    cr_assert(sketch_add(&sketch, (rf_slice){0}, 0));
    exact_free(name);
    cr_assert_eq(sketch_top(&sketch, false, greatest, 2), 2);
    cr_expect_eq(greatest[0]->length, 0);
    cr_expect_eq(greatest[0]->sum.weight, 7);
    cr_expect_eq(greatest[1]->length, 200);
    cr_expect_eq(sketch_name_text(greatest[1]).len, SKETCH_NAME_KEPT);
    sketch_free(&sketch);
}

Test(sketch, magnitudes_are_in_order)
{
    for (size_t m = 0; m < magnitude(UINT64_MAX); m++) {
        cr_assert_eq(magnitude(largest_of_magnitude(m)), m, "%zu", m);
        cr_assert_eq(magnitude(largest_of_magnitude(m) + 1), m + 1, "%zu", m);
    }
    cr_expect_eq(largest_of_magnitude(magnitude(UINT64_MAX)), UINT64_MAX);
}
