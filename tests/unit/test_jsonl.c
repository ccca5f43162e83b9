/* SPDX-License-Identifier: MIT */
/* JSON lines: exactly what is written for each thing that an input can hold. */
#include "support/exact.h"
#include "support/rdb_build.h"
#include "support/run.h"
#include "support/samples.h"
#include "support/scratch.h"
#include <criterion/criterion.h>

static const rf_sink_options options = {.saved_at = -1};

/* The lines, NUL-terminated; the caller's to free. */
static char *lines_of(rf_slice input, rf_json_bytes bytes, size_t block_size)
{
    struct scratch scratch;
    rf_sink *sink;
    rf_error error;
    scratch_make(&scratch);
    cr_assert_eq(rf_sink_open_jsonl(scratch_path(&scratch, "out"), bytes, &options, &sink, &error), RF_OK);
    cr_assert_eq(run_sink(input, block_size, sink, &error), RF_OK, "%s", error.message);
    rf_slice file = scratch_read(&scratch, "out");
    char *lines = calloc(1, file.len + 1);
    cr_assert_not_null(lines);
    if (file.len)
        memcpy(lines, file.ptr, file.len);
    cr_assert_eq(strlen(lines), file.len, "there is no NUL in JSON");
    exact_free(file);
    scratch_remove(&scratch);
    return lines;
}

static void expect_bytes(rf_slice input, rf_json_bytes bytes, const char *expected)
{
    char *lines = lines_of(input, bytes, 4096);
    cr_expect_str_eq(lines, expected, "gave\n%s not\n%s", lines, expected);
    free(lines);
}

/* `file`: a magic, then hexadecimal digits of records; the end is added. */
static void expect_lines_in(rf_json_bytes bytes, const char *magic, const char *hex, const char *expected)
{
    struct build b = {0};
    put_bytes(&b, slice_of(magic, strlen(magic)));
    put_hex(&b, hex);
    put_end(&b);
    expect_bytes(built(&b), bytes, expected);
    build_free(&b);
}

/* The same with either option. */
static void expect_lines(const char *magic, const char *hex, const char *expected)
{
    expect_lines_in(RF_JSON_ESCAPE, magic, hex, expected);
    expect_lines_in(RF_JSON_BASE64, magic, hex, expected);
}

/* The value of key "k", whose record without its name this is; it has no prefix. */
static void expect_value(const char *magic, const char *type, const char *hex, const char *expected)
{
    char record[1024], line[1024];
    snprintf(record, sizeof record, "%.2s 016b %s", hex, hex + 2);
    snprintf(line, sizeof line, "{\"db\":0,\"key\":\"k\",\"type\":\"%s\",\"value\":%s}\n", type, expected);
    expect_lines(magic, record, line);
}

/* --- keys ---------------------------------------------------------------------------------------------- */

Test(jsonl, strings_and_collections)
{
    expect_value("REDIS0009", "string", "00 0176", "\"v\"");
    expect_value("REDIS0009", "string", "00 00", "\"\"");
    expect_value("REDIS0009", "string", "00 c1 7fff", "\"-129\"");
    expect_value("REDIS0009", "string", "00 c3 0b 1e 0361626361e00f02016263",
                 "\"abcabcabcabcabcabcabcabcabcabc\"");
    expect_value("REDIS0009", "list", "01 03 0162 c005 00", "[\"b\",\"5\",\"\"]");
    expect_value("REDIS0010", "list", "12 02 02 0c 0c000000 0200 816102 0101 ff 01 0178",
                 "[\"a\",\"1\",\"x\"]");
    expect_value("REDIS0009", "set", "02 02 0162 0161", "[\"b\",\"a\"]");
    expect_value("REDIS0009", "set", "0b 0e 02000000 03000000 fbff 0100 2c01", "[\"-5\",\"1\",\"300\"]");
    expect_value("REDIS0009", "zset",
                 "05 04 0162 000000000000f07f 0161 000000000000f83f 00 0000000000000080"
                 " 0163 000000000000f0ff",
                 "[[\"b\",\"inf\"],[\"a\",1.5],[\"\",-0.0],[\"c\",\"-inf\"]]");
    expect_value("REDIS0009", "zset", "05 01 0162 9a9999999999b93f", "[[\"b\",0.1]]");
}

Test(jsonl, databases_and_names)
{
    expect_lines("REDIS0009", "fe00 00 00 0161 fe0f 00 0162 0163 fe8000ffffff 00 0164 0165",
                 "{\"db\":0,\"key\":\"\",\"type\":\"string\",\"value\":\"a\"}\n"
                 "{\"db\":15,\"key\":\"b\",\"type\":\"string\",\"value\":\"c\"}\n"
                 "{\"db\":16777215,\"key\":\"d\",\"type\":\"string\",\"value\":\"e\"}\n");
}

Test(jsonl, what_belongs_to_a_key)
{
    expect_lines("REDIS0009",
                 "fc 0102000000000000 f805 00 016b 0176 f907 00 016b 0176 fdffffffff 00 016b 0176",
                 "{\"db\":0,\"key\":\"k\",\"type\":\"string\",\"expire_ms\":513,\"idle\":5,\"value\":\"v\"}\n"
                 "{\"db\":0,\"key\":\"k\",\"type\":\"string\",\"freq\":7,\"value\":\"v\"}\n"
                 "{\"db\":0,\"key\":\"k\",\"type\":\"string\",\"expire_ms\":-1000,\"value\":\"v\"}\n");
    expect_lines("REDIS0013", "fc 0000000000000000 f3 01 41424344 05 0161 00 00 016b 0176",
                 "{\"db\":0,\"key\":\"k\",\"type\":\"string\",\"expire_ms\":0,"
                 "\"metadata\":{\"base64\":\"AUFCQ0QFAWEA\"},\"value\":\"v\"}\n");
}

/* --- hashes -------------------------------------------------------------------------------------------- */

#define HASH(value, expiries) "{\"db\":0,\"key\":\"k\",\"type\":\"hash\",\"value\":" value expiries "}\n"

static void expect_hash(const char *magic, const char *hex, const char *object, const char *pairs)
{
    expect_lines_in(RF_JSON_ESCAPE, magic, hex, object);
    expect_lines_in(RF_JSON_BASE64, magic, hex, pairs);
}

Test(jsonl, hashes)
{
    expect_hash("REDIS0009", "04 016b 03 0166 0176 0161 c007 00 00",
                HASH("{\"f\":\"v\",\"a\":\"7\",\"\":\"\"}", ""),
                HASH("[[\"f\",\"v\"],[\"a\",\"7\"],[\"\",\"\"]]", ""));
    expect_hash("REDIS0015", "f2 05 02 0161 026262 20 016b 05 0178 c007",
                HASH("{\"a\":\"x\",\"bb\":\"7\"}", ""), HASH("[[\"a\",\"x\"],[\"bb\",\"7\"]]", ""));
}

#define TTL    "18 016b 00d8c32cbb030000 03 00 0167 0177 01 0166 0176 03 0168 0178"
#define NO_TTL "18 016b 0000000000000000 01 00 0167 0177"
#define PACKED \
    "19 016b 00d8c32cbb030000 1f 1f000000 0600 816602 817602 f400d8c32cbb03000009 816702 817702 0001 ff"
#define VALKEYS "16 016b 02 0166 0176 00d8c32cbb030000 0167 0177 ffffffffffffffff"

Test(jsonl, fields_that_expire)
{
    expect_hash("REDIS0012", TTL,
                HASH("{\"g\":\"w\",\"f\":\"v\",\"h\":\"x\"}",
                     ",\"field_expire_ms\":{\"f\":4102444800000,\"h\":4102444800002}"),
                HASH("[[\"g\",\"w\"],[\"f\",\"v\"],[\"h\",\"x\"]]",
                     ",\"field_expire_ms\":[[\"f\",4102444800000],[\"h\",4102444800002]]"));
    expect_hash("REDIS0012", NO_TTL, HASH("{\"g\":\"w\"}", ""), HASH("[[\"g\",\"w\"]]", ""));
    expect_hash("REDIS0012", PACKED,
                HASH("{\"f\":\"v\",\"g\":\"w\"}", ",\"field_expire_ms\":{\"f\":4102444800000}"),
                HASH("[[\"f\",\"v\"],[\"g\",\"w\"]]", ",\"field_expire_ms\":[[\"f\",4102444800000]]"));
    expect_hash("VALKEY080", VALKEYS,
                HASH("{\"f\":\"v\",\"g\":\"w\"}", ",\"field_expire_ms\":{\"f\":4102444800000}"),
                HASH("[[\"f\",\"v\"],[\"g\",\"w\"]]", ",\"field_expire_ms\":[[\"f\",4102444800000]]"));
}

/* One hash with such fields does not make the next one have any. */
Test(jsonl, each_hash_for_itself)
{
    expect_lines_in(RF_JSON_ESCAPE, "REDIS0012", TTL " " NO_TTL " 04 016b 01 0166 0176",
                    HASH("{\"g\":\"w\",\"f\":\"v\",\"h\":\"x\"}",
                         ",\"field_expire_ms\":{\"f\":4102444800000,\"h\":4102444800002}")
                        HASH("{\"g\":\"w\"}", "") HASH("{\"f\":\"v\"}", ""));
}

/* --- arrays, modules ----------------------------------------------------------------------------------- */

Test(jsonl, arrays)
{
    expect_value(
        "REDIS0014", "array",
        "1c 05 01 05 00 00 0161 01 01 fbffffffffffffff 02 02 000000000000f83f 4100 03 027071"
        "4101 02 0000000000000840",
        "{\"insert_index\":5,\"slots\":[[0,\"a\"],[1,\"-5\"],[2,\"1.5\"],[256,\"pq\"],[257,\"3.0\"]]}");
    expect_value("REDIS0014", "array", "1c 01 00 81fffffffffffffffe 00 00",
                 "{\"insert_index\":null,\"slots\":[[18446744073709551614,\"\"]]}");
}

Test(jsonl, path_hashes)
{
    expect_value("VALKEY081", "path-hash", "17 02 0161 02 0166 0176 0167 0177 00 01 0166 c007",
                 "[[\"a\",\"f\",\"v\"],[\"a\",\"g\",\"w\"],[\"\",\"f\",\"7\"]]");
}

Test(jsonl, modules)
{
    expect_value("REDIS0009", "module",
                 "07 81bde72da2bb1eb401 02 81ffffffffffffffff 01 81ffffffffffffffff 03 0000c03f"
                 " 04 9a9999999999b93f 03 0000c07f 04 000000000000f0ff 05 0161 05 00 00",
                 "{\"module\":\"vectorset\",\"version\":1,\"parts\":"
                 "[18446744073709551615,-1,1.5,0.1,\"nan\",\"-inf\",\"a\",\"\"]}");
    expect_value("REDIS0009", "module", "07 81 0000000000000403 00",
                 "{\"module\":\"AAAAAAAAB\",\"version\":3,\"parts\":[]}");
}

/* --- streams ------------------------------------------------------------------------------------------- */

/* Entries 1000-1 f=v and 1000-2 f=w g=x. */
#define NODE                                                                                            \
    "01 10 00000000000003e80000000000000001 33 33000000 1300 0201 0001 0101 816602 0001 0201 0001 0001" \
    "817602 0401 0001 0001 0101 0201 816602 817702 816702 817802 0801 ff"
#define ENTRIES  "{\"entries\":[[\"1000-1\",[\"f\",\"v\"]],[\"1000-2\",[\"f\",\"w\",\"g\",\"x\"]]],"
#define TOTALS   "\"last_id\":\"1000-2\",\"max_deleted_id\":\"7-0\",\"entries_added\":9,\"groups\":["
#define LAYOUT_2 NODE "02 43e8 02 43e8 01 07 00 09"
#define ID1      "00000000000003e80000000000000001"
#define ID2      "00000000000003e80000000000000002"
#define TIME     "0500000000000000"

Test(jsonl, streams)
{
    expect_value("REDIS0009", "stream", "0f" NODE "02 43e8 02 00",
                 ENTRIES "\"last_id\":\"1000-2\",\"max_deleted_id\":\"0-0\",\"entries_added\":2,"
                         "\"groups\":[]}");
    expect_value("REDIS0010", "stream", "13" LAYOUT_2 "00", ENTRIES TOTALS "]}");
    expect_value("REDIS0010", "stream", "13 00 00 0501 0000 0000 01 00",
                 "{\"entries\":[],\"last_id\":\"5-1\",\"max_deleted_id\":\"0-0\",\"entries_added\":1,"
                 "\"groups\":[]}");
}

Test(jsonl, groups_of_streams)
{
    /* "g": "a" with two pending entries, "b" without; "h" without consumers; "i" with one */
    expect_value(
        "REDIS0011", "stream",
        "15" LAYOUT_2 "03 0167 43e8 02 02 02" ID1 TIME "01" ID2 TIME "03 02 0161" TIME
        "0600000000000000 02" ID1 ID2 "0162" TIME "ffffffffffffffff 00"
        "0168 0000 81ffffffffffffffff 00 00"
        "0169 0000 00 00 01 0163" TIME TIME "00",
        ENTRIES TOTALS
        "{\"name\":\"g\",\"last_id\":\"1000-2\",\"entries_read\":2,\"consumers\":["
        "{\"name\":\"a\",\"seen_ms\":5,\"active_ms\":6,\"pending\":[[\"1000-1\",5,1],[\"1000-2\",5,3]]},"
        "{\"name\":\"b\",\"seen_ms\":5,\"active_ms\":null,\"pending\":[]}]},"
        "{\"name\":\"h\",\"last_id\":\"0-0\",\"entries_read\":null,\"consumers\":[]},"
        "{\"name\":\"i\",\"last_id\":\"0-0\",\"entries_read\":0,\"consumers\":["
        "{\"name\":\"c\",\"seen_ms\":5,\"active_ms\":5,\"pending\":[]}]}]}");
}

#define GROUP   "\"last_id\":\"1000-2\",\"entries_read\":2,\"consumers\":["
#define NO_IDMP "4064 4064 00 00 00"

Test(jsonl, pending_entries_of_nobody)
{
    /* "g": all of them; "h": one, the other has an owner; "i": none */
    expect_value("REDIS0014", "stream",
                 "1b" LAYOUT_2 "03 0167 43e8 02 02 02" ID1 TIME "01" ID2 TIME "03 00 02" ID1 ID2
                 "0168 43e8 02 02 02" ID1 TIME "01" ID2 TIME "03 01 0161" TIME TIME "01" ID1 "01" ID2
                 "0169 43e8 02 02 00 00 00" NO_IDMP,
                 ENTRIES TOTALS
                 "{\"name\":\"g\"," GROUP "],\"unowned\":[[\"1000-1\",5,1],[\"1000-2\",5,3]]},"
                 "{\"name\":\"h\"," GROUP
                 "{\"name\":\"a\",\"seen_ms\":5,\"active_ms\":5,\"pending\":[[\"1000-1\",5,1]]}],"
                 "\"unowned\":[[\"1000-2\",5,3]]},"
                 "{\"name\":\"i\"," GROUP "]}],"
                 "\"producers\":{\"duration_s\":100,\"max_entries\":100,\"records\":[]}}");
}

Test(jsonl, producers_of_streams)
{
    expect_value("REDIS0013", "stream",
                 "1a" LAYOUT_2 "01 0167 43e8 02 02 00 01 0161" TIME TIME "00"
                 "3c 4100 02 0170 02 0131 43e8 01 026969 43e8 02 0171 00 01 00",
                 ENTRIES TOTALS "{\"name\":\"g\"," GROUP
                                "{\"name\":\"a\",\"seen_ms\":5,\"active_ms\":5,\"pending\":[]}]}],"
                                "\"producers\":{\"duration_s\":60,\"max_entries\":256,\"records\":"
                                "[[\"p\",\"1\",\"1000-1\"],[\"p\",\"ii\",\"1000-2\"]]}}");
}

/* --- other entries ------------------------------------------------------------------------------------- */

Test(jsonl, what_is_no_key)
{
    expect_lines("REDIS0010",
                 "fa 0161 0162 f5 0a 23216c7561206e3d310a f7 81bde72da2bb1eb400 0202 05 01ff 00"
                 "fe00 fb0500",
                 "{\"type\":\"function\",\"code\":\"#!lua n=1\\n\"}\n"
                 "{\"type\":\"module_aux\",\"module\":\"vectorset\",\"base64\":\"gb3nLaK7HrQAAgIFAf8A\"}\n");
    expect_lines("REDIS0010", "", "");
}

Test(jsonl, commands)
{
    rf_slice aof = SLICE("*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\"\n\r\n"
                         "*1\r\n$8\r\nFLUSHALL\r\n*2\r\n$3\r\nGET\r\n$1\r\n\xff\r\n");
    expect_bytes(aof, RF_JSON_ESCAPE,
                 "{\"db\":3,\"type\":\"command\",\"argv\":[\"SET\",\"k\",\"\\\"\\n\"]}\n"
                 "{\"db\":3,\"type\":\"command\",\"argv\":[\"FLUSHALL\"]}\n"
                 "{\"db\":3,\"type\":\"command\",\"argv\":[\"GET\",\"\\u00ff\"]}\n");
    expect_bytes(aof, RF_JSON_BASE64,
                 "{\"db\":3,\"type\":\"command\",\"argv\":[\"SET\",\"k\",\"\\\"\\n\"]}\n"
                 "{\"db\":3,\"type\":\"command\",\"argv\":[\"FLUSHALL\"]}\n"
                 "{\"db\":3,\"type\":\"command\",\"argv\":[\"GET\",{\"base64\":\"/w==\"}]}\n");
}

/* --- bytes --------------------------------------------------------------------------------------------- */

/* Wherever there is a string there may be anything. */
static const struct {
    const char *magic, *hex, *escape, *base64;
} hostile[] = {
    {"REDIS0009", "00 02c3a9 01c3", "\"\xc3\xa9\",\"type\":\"string\",\"value\":\"\\u00c3\"",
     "\"\xc3\xa9\",\"type\":\"string\",\"value\":{\"base64\":\"ww==\"}"},
    {"REDIS0009", "00 01ff 020a00", "\"\\u00ff\",\"type\":\"string\",\"value\":\"\\n\\u0000\"",
     "{\"base64\":\"/w==\"},\"type\":\"string\",\"value\":\"\\n\\u0000\""},
    {"REDIS0009", "01 016b 02 0180 0122", "\"k\",\"type\":\"list\",\"value\":[\"\\u0080\",\"\\\"\"]",
     "\"k\",\"type\":\"list\",\"value\":[{\"base64\":\"gA==\"},\"\\\"\"]"},
    {"REDIS0009", "05 016b 01 0180 000000000000f03f", "\"k\",\"type\":\"zset\",\"value\":[[\"\\u0080\",1]]",
     "\"k\",\"type\":\"zset\",\"value\":[[{\"base64\":\"gA==\"},1]]"},
    {"REDIS0009", "04 016b 01 0180 0181", "\"k\",\"type\":\"hash\",\"value\":{\"\\u0080\":\"\\u0081\"}",
     "\"k\",\"type\":\"hash\",\"value\":[[{\"base64\":\"gA==\"},{\"base64\":\"gQ==\"}]]"},
    {"REDIS0012", "18 016b 0500000000000000 01 01 0180 0176",
     "\"k\",\"type\":\"hash\",\"value\":{\"\\u0080\":\"v\"},\"field_expire_ms\":{\"\\u0080\":5}",
     "\"k\",\"type\":\"hash\",\"value\":[[{\"base64\":\"gA==\"},\"v\"]],"
     "\"field_expire_ms\":[[{\"base64\":\"gA==\"},5]]"},
    {"REDIS0014", "1c 016b 01 00 07 00 0180",
     "\"k\",\"type\":\"array\",\"value\":{\"insert_index\":null,\"slots\":[[7,\"\\u0080\"]]}",
     "\"k\",\"type\":\"array\",\"value\":{\"insert_index\":null,\"slots\":[[7,{\"base64\":\"gA==\"}]]}"},
    {"REDIS0009", "07 016b 81bde72da2bb1eb400 05 0180 00",
     "\"k\",\"type\":\"module\",\"value\":{\"module\":\"vectorset\",\"version\":0,\"parts\":[\"\\u0080\"]}",
     "\"k\",\"type\":\"module\",\"value\":{\"module\":\"vectorset\",\"version\":0,"
     "\"parts\":[{\"base64\":\"gA==\"}]}"},
    {"REDIS0010", "13 016b 00 00 0501 0000 0000 01 01 0180 0000 00 00 01 0181" TIME "00",
     "\"k\",\"type\":\"stream\",\"value\":{\"entries\":[],\"last_id\":\"5-1\",\"max_deleted_id\":\"0-0\","
     "\"entries_added\":1,\"groups\":[{\"name\":\"\\u0080\",\"last_id\":\"0-0\",\"entries_read\":0,"
     "\"consumers\":[{\"name\":\"\\u0081\",\"seen_ms\":5,\"active_ms\":5,\"pending\":[]}]}]}",
     "\"k\",\"type\":\"stream\",\"value\":{\"entries\":[],\"last_id\":\"5-1\",\"max_deleted_id\":\"0-0\","
     "\"entries_added\":1,\"groups\":[{\"name\":{\"base64\":\"gA==\"},\"last_id\":\"0-0\","
     "\"entries_read\":0,\"consumers\":[{\"name\":{\"base64\":\"gQ==\"},\"seen_ms\":5,\"active_ms\":5,"
     "\"pending\":[]}]}]}"},
};

Test(jsonl, bytes_that_are_no_text)
{
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        char line[1024];
        snprintf(line, sizeof line, "{\"db\":0,\"key\":%s}\n", hostile[i].escape);
        expect_lines_in(RF_JSON_ESCAPE, hostile[i].magic, hostile[i].hex, line);
        snprintf(line, sizeof line, "{\"db\":0,\"key\":%s}\n", hostile[i].base64);
        expect_lines_in(RF_JSON_BASE64, hostile[i].magic, hostile[i].hex, line);
    }
}

/* --- as a sink ----------------------------------------------------------------------------------------- */

Test(jsonl, blocks_of_any_size_make_no_difference)
{
    static const size_t sizes[] = {1, 2, 3, 7, 100};
    for (size_t i = 0; i < SAMPLES; i++)
        for (int bytes = RF_JSON_ESCAPE; bytes <= RF_JSON_BASE64; bytes++) {
            struct build b = {0};
            put_sample(&b, &samples[i]);
            char *whole = lines_of(built(&b), (rf_json_bytes)bytes, 0);
            cr_expect_neq(*whole, '\0');
            for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
                char *lines = lines_of(built(&b), (rf_json_bytes)bytes, sizes[n]);
                cr_expect_str_eq(lines, whole, "%s in blocks of %zu", samples[i].name, sizes[n]);
                free(lines);
            }
            free(whole);
            build_free(&b);
        }
}

Test(jsonl, damage_leaves_nothing)
{
    struct build b = {0};
    struct scratch scratch;
    rf_sink *sink;
    rf_error error;
    scratch_make(&scratch);
    put_bytes(&b, SLICE("REDIS0009"));
    put_hex(&b, "00 016a 0176 02 016b 05 0161");
    put_end(&b);
    const char *path = scratch_path(&scratch, "out.jsonl");
    cr_assert_eq(rf_sink_open_jsonl(path, RF_JSON_ESCAPE, &options, &sink, &error), RF_OK);
    cr_expect_eq(run_sink(built(&b), 0, sink, &error), RF_E_CORRUPT);
    cr_expect_str_eq(error.key, "k");
    cr_expect_eq(scratch_count(&scratch), 0);
    scratch_write(&scratch, "out.jsonl", SLICE("old"));
    cr_expect_eq(rf_sink_open_jsonl(path, RF_JSON_ESCAPE, &options, &sink, &error), RF_E_EXISTS);
    scratch_remove(&scratch);
    build_free(&b);
}

Test(jsonl, it_tells_what_it_wrote)
{
    struct scratch scratch;
    rf_sink *sink;
    rf_error error;
    rf_output_info info;
    rf_sink_options hashed = {.saved_at = -1, .hash = true, .compress = RF_GZIP};
    scratch_make(&scratch);
    const char *path = scratch_path(&scratch, "out.jsonl.gz");
    cr_assert_eq(rf_sink_open_jsonl(path, RF_JSON_ESCAPE, &hashed, &sink, &error), RF_OK);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK);
    cr_assert(rf_sink_output(sink, 0, &info));
    cr_expect_str_eq(info.path, path);
    rf_slice file = scratch_read(&scratch, "out.jsonl.gz");
    cr_expect_eq(info.bytes, file.len);
    cr_expect_eq(file.ptr[0], 0x1f);
    cr_expect_neq(info.xxh3, 0);
    cr_expect_not(rf_sink_output(sink, 1, &info));
    exact_free(file);
    rf_sink_close(sink);
    scratch_remove(&scratch);
}
