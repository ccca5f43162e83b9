/* SPDX-License-Identifier: MIT */
/* How an RDB ends: its checksum and what comes behind it. */
#include "support/rdb_build.h"
#include "support/record.h"
#include "support/run.h"
#include <criterion/criterion.h>

/* A small file with this version and checksum bytes, and something behind them. */
static rf_code read_ended(const char *magic, const char *end, struct buffer *text, rf_error *error)
{
    struct build b = {0};
    put_bytes(&b, slice_of(magic, strlen(magic)));
    put_hex(&b, "fe00 00 016b 0176");
    put_hex(&b, end);
    rf_code code = run_read(built(&b), 4096, text, error);
    record_end(text);
    build_free(&b);
    return code;
}

static void expect_end(const char *magic, const char *end, rf_code code, const char *told)
{
    struct buffer text = {0};
    rf_error error;
    rf_code found = read_ended(magic, end, &text, &error);
    cr_expect_eq(found, code, "%s %s: %s", magic, end, error.message);
    cr_expect_str_eq((const char *)text.data, told, "%s %s", magic, end);
    buffer_free(&text);
}

#define KEY "key 0 k string\nstring v\n"

Test(rdb_end, the_published_checksum)
{
    struct build b = {0};
    struct buffer text = {0};
    rf_error error;
    put_bytes(&b, SLICE("REDIS0009"));
    put_hex(&b, "fe00 fb0100 00 016b 0176 ff a7028bb2cdd0b003");
    cr_expect_eq(run_read(built(&b), 4096, &text, &error), RF_OK);
    cr_expect_str_eq(record_end(&text), "counts 0 1 0\n" KEY);
    buffer_free(&text);
    build_free(&b);
}

Test(rdb_end, of_an_empty_file)
{
    struct build b = {0};
    rf_error error;
    put_bytes(&b, SLICE("REDIS0010"));
    put_hex(&b, "ff a9fd37fe89a77eeb");
    cr_expect_eq(run_read(built(&b), 4096, NULL, &error), RF_OK);
    b.bytes.data[b.bytes.len - 1] ^= 1;
    cr_expect_eq(run_read(built(&b), 4096, NULL, &error), RF_E_CHECKSUM);
    build_free(&b);
}

Test(rdb_end, a_checksum_of_zero_is_none)
{
    expect_end("REDIS0009", "ff 0000000000000000", RF_OK, KEY "notice no_checksum\n");
    expect_end("VALKEY080", "ff 0000000000000000", RF_OK, KEY "notice no_checksum\n");
}

Test(rdb_end, a_wrong_checksum)
{
    expect_end("REDIS0009", "ff 0100000000000000", RF_E_CHECKSUM, KEY);
    expect_end("REDIS0005", "ff 0100000000000000", RF_E_CHECKSUM, KEY);
}

Test(rdb_end, none_before_version_5)
{
    for (int version = 1; version < 5; version++) {
        char magic[24];
        snprintf(magic, sizeof magic, "REDIS%04d", version);
        expect_end(magic, "ff", RF_OK, KEY);
        expect_end(magic, "ff 0100000000000000", RF_OK, KEY "notice trailing_bytes\n");
        expect_end(magic, "ff 2a310d0a 24340d0a 50494e47 0d0a", RF_OK, KEY "command 0 PING\n");
    }
}

Test(rdb_end, cut_short)
{
    expect_end("REDIS0009", "", RF_E_TRUNCATED, KEY);
    expect_end("REDIS0009", "ff", RF_E_TRUNCATED, KEY);
    expect_end("REDIS0009", "ff 00000000000000", RF_E_TRUNCATED, KEY);
    expect_end("REDIS0001", "", RF_E_TRUNCATED, KEY);
}

/* Of 40 digits, as a primary sends it that saves to no disk. */
Test(rdb_end, the_mark_of_a_diskless_primary)
{
#define NO_SUM "ff 0000000000000000 "
#define DIGITS "30313233343536373839 616263646566"
#define MARK   DIGITS DIGITS "3031323334353637"
    static const char trailing[] = KEY "notice no_checksum\nnotice trailing_bytes\n";
    expect_end("REDIS0009", NO_SUM MARK, RF_OK, KEY "notice no_checksum\nnotice end_mark\n");
    expect_end("REDIS0009", NO_SUM MARK "30", RF_OK, trailing);
    expect_end("REDIS0009", NO_SUM MARK "0a", RF_OK, trailing);
    expect_end("REDIS0009", NO_SUM DIGITS DIGITS "30313233343536", RF_OK, trailing);
    expect_end("REDIS0009", NO_SUM DIGITS DIGITS "3031323334353667", RF_OK, trailing); /* g */
    expect_end("REDIS0009", NO_SUM DIGITS DIGITS "3031323334353641", RF_OK, trailing); /* A */
}

Test(rdb_end, bytes_behind_it)
{
    static const char told[] = KEY "notice no_checksum\nnotice trailing_bytes\n";
    expect_end("REDIS0009", "ff 0000000000000000 00", RF_OK, told);
    expect_end("REDIS0009", "ff 0000000000000000 0a", RF_OK, told);
    expect_end("REDIS0009", "ff 0000000000000000 5245444953", RF_OK, told);
}

Test(rdb_end, commands_behind_it)
{
    expect_end("REDIS0009", "ff 0000000000000000 2a310d0a 24340d0a 50494e47 0d0a", RF_OK,
               KEY "notice no_checksum\ncommand 0 PING\n");
    expect_end("REDIS0009", "ff 0000000000000000 23 5453 0d0a", RF_OK, KEY "notice no_checksum\n");
    expect_end("REDIS0009", "ff 0000000000000000 2a310d0a", RF_E_TRUNCATED, KEY "notice no_checksum\n");
}

Test(rdb_end, how_it_is_called_then)
{
    struct build b = {0};
    rf_reader_info info;
    rf_error error;
    put_bytes(&b, SLICE("REDIS0009"));
    put_end(&b);
    put_bytes(&b, SLICE("*1\r\n$4\r\nPING\r\n"));
    cr_expect_eq(run_info(built(&b), &info, &error), RF_OK);
    cr_expect_str_eq(info.format, "aof with rdb preamble");
    build_free(&b);
}
