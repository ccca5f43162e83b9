/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "base/number.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>

static void check_u64(uint64_t n)
{
    char expected[32];
    uint8_t text[NUMBER_TEXT_MAX];
    uint64_t back = ~n;
    int length = snprintf(expected, sizeof expected, "%" PRIu64, n);
    size_t printed = number_print_u64(text, n);
    cr_assert_eq(printed, (size_t)length, "%s", expected);
    cr_assert_arr_eq(text, expected, printed);
    cr_assert(number_parse_u64(slice_of(text, printed), &back));
    cr_assert_eq(back, n);
}

static void check_i64(int64_t n)
{
    char expected[32];
    uint8_t text[NUMBER_TEXT_MAX];
    int64_t back = ~n;
    int length = snprintf(expected, sizeof expected, "%" PRId64, n);
    size_t printed = number_print_i64(text, n);
    cr_assert_eq(printed, (size_t)length, "%s", expected);
    cr_assert_arr_eq(text, expected, printed);
    cr_assert(number_parse_i64(slice_of(text, printed), &back));
    cr_assert_eq(back, n);
}

Test(number, around_every_power_of_ten_and_two)
{
    uint64_t ten = 1;
    for (int i = 0; i < 20; i++, ten *= 10)
        for (uint64_t near = ten - 2; near != ten + 2; near++) {
            check_u64(near);
            check_i64((int64_t)near);
            check_i64((int64_t)-near);
        }
    for (int i = 0; i < 64; i++)
        for (uint64_t near = ((uint64_t)1 << i) - 2; near != ((uint64_t)1 << i) + 2; near++) {
            check_u64(near);
            check_i64((int64_t)near);
        }
    check_i64(INT64_MIN);
    check_i64(INT64_MAX);
    check_u64(UINT64_MAX);
}

Test(number, random_of_every_width)
{
    uint64_t state = 42;
    for (int i = 0; i < 100000; i++) {
        uint64_t n = next_random(&state) >> (i & 63);
        check_u64(n);
        check_i64((int64_t)n);
        check_i64((int64_t)-n);
    }
}

Test(number, only_canonical_text_is_a_number)
{
    static const char *const refused[] = {"",    "-",   "+5", "05", "-0",  "-05", " 5", "5 ",   "5x",   "0x5",
                                          "1.0", "--5", "/",  ":",  "1e3", "00",  "5-", "\xb5", "-\x05"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        rf_slice text = exact_copy(refused[i], strlen(refused[i]));
        int64_t n = 7;
        uint64_t u = 7;
        cr_assert_not(number_parse_i64(text, &n), "'%s'", refused[i]);
        cr_assert_not(number_parse_u64(text, &u), "'%s'", refused[i]);
        cr_assert(n == 7 && u == 7);
        exact_free(text);
    }
    int64_t n;
    uint64_t u;
    cr_assert_not(number_parse_i64(slice_of(NULL, 0), &n));
    cr_assert_not(number_parse_u64(SLICE("-1"), &u));
    cr_assert_not(number_parse_u64(SLICE("1\0"), &u));
}

Test(number, what_does_not_fit_is_refused)
{
    int64_t n;
    uint64_t u;
    cr_assert_not(number_parse_i64(SLICE("9223372036854775808"), &n));
    cr_assert_not(number_parse_i64(SLICE("-9223372036854775809"), &n));
    cr_assert_not(number_parse_i64(SLICE("18446744073709551615"), &n));
    cr_assert_not(number_parse_u64(SLICE("18446744073709551616"), &u));
    cr_assert_not(number_parse_u64(SLICE("99999999999999999999"), &u));
    cr_assert_not(number_parse_u64(SLICE("100000000000000000000"), &u));
    cr_assert_not(number_parse_i64(SLICE("-100000000000000000000"), &n));
}

Test(number, digits_at_the_start_are_scanned)
{
    static const struct {
        const char *text;
        size_t digits;
        uint64_t number;
    } texts[] = {
        {"", 0, 0},
        {"x", 0, 0},
        {"-1", 0, 0},
        {"0", 1, 0},
        {"007", 3, 7},
        {"12MB", 2, 12},
        {"3..7", 1, 3},
        {"18446744073709551615", 20, UINT64_MAX},
        {"00018446744073709551615.", 23, UINT64_MAX},
        {"18446744073709551616", 0, 0},
        {"99999999999999999999", 0, 0},
        {"100000000000000000000", 0, 0},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint64_t number = 0;
        cr_expect_eq(number_scan_u64(slice_of(texts[i].text, strlen(texts[i].text)), &number),
                     texts[i].digits, "%s", texts[i].text);
        cr_expect_eq(number, texts[i].number, "%s", texts[i].text);
    }
}
