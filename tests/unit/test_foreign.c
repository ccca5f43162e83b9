/* SPDX-License-Identifier: MIT */
#include "aof/foreign.h"
#include "base/bytes.h"
#include <criterion/criterion.h>
#include <string.h>

static const char *name_of(rf_slice head)
{
    struct foreign foreign;
    return foreign_recognise(head, &foreign) ? foreign.what : "";
}

Test(foreign, what_is_at_an_offset_is_found_in_a_head_of_any_length)
{
    uint8_t tar[512] = {'a'};
    memcpy(tar + 257, "ustar", 5);
    for (size_t n = 0; n <= sizeof tar; n++)
        cr_expect_eq(strcmp(name_of((rf_slice){tar, n}), "a tar archive") == 0, n >= 262, "%zu", n);
}

Test(foreign, only_certain_line_ends)
{
    struct foreign foreign;
    cr_expect(foreign_line_ends(SLICE("*1\n$4\nPING\n"), &foreign));
    cr_expect(foreign_line_ends(SLICE("*12\r\r\n"), &foreign));
    static const char *const others[] = {"",
                                         "*",
                                         "*1",
                                         "*1\n",
                                         "*1\n$4",
                                         "*1\n$4\nPING",
                                         "*1\n$4\n",
                                         "*1\n$4\r\n",
                                         "*1\n$4\nPING\r\n",
                                         "*1\r\n$4",
                                         "*x\n$4\nPING",
                                         "*1\n$18446744073709551615\nPING\n",
                                         "*1\n$5\nP"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(foreign_line_ends(slice_of(others[i], strlen(others[i])), &foreign), "%s", others[i]);
}

Test(foreign, text_may_be_cut_inside_a_character)
{
    uint8_t text[FOREIGN_HEAD];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0xc3;
    cr_expect_str_eq(name_of((rf_slice){text, sizeof text}), "text");
    cr_expect_str_eq(name_of((rf_slice){text + 1, sizeof text - 1}), "");
    text[10] = 0x1b;
    cr_expect_str_eq(name_of((rf_slice){text, sizeof text}), "");
    cr_expect_str_eq(name_of(SLICE("REDI")), "");
}

Test(foreign, an_rdb_is_left_alone)
{
    struct foreign foreign;
    static const char usual[] = "REDIS0011\xfa\x09redis-ver\x057.2.4\xfa\x0aredis-bits\xc0\x40";
    for (size_t n = 0; n < sizeof usual; n++)
        cr_expect_not(foreign_rdb(slice_of(usual, n), &foreign), "%zu", n);
    cr_expect(foreign_rdb(SLICE("REDIS0009\xef\xbf\xbd"), &foreign) && foreign.damaged);
}
