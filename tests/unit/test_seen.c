/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include <criterion/criterion.h>
#include <rdbferry/seen.h>
#include <stdio.h>

static rf_code add_key(rf_seen *seen, int64_t db, const char *key, rf_error *error)
{
    bool again = true;
    rf_entry entry = {.kind = RF_ENTRY_KEY, .offset = 77, .db = db, .key = slice_of(key, strlen(key))};
    rf_code code = rf_seen_add(seen, &entry, &again, error);
    cr_expect_not(again);
    return code;
}

static rf_code add_library(rf_seen *seen, const char *text, bool *again, rf_error *error)
{
    rf_entry entry = {.kind = RF_ENTRY_FUNCTION, .text = slice_of(text, strlen(text))};
    return rf_seen_add(seen, &entry, again, error);
}

Test(seen, a_key_twice_in_one_database)
{
    rf_seen *seen = rf_seen_new();
    rf_error error;
    cr_expect_eq(add_key(seen, 0, "a", &error), RF_OK);
    cr_expect_eq(add_key(seen, 0, "b", &error), RF_OK);
    cr_expect_eq(add_key(seen, 1, "a", &error), RF_OK);
    cr_expect_eq(add_key(seen, 0, "", &error), RF_OK);
    cr_expect_eq(add_key(seen, 0, "a", &error), RF_E_DUPLICATE);
    cr_expect_str_eq(error.key, "a");
    cr_expect_eq(error.db, 0);
    cr_expect_eq(error.offset, 77);
    cr_expect_eq(add_key(seen, 0, "", &error), RF_E_DUPLICATE);
    cr_expect_eq(add_key(seen, 1, "b", &error), RF_OK);
    rf_seen_free(seen);
    rf_seen_free(NULL);
}

Test(seen, an_empty_key_without_bytes)
{
    rf_seen *seen = rf_seen_new();
    rf_error error;
    bool again;
    rf_entry entry = {.kind = RF_ENTRY_KEY};
    cr_expect_eq(rf_seen_add(seen, &entry, &again, &error), RF_OK);
    cr_expect_eq(rf_seen_add(seen, &entry, &again, &error), RF_E_DUPLICATE);
    rf_seen_free(seen);
}

Test(seen, many_keys)
{
    enum { KEYS = 200000 };
    rf_seen *seen = rf_seen_new();
    rf_error error;
    char key[16];
    for (int turn = 0; turn < 2; turn++)
        for (int i = 0; i < KEYS; i++) {
            snprintf(key, sizeof key, "key:%d", i);
            cr_assert_eq(add_key(seen, i % 3, key, &error), turn ? RF_E_DUPLICATE : RF_OK, "%s", key);
        }
    rf_seen_free(seen);
}

Test(seen, function_libraries)
{
    rf_seen *seen = rf_seen_new();
    rf_error error;
    bool again;
    cr_expect_eq(add_library(seen, "#!lua name=one\ncode", &again, &error), RF_OK);
    cr_expect_not(again);
    cr_expect_eq(add_library(seen, "#!lua name=two\ncode", &again, &error), RF_OK);
    cr_expect_not(again);
    cr_expect_eq(add_library(seen, "#!lua name=one\ncode", &again, &error), RF_OK);
    cr_expect(again);
    cr_expect_eq(add_library(seen, "#!lua name=one\nother", &again, &error), RF_E_DUPLICATE);
    cr_expect(strstr(error.message, "'one'"), "%s", error.message);
    cr_expect_eq(add_library(seen, "#!lua name=two engine=x\n", &again, &error), RF_E_DUPLICATE);
    cr_expect_eq(add_library(seen, "#!lua name=tw\n", &again, &error), RF_OK);
    rf_seen_free(seen);
}

Test(seen, libraries_without_a_name)
{
    rf_seen *seen = rf_seen_new();
    rf_error error;
    bool again;
    cr_expect_eq(add_library(seen, "", &again, &error), RF_OK);
    cr_expect_eq(add_library(seen, "", &again, &error), RF_OK);
    cr_expect(again);
    cr_expect_eq(add_library(seen, "x", &again, &error), RF_OK);
    cr_expect_not(again);
    cr_expect_eq(add_library(seen, "x\n name=y", &again, &error), RF_E_DUPLICATE);
    rf_seen_free(seen);
}

Test(seen, nothing_else_counts)
{
    rf_seen *seen = rf_seen_new();
    rf_error error;
    static const rf_entry_kind kinds[] = {RF_ENTRY_AUX, RF_ENTRY_MODULE_AUX, RF_ENTRY_KEY_COUNTS,
                                          RF_ENTRY_COMMAND};
    for (size_t i = 0; i < 8; i++) {
        bool again = true;
        rf_entry entry = {.kind = kinds[i / 2], .name = SLICE("x"), .text = SLICE("y")};
        cr_expect_eq(rf_seen_add(seen, &entry, &again, &error), RF_OK);
        cr_expect_not(again);
    }
    rf_seen_free(seen);
}
