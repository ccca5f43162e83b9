/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "base/fail.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>

static const char *formatted(const rf_error *error)
{
    static char text[1024];
    size_t length = rf_error_format(error, text, sizeof text);
    cr_assert_eq(length, strlen(text));
    return text;
}

Test(fail, clears_and_fills)
{
    rf_error error;
    memset(&error, 0x55, sizeof error);
    cr_assert_eq(fail(&error, RF_E_CORRUPT, "%d of %s", 3, "them"), RF_E_CORRUPT);
    cr_assert_eq(error.code, RF_E_CORRUPT);
    cr_assert(error.offset == -1 && error.file_offset == -1 && error.db == -1);
    cr_assert_str_eq(error.message, "3 of them");
    cr_assert_str_eq(error.input, "");
    cr_assert_str_eq(error.key, "");
    cr_assert_str_eq(formatted(&error), "3 of them");
}

Test(fail, with_errno)
{
    rf_error error;
    errno = ENOENT;
    cr_assert_eq(fail_errno(&error, RF_E_READ, "cannot open '%s'", "x"), RF_E_READ);
    cr_assert_str_eq(error.message, "cannot open 'x': No such file or directory");
}

Test(fail, long_messages_are_cut)
{
    rf_error error;
    char text[1000];
    memset(text, 'm', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    fail(&error, RF_E_READ, "%s", text);
    cr_assert_eq(strlen(error.message), sizeof error.message - 1);
    errno = ENOENT;
    fail_errno(&error, RF_E_READ, "%s", text);
    cr_assert_eq(strlen(error.message), sizeof error.message - 1);
    error_input(&error, text);
    cr_assert_eq(strlen(error.input), sizeof error.input - 1);
}

Test(fail, a_whole_message)
{
    rf_error error;
    fail(&error, RF_E_CORRUPT, "truncated listpack");
    error_at(&error, 0x1a3, 0x90);
    error_at(&error, 5, 6); /* it has a place already */
    error_key(&error, 0, SLICE("user:1"));
    error_input(&error, "dump.rdb");
    cr_assert_eq(error.file_offset, 0x90);
    cr_assert_str_eq(
        formatted(&error),
        "dump.rdb: offset 0x1a3 (near 0x90 in the file): truncated listpack in key 'user:1' (db 0)");
}

Test(fail, parts_may_be_missing)
{
    rf_error error;
    fail(&error, RF_E_CHECKSUM, "%s", "");
    cr_assert_str_eq(formatted(&error), rf_code_text(RF_E_CHECKSUM));
    error_key(&error, 3, SLICE(""));
    cr_assert_str_eq(formatted(&error), "checksum mismatch in key '' (db 3)");
    fail(&error, RF_E_CORRUPT, "bad");
    error_key(&error, -1, SLICE("k"));
    cr_assert_str_eq(formatted(&error), "bad in key 'k'");
    error_at(&error, 0, 0);
    cr_assert_str_eq(formatted(&error), "offset 0x0: bad in key 'k'");
}

Test(fail, format_says_how_much_it_needs)
{
    rf_error error;
    char little[6];
    fail(&error, RF_E_CORRUPT, "12345678");
    cr_assert_eq(rf_error_format(&error, little, sizeof little), 8);
    cr_assert_str_eq(little, "12345");
    cr_assert_eq(rf_error_format(&error, NULL, 0), 8);
}

static void check_key(rf_slice key, const char *expected)
{
    rf_error error;
    fail(&error, RF_E_CORRUPT, "bad");
    rf_slice exact = exact_copy(key.ptr, key.len);
    error_key(&error, 1, exact);
    exact_free(exact);
    cr_assert_str_eq(error.key, expected);
    cr_assert_eq(error.db, 1);
}

Test(fail, keys_are_escaped)
{
    check_key(SLICE("a b~!"), "a b~!");
    check_key(SLICE("a\0b\n\x7f\x80\xff"), "a\\x00b\\x0a\\x7f\\x80\\xff");
    check_key(SLICE("it's \\ \"so\""), "it\\x27s \\x5c \"so\"");
    check_key(slice_of(NULL, 0), "");
}

Test(fail, long_keys_are_shortened)
{
    for (size_t len = 100; len < 300; len++) {
        char plain[300];
        uint8_t binary[300] = {0};
        rf_error error;
        memset(plain, 'k', sizeof plain);
        fail(&error, RF_E_CORRUPT, "bad");
        error_key(&error, 0, slice_of(plain, len));
        bool whole = strlen(error.key) == len && !strstr(error.key, "...");
        cr_assert_eq(whole, len <= sizeof error.key - 4, "%zu bytes", len);
        for (size_t plain_first = 0; plain_first < 4; plain_first++) {
            memset(binary, 'k', plain_first);
            error_key(&error, 0, slice_of(binary, len));
            cr_assert_leq(strlen(error.key), sizeof error.key - 1);
            cr_assert_str_eq(error.key + strlen(error.key) - 7, "\\x00...");
            cr_assert_str_eq(error.message, "bad");
        }
    }
}

Test(fail, a_database_beyond_int)
{
    rf_error error;
    fail(&error, RF_E_CORRUPT, "bad");
    error_key(&error, INT64_MAX, SLICE("k"));
    cr_assert_eq(error.db, INT_MAX);
}

Test(fail, every_code_has_a_text)
{
    cr_assert_str_eq(rf_code_text(RF_OK), "ok");
    cr_assert_str_eq(rf_code_text(RF_E_ARGUMENT), "invalid argument");
    cr_assert_not_null(rf_code_text((rf_code)999));
}

static rf_code forward(rf_code code)
{
    TRY(code);
    return RF_END;
}

Test(fail, try_forwards_all_but_ok)
{
    cr_assert_eq(forward(RF_OK), RF_END);
    cr_assert_eq(forward(RF_E_WRITE), RF_E_WRITE);
}

Test(fail, two_families_blame_the_input)
{
#define EXPECT_FAMILY(name, number, text) \
    cr_expect_eq(rf_code_is_input(RF_##name), (number) / 10 == 1 || (number) / 10 == 2, #name);
    RF_CODES(EXPECT_FAMILY)
#undef EXPECT_FAMILY
}
