/* SPDX-License-Identifier: MIT */
/* The members of one value after the other, of any number: what comes twice is found, and nothing else is. */
#include "base/bytes.h"
#include "rdb/dup_set.h"
#include "support/exact.h"
#include <criterion/criterion.h>

enum { AT_ONCE = DUP_SET_LARGE / 4 * 3 }; /* beyond that, it is told in the end */

static struct dup_set *dup_set;
static rf_error error;

static void open_members(void)
{
    dup_set = dup_set_new();
    cr_assert_not_null(dup_set);
}

static void close_dup_set(void)
{
    dup_set_free(dup_set);
    dup_set_free(NULL);
}

TestSuite(dup_set, .init = open_members, .fini = close_dup_set, .timeout = 120);

/* The name of number n, of a length that is n's own. */
static rf_slice name_of(uint64_t n, uint8_t name[80])
{
    memset(name, 'x', 80);
    memcpy(name, &n, sizeof n);
    return slice_of(name, n == 0 ? 0 : 8 + n % 72);
}

static enum dup_set_result add(uint64_t space, uint64_t n)
{
    uint8_t name[80];
    return dup_set_add(dup_set, space, name_of(n, name));
}

static void add_new(size_t count)
{
    dup_set_begin(dup_set, &error);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(add(0, i), DUP_SET_NEW, "%zu of %zu", i, count);
}

static const size_t counts[] = {0, 1, 191, 192, 193, 194, 1000, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 200000};
enum { COUNTS = sizeof counts / sizeof *counts };

Test(dup_set, of_which_none_occurs_twice)
{
    for (size_t i = 0; i < COUNTS; i++)
        for (size_t j = 0; j < COUNTS; j++) {
            add_new(counts[i]);
            cr_assert_eq(dup_set_end(dup_set), DUP_SET_NEW, "%zu", counts[i]);
            add_new(counts[j]);
            cr_assert_eq(dup_set_end(dup_set), DUP_SET_NEW, "%zu", counts[j]);
        }
}

/* The first, one in the middle and the last, in turn. */
Test(dup_set, of_which_one_occurs_twice)
{
    for (size_t i = 1; i < COUNTS; i++)
        for (size_t which = 0; which < 3; which++) {
            size_t count = counts[i], twice = which == 0 ? 0 : which == 1 ? count / 2 : count - 1;
            add_new(count);
            enum dup_set_result answer = add(0, twice);
            cr_expect_eq(answer, count < AT_ONCE ? DUP_SET_DUPLICATE : DUP_SET_NEW, "%zu of %zu", twice,
                         count);
            if (answer == DUP_SET_NEW)
                cr_expect_eq(dup_set_end(dup_set), DUP_SET_DUPLICATE, "%zu of %zu", twice, count);
        }
}

/* The expected number need not be true. */
Test(dup_set, of_any_expected_number)
{
    static const uint64_t expected[] = {0, 1, 128, 129, 2000, 40000, UINT64_MAX};
    for (size_t i = 0; i < COUNTS; i++)
        for (size_t j = 0; j < sizeof expected / sizeof *expected; j++) {
            dup_set_begin(dup_set, &error);
            dup_set_reserve(dup_set, expected[j]);
            for (size_t n = 0; n < counts[i]; n++)
                cr_assert_eq(add(0, n), DUP_SET_NEW, "%zu of %zu", n, counts[i]);
            if (counts[i] > 0 && counts[i] < AT_ONCE)
                cr_expect_eq(add(0, counts[i] / 2), DUP_SET_DUPLICATE);
            cr_expect_eq(dup_set_end(dup_set), DUP_SET_NEW);
        }
}

/* No more is touched than a value of that size needs. */
Test(dup_set, of_an_expected_number_are_not_moved)
{
    dup_set_begin(dup_set, &error);
    dup_set_reserve(dup_set, 2000);
    const size_t cap = dup_set->table.cap;
    for (uint64_t n = 0; n < 2000; n++)
        add(0, n);
    cr_expect_eq(dup_set->table.cap, cap);
    cr_expect_leq(cap, 16384);
}

/* Which one it was is told when they come again. */
Test(dup_set, are_sought)
{
    add_new(AT_ONCE + 1000);
    add(0, 4711);
    cr_assert_eq(dup_set_end(dup_set), DUP_SET_DUPLICATE);
    dup_set_seek(dup_set);
    for (uint64_t i = 0; i < AT_ONCE + 1000; i++)
        cr_assert_eq(add(0, i), DUP_SET_NEW, "%zu", (size_t)i);
    cr_expect_eq(add(0, 4711), DUP_SET_DUPLICATE);
    add_new(10);
    cr_expect_eq(add(0, 9), DUP_SET_DUPLICATE);
}

Test(dup_set, are_others_in_another_space)
{
    dup_set_begin(dup_set, &error);
    for (uint64_t space = 0; space < 1000; space++)
        for (uint64_t n = 0; n < 3; n++)
            cr_assert_eq(add(space, n), DUP_SET_NEW);
    cr_expect_eq(add(999, 2), DUP_SET_DUPLICATE);
}

/* However many values there have been. */
Test(dup_set, are_told_from_those_of_any_value_before)
{
    for (size_t value = 0; value < 70000; value++) {
        dup_set_begin(dup_set, &error);
        cr_assert_eq(add(0, 1), DUP_SET_NEW);
        cr_assert_eq(add(0, 1), DUP_SET_DUPLICATE);
    }
    for (size_t value = 0; value < 300; value++)
        add_new(value * 7);
}

/* Hashes without a seed would be the same: XXH3 multiplies the first eight bytes, less a constant, by the
 * next ones. */
Test(dup_set, are_not_made_to_have_one_hash)
{
    uint8_t name[32] = {0};
    memset(name, 'y', sizeof name);
    store_le64(name, UINT64_C(0xbe4ba423396cfeb8));
    dup_set_begin(dup_set, &error);
    for (uint64_t i = 0; i < 100000; i++) {
        store_le64(name + 8, i);
        cr_assert_eq(dup_set_add(dup_set, 0, slice_of(name, sizeof name)), DUP_SET_NEW, "%zu", (size_t)i);
    }
    cr_expect_eq(dup_set_end(dup_set), DUP_SET_NEW);
}

/* Two tables that see the same do not put it in the same order. */
Test(dup_set, have_a_seed_of_their_own)
{
    struct dup_set *others = dup_set_new();
    cr_assert_not_null(others);
    cr_expect_neq(dup_set->seed, others->seed);
    dup_set_free(others);
}
