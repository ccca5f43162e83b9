/* SPDX-License-Identifier: MIT */
/* Keys with plain strings that are put into a split together: each shard has what it has when they are put
 * one by one, in the same order. */
#include "base/bytes.h"
#include "support/exact.h"
#include "support/rdb_build.h"
#include "support/scratch.h"
#include "support/tree.h"
#include <criterion/criterion.h>
#include <rdbferry/strings.h>

enum { KEYS = 1000 };

static struct scratch scratch;
static rf_topology *topology;
static rf_error error;
static struct build input;
static rf_reader *reader;
static rf_string keys[KEYS];
static rf_strings strings;

static void setup(void)
{
    scratch_make(&scratch);
}

static void teardown(void)
{
    rf_reader_close(reader);
    rf_topology_free(topology);
    build_free(&input);
    tree_remove_all(&scratch);
}

TestSuite(sink_split_strings, .init = setup, .fini = teardown, .timeout = 120);

static void put_value(struct build *b, size_t length)
{
    put_len(b, length);
    for (size_t i = 0; i < length; i++)
        put_u8(b, 'v');
}

static void open_reader(void)
{
    rf_source *source;
    const rf_reader_options options = {.block_size = 64 * 1024 * 1024};
    cr_assert_eq(rf_source_open_memory(built(&input).ptr, built(&input).len, "input", &source, &error),
                 RF_OK);
    cr_assert_eq(rf_reader_open(source, &options, &reader, &error), RF_OK);
}

static void read_keys(size_t count, size_t length)
{
    put_bytes(&input, SLICE("REDIS0011"));
    for (size_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "key:%zu", i);
        if (i % 3 == 0)
            put_hex(&input, "fc 0102030405060000");
        put_u8(&input, 0);
        put_str(&input, name);
        put_value(&input, length + i % 50);
    }
    put_end(&input);
    open_reader();
    rf_reader_next_strings(reader, keys, count, &strings);
    cr_assert_eq(strings.count, count);
}

static rf_sink *open_split(size_t shards, const char *name)
{
    const rf_sink_options options = {.target = {RF_REDIS, 7, 2}, .saved_at = 1700000000};
    rf_split_options split = {.kind = RF_SINK_RDB};
    rf_sink *sink = NULL;
    rf_topology_free(topology);
    cr_assert_eq(rf_topology_equal(shards, &topology, &error), RF_OK);
    split.topology = topology;
    cr_assert_eq(rf_sink_open_split(scratch_path(&scratch, name), &split, &options, &sink, &error), RF_OK,
                 "%s", error.message);
    cr_assert(rf_sink_takes_strings(sink));
    return sink;
}

static rf_code put(rf_sink *sink, size_t from, size_t count)
{
    rf_strings some = strings;
    some.keys += from;
    some.count = count;
    return rf_sink_put_strings(sink, &some, &error);
}

static void finish(rf_sink *sink)
{
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
    rf_sink_close(sink);
}

static void put_all(size_t shards, size_t at_once, const char *name)
{
    rf_sink *sink = open_split(shards, name);
    for (size_t i = 0; i < strings.count; i += at_once)
        cr_assert_eq(put(sink, i, i + at_once < strings.count ? at_once : strings.count - i), RF_OK);
    finish(sink);
}

static void expect_same(size_t shards)
{
    for (size_t i = 0; i < shards; i++) {
        const rf_slot_range *range = rf_topology_shard(topology, i)->ranges;
        char file[64], path[80];
        snprintf(file, sizeof file, "%s_%u-%u.rdb", rf_topology_shard(topology, i)->name, range->first,
                 range->last);
        snprintf(path, sizeof path, "expected/%s", file);
        rf_slice expected = scratch_read(&scratch, path);
        snprintf(path, sizeof path, "found/%s", file);
        rf_slice found = scratch_read(&scratch, path);
        cr_assert(slice_equal(found, expected), "%s", file);
        exact_free(expected);
        exact_free(found);
    }
    tree_remove_all(&scratch);
    scratch_make(&scratch);
}

Test(sink_split_strings, together_as_one_by_one)
{
    static const size_t numbers[] = {1, 2, 3, 40, 300};
    static const size_t at_once[] = {2, 127, 128, 129, 400, KEYS};
    read_keys(KEYS, 1);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (size_t k = 0; k < sizeof at_once / sizeof *at_once; k++) {
            put_all(numbers[i], 1, "expected");
            put_all(numbers[i], at_once[k], "found");
            expect_same(numbers[i]);
        }
}

/* Nothing is left in a part of what was put before its memory was exhausted. */
Test(sink_split_strings, a_part_that_was_full_is_empty_after_a_restart)
{
    static const char *const names[] = {"expected", "found"};
    enum { LARGE = 12000, MANY = 400, FEW = 5 };
    read_keys(MANY, LARGE);
    for (int fills = 0; fills < 2; fills++) {
        rf_sink *sink = open_split(3, names[fills]), *part = NULL;
        cr_assert_eq(rf_sink_open_part(sink, (rf_notify){0}, &part, &error), RF_OK);
        rf_code code = RF_OK;
        for (int i = 0; fills && i < 100 && code == RF_OK; i++)
            code = put(part, 0, MANY);
        cr_assert_eq(code, fills ? RF_E_MEMORY : RF_OK);
        rf_sink_part_restart(part);
        cr_assert_eq(put(part, 0, FEW), RF_OK);
        cr_assert_eq(rf_sink_append(sink, part, &error), RF_OK);
        rf_sink_close(part);
        finish(sink);
    }
    expect_same(3);
}
