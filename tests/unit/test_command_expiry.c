/* SPDX-License-Identifier: MIT */
/* Which argument of a command is an absolute expiry. */
#include "command/command_expiry.h"
#include "support/commands.h"
#include <criterion/criterion.h>
#include <inttypes.h>

static const struct {
    const char *text;
    size_t argument; /* 0: none */
    int64_t ms;
    bool of_elements;
} cases[] = {
    {"PEXPIREAT a 7", 2, 7, false},
    {"pexpireat a 7 GT", 2, 7, false},
    {"EXPIREAT a 7", 2, 7000, false},
    {"EXPIREAT a 9223372036854775807", 2, INT64_MAX, false},
    {"EXPIREAT a -9223372036854775808", 2, -1, false},
    {"PEXPIREAT a x", 0, 0, false},
    {"PEXPIREAT a", 0, 0, false},
    {"PEXPIRE a 7", 0, 0, false},
    {"SET a 1 PXAT 7", 4, 7, false},
    {"SET a 1 NX EXAT 7", 5, 7000, false},
    {"SET a PXAT", 0, 0, false},
    {"SET PXAT 7", 0, 0, false},
    {"SET a 1 PXAT", 0, 0, false},
    {"SET a 1 PX 7", 0, 0, false},
    {"GETEX a PXAT 7", 3, 7, false},
    {"RESTORE a 7 x ABSTTL", 2, 7, false},
    {"RESTORE a 7 x REPLACE ABSTTL", 2, 7, false},
    {"RESTORE a 7 x", 0, 0, false},
    {"RESTORE a 0 x ABSTTL", 0, 0, false},
    {"RESTORE a", 0, 0, false},
    {"MSETEX 1 PXAT 3 PXAT 7", 5, 7, false},
    {"MSETEX 2 a 1 b 2 NX EXAT 7", 8, 7000, false},
    {"MSETEX 9 a 1 PXAT 7", 0, 0, false},
    {"MSETEX -1 a 1 PXAT 7", 0, 0, false},
    {"MSETEX", 0, 0, false},
    {"HPEXPIREAT a 7 FIELDS 1 f", 2, 7, true},
    {"HSETEX a FXX PXAT 7 FIELDS 1 f v", 4, 7, true},
    {"HSETEX a FIELDS 1 PXAT 7", 0, 0, true},
    {"HGETEX a EXAT 7 FIELDS 1 f", 3, 7000, true},
};

Test(command_expiry, argument)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct command_text command = command_of(cases[i].text);
        struct command_expiry expiry = {0};
        bool found = command_expiry_find(&command.entry, &expiry);
        cr_expect_eq(found, cases[i].argument > 0, "%s", cases[i].text);
        cr_expect_eq(expiry.argument, cases[i].argument, "%s", cases[i].text);
        cr_expect_eq(expiry.ms, cases[i].ms, "%s: %" PRId64, cases[i].text, expiry.ms);
        cr_expect_eq(expiry.of_elements, found && cases[i].of_elements, "%s", cases[i].text);
        command_free(&command);
    }
}
