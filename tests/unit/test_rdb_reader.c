/* SPDX-License-Identifier: MIT */
#include "support/exact.h"
#include "support/rdb_build.h"
#include "support/record.h"
#include "support/run.h"
#include <criterion/criterion.h>

/* Reads a magic and what the hexadecimal digits say, with a right end, and expects to be told this. */
static void expect_read(const char *magic, const char *hex, const char *expected)
{
    struct build b = {0};
    struct buffer text = {0};
    rf_error error;
    put_bytes(&b, slice_of(magic, strlen(magic)));
    put_hex(&b, hex);
    put_end(&b);
    rf_code code = run_read(built(&b), 4096, &text, &error);
    cr_expect_eq(code, RF_OK, "%s: %s", hex, error.message);
    cr_expect_str_eq(record_end(&text), expected, "%s", hex);
    buffer_free(&text);
    build_free(&b);
}

static void expect_refused(rf_slice file, rf_code code, const char *message)
{
    struct buffer text = {0};
    rf_error error;
    cr_expect_eq(run_read(file, 4096, &text, &error), code, "'%.9s': %s", (const char *)file.ptr,
                 error.message);
    cr_expect(strstr(error.message, message), "'%s' is not in '%s'", message, error.message);
    cr_expect_str_eq(error.input, "input");
    cr_expect(error.offset <= (int64_t)file.len, "offset %lld", (long long)error.offset);
    cr_expect(error.offset >= 0 || code == RF_E_FORMAT, "%s", error.message);
    buffer_free(&text);
}

static void expect_refused_hex(const char *magic, const char *hex, rf_code code, const char *message)
{
    struct build b = {0};
    put_bytes(&b, slice_of(magic, strlen(magic)));
    put_hex(&b, hex);
    put_end(&b);
    expect_refused(built(&b), code, message);
    build_free(&b);
}

/* --- headers ----------------------------------------------------------------------------------------- */

Test(rdb_reader, versions_that_are_read)
{
    static const struct {
        const char *magic;
        rf_dialect dialect;
        int version;
    } headers[] = {
        {"REDIS0001", RF_REDIS, 1},  {"REDIS0002", RF_REDIS, 2},  {"REDIS0003", RF_REDIS, 3},
        {"REDIS0004", RF_REDIS, 4},  {"REDIS0005", RF_REDIS, 5},  {"REDIS0006", RF_REDIS, 6},
        {"REDIS0007", RF_REDIS, 7},  {"REDIS0008", RF_REDIS, 8},  {"REDIS0009", RF_REDIS, 9},
        {"REDIS0010", RF_REDIS, 10}, {"REDIS0011", RF_REDIS, 11}, {"REDIS0012", RF_REDIS, 12},
        {"REDIS0013", RF_REDIS, 13}, {"REDIS0014", RF_REDIS, 14}, {"REDIS0015", RF_REDIS, 15},
        {"REDIS0016", RF_REDIS, 16}, {"REDIS0017", RF_REDIS, 17}, {"VALKEY080", RF_VALKEY, 80},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct build b = {0};
        rf_reader_info info;
        rf_error error;
        put_bytes(&b, slice_of(headers[i].magic, 9));
        put_u8(&b, 0xff);
        if (headers[i].version >= 5)
            put_le64(&b, 0);
        cr_expect_eq(run_info(built(&b), &info, &error), RF_OK, "%s: %s", headers[i].magic, error.message);
        cr_expect_eq(info.dialect, headers[i].dialect);
        cr_expect_eq(info.rdb_version, headers[i].version);
        cr_expect_eq(info.writer.dialect, headers[i].dialect);
        cr_expect_gt(info.writer.major, 0);
        cr_expect_str_eq(info.format, "rdb");
        build_free(&b);
    }
}

Test(rdb_reader, versions_that_are_not_read)
{
    static const struct {
        const char *magic;
        rf_code code;
        const char *message;
    } headers[] = {
        {"REDIS0000", RF_E_FORMAT, "unsupported RDB version 0"},
        {"REDIS0018", RF_E_UNSUPPORTED,
         "newer server than this program knows (RDB version 18; known up to 17, Redis"},
        {"REDIS0079", RF_E_UNSUPPORTED, "version 79"},
        {"REDIS0080", RF_E_UNSUPPORTED, "version 80"},
        {"REDIS9999", RF_E_UNSUPPORTED, "version 9999"},
        {"VALKEY000", RF_E_FORMAT, "unsupported RDB version 0"},
        {"VALKEY011", RF_E_FORMAT, "unsupported RDB version 11"},
        {"VALKEY079", RF_E_FORMAT, "unsupported RDB version 79"},
        {"VALKEY082", RF_E_UNSUPPORTED, "version 82"},
        {"VALKEY999", RF_E_UNSUPPORTED, "version 999"},
        {"REDIS00x1", RF_E_FORMAT, "invalid version number"},
        {"REDIS 001", RF_E_FORMAT, "invalid version number"},
        {"REDIS-001", RF_E_FORMAT, "invalid version number"},
        {"VALKEY+80", RF_E_FORMAT, "invalid version number"},
        {"redis0009", RF_E_FORMAT, "not an RDB or AOF"},
        {"VALKEZ080", RF_E_FORMAT, "not an RDB or AOF"},
        {"VCS\x01\x01\x00\x01\x04\x22", RF_E_UNSUPPORTED, "VCS"},
        {"hello, wo", RF_E_FORMAT, "not an RDB or AOF"},
        {"UkVESVMw", RF_E_FORMAT, "base64"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        expect_refused_hex(headers[i].magic, "", headers[i].code, headers[i].message);
    expect_refused(slice_of("", 0), RF_E_FORMAT, "empty");
    expect_refused(SLICE("REDI"), RF_E_FORMAT, "not an RDB or AOF");
    expect_refused(SLICE("REDIS00"), RF_E_TRUNCATED, "2 more bytes");
    expect_refused(SLICE("VALKEY08"), RF_E_TRUNCATED, "1 more byte expected");
    expect_refused(SLICE("REDIS0009"), RF_E_TRUNCATED, "1 more byte expected");
}

/* --- who wrote it ------------------------------------------------------------------------------------ */

static rf_reader_info info_with_aux(const char *magic, const char *name, const char *value)
{
    struct build b = {0};
    rf_reader_info info;
    rf_error error;
    put_bytes(&b, slice_of(magic, 9));
    put_u8(&b, 0xfa);
    put_str(&b, name);
    put_str(&b, value);
    put_end(&b);
    cr_assert_eq(run_info(built(&b), &info, &error), RF_OK, "%s", error.message);
    build_free(&b);
    return info;
}

static void expect_writer(const char *magic, const char *name, const char *value, rf_server writer)
{
    rf_server found = info_with_aux(magic, name, value).writer;
    cr_expect(found.dialect == writer.dialect && found.major == writer.major && found.minor == writer.minor,
              "%s, %s %s: %d.%d", magic, name, value, found.major, found.minor);
}

Test(rdb_reader, the_writer_is_believed_as_far_as_the_version_allows)
{
    expect_writer("REDIS0009", "redis-ver", "6.0.16", (rf_server){RF_REDIS, 6, 0});
    expect_writer("REDIS0009", "redis-ver", "255.255.255", (rf_server){RF_REDIS, 6, 2});
    expect_writer("REDIS0009", "redis-ver", "no version", (rf_server){RF_REDIS, 6, 2});
    expect_writer("REDIS0009", "redis-ver", "", (rf_server){RF_REDIS, 6, 2});
    expect_writer("REDIS0009", "redis-ver", "1234567890123456789012345678901234567890",
                  (rf_server){RF_REDIS, 6, 2});
    expect_writer("REDIS0011", "redis-ver", "7.2.4", (rf_server){RF_REDIS, 7, 2});
    expect_writer("REDIS0011", "valkey-ver", "8.0.1", (rf_server){RF_VALKEY, 8, 0});
    expect_writer("VALKEY080", "valkey-ver", "9.0.0", (rf_server){RF_VALKEY, 9, 0});
    expect_writer("REDIS0011", "redis-ver", "7.1.240", (rf_server){RF_REDIS, 7, 2}); /* a release candidate */
    expect_writer("REDIS0011", "valkey-ver", "255.255.255", (rf_server){RF_VALKEY, 8, 1});
    expect_writer("VALKEY080", "valkey-ver", "255.255.255", (rf_server){RF_VALKEY, 9, 1});
    expect_writer("REDIS0009", "unknown", "5.0.0", (rf_server){RF_REDIS, 6, 2});
}

Test(rdb_reader, when_it_was_saved)
{
    cr_expect_eq(info_with_aux("REDIS0009", "ctime", "1700000000").saved_at, 1700000000);
    cr_expect_eq(info_with_aux("REDIS0009", "ctime", "yesterday").saved_at, -1);
    cr_expect_eq(info_with_aux("REDIS0009", "ctime", "9223372036854775").saved_at, INT64_MAX / 1000);
    cr_expect_eq(info_with_aux("REDIS0009", "ctime", "9223372036854776").saved_at, -1);
    cr_expect_eq(info_with_aux("REDIS0009", "ctime", "9223372036854775807").saved_at, -1);
    cr_expect_eq(info_with_aux("REDIS0009", "ctime", "-2").saved_at, -1);
    cr_expect_eq(info_with_aux("REDIS0009", "used-mem", "1").saved_at, -1);
}

/* --- records ----------------------------------------------------------------------------------------- */

#define KEY      "00 016b 0176"
#define KEY_TEXT "key 0 k string\nstring v\n"

Test(rdb_reader, keys_and_their_databases)
{
    expect_read("REDIS0009", "", "");
    expect_read("REDIS0009", KEY, KEY_TEXT); /* no SELECTDB: database 0 */
    expect_read("REDIS0009", "fe0f" KEY, "key 15 k string\nstring v\n");
    expect_read("REDIS0009", "fe03 fe02 fe03 00 00 0176 fe0000 c02a 00",
                "key 3  string\nstring v\nkey 0 42 string\nstring \n");
    expect_read("REDIS0009", "fe807fffffff" KEY, "key 2147483647 k string\nstring v\n");
    expect_refused_hex("REDIS0009", "fe8080000000" KEY, RF_E_CORRUPT, "database number");
    expect_read("REDIS0009", "fe00 fb 4100 05" KEY "fe01 fb0000",
                "counts 0 256 5\n" KEY_TEXT "counts 1 0 0\n");
}

Test(rdb_reader, expiry_idle_time_and_frequency_in_any_order)
{
    expect_read("REDIS0009", "fc 0102000000000000" KEY KEY, "key 0 k string expire 513\nstring v\n" KEY_TEXT);
    expect_read("REDIS0009", "fd 02000000" KEY, "key 0 k string expire 2000\nstring v\n");
    expect_read("REDIS0009", "fd ffffff7f" KEY, "key 0 k string expire 2147483647000\nstring v\n");
    expect_read("REDIS0009", "fd ffffffff" KEY, "key 0 k string expire -1000\nstring v\n");
    expect_read("REDIS0009", "fc ffffffffffffffff" KEY, KEY_TEXT); /* -1: the server's word for none */
    expect_read("REDIS0009", "f8 4100 f9ff fc 0100000000000000" KEY KEY,
                "key 0 k string expire 1 idle 256 freq 255\nstring v\n" KEY_TEXT);
    expect_read("REDIS0009", "f900 fc 0100000000000000 f800" KEY,
                "key 0 k string expire 1 idle 0 freq 0\nstring v\n");
    expect_read("REDIS0009", "fc 0100000000000000 fc 0200000000000000" KEY,
                "key 0 k string expire 2\nstring v\n");
    expect_read("REDIS0009", "f881ffffffffffffffff" KEY,
                "key 0 k string idle 9223372036854775807\nstring v\n");
}

Test(rdb_reader, they_hold_across_records_of_other_kinds)
{
    expect_read("REDIS0009", "fc 0100000000000000 fa 0161 c005 f807 fa 0162 00" KEY KEY,
                "aux a 5\naux b \nkey 0 k string expire 1 idle 7\nstring v\n" KEY_TEXT);
    expect_read("REDIS0012", "fc 0100000000000000 f4 05 01 01" KEY, "key 0 k string expire 1\nstring v\n");
    expect_read("REDIS0009", "fc 0100000000000000 fe05 fb0101" KEY,
                "counts 5 1 1\nkey 5 k string expire 1\nstring v\n");
}

Test(rdb_reader, auxiliary_fields)
{
    expect_read("REDIS0009", "fa 0a 72656469732d62697473 c040 fa 0161 c0ff fa00 00",
                "aux redis-bits 64\naux a -1\naux  \n");
    expect_read("REDIS0009", "fa 036c7561 0178", "notice script_dropped\naux lua x\n");
    expect_read("REDIS0009", "fa 13 6b657964622d737562657870697265 2d6b6579 00",
                "foreign 0  KeyDB: a member expiry\n");
}

Test(rdb_reader, functions_and_module_data)
{
    expect_read("REDIS0010", "f5 0a 23216c7561206e3d310a", "function #!lua n=1\\x0a\n");
    expect_refused_hex("REDIS0010", "f6 0161 0162 00 0163", RF_E_UNSUPPORTED, "release candidates");
    expect_read("REDIS0009", "f7 81bde72da2bb1eb400 02 01 00",
                "module_aux vectorset 81bde72da2bb1eb400020100\n");
    expect_read("REDIS0009", "f7 81bde72da2bb1eb400 02 02 05 03616263 04 0000000000000000 00" KEY,
                "module_aux vectorset 81bde72da2bb1eb4000202050361626304000000000000000000\n" KEY_TEXT);
    expect_refused_hex("REDIS0009", "f7 81bde72da2bb1eb400 02 01 09 00", RF_E_CORRUPT, "unknown item kind 9");
    expect_refused_hex("REDIS0008", "06 016b 81bde72da2bb1eb400", RF_E_UNSUPPORTED, "cannot be skipped");
}

Test(rdb_reader, metadata_of_keys)
{
    expect_read("REDIS0013", "f3 01 41424344 05 0161 00" KEY KEY,
                "key 0 k string meta 014142434405016100\nstring v\n" KEY_TEXT);
    expect_read("REDIS0013", "fc 0100000000000000 f3 02 41424344 00 45464748 01 05 00 f905" KEY,
                "key 0 k string expire 1 freq 5 meta 0241424344004546474801"
                "0500\nstring v\n");
    expect_refused_hex("REDIS0013", "f3 01 41424344 07 00" KEY, RF_E_CORRUPT, "unknown item kind 7");
}

Test(rdb_reader, records_of_one_dialect)
{
    static const char import[] = "f3 03 6a6f62 02 00 05 4100 4101" KEY;
    expect_read("VALKEY080", import, "notice slot_import\n" KEY_TEXT);
    expect_read("VALKEY080", "f4 05 01 01" KEY, KEY_TEXT);
    expect_read("VALKEY081", "17 016b 01 0161 01 0166 0176", "key 0 k path-hash\npath a field f v\n");
    expect_refused_hex("VALKEY080", "f2 05 01 0161", RF_E_UNSUPPORTED, "Valkey 9.2");
    expect_refused_hex("VALKEY080", "18 016b 00", RF_E_CORRUPT, "0x18");
    expect_refused_hex("VALKEY080", "f1" KEY, RF_E_CORRUPT, "0xf1");
    expect_refused_hex("REDIS0015", "1d 016b 00", RF_E_UNSUPPORTED, "DUMP payloads only");
    expect_refused_hex("REDIS0015", "1f 016b 00", RF_E_UNSUPPORTED, "DUMP payloads only");
    expect_refused_hex("REDIS0015", "21 016b 00", RF_E_UNSUPPORTED, "native bitmap of Redis 8.12");
    expect_refused_hex("REDIS0017", "21 016b 00", RF_E_UNSUPPORTED, "native bitmap of Redis 8.12");
    expect_refused_hex("REDIS0015", "22 016b 00", RF_E_UNSUPPORTED, "does not exist in RDB version 15");
    expect_refused_hex("REDIS0016", "23 016b 00", RF_E_UNSUPPORTED, "does not exist in RDB version 16");
}

#define MINIMUM "0500000000000000 "

/* The attribute stands among what precedes a key: here in any order, while a server expects it before the
 * metadata. */
Test(rdb_reader, redis_8_12)
{
    expect_read("REDIS0017", "f1" KEY KEY, "key 0 k string no-evict\nstring v\n" KEY_TEXT);
    expect_read("REDIS0016", "f1 fc 0100000000000000 f905 00 016b 0176",
                "key 0 k string expire 1 freq 5 no-evict\nstring v\n");
    expect_read("REDIS0017", "fc 0100000000000000 f1 f3 01 41424344 00 00 016b 0176" KEY,
                "key 0 k string expire 1 no-evict meta 014142434400\nstring v\n" KEY_TEXT);
    expect_read("REDIS0017", "22 016b" MINIMUM "11 11000000 0400 816102 0501 816202 0001 ff" KEY,
                "key 0 k set\nmember a @5\nmember b\n" KEY_TEXT);
    expect_read("REDIS0017", "22 016b 0000000000000000 0c 0c000000 0200 816102 0001 ff" KEY,
                "key 0 k set\nmember a\n" KEY_TEXT);
    expect_read("REDIS0017", "f1 23 016b" MINIMUM "02 01 0161 00 0162" KEY,
                "key 0 k set no-evict\nmember a @5\nmember b\n" KEY_TEXT);
}

Test(rdb_reader, records_of_other_vendors)
{
    expect_read("REDIS0009", "6b 4100 79 05" KEY, "notice foreign_record\nnotice foreign_record\n" KEY_TEXT);
    expect_read("REDIS0009",
                "fc 0100000000000000 40 016a 0173 0102030405060708 0102030405060708 02 0161 c005 01 0162" KEY,
                "foreign 0 j KeyDB: a cron job\n" KEY_TEXT);
    expect_refused_hex("REDIS0009", "64 00", RF_E_UNSUPPORTED, "no public specification");
    expect_refused_hex("REDIS0009", "65 00", RF_E_UNSUPPORTED, "no public specification");
    expect_refused_hex("REDIS0009", "66 00", RF_E_UNSUPPORTED, "no public specification");
}

/* Every byte that begins no record is refused where it stands. */
Test(rdb_reader, unknown_bytes)
{
    static const uint8_t unknown[] = {8, 36, 63, 65, 99, 103, 120, 122, 128, 240};
    for (size_t i = 0; i < sizeof unknown; i++) {
        struct build b = {0};
        rf_error error;
        put_bytes(&b, SLICE("REDIS0015"));
        put_hex(&b, KEY);
        put_u8(&b, unknown[i]);
        put_hex(&b, KEY);
        put_end(&b);
        cr_expect_eq(run_read(built(&b), 4096, NULL, &error), RF_E_CORRUPT, "%u", unknown[i]);
        cr_expect_eq(error.offset, 9 + 5, "%u: offset %lld", unknown[i], (long long)error.offset);
        build_free(&b);
    }
}

/* --- limits and order ---------------------------------------------------------------------------------- */

/* What servers have used without a check, as an index or as a size. */
Test(rdb_reader, slots_and_counts_out_of_range)
{
    static const char far[] = "out of range";
    expect_read("REDIS0012", "f4 7fff 01 01" KEY, KEY_TEXT);
    expect_refused_hex("REDIS0012", "f4 80 00004000 01 01" KEY, RF_E_CORRUPT, "slot 16384 is out of range");
    expect_refused_hex("REDIS0012", "f4 81 ffffffffffffffff 01 01" KEY, RF_E_CORRUPT, far);
    expect_refused_hex("REDIS0012", "f4 05 81 8000000000000000 01" KEY, RF_E_CORRUPT, far);
    expect_refused_hex("REDIS0012", "f4 05 01 81 8000000000000000" KEY, RF_E_CORRUPT, far);
    expect_refused_hex("REDIS0009", "fe00 fb 81 ffffffffffffffff 00" KEY, RF_E_CORRUPT, far);
    expect_refused_hex("REDIS0009", "fe00 fb 00 81 8000000000000000" KEY, RF_E_CORRUPT, far);
    expect_refused_hex("VALKEY080", "f3 016a 01 00 80 00004000" KEY, RF_E_CORRUPT, "slot 16384");
    expect_refused_hex("VALKEY080", "f3 016a 01 06 05" KEY, RF_E_CORRUPT, "a range from slot 6 to 5");
}

/* As a Valkey without a fork saves them: all hints first, then keys of any database. */
Test(rdb_reader, databases_in_any_order)
{
    expect_read("VALKEY081", "fe00 fb0201 fe05 fb0100 fe00" KEY "fe05" KEY "fe00 00 016c 0176",
                "counts 0 2 1\ncounts 5 1 0\n" KEY_TEXT
                "key 5 k string\nstring v\nkey 0 l string\nstring v\n");
}

Test(rdb_reader, types_of_a_later_version)
{
    expect_refused_hex("REDIS0013", "fe00 1d 016b 00", RF_E_UNSUPPORTED,
                       "type 29 does not exist in RDB version 13");
    expect_refused_hex("REDIS0014", "fe00 1e 016b 00", RF_E_UNSUPPORTED,
                       "type 30 does not exist in RDB version 14");
    expect_refused_hex("REDIS0015", "fe00 1d 016b 00", RF_E_UNSUPPORTED, "hash template");
}
