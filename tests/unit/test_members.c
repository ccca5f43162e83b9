/* SPDX-License-Identifier: MIT */
/* A set of hashes that is begun anew for each value, beside one that is simply cleared. */
#include "check/members.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

enum { HASHES = 100 * 1000 };

static rf_digest hashes[HASHES];
static bool there[HASHES];
static struct members members;

static uint64_t make_hashes(void)
{
    const char *chosen = getenv("MEMBERS_SEED");
    uint64_t seed = chosen ? strtoull(chosen, NULL, 10) : (uint64_t)time(NULL), random = seed * 2 + 1;
    fprintf(stderr, "MEMBERS_SEED=%llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < HASHES; i++)
        hashes[i] = (rf_digest){next_random(&random), next_random(&random)};
    return random;
}

static void begin(void)
{
    members_begin(&members);
    memset(there, 0, sizeof there);
}

static void add(size_t i)
{
    enum members_answer expected = there[i] ? MEMBERS_TWICE : MEMBERS_NEW;
    cr_assert_eq(members_add(&members, hashes[i]), expected, "%zu", i);
    there[i] = true;
}

/* Adds `count` of them from `first` on, each twice. */
static void add_twice(size_t first, size_t count)
{
    begin();
    for (int turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < count; i++)
            add((first + i) % HASHES);
    cr_assert_eq(members.count, count);
}

Test(members, are_found_among_any_number)
{
    static const size_t counts[] = {0, 1, 767, 768, 769, 3071, 3072, 3073, 12289, 49153, HASHES};
    make_hashes();
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (size_t j = 0; j < sizeof counts / sizeof *counts; j++) {
            add_twice(0, counts[i]);
            add_twice(500, counts[j]);
        }
    members_free(&members);
}

Test(members, are_told_from_those_of_any_value_before)
{
    uint64_t random = make_hashes();
    for (int value = 0; value < 1000; value++)
        add_twice(next_random(&random) % HASHES, next_random(&random) % (value % 10 ? 1500 : 6000));
    members_free(&members);
}

static void come_back(size_t count, size_t between)
{
    add_twice(0, count);
    for (size_t i = 0; i < between; i++) {
        members_begin(&members);
        cr_assert_eq(members_add(&members, hashes[HASHES - 1]), MEMBERS_NEW);
        cr_assert_eq(members_add(&members, hashes[HASHES - 1]), MEMBERS_TWICE);
    }
    add_twice(0, count);
}

/* However many values there have been. */
Test(members, are_told_apart_for_good)
{
    make_hashes();
    for (size_t between = 65533; between <= 65536; between++) {
        come_back(700, between);
        come_back(5000, between);
    }
    members_free(&members);
}

/* Of 128 bits as many count as can be kept. */
Test(members, are_hashes_of_which_nearly_all_counts)
{
    begin();
    cr_expect_eq(members_add(&members, (rf_digest){0, 0}), MEMBERS_NEW);
    cr_expect_eq(members_add(&members, (rf_digest){0, 0}), MEMBERS_TWICE);
    for (int bit = 0; bit < 64; bit++)
        cr_expect_eq(members_add(&members, (rf_digest){UINT64_C(1) << bit, 0}), MEMBERS_NEW, "%d", bit);
    for (int bit = 16; bit < 64; bit++)
        cr_expect_eq(members_add(&members, (rf_digest){0, UINT64_C(1) << bit}), MEMBERS_NEW, "%d", bit);
    members_free(&members);
}
