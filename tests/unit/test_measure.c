/* SPDX-License-Identifier: MIT */
/* Measuring keys. The memory is what a Redis 7.0.15 says of the name "k" and the value, where it has such
 * values. */
#include "measure/measure_nodes.h"
#include "measure/memory_model.h"
#include "support/exact.h"
#include "support/one_value.h"
#include <criterion/criterion.h>
#include <rdbferry/measure.h>
#include <stdlib.h>

#define FIVE(x)   x x x x x
#define LONG_TEXT "4041" FIVE(FIVE("62")) FIVE(FIVE("62")) FIVE("62") FIVE("62") FIVE("62") /* 65 bytes */

static const struct {
    const char *name;
    struct one_value value;
    uint64_t elements, longest, bytes, memory;
} cases[] = {
    {"a short string", {.hex = "05 68656c6c6f"}, 1, 5, 5, 64},
    {"an empty one", {.hex = "00"}, 1, 0, 0, 64},
    {"a number", {.hex = "c1 7fff"}, 1, 4, 4, 48},
    {"a number as text", {.hex = "02 3132"}, 1, 2, 2, 48},
    {"a string on its own", {.hex = LONG_TEXT}, 1, 65, 65, 128},
    {"a list", {.type = 1, .hex = "01 0161"}, 1, 1, 1, 144},
    {"a list in a node", {.type = 18, .hex = "01 02 0a 0a000000 0100 816102 ff"}, 1, 1, 1, 144},
    {"a list in two nodes",
     {.type = 18, .hex = "02 02 0a 0a000000 0100 816102 ff 02 0a 0a000000 0100 816102 ff"},
     2,
     1,
     2,
     144 + 40 + 16},
    {"a set", {.type = 2, .hex = "01 0161"}, 1, 1, 1, 168},
    {"a set of integers", {.type = 11, .hex = "0a 02000000 01000000 0100"}, 1, 1, 1, 64},
    {"integers in a table", {.type = 2, .hex = "01 c001"}, 1, 1, 1, 64},
    {"a set in a listpack", {.type = 20, .hex = "0a 0a000000 0100 816102 ff"}, 1, 1, 1, 64},
    {"a set with a member that expires",
     {.magic = "REDIS0017", .type = 35, .hex = "00d8c32cbb030000 01 01 0161"},
     1,
     1,
     1,
     48 + 24 + 32},
    {"a set with a long member that expires",
     {.magic = "REDIS0017", .type = 35, .hex = "00d8c32cbb030000 01 01" LONG_TEXT},
     1,
     65,
     65,
     48 + 112 + 32 + 80 + 24},
    {"a string that must not be evicted",
     {.magic = "REDIS0016", .before = "f1", .hex = "05 68656c6c6f"},
     1,
     5,
     5,
     64 + 8 + 24 + 8},
    {"a hash", {.type = 4, .hex = "01 0161 0162"}, 1, 1, 2, 64},
    {"a hash in a listpack", {.type = 16, .hex = "0d 0d000000 0200 816102 816202 ff"}, 1, 1, 2, 64},
    {"a hash with a long value", {.type = 4, .hex = "01 0161" LONG_TEXT}, 1, 65, 66, 248},
    {"a zset", {.type = 17, .hex = "0c 0c000000 0200 816102 0101 ff"}, 1, 1, 1, 64},
    {"a zset with a long score", {.type = 5, .hex = "01 0161 9a9999999999b93f"}, 1, 1, 1, 80},
    {"a module value", {.type = 7, .hex = "81bde72da2bb1eb401 0205 05 03616263 00"}, 0, 8, 11, 48 + 11},
};

Test(measure, one_key_of_each_kind)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct opened o;
        rf_measure measure;
        open_value(&o, &cases[i].value);
        cr_expect_eq(rf_measure_key(&o.entry, &measure, &o.error), RF_OK, "%s", cases[i].name);
        cr_expect_eq(measure.elements, cases[i].elements, "%s", cases[i].name);
        cr_expect_eq(measure.longest, cases[i].longest, "%s", cases[i].name);
        cr_expect_eq(measure.bytes, cases[i].bytes, "%s", cases[i].name);
        cr_expect_eq(measure.memory, cases[i].memory, "%s: %llu", cases[i].name,
                     (unsigned long long)measure.memory);
        cr_expect_eq(rf_reader_next(o.reader, &o.entry, &o.error), RF_END, "%s", cases[i].name);
        close_value(&o);
    }
}

Test(measure, bytes_in_the_dump)
{
    struct opened o;
    rf_measure measure;
    open_value(&o, &(struct one_value){.hex = "05 68656c6c6f"});
    cr_assert_eq(rf_measure_key(&o.entry, &measure, &o.error), RF_OK);
    cr_expect_eq(measure.stored, 1 + 2 + 6); /* type, name, value */
    close_value(&o);
}

Test(measure, damage_is_an_error)
{
    struct opened o;
    rf_measure measure;
    open_value(&o, &(struct one_value){.type = 16, .hex = "0d 0d000000 0200 816102 ff6202 ff"});
    cr_expect_eq(rf_measure_key(&o.entry, &measure, &o.error), RF_E_CORRUPT);
    cr_expect_str_eq(o.error.key, "k");
    close_value(&o);
}

/* As jemalloc's own list of sizes has them. */
Test(measure, allocations)
{
    static const uint64_t sizes[][2] = {
        {0, 8},     {1, 8},         {8, 8},         {9, 16},        {16, 16},   {17, 32},
        {112, 112}, {113, 128},     {128, 128},     {129, 160},     {160, 160}, {161, 192},
        {257, 320}, {10240, 10240}, {10241, 12288}, {16385, 20480},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        cr_expect_eq(memory_allocated(sizes[i][0]), sizes[i][1], "%d", (int)sizes[i][0]);
}

Test(measure, tables_of_keys)
{
    cr_expect_eq(rf_measure_tables(0, 0), 0);
    cr_expect_eq(rf_measure_tables(1, 0), 4 * 8);
    cr_expect_eq(rf_measure_tables(5, 4), 8 * 8 + 4 * 8 + 4 * 24);
    cr_expect_gt(rf_measure_tables(UINT64_MAX, 0), 0); /* it ends */
}

/* --- the radix tree of ids, against a plain count of its nodes ---------------------------------------- */

enum { IDS = 300, ID_BYTES = 16 };

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, ID_BYTES);
}

/* Of the subtree under ids that are equal up to `depth`. */
static unsigned count_nodes(uint8_t (*ids)[ID_BYTES], size_t count, unsigned depth)
{
    unsigned common = depth, nodes = 1;
    while (common < ID_BYTES && ids[0][common] == ids[count - 1][common])
        common++;
    nodes += common > depth;
    for (size_t i = 0, next; common < ID_BYTES && i < count; i = next) {
        for (next = i; next < count && ids[next][common] == ids[i][common];)
            next++;
        nodes += count_nodes(ids + i, next - i, common + 1);
    }
    return nodes;
}

static uint64_t load_be(const uint8_t *bytes)
{
    return load_be64(bytes);
}

Test(measure, nodes_of_a_tree_of_ids)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        uint64_t state = seed;
        uint8_t ids[IDS][ID_BYTES] = {0};
        struct id_tree tree = {0};
        size_t count = 1 + next_random(&state) % IDS;
        for (size_t i = 0; i < count; i++)
            for (int n = 0; n < 5; n++) /* close together, so that there are branches everywhere */
                ids[i][next_random(&state) % ID_BYTES] = (uint8_t)(next_random(&state) % 4);
        qsort(ids, count, ID_BYTES, compare_ids);
        size_t different = 1;
        for (size_t i = 1; i < count; i++)
            if (compare_ids(ids[i], ids[different - 1]) != 0)
                memmove(ids[different++], ids[i], ID_BYTES);
        for (size_t i = 0; i < different; i++)
            id_tree_add(&tree, (rf_stream_id){load_be(ids[i]), load_be(ids[i] + 8)});
        cr_expect_eq(tree.ids, different, "seed %d", (int)seed);
        cr_expect_eq(tree.nodes, count_nodes(ids, different, 0), "seed %d", (int)seed);
    }
}
