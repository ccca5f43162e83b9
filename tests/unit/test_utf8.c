/* SPDX-License-Identifier: MIT */
/* UTF-8, held against code that takes one character at a time. */
#include "base/bytes.h"
#include "base/utf8.h"
#include "support/exact.h"
#include <criterion/criterion.h>

/* The length and the code of the character at p, by what it means; 0: it is none. */
static size_t slow_next(const uint8_t *p, size_t left, uint32_t *character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = *p < 0x80 ? 1 : *p < 0xc0 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf8 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    uint32_t code = n == 1 ? *p : *p & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3f);
    }
    bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    *character = code;
    return code < smallest[n] || code > 0x10ffff || is_surrogate ? 0 : n;
}

static bool slow_is_valid(rf_slice text)
{
    uint32_t character;
    size_t n;
    for (size_t i = 0; i < text.len; i += n)
        if ((n = slow_next(text.ptr + i, text.len - i, &character)) == 0)
            return false;
    return true;
}

static void expect_same(rf_slice text)
{
    uint32_t expected = 0, found = 0;
    size_t length = slow_next(text.ptr, text.len, &expected);
    cr_assert_eq(utf8_is_valid(text), slow_is_valid(text), "%02x%02x, %zu bytes", text.ptr[0], text.ptr[1],
                 text.len);
    cr_assert_eq(utf8_next(text, &found), length, "%02x%02x, %zu bytes", text.ptr[0], text.ptr[1], text.len);
    cr_assert(length == 0 || found == expected, "%x, not %x", found, expected);
}

/* On both sides of every border between two ranges. */
static const uint8_t borders[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf,
                                  0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
enum { BORDERS = sizeof borders };

Test(utf8, of_up_to_four_bytes)
{
    for (unsigned i = 0; i < 0x10000; i++) {
        const uint8_t two[] = {(uint8_t)(i >> 8), (uint8_t)i};
        for (size_t n = 1; n <= 2; n++)
            expect_same(slice_of(two, n));
    }
    for (unsigned i = 0; i < BORDERS * BORDERS * BORDERS * BORDERS; i++) {
        const uint8_t four[] = {borders[i / BORDERS / BORDERS / BORDERS],
                                borders[i / BORDERS / BORDERS % BORDERS], borders[i / BORDERS % BORDERS],
                                borders[i % BORDERS]};
        for (size_t n = 3; n <= 4; n++)
            expect_same(slice_of(four, n));
    }
}

Test(utf8, wherever_a_character_lies)
{
    static const char *const characters[] = {
        "\xc3\xa9",     "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\xa0\x80", "\xc3", "\xe2\x82",
        "\xf0\x9f\x98", "\x80",         "\xf4\x90\x80\x80", "\xe0\x80\x80"};
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++)
        for (size_t length = 4; length <= 70; length++)
            for (size_t at = 0; at + 4 <= length; at++) {
                uint8_t bytes[70];
                memset(bytes, 'a', sizeof bytes);
                memcpy(bytes + at, characters[i], strlen(characters[i]));
                rf_slice text = exact_copy(bytes, length), cut = exact_copy(bytes, at + 1);
                cr_assert_eq(utf8_is_valid(text), i < 3, "%zu at %zu of %zu", i, at, length);
                cr_assert_not(utf8_is_valid(cut));
                exact_free(text);
                exact_free(cut);
            }
    cr_expect(utf8_is_valid((rf_slice){0}));
}

Test(utf8, broken_by_ascii)
{
    for (size_t at = 0; at < 40; at++)
        for (size_t between = 1; between < 40; between++) {
            uint8_t bytes[80];
            memset(bytes, 'a', sizeof bytes);
            bytes[at] = 0xc3;
            bytes[at + 1 + between] = 0xa9;
            cr_assert_not(utf8_is_valid(slice_of(bytes, sizeof bytes)));
            cr_assert_not(utf8_is_valid(slice_of(bytes, at + 2 + between)));
        }
}

Test(utf8, nothing_is_read_past_the_end)
{
    static const uint8_t leads[] = {0xc3, 0xe0, 0xe2, 0xed, 0xf0, 0xf1, 0xf4};
    for (size_t i = 0; i < sizeof leads; i++)
        for (size_t n = 1; n <= 3; n++) {
            uint8_t bytes[3] = {leads[i], 0x90, 0x90};
            uint32_t character;
            rf_slice exact = exact_copy(bytes, n);
            utf8_next(exact, &character);
            utf8_is_valid(exact);
            exact_free(exact);
        }
}

Test(utf8, what_a_terminal_acts_upon)
{
    static const uint32_t controls[] = {0,      0x1f,   0x7f,   0x80,   0x9f,    0x61c,
                                        0x200e, 0x200f, 0x2028, 0x2029, 0x202a,  0x202e,
                                        0x2066, 0x2069, 0xfff9, 0xfffb, 0xe0000, 0xe007f};
    static const uint32_t shown[] = {0x20,   0x7e,   0xa0,   0x61b,  0x61d,  0x200d,  0x2010, 0x2027,
                                     0x202f, 0x2065, 0x206a, 0xfff8, 0xfffc, 0xdffff, 0xe0080};
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        cr_expect(utf8_is_control(controls[i]), "%x", controls[i]);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        cr_expect_not(utf8_is_control(shown[i]), "%x", shown[i]);
}
