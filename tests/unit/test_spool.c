/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "io/spool.h"
#include "support/exact.h"
#include "support/stream.h"
#include <criterion/criterion.h>
#include <stdlib.h>

/* Puts `bytes` in pieces of `step`, and finds them again. */
static void expect_kept(rf_slice bytes, size_t step)
{
    rf_error error;
    rf_slice content;
    struct spool spool = {.error = &error};
    for (size_t at = 0; at < bytes.len; at += step) {
        size_t n = bytes.len - at < step ? bytes.len - at : step;
        cr_assert_eq(spool_put(&spool, slice_of(bytes.ptr + at, n)), RF_OK);
    }
    cr_assert_eq(spool_finish(&spool, &content, &error), RF_OK);
    cr_assert(slice_equal(content, bytes));
    spool_free(&spool);
    spool_free(&spool);
}

Test(spool, in_memory)
{
    rf_slice bytes = sample_bytes(100000, 1);
    expect_kept(slice_of(bytes.ptr, 0), 1);
    expect_kept(slice_of(bytes.ptr, 1), 1);
    expect_kept(bytes, 777);
    exact_free(bytes);
}

Test(spool, on_disk)
{
    rf_slice bytes = sample_bytes(2 * SPOOL_MEMORY + 12345, 1);
    expect_kept(slice_of(bytes.ptr, SPOOL_MEMORY), 100000);
    expect_kept(slice_of(bytes.ptr, SPOOL_MEMORY + 1), SPOOL_MEMORY);
    expect_kept(bytes, 100000);
    expect_kept(bytes, bytes.len);
    exact_free(bytes);
}

Test(spool, no_place_for_the_file)
{
    rf_error error;
    struct spool spool = {.error = &error};
    rf_slice bytes = sample_bytes(SPOOL_MEMORY, 1);
    setenv("TMPDIR", "/nonexistent", 1);
    cr_assert_eq(spool_put(&spool, bytes), RF_OK);
    cr_assert_eq(spool_put(&spool, bytes), RF_E_WRITE);
    cr_assert_eq(error.code, RF_E_WRITE);
    spool_free(&spool);
    exact_free(bytes);
}
