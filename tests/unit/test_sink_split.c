/* SPDX-License-Identifier: MIT */
/* Splits: what each shard gets has to be what a sink of its own makes of the shard's keys. */
#include "support/exact.h"
#include "support/record.h"
#include "support/run.h"
#include "support/splits.h"
#include "support/tree.h"
#include <criterion/criterion.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static struct scratch scratch;
static rf_topology *topology;
static rf_error error;
static rf_sink_options options = {.target = {RF_REDIS, 8, 10}, .saved_at = 1700000000, .hash = true};
static rf_split_options split = {.kind = RF_SINK_RDB, .appendfilename = "appendonly.aof"};

static void setup(void)
{
    scratch_make(&scratch);
    umask(022);
}

static void teardown(void)
{
    rf_topology_free(topology);
    tree_remove_all(&scratch);
}

TestSuite(sink_split, .init = setup, .fini = teardown, .timeout = 120);

static void cut(const char *ranges)
{
    rf_topology_free(topology);
    cr_assert_eq(rf_topology_of_ranges(ranges, &topology, &error), RF_OK, "%s", error.message);
    split.topology = topology;
}

static void cut_equal(uint64_t shards)
{
    rf_topology_free(topology);
    cr_assert_eq(rf_topology_equal(shards, &topology, &error), RF_OK, "%s", error.message);
    split.topology = topology;
}

static rf_sink *open_split(void)
{
    rf_sink *sink = NULL;
    cr_assert_eq(rf_sink_open_split(scratch_path(&scratch, "out"), &split, &options, &sink, &error), RF_OK,
                 "%s", error.message);
    return sink;
}

static void expect_tree(const char *expected)
{
    const char *tree = tree_text(&scratch);
    cr_expect_str_eq(tree, expected, "%s", tree);
}

/* --- as single outputs --------------------------------------------------------------------------------- */

static rf_sink *open_alone(const char *path)
{
    rf_sink *sink = NULL;
    rf_code code;
    switch (split.kind) {
    case RF_SINK_AOF: code = rf_sink_open_aof(path, &options, &sink, &error); break;
    case RF_SINK_RDB: code = rf_sink_open_rdb(path, false, &options, &sink, &error); break;
    case RF_SINK_AOFDIR:
        code = rf_sink_open_aofdir(path, split.appendfilename, split.base, &options, &sink, &error);
        break;
    case RF_SINK_JSONL:
    default: code = rf_sink_open_jsonl(path, split.bytes, &options, &sink, &error); break;
    }
    cr_assert_eq(code, RF_OK, "%s", error.message);
    return sink;
}

static rf_slice read_path(const char *path)
{
    cr_assert_eq(strncmp(path, scratch.path, strlen(scratch.path)), 0, "%s", path);
    return scratch_read(&scratch, path + strlen(scratch.path) + 1);
}

static void expect_same_output(const rf_sink *alone, const rf_sink *sink, size_t of_alone, size_t index)
{
    rf_output_info expected, found;
    cr_assert(rf_sink_output(alone, of_alone, &expected));
    cr_assert(rf_sink_output(sink, index, &found));
    rf_slice one = read_path(expected.path), other = read_path(found.path);
    cr_assert(slice_equal(one, other), "%s", found.path);
    cr_assert_eq(found.bytes, other.len);
    cr_assert_eq(found.xxh3, XXH3_64bits(other.ptr, other.len));
    exact_free(one);
    exact_free(other);
}

static void expect_like_alone(size_t keys, uint64_t seed)
{
    struct build b = {0};
    rf_output_info info;
    size_t each = split.kind == RF_SINK_AOFDIR ? 3 : 1, shards = rf_topology_shards(topology);
    splits_input(&b, keys, seed);
    rf_sink *sink = open_split();
    cr_assert_eq(splits_put(sink, built(&b), NULL, &error), RF_OK, "%s", error.message);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
    for (size_t i = 0; i<shards; i += shards> 10 ? 7 : 1) {
        char name[32];
        snprintf(name, sizeof name, "alone%zu", i);
        rf_sink *alone = open_alone(scratch_path(&scratch, name));
        cr_assert_eq(splits_put(alone, built(&b), rf_topology_shard(topology, i), &error), RF_OK, "%s",
                     error.message);
        cr_assert_eq(rf_sink_finish(alone, &error), RF_OK, "%s", error.message);
        for (size_t k = 0; k < each; k++)
            expect_same_output(alone, sink, k, i * each + k);
        rf_sink_close(alone);
    }
    cr_assert_not(rf_sink_output(sink, shards * each, &info));
    rf_sink_close(sink);
    tree_remove_all(&scratch);
    scratch_make(&scratch);
    build_free(&b);
}

Test(sink_split, every_kind_is_as_single_outputs_are)
{
    cut("0-5460,5461-8191+9000-10922+16383,10923-16382+8192-8999");
    for (int kind = RF_SINK_AOF; kind <= RF_SINK_JSONL; kind++) {
        split.kind = (rf_sink_kind)kind;
        options.drop_unsupported = kind == RF_SINK_AOF;
        expect_like_alone(1000, splits_seed());
    }
    split.kind = RF_SINK_AOFDIR;
    split.base = RF_BASE_AOF;
    options.drop_unsupported = true;
    expect_like_alone(300, splits_seed());
    split.kind = RF_SINK_JSONL;
    split.bytes = RF_JSON_BASE64;
    expect_like_alone(300, splits_seed());
}

Test(sink_split, many_shards_are_as_single_outputs_are)
{
    cut_equal(90);
    for (int kind = RF_SINK_AOF; kind <= RF_SINK_JSONL; kind++) {
        split.kind = (rf_sink_kind)kind;
        options.drop_unsupported = kind == RF_SINK_AOF;
        expect_like_alone(500, splits_seed());
    }
}

Test(sink_split, more_shards_than_descriptors)
{
    splits_limit(RLIMIT_NOFILE, 64);
    cut_equal(100);
    for (int kind = RF_SINK_AOF; kind <= RF_SINK_JSONL; kind++) {
        split.kind = (rf_sink_kind)kind;
        options.drop_unsupported = kind == RF_SINK_AOF;
        expect_like_alone(700, splits_seed());
    }
}

static void expect_unpacked_alike(rf_compression compress, const char *ending)
{
    struct build b = {0};
    splits_input(&b, 500, splits_seed());
    cut_equal(3);
    for (int packed = 0; packed < 2; packed++) {
        options.compress = packed ? compress : RF_PLAIN;
        rf_sink *sink = NULL;
        cr_assert_eq(rf_sink_open_split(scratch_path(&scratch, packed ? "packed" : "plain"), &split, &options,
                                        &sink, &error),
                     RF_OK);
        cr_assert_eq(splits_put(sink, built(&b), NULL, &error), RF_OK);
        cr_assert_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
        rf_sink_close(sink);
    }
    for (size_t i = 0; i < 3; i++) {
        const rf_shard *shard = rf_topology_shard(topology, i);
        struct buffer text[2] = {{0}, {0}};
        for (int packed = 0; packed < 2; packed++) {
            char name[128];
            rf_source *source;
            snprintf(name, sizeof name, "%s/shard-%zu_%u-%u.rdb%s", packed ? "packed" : "plain", i,
                     shard->ranges->first, shard->ranges->last, packed ? ending : "");
            cr_assert_eq(rf_source_open(scratch_path(&scratch, name), &source, &error), RF_OK, "%s", name);
            rf_source_close(source);
            rf_slice file = scratch_read(&scratch, name);
            cr_assert_eq(run_read(file, 0, &text[packed], &error), RF_OK, "%s", error.message);
            exact_free(file);
        }
        /* patched counts are exact, streamed ones are the input's: compare the keys */
        cr_expect_str_eq(strstr(record_end(&text[0]), "\nkey "), strstr(record_end(&text[1]), "\nkey "));
        buffer_free(&text[0]);
        buffer_free(&text[1]);
    }
    build_free(&b);
}

Test(sink_split, gzip)
{
    expect_unpacked_alike(RF_GZIP, ".gz");
}

Test(sink_split, lz4)
{
    expect_unpacked_alike(RF_LZ4, ".lz4");
}

/* --- names --------------------------------------------------------------------------------------------- */

static void expect_names(rf_sink_kind kind, rf_compression compress, const char *const names[], size_t count)
{
    rf_output_info info;
    split.kind = kind;
    options.compress = compress;
    rf_sink *sink = open_split();
    cr_assert_eq(rf_sink_complete(sink, &error), RF_OK, "%s", error.message);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
    for (size_t i = 0; i < count; i++) {
        char path[128];
        snprintf(path, sizeof path, "out/%s", names[i]);
        cr_assert(rf_sink_output(sink, i, &info));
        cr_expect_str_eq(info.path, scratch_path(&scratch, path));
        cr_expect_eq(access(info.path, F_OK), 0, "%s", info.path);
    }
    cr_expect_not(rf_sink_output(sink, count, &info));
    rf_sink_close(sink);
    tree_remove_all(&scratch);
    scratch_make(&scratch);
}

#define EXPECT_NAMES(kind, compress, ...)                                     \
    do {                                                                      \
        static const char *const names_[] = {__VA_ARGS__};                    \
        expect_names(kind, compress, names_, sizeof names_ / sizeof *names_); \
    } while (0)

Test(sink_split, names)
{
    cut("0-8191+8200-16383,8192-8199");
    EXPECT_NAMES(RF_SINK_RDB, RF_PLAIN, "shard-0_0-8191+.rdb", "shard-1_8192-8199.rdb");
    EXPECT_NAMES(RF_SINK_AOF, RF_GZIP, "shard-0_0-8191+.aof.gz", "shard-1_8192-8199.aof.gz");
    EXPECT_NAMES(RF_SINK_JSONL, RF_LZ4, "shard-0_0-8191+.jsonl.lz4", "shard-1_8192-8199.jsonl.lz4");
    EXPECT_NAMES(RF_SINK_AOFDIR, RF_GZIP, "shard-0_0-8191+/appendonlydir/appendonly.aof.1.base.rdb",
                 "shard-0_0-8191+/appendonlydir/appendonly.aof.1.incr.aof",
                 "shard-0_0-8191+/appendonlydir/appendonly.aof.manifest",
                 "shard-1_8192-8199/appendonlydir/appendonly.aof.1.base.rdb",
                 "shard-1_8192-8199/appendonlydir/appendonly.aof.1.incr.aof",
                 "shard-1_8192-8199/appendonlydir/appendonly.aof.manifest");
}

Test(sink_split, modes)
{
    cut("0-16383");
    split.kind = RF_SINK_AOFDIR;
    umask(027);
    rf_sink *sink = open_split();
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
    rf_sink_close(sink);
    const char *tree = tree_text(&scratch);
    cr_expect(strstr(tree, "0640 out/shard-0_0-16383/appendonlydir/appendonly.aof.1.base.rdb "));
    cr_expect(
        strstr(tree, "0750 out/\n0750 out/shard-0_0-16383/\n0750 out/shard-0_0-16383/appendonlydir/\n"));
}

/* A shard without keys has an output all the same, and a sound one. */
Test(sink_split, shards_without_keys)
{
    struct build b = {0};
    put_bytes(&b, SLICE("REDIS0011"));
    put_key(&b, 0, "foo"); /* slot 12182 */
    put_str(&b, "bar");
    put_end(&b);
    cut_equal(3);
    rf_sink *sink = open_split();
    cr_assert_eq(splits_put(sink, built(&b), NULL, &error), RF_OK);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
    for (size_t i = 0; i < 3; i++) {
        rf_output_info info;
        struct buffer text = {0};
        cr_assert(rf_sink_output(sink, i, &info));
        rf_slice file = read_path(info.path);
        cr_expect_eq(run_read(file, 0, &text, &error), RF_OK, "%s", error.message);
        cr_expect_eq(strstr(record_end(&text), "key 0 foo string") != NULL, i == 2);
        exact_free(file);
        buffer_free(&text);
    }
    rf_sink_close(sink);
    build_free(&b);
}

/* --- entries ------------------------------------------------------------------------------------------- */

/* Puts entries of this input into a split in two. */
static rf_code put_hex_input(const char *hex, rf_sink **sink)
{
    struct build b = {0};
    put_bytes(&b, SLICE("REDIS0011"));
    put_hex(&b, hex);
    put_end(&b);
    cut_equal(2);
    *sink = open_split();
    rf_code code = splits_put(*sink, built(&b), NULL, &error);
    build_free(&b);
    return code;
}

Test(sink_split, a_slot_that_is_known_is_believed)
{
    struct build b = {0};
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    put_bytes(&b, SLICE("REDIS0011"));
    put_hex(&b, "00 016b 0176");
    put_end(&b);
    cut_equal(2);
    rf_slice input = built(&b);
    cr_assert_eq(rf_source_open_memory(input.ptr, input.len, "input", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){0}, &reader, &error), RF_OK);
    cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
    split.kind = RF_SINK_JSONL;
    rf_sink *sink = open_split();
    entry.slot = rf_slot_of(entry.key) < 8192 ? 16383 : 0;
    cr_assert_eq(rf_sink_put(sink, &entry, &error), RF_OK);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK);
    rf_output_info info;
    rf_sink_output(sink, rf_slot_of(SLICE("k")) < 8192, &info);
    cr_expect_gt(info.bytes, 0);
    rf_sink_close(sink);
    rf_reader_close(reader);
    build_free(&b);
}

Test(sink_split, one_database)
{
    rf_sink *sink;
    cr_expect_eq(put_hex_input("00 016b 0176 fe02 00 016c 0176", &sink), RF_E_INCOMPATIBLE);
    cr_expect_str_eq(error.key, "l");
    cr_expect_eq(error.db, 2);
    cr_expect(strstr(error.message, "--flatten-dbs"), "%s", error.message);
    rf_sink_close(sink);
    expect_tree("");
    split.all_dbs = true;
    cr_expect_eq(put_hex_input("00 016b 0176 fe02 00 016c 0176", &sink), RF_OK);
    cr_expect_eq(rf_sink_finish(sink, &error), RF_OK);
    rf_sink_close(sink);
}

Test(sink_split, commands_have_no_place)
{
    rf_sink *sink;
    cr_assert_eq(put_hex_input("", &sink), RF_OK);
    cr_expect_eq(splits_put(sink, SLICE("*1\r\n$4\r\nPING\r\n"), NULL, &error), RF_E_INCOMPATIBLE);
    cr_expect(strstr(error.message, "commands"), "%s", error.message);
    rf_sink_close(sink);
    expect_tree("");
}

/* What goes to all shards is told of once. */
Test(sink_split, notices_come_once)
{
    unsigned notices[RF_NOTICE_COUNT] = {0};
    rf_sink *sink;
    options.target = (rf_server){RF_REDIS, 6, 2};
    options.drop_unsupported = true;
    options.notify = (rf_notify){count_notice, notices};
    cr_assert_eq(
        put_hex_input("f5 0178 f5 0179 18 016b 0000000000000000 00 18 016c 0000000000000000 00", &sink),
        RF_OK, "%s", error.message);
    rf_sink_close(sink);
    cr_expect_eq(notices[RF_NOTICE_DROPPED] + notices[RF_NOTICE_EMPTY_KEY], 4);
}

/* --- files beside them --------------------------------------------------------------------------------- */

Test(sink_split, files_that_are_added)
{
    rf_sink *sink, *other;
    rf_output_info info;
    cr_assert_eq(put_hex_input("00 016b 0176", &sink), RF_OK);
    cr_expect_eq(rf_sink_add_file(sink, "plan.json", SLICE("{}"), &error), RF_E_ARGUMENT);
    cr_assert_eq(rf_sink_complete(sink, &error), RF_OK);
    cr_assert_eq(rf_sink_complete(sink, &error), RF_OK);
    cr_assert(rf_sink_output(sink, 0, &info));
    cr_expect_neq(access(info.path, F_OK), 0);
    cr_expect_not(rf_sink_output(sink, 2, &info));
    cr_expect_eq(rf_sink_add_file(sink, "plan.json", SLICE("{\"a\":1}"), &error), RF_OK);
    cr_expect_eq(rf_sink_add_file(sink, "empty", SLICE(""), &error), RF_OK);
    cr_expect_eq(rf_sink_add_file(sink, "plan.json", SLICE(""), &error), RF_E_EXISTS);
    cr_expect_eq(rf_sink_add_file(sink, "../x", SLICE(""), &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_sink_add_file(sink, "", SLICE(""), &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_sink_add_file(sink, "..", SLICE(""), &error), RF_E_EXISTS);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
    cr_assert(rf_sink_output(sink, 2, &info));
    cr_expect_str_eq(info.path, scratch_path(&scratch, "out/plan.json"));
    cr_expect_eq(info.bytes, 7);
    cr_expect_eq(info.xxh3, XXH3_64bits("{\"a\":1}", 7));
    cr_assert(rf_sink_output(sink, 3, &info));
    cr_expect_eq(info.bytes, 0);
    cr_expect_not(rf_sink_output(sink, 4, &info));
    rf_sink_close(sink);
    rf_slice file = scratch_read(&scratch, "out/plan.json");
    cr_expect(slice_equal(file, SLICE("{\"a\":1}")));
    exact_free(file);

    cr_assert_eq(rf_sink_open_null(&other, &error), RF_OK);
    cr_assert_eq(rf_sink_complete(other, &error), RF_OK);
    cr_expect_eq(rf_sink_add_file(other, "x", SLICE(""), &error), RF_E_ARGUMENT);
    rf_sink_close(other);
}

Test(sink_split, an_earlier_split_is_replaced)
{
    rf_sink *sink = NULL;
    cut_equal(5);
    split.kind = RF_SINK_AOFDIR;
    sink = open_split();
    cr_assert_eq(rf_sink_complete(sink, &error), RF_OK);
    cr_assert_eq(rf_sink_add_file(sink, "plan.json", SLICE("{\n  \"rdbferry\":1}"), &error), RF_OK);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
    rf_sink_close(sink);
    cut("0-16383");
    split.kind = RF_SINK_JSONL;
    sink = NULL;
    cr_expect_eq(rf_sink_open_split(scratch_path(&scratch, "out"), &split, &options, &sink, &error),
                 RF_E_EXISTS);
    cr_expect_null(sink);
    options.force = true;
    sink = open_split();
    cr_expect(strstr(tree_text(&scratch), "out/shard-4_13107-16383/appendonlydir/"), "%s",
              tree_text(&scratch));
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
    rf_sink_close(sink);
    expect_tree("0644 out/shard-0_0-16383.jsonl 0\n0755 out/\n");
    sink = NULL;
    cr_expect_eq(rf_sink_open_split(scratch_path(&scratch, "out"), &split, &options, &sink, &error),
                 RF_E_EXISTS);
}
