/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "base/list.h"
#include "replication/absolute_expiry.h"
#include <criterion/criterion.h>
#include <string.h>

enum { WORDS = 8, TEXT = 128 };

/* Words separated by blanks. */
static size_t split(const char *text, rf_slice words[WORDS])
{
    rf_slice rest = slice_of(text, strlen(text));
    size_t count = 0;
    while (count < WORDS && list_next(&rest, ' ', &words[count]))
        count++;
    return count;
}

static void expect(const char *before, const char *after)
{
    struct absolute_expiry absolute = {0};
    rf_slice words[WORDS];
    rf_error error;
    char found[TEXT] = "";
    rf_entry entry = {.kind = RF_ENTRY_COMMAND, .argv = words, .raw = SLICE("raw")};
    entry.argc = split(before, words);
    cr_assert_eq(absolute_expiry_make(&absolute, 1000000, &entry, &error), RF_OK);
    for (size_t i = 0; i < entry.argc; i++) {
        strncat(found, (const char *)entry.argv[i].ptr, entry.argv[i].len);
        strcat(found, i + 1 < entry.argc ? " " : "");
    }
    cr_expect_str_eq(found, after);
    cr_expect_eq(entry.raw.len == 0, strcmp(before, after) != 0);
    absolute_expiry_free(&absolute);
}

Test(absolute_expiry, relative)
{
    expect("EXPIRE k 10", "PEXPIREAT k 1010000");
    expect("pexpire k 10 GT", "PEXPIREAT k 1000010 GT");
    expect("PEXPIRE k -1", "PEXPIREAT k 999999");
    expect("SETEX k 10 v", "SET k v PXAT 1010000");
    expect("PSETEX k 10 v", "SET k v PXAT 1000010");
    expect("SET k v EX 10", "SET k v PXAT 1010000");
    expect("SET k v NX px 10", "SET k v NX PXAT 1000010");
    expect("RESTORE k 10 x REPLACE", "RESTORE k 1000010 x REPLACE ABSTTL");
    expect("RESTORE-ASKING k 10 x", "RESTORE-ASKING k 1000010 x ABSTTL");
}

Test(absolute_expiry, unchanged)
{
    expect("SET k v", "SET k v");
    expect("SET EX PX", "SET EX PX");
    expect("SET k v PXAT 10", "SET k v PXAT 10");
    expect("SET k v KEEPTTL", "SET k v KEEPTTL");
    expect("PEXPIREAT k 10", "PEXPIREAT k 10");
    expect("RESTORE k 0 x", "RESTORE k 0 x");
    expect("RESTORE k 10 x ABSTTL", "RESTORE k 10 x ABSTTL");
    expect("EXPIRE k 9223372036854775807", "EXPIRE k 9223372036854775807");
    expect("EXPIRE k x", "EXPIRE k x");
    expect("EXPIRE k", "EXPIRE k");
    expect("SETEX k 10", "SETEX k 10");
    expect("DEL k", "DEL k");
}
