/* SPDX-License-Identifier: MIT */
/* The first line of a function library's code. */
#include "base/bytes.h"
#include <criterion/criterion.h>
#include <rdbferry/entry.h>

static const struct {
    const char *code, *engine, *name, *shown;
    bool valid;
} headers[] = {
    {"#!lua name=lib\ncode", "lua", "lib", "lib", true},
    {"#!lua name=lib", "lua", "lib", "lib", true},
    {"#!js   name=lib\r\ncode", "js", "lib", "lib", true},
    {"#!lua\tNAME=lib other\n", "lua", "lib", "lib", true},
    {"#!lua\nname=lib", "lua", "", "#!lua", false},
    {"#!lua name=\n", "lua", "", "", false},
    {"#!lua rename=lib\n", "lua", "", "#!lua rename=lib", false},
    {"#! name=lib\n", "", "lib", "lib", false},
    {"lua name=lib\n", "", "lib", "lib", false},
    {"name=lib\n", "", "", "name=lib", false},
    {"#!\n", "", "", "#!", false},
    {"\n", "", "", "", false},
    {"", "", "", "", false},
};

static void expect_text(rf_slice found, const char *expected)
{
    cr_expect(slice_equal(found, slice_of(expected, strlen(expected))), "'%.*s', expected '%s'",
              (int)found.len, (const char *)found.ptr, expected);
}

Test(function_library, header)
{
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        rf_slice engine, name, code = slice_of(headers[i].code, strlen(headers[i].code));
        cr_expect_eq(rf_function_header(code, &engine, &name), headers[i].valid, "%s", headers[i].code);
        expect_text(engine, headers[i].engine);
        expect_text(name, headers[i].name);
        expect_text(rf_function_name(code), headers[i].shown);
    }
}

Test(function_library, no_code)
{
    rf_slice engine, name;
    cr_expect_not(rf_function_header((rf_slice){0}, &engine, &name));
    cr_expect_eq(rf_function_name((rf_slice){0}).len, 0);
}
