/* SPDX-License-Identifier: MIT */
/* Expiries of a group of keys: the classes have no gaps, and the median is within 4 %, the same
 * in parts that are merged. */
#include "cmd/inspect/inspect_expiry.c"
#include <criterion/criterion.h>

Test(inspect_expiry, classes_have_no_gaps)
{
    for (size_t class = 1; class < EXPIRY_CLASSES; class ++) {
        cr_expect_eq(class_of(least_of_class(class)), class);
        cr_expect_eq(class_of(least_of_class(class) - 1), class - 1);
    }
    cr_expect_eq(class_of(UINT64_MAX - 1), EXPIRY_CLASSES - 1);
}

Test(inspect_expiry, median)
{
    for (uint64_t seconds = 1; seconds < UINT64_C(8000000000); seconds += seconds / 3 + 1) {
        struct expiries expiries = {0};
        for (int i = 0; i < 4; i++)
            expiries_add(&expiries, 1);
        for (int i = 0; i < 9; i++)
            expiries_add(&expiries, seconds);
        expiries_add(&expiries, UINT64_MAX - 1);
        uint64_t median = expiries_median(&expiries);
        uint64_t off = median > seconds ? median - seconds : seconds - median;
        cr_expect_leq(25 * off, seconds, "%d: %d", (int)seconds, (int)median);
    }
}

Test(inspect_expiry, nothing_to_expire)
{
    struct expiries expiries = {0};
    expiries_add(&expiries, 0);
    expiries_add(&expiries, UINT64_MAX);
    cr_expect_eq(expiries_median(&expiries), UINT64_MAX);
    cr_expect_eq(expiries.expired, 1);
    cr_expect_eq(expiries.persistent, 1);
}

Test(inspect_expiry, exact_if_all_are_the_same)
{
    for (uint64_t seconds = 1; seconds < UINT64_C(1) << 40; seconds = 3 * seconds + 1) {
        struct expiries expiries = {0};
        expiries_add(&expiries, seconds);
        expiries_add(&expiries, seconds);
        expiries_add(&expiries, 0);
        cr_expect_eq(expiries_median(&expiries), seconds);
    }
}

Test(inspect_expiry, parts)
{
    struct expiries whole = {0}, sum = {0}, parts[3] = {0};
    for (uint64_t i = 0; i < 300; i++) {
        uint64_t seconds = i % 7 == 0 ? UINT64_MAX : i % 5 == 0 ? 0 : i * i * i;
        expiries_add(&whole, seconds);
        expiries_add(&parts[i / 100], seconds);
    }
    for (size_t i = 0; i < 3; i++)
        expiries_merge(&sum, &parts[i]);
    expiries_merge(&sum, &(struct expiries){0});
    cr_expect_arr_eq(&sum, &whole, sizeof whole);
    expiries_add(&sum, UINT64_MAX);
    whole.of[7] = sum.of[7] = UINT32_MAX - 1;
    whole.least = 7;
    expiries_merge(&sum, &whole);
    cr_expect_eq(sum.of[7], UINT32_MAX);
}
