/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "replication/stream_scan.h"
#include "support/exact.h"
#include <criterion/criterion.h>

static const size_t steps[] = {1, 2, 3, 7, 4096};

#define GETACK "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n"

/* Counts the commands, and those that are REPLCONF GETACK, in blocks of exact size. */
static bool count(rf_slice input, size_t step, size_t *commands, size_t *asked)
{
    struct stream_scan scan = {.state = SCAN_AT_COMMAND};
    *commands = *asked = 0;
    for (size_t at = 0; at < input.len; at += step) {
        const rf_slice block = exact_copy(input.ptr + at, input.len - at < step ? input.len - at : step);
        rf_slice in = block;
        enum scan_event event;
        while ((event = stream_scan(&scan, &in)) == SCAN_COMMAND) {
            ++*commands;
            *asked += stream_scan_is(&scan, "replconf", "getack");
        }
        exact_free(block);
        if (event == SCAN_INVALID)
            return false;
    }
    return true;
}

static void expect(rf_slice input, bool valid, size_t commands, size_t asked)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        size_t found, found_asked;
        cr_assert_eq(count(input, steps[i], &found, &found_asked), valid);
        cr_assert_eq(found, commands);
        cr_assert_eq(found_asked, asked);
    }
}

#define EXPECT(input, valid, commands, asked) expect(SLICE(input), valid, commands, asked)

Test(stream_scan, commands)
{
    EXPECT("*1\r\n$4\r\nping\r\n" GETACK "*2\r\n$3\r\nSET\r\n$0\r\n\r\n*1\r\n$4\r\nMU", true, 3, 1);
}

/* Only the command itself counts, not what looks like it in a value, nor one whose words go on. */
Test(stream_scan, what_is_no_getack)
{
    EXPECT("*2\r\n$3\r\nSET\r\n$37\r\n" GETACK "\r\n", true, 1, 0);
    EXPECT("*2\r\n$8\r\nREPLCONF\r\n$7\r\nGETACKS\r\n*1\r\n$8\r\nREPLCONF\r\n", true, 2, 0);
    EXPECT("*2\r\n$17\r\nREPLCONFREPLCONFx\r\n$6\r\nGETACK\r\n", true, 1, 0);
    EXPECT("*3\r\n$1\r\nx\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n", true, 1, 0);
}

Test(stream_scan, what_is_no_command)
{
    EXPECT("\n*1\r\n$4\r\nping\r\n", false, 0, 0);
    EXPECT("*0\r\n", false, 0, 0);
    EXPECT("*\r\n", false, 0, 0);
    EXPECT("*-1\r\n", false, 0, 0);
    EXPECT("*1\r\n:4\r\n", false, 0, 0);
    EXPECT("*1\r\n$-1\r\n", false, 0, 0);
    EXPECT("*1\r\n$4\r\npingx\r\n", false, 0, 0);
    EXPECT("*1\r\n$4\r\nping\n\r", false, 0, 0);
    EXPECT("*99999999999999999999999\r\n", false, 0, 0);
    EXPECT("*1\r\n$99999999999999999999999\r\n", false, 0, 0);
    EXPECT("*1\r\n$4\r\nping\r\nPING\r\n", false, 1, 0);
}

static void scan_once(rf_slice bytes)
{
    size_t commands, asked, again, again_asked;
    bool valid = count(bytes, 1, &commands, &asked);
    cr_assert_eq(count(bytes, 4096, &again, &again_asked), valid);
    cr_assert(again == commands && again_asked == asked);
}

Test(stream_scan, damaged)
{
    exact_damage(SLICE("*1\r\n$4\r\nping\r\n" GETACK), scan_once);
}
