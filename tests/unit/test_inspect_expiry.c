/* SPDX-License-Identifier: MIT */
/* Expiries of a group of keys: the classes have no gaps, and the median is within an eighth. */
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
        cr_expect_leq(8 * off, seconds, "%d: %d", (int)seconds, (int)median);
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
