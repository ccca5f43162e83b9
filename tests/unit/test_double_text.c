/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "base/double_text.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>

static const char *printed(double d)
{
    static char text[DOUBLE_TEXT_MAX + 1];
    size_t length = double_print((uint8_t *)text, d);
    cr_assert_leq(length, DOUBLE_TEXT_MAX);
    text[length] = '\0';
    return text;
}

static uint64_t bits_of(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

/* The digits from the first to the last that are not 0. */
static size_t significant_digits(const char *text, char digits[64])
{
    size_t count = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && count == 0))
            continue;
        digits[count++] = *text;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    digits[count - zeros] = '\0';
    return count - zeros;
}

/* Reads back; no text with fewer digits does; of those with as many it is the closest. */
static void check_shortest(double d)
{
    const char *text = printed(d);
    char digits[64], other[64], other_digits[64];
    double parsed = 0;

    cr_assert_eq(bits_of(strtod(text, NULL)), bits_of(d), "%s is not %.17g", text, d);
    cr_assert(double_parse(slice_of(text, strlen(text)), &parsed));
    cr_assert_eq(bits_of(parsed), bits_of(d), "%s was read as %.17g", text, parsed);
    if (d == 0)
        return;

    int count = (int)significant_digits(text, digits);
    cr_assert_leq(count, 17);
    snprintf(other, sizeof other, "%.*e", count - 1, d);
    if (strtod(other, NULL) == d) {
        significant_digits(other, other_digits);
        cr_assert_str_eq(digits, other_digits);
    }
    if (count > 1) {
        snprintf(other, sizeof other, "%.*e", count - 2, d);
        cr_assert_neq(strtod(other, NULL), d, "%s is longer than %s", text, other);
    }
}

Test(double_text, known_texts)
{
    static const struct {
        double d;
        const char *text;
    } rows[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {3, "3"},
        {-3, "-3"},
        {0.1, "0.1"},
        {-0.1, "-0.1"},
        {1.5, "1.5"},
        {123.456, "123.456"},
        {1.0 / 3, "0.3333333333333333"},
        {0.3, "0.3"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e15, "1000000000000000"},
        {9007199254740991.0, "9007199254740991"},
        {9007199254740992.0, "9007199254740992"},
        {9007199254740993.0, "9007199254740992"},
        {9007199254740994.0, "9007199254740994"},
        {-9007199254740991.0, "-9007199254740991"},
        {1e20, "100000000000000000000"},
        {1e21, "1e+21"},
        {1e22, "1e+22"},
        {1e23, "1e+23"},
        {123456789012345680000.0, "123456789012345680000"},
        {1.2345678901234568e+21, "1.2345678901234568e+21"},
        {1.5e300, "1.5e+300"},
        {1e-6, "0.000001"},
        {1.5e-6, "0.0000015"},
        {1e-7, "1e-7"},
        {-1.2345678901234567e-6, "-0.0000012345678901234567"},
        {5e-324, "5e-324"},
        {1e-323, "1e-323"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {2.225073858507201e-308, "2.225073858507201e-308"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {9.5367431640625e-07, "9.5367431640625e-7"},
        {2147483648.5, "2147483648.5"},
        {2.98023223876953125e-8, "2.9802322387695312e-8"}, /* two equally close ones: the even digit */
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_str_eq(printed(rows[i].d), rows[i].text);
    cr_assert_str_eq(printed(-NAN), "nan");
}

Test(double_text, random_bits_read_back_and_are_shortest)
{
    uint64_t state = 20240229;
    for (int i = 0; i < 150000; i++) {
        uint64_t bits = next_random(&state);
        double d;
        memcpy(&d, &bits, sizeof d);
        if (isfinite(d))
            check_shortest(d);
    }
}

Test(double_text, every_power_of_two_and_its_neighbours)
{
    for (int e = -1074; e < 1024; e++) {
        double d = ldexp(1, e);
        check_shortest(d);
        check_shortest(-nextafter(d, 0));
        check_shortest(nextafter(d, INFINITY));
    }
}

Test(double_text, every_power_of_ten_and_its_neighbours)
{
    for (int e = -323; e <= 308; e++) {
        char text[16], digits[64];
        snprintf(text, sizeof text, "1e%d", e);
        double d = strtod(text, NULL);
        cr_assert_eq(significant_digits(printed(d), digits), 1, "%s", text);
        check_shortest(d);
        check_shortest(nextafter(d, 0));
        check_shortest(-nextafter(d, INFINITY));
    }
}

Test(double_text, whole_numbers_beyond_2_to_53)
{
    uint64_t state = 53;
    for (int i = 0; i < 50000; i++)
        check_shortest(ldexp((double)(next_random(&state) >> 11 | (uint64_t)1 << 52), i % 70));
}

Test(double_text, prices_and_whole_numbers)
{
    uint64_t state = 7;
    for (int i = 0; i < 100000; i++) {
        int64_t n = (int64_t)next_random(&state) >> (i & 63);
        check_shortest((double)n);
        check_shortest((double)(n % 1000000000) / 100);
        check_shortest((double)(n % 1000000000) / 1e9);
    }
}

Test(double_text, parses_as_strtod_does)
{
    static const char *const texts[] = {"0",
                                        "-0",
                                        "+0",
                                        "5",
                                        "+5",
                                        "-5.",
                                        ".5",
                                        "-.5e1",
                                        "1e5",
                                        "1E+5",
                                        "1e-5",
                                        "1e22",
                                        "1e23",
                                        "1e-22",
                                        "1e-23",
                                        "123e-400",
                                        "1e400",
                                        "-1e400",
                                        "007",
                                        "0x1p3",
                                        "0X.8P-2",
                                        "0xff",
                                        "inf",
                                        "-inf",
                                        "INF",
                                        "+Inf",
                                        "infinity",
                                        "-InFiNiTy",
                                        "9007199254740993",
                                        "9007199254740992",
                                        "9007199254740991e22",
                                        "9007199254740993e1",
                                        "0.1000000000000000055511151231257827",
                                        "3.1400000000000001",
                                        "179769313486231570e291",
                                        "2.4703282292062327e-324",
                                        "2.4703282292062328e-324",
                                        "4.9406564584124654e-324",
                                        "8.5000000000000000000000000000",
                                        "1e0000000000000005",
                                        "0000000000000000000000000000001.5",
                                        "99999999999999999999",
                                        "1e1001",
                                        "0e99999999999999999999"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        rf_slice text = exact_copy(texts[i], strlen(texts[i]));
        double d = 42;
        cr_assert(double_parse(text, &d), "%s", texts[i]);
        cr_assert_eq(bits_of(d), bits_of(strtod(texts[i], NULL)), "%s was read as %.17g", texts[i], d);
        exact_free(text);
    }
    double d;
    cr_assert(double_parse(SLICE("nan"), &d) && isnan(d));
    cr_assert(double_parse(SLICE("-NaN"), &d) && isnan(d));
}

Test(double_text, refuses_what_is_no_number)
{
    static const char *const texts[] = {"",   " ",    " 1", "\t1",  "1 ",   "-",     "+",     ".",   "-.",
                                        "e5", ".e5",  "1e", "1e+",  "1e-",  "1.5x",  "1,5",   "--1", "+-1",
                                        "0x", "infx", "in", "nanx", "1..5", "1.5.5", "1e5.5", "\n1", "abc"};
    double d = 42;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        rf_slice text = exact_copy(texts[i], strlen(texts[i]));
        cr_assert_not(double_parse(text, &d), "'%s'", texts[i]);
        exact_free(text);
    }
    cr_assert_not(double_parse(slice_of(NULL, 0), &d));
    cr_assert_not(double_parse(SLICE("1\0"), &d));
    cr_assert_not(double_parse(SLICE("1\0.5"), &d));
    cr_assert_eq(d, 42);
}

Test(double_text, long_text_up_to_400_bytes)
{
    char text[402];
    double d;
    memset(text, '1', sizeof text);
    text[1] = '.';
    cr_assert(double_parse(slice_of(text, 400), &d));
    cr_assert_eq(d, 1.1111111111111112);
    cr_assert_not(double_parse(slice_of(text, 401), &d));
}

Test(double_text, the_locale_does_not_matter)
{
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "de_DE"))
        cr_skip_test("no locale with a decimal comma here");
    double d;
    cr_assert(double_parse(SLICE("0.12345678901234567"), &d));
    cr_assert_eq(d, 0.12345678901234567);
    cr_assert_not(double_parse(SLICE("0,12345678901234567"), &d));
    cr_assert_str_eq(printed(1.5), "1.5");
}
