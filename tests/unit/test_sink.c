/* SPDX-License-Identifier: MIT */
/* Files of commands, RDB files, and the sink that goes nowhere. */
#include "support/exact.h"
#include "support/rdb_build.h"
#include "support/record.h"
#include "support/run.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <sys/stat.h>

static const rf_sink_options newest = {.target = {RF_REDIS, 8, 10}, .saved_at = 1700000000};

static void put_file(struct build *b, const char *magic, const char *hex)
{
    put_bytes(b, slice_of(magic, strlen(magic)));
    put_hex(b, hex);
    put_end(b);
}

/* --- commands ---------------------------------------------------------------------------------------- */

Test(sink, a_file_of_commands)
{
    struct build b = {0};
    struct scratch scratch;
    rf_sink *sink;
    rf_error error;
    rf_output_info info;
    static const char expected[] =
        "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";
    scratch_make(&scratch);
    put_file(&b, "REDIS0009", "00 016b 0176");
    const char *path = scratch_path(&scratch, "out.aof");
    cr_assert_eq(rf_sink_open_aof(path, &newest, &sink, &error), RF_OK);
    cr_assert_eq(run_sink(built(&b), 0, sink, &error), RF_OK, "%s", error.message);
    rf_slice file = scratch_read(&scratch, "out.aof");
    cr_expect(slice_equal(file, slice_of(expected, sizeof expected - 1)));
    exact_free(file);

    cr_expect_eq(rf_sink_open_aof(path, &newest, &sink, &error), RF_E_EXISTS);
    rf_sink_options force = newest;
    force.force = true;
    cr_assert_eq(rf_sink_open_aof(path, &force, &sink, &error), RF_OK);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK);
    cr_assert(rf_sink_output(sink, 0, &info));
    cr_expect_str_eq(info.path, path);
    cr_expect_eq(info.bytes, 0);
    cr_expect_not(rf_sink_output(sink, 1, &info));
    rf_sink_close(sink);
    cr_expect_eq(scratch_count(&scratch), 1);
    scratch_remove(&scratch);
    build_free(&b);
}

Test(sink, an_abandoned_run_leaves_nothing)
{
    struct build damaged = {0};
    struct scratch scratch;
    rf_sink *sink;
    rf_error error;
    scratch_make(&scratch);
    put_file(&damaged, "REDIS0009", "00 016b 0176 02 016c 05 0161");
    const char *path = scratch_path(&scratch, "out");
    cr_assert_eq(rf_sink_open_aof(path, &newest, &sink, &error), RF_OK);
    cr_expect_eq(run_sink(built(&damaged), 0, sink, &error), RF_E_CORRUPT);
    cr_assert_eq(rf_sink_open_rdb(path, false, &newest, &sink, &error), RF_OK);
    cr_expect_eq(run_sink(built(&damaged), 0, sink, &error), RF_E_CORRUPT);
    cr_expect_eq(scratch_count(&scratch), 0);

    scratch_write(&scratch, "out", SLICE("old"));
    rf_sink_options force = newest;
    force.force = true;
    cr_assert_eq(rf_sink_open_rdb(path, false, &force, &sink, &error), RF_OK);
    cr_expect_eq(run_sink(built(&damaged), 0, sink, &error), RF_E_CORRUPT);
    rf_slice file = scratch_read(&scratch, "out");
    cr_expect(slice_equal(file, SLICE("old")));
    cr_expect_eq(scratch_count(&scratch), 1);
    exact_free(file);
    scratch_remove(&scratch);
    build_free(&damaged);
}

/* --- RDB --------------------------------------------------------------------------------------------- */

/* Writes an RDB for this target and gives back its bytes. */
static rf_code write_rdb(const char *magic, const char *hex, const rf_sink_options *options, bool preamble,
                         rf_slice *out, rf_error *error)
{
    struct build b = {0};
    struct scratch scratch;
    rf_sink *sink;
    scratch_make(&scratch);
    put_file(&b, magic, hex);
    *out = (rf_slice){0};
    rf_code code = rf_sink_open_rdb(scratch_path(&scratch, "out"), preamble, options, &sink, error);
    if (code == RF_OK)
        code = run_sink(built(&b), 0, sink, error);
    if (code == RF_OK)
        *out = scratch_read(&scratch, "out");
    else
        cr_expect_eq(scratch_count(&scratch), 0);
    scratch_remove(&scratch);
    build_free(&b);
    return code;
}

static void expect_rdb_for(rf_server target, const char *magic, const char *hex, const char *begins,
                           const char *told)
{
    rf_slice out;
    rf_error error;
    struct buffer text = {0};
    rf_sink_options options = {.target = target, .saved_at = 1700000000};
    cr_assert_eq(write_rdb(magic, hex, &options, false, &out, &error), RF_OK, "%s: %s", hex, error.message);
    cr_expect(slice_equal(slice_of(out.ptr, 9), slice_of(begins, 9)), "%.9s", (const char *)out.ptr);
    cr_expect_eq(run_read(out, 0, &text, &error), RF_OK, "%s: %s", hex, error.message);
    const char *read = record_end(&text);
    while (strncmp(read, "aux ", 4) == 0)
        read = strchr(read, '\n') + 1;
    cr_expect_str_eq(read, told, "%s gave\n%s", hex, (const char *)text.data);
    buffer_free(&text);
    exact_free(out);
}

#define MANY                                                                               \
    "f5 0178 fe00 fb 02 01 fc 0500000000000000 f807 00 016b 0176 f909 10 0168 0d 0d000000" \
    " 0200 816602 817602 ff fe05 12 016c 01 02 0c 0c000000 0200 816102 0101 ff"            \
    " 07 016d 81 0000000000000403 02 05 00"
#define MANY_TEXT                                                          \
    "function x\ncounts 0 2 1\nkey 0 k string expire 5 idle 7\nstring v\n" \
    "key 0 h hash freq 9\nfield f v\ncounts 5 2 0\n"                       \
    "key 5 l list\nitem a\nitem 1\nkey 5 m module\nmodule AAAAAAAAB 3\n"

Test(sink, an_rdb_reads_back_the_same)
{
    expect_rdb_for((rf_server){RF_REDIS, 7, 0}, "REDIS0010", MANY, "REDIS0010", MANY_TEXT);
    expect_rdb_for((rf_server){RF_REDIS, 8, 10}, "REDIS0010", MANY, "REDIS0015", MANY_TEXT);
    expect_rdb_for((rf_server){RF_VALKEY, 8, 1}, "REDIS0010", MANY, "REDIS0011", MANY_TEXT);
    expect_rdb_for((rf_server){RF_VALKEY, 9, 0}, "REDIS0010", MANY, "VALKEY080", MANY_TEXT);
    expect_rdb_for((rf_server){RF_REDIS, 8, 6}, "REDIS0013", "f3 01 41424344 00 00 016b 0176", "REDIS0013",
                   "counts 0 1 0\nkey 0 k string meta 014142434400\nstring v\n");
    expect_rdb_for((rf_server){RF_REDIS, 6, 2}, "REDIS0009", "f7 81bde72da2bb1eb400 0202 00", "REDIS0009",
                   "module_aux vectorset 81bde72da2bb1eb400020200\n");
    expect_rdb_for((rf_server){RF_REDIS, 2, 6}, "REDIS0015", "f2 05 02 0161 026262 20 016b 05 0178 c007",
                   "REDIS0006", "key 0 k hash\nfield a x\nfield bb 7\n");
}

/* What belongs to a key is copied as it stands, or put together anew; it must be the same. */
Test(sink, what_belongs_to_a_key_in_any_form)
{
    static const struct {
        const char *hex, *told;
    } keys[] = {
        {"f907 fd 05000000 f803 00 016b 0176", "key 0 k string expire 5000 idle 3"},
        {"fc 0500000000000000 fa 0161 0162 00 016b 0176", "key 0 k string expire 5"},
        {"fc 0500000000000000 fa 0161 0162 f803 00 016b 0176", "key 0 k string expire 5 idle 3"},
        {"fc 0500000000000000 fe00 00 016b 0176", "key 0 k string expire 5"},
        {"fc 0500000000000000 fc 0600000000000000 00 016b 0176", "key 0 k string expire 6"},
        {"00 c2 01020304 0176", "key 0 67305985 string"},
        {"00 80 00000001 6b 0176", "key 0 k string"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char told[128];
        snprintf(told, sizeof told, "counts 0 1 %d\n%s\nstring v\n", strstr(keys[i].told, "expire") != NULL,
                 keys[i].told);
        expect_rdb_for((rf_server){RF_REDIS, 6, 2}, "REDIS0009", keys[i].hex, "REDIS0009", told);
    }
}

Test(sink, an_rdb_says_who_wrote_it)
{
    rf_slice out;
    rf_error error;
    struct buffer text = {0};
    cr_assert_eq(write_rdb("REDIS0009", "fa 077265706c2d6964 0178", &newest, false, &out, &error), RF_OK);
    cr_expect_eq(run_read(out, 0, &text, &error), RF_OK);
    cr_expect_str_eq(record_end(&text), "aux redis-ver 8.10.0\naux redis-bits 64\naux ctime 1700000000\n"
                                        "aux %rdbferry-ver " RDBFERRY_VERSION "\n");
    exact_free(out);
    buffer_free(&text);
}

Test(sink, rdb_versions_without_milliseconds_or_checksum)
{
    expect_rdb_for((rf_server){RF_REDIS, 2, 2}, "REDIS0001", "fd 05000000 00 016b 0176", "REDIS0001",
                   "key 0 k string expire 5000\nstring v\n");
    expect_rdb_for((rf_server){RF_REDIS, 2, 4}, "REDIS0009", "fc ff13000000000000 00 016b 0176", "REDIS0002",
                   "key 0 k string expire 5000\nstring v\n");
    rf_slice out;
    rf_error error;
    rf_sink_options options = {.target = {RF_REDIS, 2, 4}, .saved_at = -1};
    cr_expect_eq(write_rdb("REDIS0009", "fc 0000000000040000 00 016b 0176", &options, false, &out, &error),
                 RF_E_INCOMPATIBLE);
    cr_expect_str_eq(error.key, "k");
}

Test(sink, an_rdb_is_for_a_known_server)
{
    rf_sink *sink;
    rf_error error;
    cr_expect_eq(rf_sink_open_rdb("/nonexistent/x", false, &(rf_sink_options){0}, &sink, &error),
                 RF_E_ARGUMENT);
}

/* Each of these has no record in the RDB of the target; "k" is a key, if it is one. */
static const struct {
    rf_server target;
    const char *magic, *hex, *key;
} unsupported[] = {
    {{RF_REDIS, 7, 2}, "REDIS0012", "18 016b 0500000000000000 01 01 0166 0176", "k"},
    {{RF_VALKEY, 8, 1}, "REDIS0012", "18 016b 0500000000000000 01 01 0166 0176", "k"},
    {{RF_VALKEY, 8, 1}, "VALKEY080", "16 016b 01 0166 0176 0500000000000000", "k"},
    {{RF_REDIS, 8, 10}, "VALKEY080", "16 016b 01 0166 0176 0000000000000100", "k"}, /* beyond 2^48 ms */
    {{RF_REDIS, 4, 0}, "REDIS0009", "0f 016b 00 00 0501 00", "k"},
    {{RF_REDIS, 8, 6}, "REDIS0014", "1c 016b 01 00 00 00 0161", "k"},
    {{RF_REDIS, 3, 2}, "REDIS0009", "07 016b 81 0000000000000403 02 05 00", "k"},
    {{RF_REDIS, 8, 4}, "REDIS0013", "f3 01 41424344 00 00 016b 0176", "k"},
    {{RF_VALKEY, 9, 0}, "REDIS0013", "f3 01 41424344 00 00 016b 0176", "k"},
    {{RF_REDIS, 6, 2}, "REDIS0010", "f5 0178", ""},
    {{RF_REDIS, 4, 0}, "REDIS0009", "f7 81bde72da2bb1eb400 0202 00", ""},
    {{RF_REDIS, 7, 4}, "REDIS0012", "07 016b 81bde72da2bb1eb400 02 05 00", "k"}, /* a vector set */
    {{RF_VALKEY, 9, 0}, "REDIS0012", "07 016b 81bde72da2bb1eb400 02 05 00", "k"},
};

Test(sink, what_an_rdb_cannot_say)
{
    for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++) {
        char hex[256];
        rf_slice out;
        rf_error error;
        struct buffer text = {0};
        unsigned notices[RF_NOTICE_COUNT] = {0};
        rf_sink_options options = {.target = unsupported[i].target, .saved_at = -1};
        snprintf(hex, sizeof hex, "%s 00 0178 0179", unsupported[i].hex);
        cr_expect_eq(write_rdb(unsupported[i].magic, hex, &options, false, &out, &error), RF_E_INCOMPATIBLE,
                     "%s", hex);
        cr_expect_str_eq(error.key, unsupported[i].key, "%s", hex);

        options.drop_unsupported = true;
        options.notify = (rf_notify){count_notice, notices};
        cr_assert_eq(write_rdb(unsupported[i].magic, hex, &options, false, &out, &error), RF_OK, "%s",
                     error.message);
        cr_expect_eq(notices[RF_NOTICE_DROPPED], 1);
        cr_expect_eq(run_read(out, 0, &text, &error), RF_OK);
        const char *key = strstr(record_end(&text), "\nkey 0");
        cr_assert_not_null(key);
        cr_expect_str_eq(key, "\nkey 0 x string\nstring y\n", "%s", hex);
        buffer_free(&text);
        exact_free(out);
    }
}

/* The record of a server that has no vector sets of its own: a module value like any other. */
Test(sink, a_modules_vector_set_is_copied)
{
    expect_rdb_for((rf_server){RF_REDIS, 7, 2}, "REDIS0011", "07 016b 81bde72da2bb1eb400 02 05 00",
                   "REDIS0011", "counts 0 1 0\nkey 0 k module\nmodule vectorset 0\n");
}

#define FOREIGN_DETAIL "02 016b 01 0161 fa 13 6b657964622d737562657870697265 2d6b6579 0161"
#define EXPIRING_SET   "23 016b 0500000000000000 02 01 0161 00 0162"
#define FOREIGN        "40 016b 00 0102030405060708 0102030405060708 00 00"

Test(sink, details_are_left_out_where_that_is_asked_for)
{
    static const struct {
        rf_server target;
        const char *magic, *hex, *told;
        rf_notice_code notice;
    } cases[] = {
        {{RF_REDIS, 7, 2},
         "REDIS0012",
         "18 016b 0500000000000000 01 01 0166 0176",
         "key 0 k hash\nfield f v\n",
         RF_NOTICE_DETAIL},
        {{RF_VALKEY, 8, 1},
         "VALKEY080",
         "16 016b 01 0166 0176 0500000000000000",
         "key 0 k hash\nfield f v\n",
         RF_NOTICE_DETAIL},
        {{RF_REDIS, 8, 0},
         "VALKEY080",
         "16 016b 02 0166 0176 0000000000000100 0167 0177 0500000000000000",
         "key 0 k hash\nfield f v\nfield g w @5\n",
         RF_NOTICE_DETAIL},
        {{RF_REDIS, 8, 4},
         "REDIS0013",
         "f3 01 41424344 00 00 016b 0176",
         "key 0 k string\nstring v\n",
         RF_NOTICE_DETAIL},
        {{RF_REDIS, 7, 0}, "REDIS0009", FOREIGN_DETAIL, "key 0 k set\nmember a\n", RF_NOTICE_DETAIL},
        {{RF_REDIS, 7, 0}, "REDIS0009", FOREIGN, "", RF_NOTICE_FOREIGN_RECORD},
        {{RF_REDIS, 8, 10}, "REDIS0017", "f1 00 016b 0176", "key 0 k string\nstring v\n", RF_NOTICE_DETAIL},
        {{RF_REDIS, 7, 0}, "REDIS0017", EXPIRING_SET, "key 0 k set\nmember a\nmember b\n", RF_NOTICE_DETAIL},
        {{RF_VALKEY, 9, 2}, "REDIS0017", EXPIRING_SET, "key 0 k set\nmember a\nmember b\n", RF_NOTICE_DETAIL},
        /* The minimum is no evidence. */
        {{RF_REDIS, 8, 0},
         "REDIS0017",
         "23 016b 0000000000000000 01 06 0161",
         "key 0 k set\nmember a\n",
         RF_NOTICE_DETAIL},
        {{RF_REDIS, 8, 0},
         "REDIS0017",
         "22 016b 0000000000000000 0c 0c000000 0200 816102 0501 ff",
         "key 0 k set\nmember a\n",
         RF_NOTICE_DETAIL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rf_slice out;
        rf_error error;
        struct buffer text = {0};
        unsigned notices[RF_NOTICE_COUNT] = {0};
        rf_sink_options options = {.target = cases[i].target, .saved_at = -1};
        cr_expect_eq(write_rdb(cases[i].magic, cases[i].hex, &options, false, &out, &error),
                     RF_E_INCOMPATIBLE, "%s", cases[i].hex);
        cr_expect_str_eq(error.key, "k", "%s", cases[i].hex);
        cr_expect(strstr(error.message, "--drop-detail"), "%s", error.message);

        options.drop_detail = true;
        options.notify = (rf_notify){count_notice, notices};
        cr_assert_eq(write_rdb(cases[i].magic, cases[i].hex, &options, false, &out, &error), RF_OK, "%s",
                     error.message);
        cr_expect_eq(notices[cases[i].notice], 1, "%s", cases[i].hex);
        cr_expect_eq(notices[RF_NOTICE_DROPPED], 0, "%s", cases[i].hex);
        cr_expect_eq(run_read(out, 0, &text, &error), RF_OK);
        const char *key = strstr(record_end(&text), "key 0");
        cr_expect_str_eq(key ? key : "", cases[i].told, "%s", cases[i].hex);
        buffer_free(&text);
        exact_free(out);
    }
}

/* Redis 8.12 has what it writes: members that expire, and the attribute. */
Test(sink, redis_8_12_keeps_its_details)
{
    expect_rdb_for((rf_server){RF_REDIS, 8, 12}, "REDIS0017",
                   EXPIRING_SET " fc 0100000000000000 f1 00 0161 0176", "REDIS0017",
                   "counts 0 2 1\nkey 0 k set\nmember a @5\nmember b\n"
                   "key 0 a string expire 1 no-evict\nstring v\n");
}

Test(sink, what_modules_saved_beside_the_keys_can_be_left_out)
{
    rf_slice out;
    rf_error error;
    struct buffer text = {0};
    unsigned notices[RF_NOTICE_COUNT] = {0};
    rf_sink_options options = {.target = {RF_REDIS, 7, 0},
                               .saved_at = -1,
                               .drop_unsupported = true,
                               .notify = {count_notice, notices}};
    cr_assert_eq(
        write_rdb("REDIS0009", "f7 81bde72da2bb1eb800 0202 00 00 016b 0176", &options, false, &out, &error),
        RF_OK);
    cr_expect_eq(notices[RF_NOTICE_DROPPED], 1);
    cr_expect_eq(run_read(out, 0, &text, &error), RF_OK);
    cr_expect(!strstr(record_end(&text), "module_aux"));
    buffer_free(&text);
    exact_free(out);
}

/* --- preambles --------------------------------------------------------------------------------------- */

static rf_code put_input(rf_sink *sink, rf_slice input, rf_error *error)
{
    rf_source *source;
    rf_reader *reader;
    rf_entry entry = {0};
    cr_assert_eq(rf_source_open_memory(input.ptr, input.len, "input", &source, error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){0}, &reader, error), RF_OK);
    rf_code code;
    while ((code = rf_reader_next(reader, &entry, error)) == RF_OK)
        if ((code = rf_sink_put(sink, &entry, error)) != RF_OK)
            break;
    rf_reader_close(reader);
    return code;
}

#define SET "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"

Test(sink, a_preamble_and_commands_behind_it)
{
    struct build rdb = {0}, more = {0};
    struct scratch scratch;
    struct buffer text = {0};
    rf_sink *sink;
    rf_error error;
    rf_sink_options options = {.target = {RF_REDIS, 6, 2}, .saved_at = -1, .drop_unsupported = true};
    scratch_make(&scratch);
    put_file(&rdb, "REDIS0009", "fe02 00 016b 0176");
    /* Keys that come behind commands are commands too, and are left out like them. */
    put_file(&more, "REDIS0012", "fe02 00 016c 0176 18 016d 0500000000000000 01 01 0166 0176");
    cr_assert_eq(rf_sink_open_rdb(scratch_path(&scratch, "out"), true, &options, &sink, &error), RF_OK);
    cr_assert_eq(put_input(sink, built(&rdb), &error), RF_END, "%s", error.message);
    cr_assert_eq(put_input(sink, SLICE(SET), &error), RF_END, "%s", error.message);
    cr_assert_eq(put_input(sink, built(&more), &error), RF_END, "%s", error.message);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
    rf_sink_close(sink);
    rf_slice out = scratch_read(&scratch, "out");
    cr_expect_eq(run_read(out, 0, &text, &error), RF_OK, "%s", error.message);
    cr_expect(strstr(record_end(&text),
                     "aux aof-preamble 1\ncounts 2 1 0\nkey 2 k string\nstring v\ncommand 0 SET a b\n"
                     "command 2 SET l v\n"),
              "%s", (const char *)text.data);
    exact_free(out);
    buffer_free(&text);
    scratch_remove(&scratch);
    build_free(&rdb);
    build_free(&more);
}

Test(sink, a_plain_rdb_has_no_place_for_commands)
{
    struct scratch scratch;
    rf_sink *sink;
    rf_error error;
    scratch_make(&scratch);
    cr_assert_eq(rf_sink_open_rdb(scratch_path(&scratch, "out"), false, &newest, &sink, &error), RF_OK);
    cr_expect_eq(run_sink(SLICE(SET), 0, sink, &error), RF_E_INCOMPATIBLE);
    cr_expect_eq(scratch_count(&scratch), 0);
    scratch_remove(&scratch);
}

/* --- nowhere ----------------------------------------------------------------------------------------- */

static rf_code check(const char *magic, const char *hex)
{
    struct build b = {0};
    rf_sink *sink;
    rf_error error;
    put_file(&b, magic, hex);
    cr_assert_eq(rf_sink_open_null(&sink, &error), RF_OK);
    rf_code code = run_sink(built(&b), 0, sink, &error);
    build_free(&b);
    return code;
}

Test(sink, nowhere_still_checks_everything)
{
    rf_output_info info;
    rf_sink *sink;
    rf_error error;
    cr_assert_eq(rf_sink_open_null(&sink, &error), RF_OK);
    cr_expect_not(rf_sink_output(sink, 0, &info));
    rf_sink_close(sink);
    cr_expect_eq(check("REDIS0010", MANY), RF_OK);
    cr_expect_eq(check("REDIS0010", "10 016b 0d 0d000000 0300 816602 817602 ff"), RF_E_CORRUPT);
    cr_expect_eq(check("REDIS0010", "05 016b 01 0161 000000000000f87f"), RF_E_CORRUPT);
    /* a stream whose node is no listpack */
    cr_expect_eq(check("REDIS0009", "0f 016b 01 10 00000000000003e80000000000000001 0161 00 43e801 00"),
                 RF_E_CORRUPT);
}
