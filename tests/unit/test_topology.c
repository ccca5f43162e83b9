/* SPDX-License-Identifier: MIT */
/* Topologies without a cluster: equal ranges, and lists of ranges. */
#include "base/bytes.h"
#include "cluster/slot_range.h"
#include "support/shards.h"
#include <criterion/criterion.h>
#include <stdio.h>

static void expect_text(rf_topology *topology, const char *expected)
{
    struct buffer text = {0};
    const char *fault = shards_fault(topology);
    cr_expect_null(fault, "%s", fault);
    shards_print(topology, &text);
    cr_expect(slice_equal(buffer_slice(&text), slice_of(expected, strlen(expected))), "%.*s", (int)text.len,
              (const char *)text.data);
    buffer_free(&text);
    rf_topology_free(topology);
}

/* --- equal ranges ------------------------------------------------------------------------------------ */

static rf_topology *equal(uint64_t n)
{
    rf_topology *topology;
    rf_error error;
    cr_assert_eq(rf_topology_equal(n, &topology, &error), RF_OK, "%s", error.message);
    return topology;
}

Test(topology, equal_ranges)
{
    expect_text(equal(1), "shard-0 - 0 - 0-16383\n");
    expect_text(equal(3), "shard-0 - 0 - 0-5460\n"
                          "shard-1 - 0 - 5461-10922\n"
                          "shard-2 - 0 - 10923-16383\n");
    static const unsigned counts[] = {2, 5, 10, 11, 100, 101, 1000, 7542, RF_SLOTS};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        rf_topology *topology = equal(counts[i]);
        const char *fault = shards_fault(topology);
        cr_expect_null(fault, "%u: %s", counts[i], fault);
        cr_assert_eq(rf_topology_shards(topology), counts[i]);
        for (unsigned n = 1; n <= counts[i]; n += 1 + counts[i] / 50) {
            const rf_shard *shard = rf_topology_shard(topology, n - 1);
            unsigned first, last;
            slot_range_equal(counts[i], n, &first, &last);
            cr_expect(shard->range_count == 1 && shard->ranges->first == first &&
                      shard->ranges->last == last);
        }
        rf_topology_free(topology);
    }
}

Test(topology, numbers_in_names_are_of_one_width)
{
    static const struct {
        unsigned shards, index;
        const char *name;
    } names[] = {{10, 0, "shard-0"},      {10, 9, "shard-9"},          {11, 0, "shard-00"},
                 {11, 10, "shard-10"},    {100, 7, "shard-07"},        {101, 7, "shard-007"},
                 {101, 100, "shard-100"}, {RF_SLOTS, 7, "shard-00007"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        rf_topology *topology = equal(names[i].shards);
        cr_expect_str_eq(rf_topology_shard(topology, names[i].index)->name, names[i].name);
        rf_topology_free(topology);
    }
}

Test(topology, more_shards_than_slots)
{
    static const uint64_t counts[] = {0, RF_SLOTS + 1, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        rf_topology *topology;
        rf_error error;
        cr_expect_eq(rf_topology_equal(counts[i], &topology, &error), RF_E_ARGUMENT);
        cr_expect(strstr(error.message, "1 to 16384"), "%s", error.message);
    }
}

/* --- ranges of the caller's --------------------------------------------------------------------------- */

static void expect_list(const char *list, const char *expected)
{
    rf_topology *topology;
    rf_error error;
    cr_assert_eq(rf_topology_of_ranges(list, &topology, &error), RF_OK, "%s: %s", list, error.message);
    expect_text(topology, expected);
}

Test(topology, ranges)
{
    expect_list("0-16383", "shard-0 - 0 - 0-16383\n");
    expect_list("0-5460,5461-10922,10923-16383", "shard-0 - 0 - 0-5460\n"
                                                 "shard-1 - 0 - 5461-10922\n"
                                                 "shard-2 - 0 - 10923-16383\n");
    /* In the order of the list; ranges of one shard that touch become one. */
    expect_list("200-16383,0-99+150-199+120-149,100-119", "shard-0 - 0 - 200-16383\n"
                                                          "shard-1 - 0 - 0-99 120-199\n"
                                                          "shard-2 - 0 - 100-119\n");
    expect_list("0,1,2,3,4,5,6,7,8,9,10-16383",
                "shard-00 - 0 - 0-0\nshard-01 - 0 - 1-1\nshard-02 - 0 - 2-2\nshard-03 - 0 - 3-3\n"
                "shard-04 - 0 - 4-4\nshard-05 - 0 - 5-5\nshard-06 - 0 - 6-6\nshard-07 - 0 - 7-7\n"
                "shard-08 - 0 - 8-8\nshard-09 - 0 - 9-9\nshard-10 - 0 - 10-16383\n");
}

Test(topology, ranges_without_sense)
{
    static const struct {
        const char *list, *message;
    } wrong[] = {
        {"", "invalid slot or slot range ''"},
        {"0-16383,", "invalid slot or slot range ''"},
        {"0-99+,100-16383", "invalid slot or slot range ''"},
        {"0-16384", "invalid slot or slot range '0-16384'"},
        {"5-3", "invalid slot or slot range '5-3'"},
        {"a", "invalid slot or slot range 'a'"},
        {"0-5460,5471-16383", "slots 5461-5470 are not assigned to a shard"},
        {"0-5460,5462-16383", "slot 5461 is not assigned to a shard"},
        {"1-16382", "slot 0 and 1 more are not assigned to a shard"},
        {"10-16380", "slots 0-9 and 3 more are not assigned to a shard"},
        {"0-100,100-16383", "slot 100 belongs to both shard-0 and shard-1"},
        {"100-16383,0-200", "slot 100 belongs to both shard-0 and shard-1"},
        {"0-100+50-60,101-16383", "slot 50 is listed twice for shard-0"},
        {"0,1,2,3,4,5,6,7,8,9,9-16383", "slot 9 belongs to both shard-09 and shard-10"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        rf_topology *topology;
        rf_error error;
        cr_expect_eq(rf_topology_of_ranges(wrong[i].list, &topology, &error), RF_E_ARGUMENT, "%s",
                     wrong[i].list);
        cr_expect(strncmp(error.message, wrong[i].message, strlen(wrong[i].message)) == 0, "%s: %s",
                  wrong[i].list, error.message);
    }
}

Test(topology, more_ranges_than_slots)
{
    static char list[2 * (RF_SLOTS + 10)];
    for (size_t i = 0; i < sizeof list; i += 2)
        memcpy(list + i, "0,", 2);
    list[sizeof list - 1] = '\0';
    rf_topology *topology;
    rf_error error;
    cr_expect_eq(rf_topology_of_ranges(list, &topology, &error), RF_E_ARGUMENT);
    cr_expect_str_eq(error.message, "more shards than there are slots");
}

Test(topology, a_slot_for_each)
{
    struct buffer list = {0};
    for (unsigned slot = 0; slot < RF_SLOTS; slot++) {
        char item[16];
        snprintf(item, sizeof item, slot > 0 ? ",%u" : "%u", slot);
        cr_assert(buffer_append(&list, slice_of(item, strlen(item))));
    }
    cr_assert(buffer_append(&list, SLICE("\0")));
    rf_topology *topology;
    rf_error error;
    cr_assert_eq(rf_topology_of_ranges((const char *)list.data, &topology, &error), RF_OK, "%s",
                 error.message);
    const char *fault = shards_fault(topology);
    cr_expect_null(fault, "%s", fault);
    cr_expect_eq(rf_topology_shards(topology), RF_SLOTS);
    cr_expect_str_eq(rf_topology_shard(topology, RF_SLOTS - 1)->name, "shard-16383");
    rf_topology_free(topology);
    buffer_free(&list);
}

Test(topology, nothing_is_freed)
{
    rf_topology_free(NULL);
}
