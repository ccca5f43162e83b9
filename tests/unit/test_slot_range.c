/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "base/list.h"
#include "cluster/slot_range.h"
#include <criterion/criterion.h>
#include <math.h>
#include <rdbferry/slot.h>

/* --- equal ranges ----------------------------------------------------------------------------------- */

struct plan {
    unsigned n;
    unsigned ends[12];
};

/* What `redis-cli --cluster create` (7.0.15) proposes for so many nodes. */
static const struct plan plans[] = {
    {3, {5460, 10922, 16383}},
    {4, {4095, 8191, 12287, 16383}},
    {5, {3276, 6553, 9829, 13106, 16383}},
    {6, {2730, 5460, 8191, 10922, 13652, 16383}},
    {7, {2340, 4680, 7021, 9361, 11702, 14042, 16383}},
    {9, {1819, 3640, 5460, 7281, 9101, 10922, 12742, 14563, 16383}},
    {11, {1488, 2978, 4467, 5957, 7446, 8936, 10425, 11915, 13404, 14894, 16383}},
};

Test(slot_range, borders_of_redis_cli)
{
    for (size_t p = 0; p < sizeof plans / sizeof *plans; p++)
        for (unsigned i = 1, begin = 0; i <= plans[p].n; i++) {
            unsigned first, last;
            slot_range_equal(plans[p].n, i, &first, &last);
            cr_expect_eq(first, begin, "%u of %u: %u", i, plans[p].n, first);
            cr_expect_eq(last, plans[p].ends[i - 1], "%u of %u: %u", i, plans[p].n, last);
            begin = last + 1;
        }
}

/* As it steps through the nodes. False where nothing is left for some of them. */
static bool plan_of(unsigned n, unsigned *lasts)
{
    float each = 16384 / (float)n, cursor = 0;
    long first = 0;
    for (unsigned i = 0; i < n; i++, cursor += each) {
        long last = lround(cursor + each - 1);
        if (i == n - 1)
            last = 16383;
        if (last < first || (last >= 16383 && i < n - 1))
            return false;
        lasts[i] = (unsigned)last;
        first = last + 1;
    }
    return true;
}

static void expect_all_slots(unsigned n)
{
    static unsigned lasts[RF_SLOTS];
    bool planned = plan_of(n, lasts);
    for (unsigned i = 1, begin = 0; i <= n; i++) {
        unsigned first, last;
        slot_range_equal(n, i, &first, &last);
        cr_assert(first == begin && last >= first, "%u of %u: %u-%u", i, n, first, last);
        cr_assert(!planned || last == lasts[i - 1], "%u of %u: %u-%u", i, n, first, last);
        cr_assert(i < n || last == RF_SLOTS - 1, "%u: %u", n, last);
        begin = last + 1;
    }
}

Test(slot_range, every_slot_once)
{
    for (unsigned n = 1; n < 400; n++)
        expect_all_slots(n);
    static const unsigned many[] = {1000, 5461, 7541, 7542, 8192, 10922, 16383, 16384};
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        expect_all_slots(many[i]);
}

/* --- text ------------------------------------------------------------------------------------------- */

static bool parses(const char *text, unsigned first, unsigned last)
{
    unsigned a, b;
    return slot_range_parse(slice_of(text, strlen(text)), &a, &b) && a == first && b == last;
}

Test(slot_range, text_of_one)
{
    cr_expect(parses("0", 0, 0));
    cr_expect(parses("16383", 16383, 16383));
    cr_expect(parses("0-5460", 0, 5460));
    cr_expect(parses("7-7", 7, 7));

    static const char *const others[] = {"",
                                         "-",
                                         "-5",
                                         "5-",
                                         "5-3",
                                         "16384",
                                         "0-16384",
                                         "0-1-2",
                                         "a",
                                         "1-b",
                                         " 1",
                                         "1 ",
                                         "1, 2",
                                         "01",
                                         "1-02",
                                         "+1",
                                         "0x10",
                                         "1.0",
                                         "--",
                                         "1--2",
                                         "0-99999999999999999999",
                                         "4294967296-4294967297",
                                         "18446744073709551616"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        unsigned a, b;
        cr_expect_not(slot_range_parse(slice_of(others[i], strlen(others[i])), &a, &b), "%s", others[i]);
    }
}

Test(slot_range, text_of_several)
{
    static const unsigned expected[][2] = {{0, 99}, {200, 200}, {16383, 16383}};
    rf_slice list = SLICE("0-99+200+16383");
    rf_error error;
    for (size_t i = 0; i < 3; i++) {
        unsigned first, last;
        cr_assert_not_null(list.ptr);
        cr_assert_eq(slot_list_next(&list, '+', &first, &last, &error), RF_OK, "%s", error.message);
        cr_expect(first == expected[i][0] && last == expected[i][1], "%u-%u", first, last);
    }
    cr_expect_null(list.ptr);
}

Test(slot_range, text_of_several_without_sense)
{
    static const struct {
        const char *list, *quoted;
    } lists[] = {{"", "''"},     {",1", "''"},         {"1,", "''"},
                 {"1,,2", "''"}, {"1,5-3,x", "'5-3'"}, {"1;2", "'1;2'"}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        rf_slice list = slice_of(lists[i].list, strlen(lists[i].list));
        rf_code code = RF_OK;
        rf_error error = {0};
        unsigned first, last;
        while (list.ptr && code == RF_OK)
            code = slot_list_next(&list, ',', &first, &last, &error);
        cr_expect_eq(code, RF_E_ARGUMENT, "%s", lists[i].list);
        cr_expect(strstr(error.message, lists[i].quoted), "%s: %s", lists[i].list, error.message);
    }
}

Test(slot_range, a_long_text_is_quoted_in_part)
{
    char text[200];
    memset(text, '9', sizeof text);
    rf_slice list = slice_of(text, sizeof text);
    rf_error error;
    unsigned first, last;
    cr_expect_eq(slot_list_next(&list, ',', &first, &last, &error), RF_E_ARGUMENT);
    cr_expect(strstr(error.message, "99...'") && strlen(error.message) < 200, "%s", error.message);
}

Test(list, items)
{
    static const char *const expected[] = {"a", "", "b", ""};
    rf_slice list = SLICE("a,,b,"), none = {0}, item;
    for (size_t i = 0; i < 4; i++) {
        cr_assert(list_next(&list, ',', &item));
        cr_expect(slice_equal(item, slice_of(expected[i], strlen(expected[i]))));
    }
    cr_expect_not(list_next(&list, ',', &item));
    cr_expect_not(list_next(&none, ',', &item));
}
