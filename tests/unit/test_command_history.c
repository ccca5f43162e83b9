/* SPDX-License-Identifier: MIT */
/* SWAPDB and FLUSHDB of a log: what databases are called at its end, and what is flushed. */
#include "base/bytes.h"
#include "support/commands.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <rdbferry/command_history.h>

static rf_code note(rf_command_history *history, uint32_t input, uint64_t offset, int64_t db,
                    const char *text)
{
    struct command_text command = command_of(text);
    rf_error error;
    command.entry.db = db;
    command.entry.offset = offset;
    rf_code code = rf_command_history_note(history, input, &command.entry, &error);
    command_free(&command);
    return code;
}

static void end(rf_command_history *history)
{
    rf_error error;
    cr_assert_eq(rf_command_history_end(history, &error), RF_OK);
}

static rf_rewrite *flatten(void)
{
    rf_error error;
    rf_rewrite *rules = rf_rewrite_new();
    cr_assert(rules && rf_rewrite_flatten(rules, NULL, &error) == RF_OK);
    return rules;
}

Test(command_history, over_several_files)
{
    rf_rewrite *rules = flatten();
    rf_command_history *history = rf_command_history_new(rules);
    cr_assert(history);
    cr_expect_eq(note(history, 0, 50, 2, "FLUSHDB"), RF_OK);
    cr_expect_eq(note(history, 1, 10, 0, "SWAPDB 2 5"), RF_OK);
    cr_expect_eq(note(history, 1, 20, 0, "SET FLUSHDB 1"), RF_OK);
    cr_expect_eq(note(history, 1, 30, 0, "swapdb 5 0"), RF_OK);
    cr_expect_eq(note(history, 2, 5, 5, "flushdb SYNC"), RF_OK);
    end(history);
    cr_expect_eq(rf_command_history_db(history, 2), 0);
    cr_expect_eq(rf_command_history_db(history, 5), 2);
    cr_expect_eq(rf_command_history_db(history, 0), 5);
    cr_expect_eq(rf_command_history_db(history, 1000000), 1000000);
    cr_expect(rf_command_history_is_flushed(history, 0, 0, 49));
    cr_expect_not(rf_command_history_is_flushed(history, 0, 0, 50));
    cr_expect_not(rf_command_history_is_flushed(history, 0, 1, 0));
    cr_expect(rf_command_history_is_flushed(history, 5, 1, 1000));
    cr_expect(rf_command_history_is_flushed(history, 5, 2, 4));
    cr_expect_not(rf_command_history_is_flushed(history, 5, 2, 6));
    cr_expect_not(rf_command_history_is_flushed(history, 7, 0, 0));
    rf_command_history_free(history);
    rf_rewrite_free(rules);
}

Test(command_history, invalid_databases)
{
    static const char *const commands[] = {"SWAPDB",
                                           "SWAPDB 1",
                                           "SWAPDB 1 x",
                                           "SWAPDB -1 0",
                                           "SWAPDB 0 1 2",
                                           "SWAPDB 0 2147483647",
                                           "SWAPDB 0 9223372036854775808"};
    rf_command_history *history = rf_command_history_new(NULL);
    cr_assert(history);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        cr_expect_eq(note(history, 0, 0, 0, commands[i]), RF_E_CORRUPT, "%s", commands[i]);
    end(history);
    cr_expect_eq(rf_command_history_db(history, 0), 0);
    rf_command_history_free(history);
    rf_command_history_free(NULL);
}

/* Every one of many databases is flushed, and asked for. */
Test(command_history, many_databases, .timeout = 60)
{
    enum { MANY = 400000 };
    rf_rewrite *rules = flatten();
    rf_command_history *history = rf_command_history_new(rules);
    cr_assert(history);
    for (int64_t db = 0; db < 2 * MANY; db++)
        cr_assert_eq(note(history, 0, (uint64_t)db, db % MANY, "FLUSHDB"), RF_OK);
    end(history);
    for (int64_t db = 0; db < MANY; db++) {
        cr_assert(rf_command_history_is_flushed(history, db, 0, (uint64_t)db + MANY - 1));
        cr_assert_not(rf_command_history_is_flushed(history, db, 0, (uint64_t)db + MANY));
    }
    rf_command_history_free(history);
    rf_rewrite_free(rules);
}

/* --- looking for the names ----------------------------------------------------------------------------- */

static bool scan(rf_slice bytes)
{
    rf_source *source;
    rf_error error;
    bool found;
    cr_assert_eq(rf_source_open_memory(bytes.ptr, bytes.len, "log", &source, &error), RF_OK);
    cr_assert_eq(rf_command_history_scan(source, &found, &error), RF_OK);
    rf_source_close(source);
    return found;
}

static bool scan_text(const char *text)
{
    rf_slice bytes = exact_copy(text, strlen(text));
    bool found = scan(bytes);
    exact_free(bytes);
    return found;
}

Test(command_history, scan_for_names)
{
    cr_expect(scan_text("*1\r\n$7\r\nFLUSHDB\r\n"));
    cr_expect(scan_text("*3\r\n$6\r\nswapDb\r\n$1\r\n0\r\n$1\r\n1\r\n"));
    cr_expect(scan_text("SWAPDB\r"));
    cr_expect_not(scan_text("WAPDB\r\n$8\r\nFLUSHALL\r\n"));
    cr_expect_not(scan_text("FLUSHDB"));
    cr_expect_not(scan_text("db\r\nFLUSHDB\n\r\nDB\r"));
    cr_expect_not(scan_text(""));
}

/* Blocks are scanned in stretches: a name may be in two of them, or in two blocks. */
Test(command_history, scan_at_every_place, .timeout = 60)
{
    enum { SIZE = 260 * 1024, STRETCH = 1024, BLOCK = 64 * 1024 /* or a multiple */, BLOCKS = 4 };
    static const char name[] = "FlushDB\r\n";
    uint8_t *log = malloc(SIZE);
    cr_assert(log);
    memset(log, 'd', SIZE);
    cr_expect_not(scan(slice_of(log, SIZE)));
    for (size_t i = 0; i <= BLOCKS; i++)
        for (size_t at = i > 0 ? i * BLOCK - 20 : 0; at < (i > 0 ? i * BLOCK : STRETCH) + 20; at++) {
            memcpy(log + at, name, sizeof name - 1);
            cr_assert(scan(slice_of(log, SIZE)), "at %zu", at);
            memset(log + at, 'd', sizeof name - 1);
        }
    free(log);
}
