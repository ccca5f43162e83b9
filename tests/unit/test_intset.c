/* SPDX-License-Identifier: MIT */
#include "codec/intset.h"
#include "support/exact.h"
#include <criterion/criterion.h>

static void check_integers(const char *hex, size_t count, const int64_t *expected)
{
    struct intset set;
    rf_slice blob = exact_hex(hex);
    cr_assert_null(intset_open(&set, blob), "%s", hex);
    cr_assert_eq(set.count, count);
    for (uint32_t i = 0; i < count; i++)
        cr_assert_eq(intset_at(&set, i), expected[i], "%s: at %u", hex, i);
    exact_free(blob);
}

static void check_fault(const char *hex, const char *expected)
{
    struct intset set;
    rf_slice blob = exact_hex(hex);
    const char *fault = intset_open(&set, blob);
    cr_assert(fault && strstr(fault, expected), "%s: %s", hex, fault ? fault : "no fault");
    exact_free(blob);
}

Test(intset, every_width)
{
    check_integers("02000000 03000000 fbff 0100 2c01", 3, (int64_t[]){-5, 1, 300});
    check_integers("02000000 02000000 0080 ff7f", 2, (int64_t[]){-32768, 32767});
    check_integers("04000000 02000000 00000080 ffffff7f", 2, (int64_t[]){INT32_MIN, INT32_MAX});
    check_integers("08000000 03000000 0000000000000080 ffffffffffffffff ffffffffffffff7f", 3,
                   (int64_t[]){INT64_MIN, -1, INT64_MAX});
    check_integers("08000000 01000000 0500000000000000", 1, (int64_t[]){5});
    check_integers("02000000 00000000", 0, NULL);
}

Test(intset, wrong_sizes)
{
    check_fault("", "too short");
    check_fault("02000000 000000", "too short");
    check_fault("02000000 01000000 01", "size");
    check_fault("02000000 01000000 010002", "size");
    check_fault("02000000 02000000 0100", "size");
    check_fault("02000000 00000000 0100", "size");
    check_fault("08000000 ffffffff 0100000000000000", "size");
    check_fault("08000000 00000020", "size"); /* 2^29 * 8 = 2^32 */
    check_fault("04000000 00000040", "size");
    check_fault("02000000 00000080", "size");
}

Test(intset, unknown_widths)
{
    check_fault("00000000 00000000", "width");
    check_fault("01000000 01000000 01", "width");
    check_fault("03000000 01000000 010000", "width");
    check_fault("10000000 00000000", "width");
    check_fault("02000001 01000000 0100", "width");
}

Test(intset, order)
{
    check_fault("02000000 02000000 0100 0100", "order");
    check_fault("02000000 02000000 0200 0100", "order");
    check_fault("02000000 02000000 0100 ffff", "order");
    check_fault("02000000 03000000 0100 0300 0200", "order");
    check_fault("04000000 02000000 00000000 00000080", "order");
    check_fault("08000000 02000000 ffffffffffffff7f 0000000000000080", "order");
}

static void touch(rf_slice blob)
{
    struct intset set;
    if (intset_open(&set, blob) == NULL)
        for (uint32_t i = 1; i < set.count; i++)
            cr_assert_lt(intset_at(&set, i - 1), intset_at(&set, i));
}

Test(intset, no_damage_crashes)
{
    static const char *const blobs[] = {
        "02000000 03000000 fbff 0100 2c01", "04000000 02000000 00000080 ffffff7f",
        "08000000 03000000 0000000000000080 ffffffffffffffff ffffffffffffff7f"};
    for (size_t i = 0; i < sizeof blobs / sizeof *blobs; i++) {
        rf_slice blob = exact_hex(blobs[i]);
        exact_damage(blob, touch);
        exact_free(blob);
    }
}
