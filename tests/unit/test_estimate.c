/* SPDX-License-Identifier: MIT */
/* How long it takes: what counts, and how it is shown. */
#include "cmd/run/estimate.c"
#include <criterion/criterion.h>

TestSuite(estimate);

static struct workload work_of(uint64_t keys, uint64_t elements, uint64_t stored)
{
    struct workload work = {0};
    rf_measure measure = {.elements = elements, .stored = stored};
    for (uint64_t i = 0; i < keys; i++)
        workload_add(&work, &measure);
    return work;
}

/* A large value goes element by element, whatever its bytes are. */
Test(estimate, values_in_pieces)
{
    const struct workload whole = work_of(1, 1000000, ESTIMATE_BIG_KEY - 1);
    const struct workload pieces = work_of(1, 1000000, ESTIMATE_BIG_KEY);
    cr_expect_gt(estimate_replay(&pieces, 1, 0), 4 * estimate_replay(&whole, 1, 0));
    cr_expect_lt(estimate_load(&pieces), 1.01 * estimate_load(&whole));
}

Test(estimate, nodes_and_rate)
{
    const struct workload work = work_of(1000, 1, 1000000);
    double one = estimate_replay(&work, 1, 0);
    cr_expect_float_eq(estimate_replay(&work, 2, 0), one / 2, 1e-9);
    cr_expect_float_eq(estimate_replay(&work, 100, 0), one / 4, 1e-9);
    cr_expect_float_eq(estimate_replay(&work, 0, 0), one, 1e-9);
    cr_expect_float_eq(estimate_replay(&work, 1, 10000000), 100, 1e-9);
    cr_expect_float_eq(estimate_replay(&work, 1, UINT64_MAX), one, 1e-9);
}

Test(estimate, text)
{
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{0, "<1 s"},      {0.99, "<1 s"},    {1, "~1 s"},      {89.4, "~89 s"},  {90, "~1.5 min"},
                 {600, "~10 min"}, {5399, "~90 min"}, {5400, "~1.5 h"}, {36000, "~10 h"}, {1e9, "~277778 h"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[SECONDS_TEXT];
        cr_expect_str_eq(estimate_format(cases[i].seconds, text), cases[i].text, "%s", text);
    }
}
