/* SPDX-License-Identifier: MIT */
/* Bytes as printable ASCII and back. */
#include "base/bytes.h"
#include "base/escape.h"
#include <criterion/criterion.h>

Test(escape, quotes_are_escaped_in_names_only)
{
    char name[64], text[64];
    escape_name(SLICE("it's \\ \"so\"\n\xff"), name, sizeof name);
    escape_text(SLICE("it's \\ \"so\"\n\xff"), text, sizeof text);
    cr_expect_str_eq(name, "it\\x27s \\x5c \"so\"\\x0a\\xff");
    cr_expect_str_eq(text, "it's \\x5c \"so\"\\x0a\\xff");
    escape_name((rf_slice){0}, name, sizeof name);
    cr_expect_str_eq(name, "");
}

Test(escape, every_byte_can_be_read_back)
{
    uint8_t bytes[255];
    char name[4 * sizeof bytes + 4];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i + 1);
    escape_name(slice_of(bytes, sizeof bytes), name, sizeof name);
    for (const char *c = name; *c; c++)
        cr_expect(*c >= ' ' && *c <= '~' && *c != '\'');
    cr_expect(slice_equal(unescape(name), slice_of(bytes, sizeof bytes)));
}

Test(escape, anything_but_an_escape_is_unchanged)
{
    char text[] = "\\x4a\\X4a\\x4\\xg0\\\\x41\\xC3\\xa9\\x";
    cr_expect(slice_equal(unescape(text), SLICE("J\\X4a\\x4\\xg0\\A\xc3\xa9\\x")));
}

Test(escape, what_does_not_fit_is_cut)
{
    for (size_t size = 8; size < 40; size++) {
        char plain[40], binary[40];
        memset(plain, '?', sizeof plain);
        escape_name(slice_of("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", 40), plain, size);
        cr_expect_eq(strlen(plain), size - 1);
        cr_expect_str_eq(plain + size - 4, "...");
        escape_name(slice_of("\n\n\n\n\n\n\n\n\n\n", 10), binary, size);
        cr_expect_eq(strlen(binary), (size - 4) / 4 * 4 + 3);
        cr_expect_str_eq(binary + strlen(binary) - 7, "\\x0a...");
        escape_name(slice_of("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", size - 4), plain, size);
        cr_expect_eq(strlen(plain), size - 4);
        cr_expect_eq(plain[size - 5], 'k');
    }
}
