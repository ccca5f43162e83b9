/* SPDX-License-Identifier: MIT */
#include "support/rdb_build.h"
#include "support/record.h"
#include "support/run.h"
#include <criterion/criterion.h>
#include <rdbferry/batch.h>
#include <stdio.h>

static void expect_batches(const char *aof, rf_code code, const char *told)
{
    struct buffer text = {0};
    rf_error error;
    cr_expect_eq(run_read_batches(slice_of(aof, strlen(aof)), &text, &error), code, "%s: %s", aof,
                 error.message);
    cr_expect_str_eq(record_end(&text), told, "%s", aof);
    buffer_free(&text);
}

static void expect_read(const char *aof, rf_code code, const char *told)
{
    if (!strstr(told, "notice"))
        expect_batches(aof, code, told);
    static const size_t blocks[] = {1, 2, 3, 7, 4096};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        struct buffer text = {0};
        rf_error error;
        cr_expect_eq(run_read(slice_of(aof, strlen(aof)), blocks[i], &text, &error), code, "%s: %s", aof,
                     error.message);
        cr_expect_str_eq(record_end(&text), told, "%s", aof);
        if (code != RF_OK)
            cr_expect((error.offset >= 0 || code == RF_E_FORMAT) && error.offset <= (int64_t)strlen(aof));
        buffer_free(&text);
    }
}

#define PING   "*1\r\n$4\r\nPING\r\n"
#define SELECT "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"
#define SET    "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"
#define MULTI  "*1\r\n$5\r\nMULTI\r\n"
#define EXEC   "*1\r\n$4\r\nEXEC\r\n"

Test(aof_reader, commands_and_their_database)
{
    expect_read(PING, RF_OK, "command 0 PING\n");
    expect_read(SET SELECT SET, RF_OK, "command 0 SET a b\ncommand 3 SET a b\n");
    expect_read(SELECT, RF_OK, "notice no_data\n");
    expect_read("*2\r\n$6\r\nselect\r\n$2\r\n15\r\n" PING, RF_OK, "command 15 PING\n");
    expect_read(SELECT "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n" PING, RF_OK, "command 0 PING\n");
}

/* Reads a batch, which must begin and end at these offsets. */
static void expect_batch(rf_reader *reader, rf_batch *batch, uint64_t from, uint64_t to, int64_t last_db)
{
    rf_error error;
    rf_entry entry = {0};
    bool taken;
    cr_assert_eq(rf_reader_take(reader, batch, &taken, &error), RF_OK);
    cr_assert(taken);
    for (int again = 0; again < 2; again++) {
        cr_expect_eq(rf_batch_offset(batch), from);
        while (rf_batch_next(batch, &entry, &error) == RF_OK)
            cr_expect_eq(entry.kind, RF_ENTRY_COMMAND);
        cr_expect_eq(entry.db, last_db);
        if (again == 0)
            rf_batch_restart(batch);
    }
    rf_batch_mark(batch);
    cr_expect(rf_batch_is_done(batch));
    cr_expect_eq(rf_batch_offset(batch), to);
    rf_batch_end(batch);
}

enum { MANY = 2000 };

/* A batch ends before a transaction; the last bytes of the input are read in order. */
Test(aof_reader, batches)
{
    struct buffer log = {0};
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    rf_error error;
    bool taken;
    rf_batch *batch = rf_batch_new();
    for (int i = 0; i < MANY; i++)
        buffer_append(&log, SLICE(SET SELECT SET));
    const uint64_t multi = log.len, set = multi + sizeof(MULTI EXEC) - 1;
    buffer_append(&log, SLICE(MULTI EXEC SET SET));
    cr_assert_eq(rf_source_open_memory(log.data, log.len, "log", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){.batches = 1}, &reader, &error), RF_OK);
    expect_batch(reader, batch, 0, multi, 3);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(rf_reader_take(reader, batch, &taken, &error), RF_OK);
        cr_expect(!taken, "a transaction is read in order");
        cr_expect_eq(rf_reader_next(reader, &entry, &error), RF_OK);
    }
    expect_batch(reader, batch, set, set + sizeof SET - 1, 3);
    cr_expect_eq(rf_reader_next(reader, &entry, &error), RF_OK);
    cr_expect_eq(rf_reader_next(reader, &entry, &error), RF_END);
    rf_batch_free(batch);
    rf_reader_close(reader);
    buffer_free(&log);
}

Test(aof_reader, a_select_that_selects_nothing)
{
    expect_read(PING "*1\r\n$6\r\nSELECT\r\n", RF_E_CORRUPT, "command 0 PING\n");
    expect_read("*2\r\n$6\r\nSELECT\r\n$1\r\nx\r\n", RF_E_CORRUPT, "");
    expect_read("*2\r\n$6\r\nSELECT\r\n$2\r\n-1\r\n", RF_E_CORRUPT, "");
    expect_read("*2\r\n$6\r\nSELECT\r\n$10\r\n2147483648\r\n", RF_E_CORRUPT, "");
    expect_read("*3\r\n$6\r\nSELECT\r\n$1\r\n0\r\n$1\r\n0\r\n", RF_E_CORRUPT, "");
}

Test(aof_reader, annotations)
{
    expect_read("#TS:1700000000\r\n" PING "#TS:1700000001\r\n# what you like\n#\n" PING, RF_OK,
                "command 0 PING\ncommand 0 PING\n");
    expect_read("#TS:1700000000\r\n", RF_OK, "notice no_data\n");
    expect_read("#TS:1\r\n#", RF_OK, "notice no_data\n");
    expect_read("#", RF_E_FORMAT, "");
    expect_read("# what you like\n", RF_E_FORMAT, "");
    expect_read("# what you like\nport 1\n", RF_E_FORMAT, "");
    expect_read("#TS:1\r\nport 1\r\n", RF_E_CORRUPT, "");
    expect_read("#*1\r\n" PING, RF_OK, "command 0 PING\n");
    expect_read(PING "#TS:17", RF_OK, "command 0 PING\n"); /* as a crash leaves it, and a server loads it */
    expect_read(MULTI PING "#TS:17", RF_E_TRUNCATED, "command 0 MULTI\ncommand 0 PING\n");
    expect_read("*1\r\n#TS:1\r\n$4\r\nPING\r\n", RF_E_CORRUPT, "");
}

/* A server reads 1023 bytes of a line, and takes what follows for the next one. */
Test(aof_reader, the_longest_annotation)
{
    static const char *const behind[] = {"\n", "x\n", "", "x"};
    char aof[2100];
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++)
        for (size_t length = 1018; length < 1028; length++) {
            size_t n = (size_t)sprintf(aof, PING "#");
            memset(aof + n, 'x', length - 1);
            strcpy(aof + n + length - 1, behind[i]);
            expect_read(aof, length + strlen(behind[i]) <= 1023 ? RF_OK : RF_E_CORRUPT, "command 0 PING\n");
        }
    size_t n = (size_t)sprintf(aof, PING);
    memset(aof + n, '#', 2000);
    strcpy(aof + n + 2000, "\n" PING);
    expect_read(aof, RF_OK, "command 0 PING\ncommand 0 PING\n");
}

Test(aof_reader, bare_line_feeds_behind_headers)
{
    expect_read("*1\n$4\nPING\n", RF_E_FORMAT, ""); /* of all lines: git, or a text-mode transfer */
    expect_read("#TS:1\n*1\n$4\nPING\n", RF_E_FORMAT, "");
    expect_read("*1\n$4\nPING\r\n" PING, RF_OK, "command 0 PING\ncommand 0 PING\n");
}

Test(aof_reader, transactions)
{
    expect_read(MULTI SET EXEC PING, RF_OK,
                "command 0 MULTI\ncommand 0 SET a b\ncommand 0 EXEC\ncommand 0 PING\n");
    expect_read(MULTI EXEC MULTI EXEC, RF_OK,
                "command 0 MULTI\ncommand 0 EXEC\ncommand 0 MULTI\ncommand 0 EXEC\n");
    expect_read(MULTI SET, RF_E_TRUNCATED, "command 0 MULTI\ncommand 0 SET a b\n");
    expect_read(MULTI SET "*1\r\n$4\r\nex", RF_E_TRUNCATED, "command 0 MULTI\ncommand 0 SET a b\n");
    expect_read("*1\r\n$5\r\nmulti\r\n" SET "*1\r\n$4\r\nexec\r\n", RF_OK,
                "command 0 multi\ncommand 0 SET a b\ncommand 0 exec\n");
}

Test(aof_reader, cut_anywhere)
{
    static const char whole[] = SET SELECT MULTI PING EXEC;
    static const size_t ends[] = {sizeof SET - 1, sizeof SET SELECT - 1};
    for (size_t cut = 1; cut < sizeof whole - 1; cut++) {
        rf_error error;
        bool between = cut == ends[0] || cut == ends[1];
        rf_code code = run_read(slice_of(whole, cut), 4096, NULL, &error);
        cr_expect_eq(code, between ? RF_OK : RF_E_TRUNCATED, "cut at %zu: %s", cut, error.message);
        if (!between)
            cr_expect_leq((size_t)error.offset, cut);
    }
}

Test(aof_reader, headers_that_lie)
{
    expect_read("*9223372036854775807\r\n$1\r\na\r\n", RF_E_TRUNCATED, "");
    expect_read("*1\r\n$4294967296\r\nabc\r\n", RF_E_TRUNCATED, "");
    expect_read("*1\r\n$9223372036854775807\r\nabc\r\n", RF_E_TRUNCATED, "");
    expect_read(PING "garbage", RF_E_CORRUPT, "command 0 PING\n");
    expect_read(PING "\r\n" PING, RF_E_CORRUPT, "command 0 PING\n");
    expect_read(PING "PING\r\n", RF_E_CORRUPT, "command 0 PING\n");
}

/* KeyDB: commands in an argument. */
Test(aof_reader, commands_in_rreplay)
{
#define RREPLAY(argc, length, commands) \
    "*" argc "\r\n$7\r\nRREPLAY\r\n$1\r\nu\r\n$" length "\r\n" commands "\r\n"
    expect_read(RREPLAY("3", "41", SET PING) SET, RF_OK,
                "command 0 SET a b\ncommand 0 PING\ncommand 0 SET a b\n");
    expect_read(SELECT RREPLAY("4", "27", SET) "$1\r\n5\r\n" SET, RF_OK,
                "command 5 SET a b\ncommand 3 SET a b\n");
    expect_read(RREPLAY("5", "50", SELECT SET) "$1\r\n5\r\n$1\r\n9\r\n" SET, RF_OK,
                "command 3 SET a b\ncommand 0 SET a b\n");
    expect_read(RREPLAY("3", "0", "") SET, RF_OK, "command 0 SET a b\n");
    expect_read(RREPLAY("3", "56", MULTI SET EXEC) PING, RF_OK,
                "command 0 MULTI\ncommand 0 SET a b\ncommand 0 EXEC\ncommand 0 PING\n");
    expect_read(RREPLAY("3", "26", "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r"), RF_E_CORRUPT, "");
    expect_read(RREPLAY("3", "17", PING "xyz") PING, RF_E_CORRUPT, "");
    expect_read(RREPLAY("4", "14", PING) "$1\r\nx\r\n", RF_E_CORRUPT, "");
    expect_read(RREPLAY("4", "14", PING) "$2\r\n-1\r\n", RF_E_CORRUPT, "");
    expect_read("*2\r\n$7\r\nRREPLAY\r\n$1\r\nu\r\n", RF_E_CORRUPT, "");
    expect_read(RREPLAY("3", "45", RREPLAY("3", "14", PING)), RF_E_CORRUPT, "");
}

Test(aof_reader, a_preamble_selects_nothing_for_the_commands)
{
    struct build b = {0};
    struct buffer text = {0};
    rf_error error;
    put_bytes(&b, SLICE("REDIS0009"));
    put_hex(&b, "fe05 00 016b 0176");
    put_end(&b);
    put_bytes(&b, SLICE("#TS:1\r\n" SET SELECT SET));
    cr_expect_eq(run_read(built(&b), 4096, &text, &error), RF_OK, "%s", error.message);
    cr_expect_str_eq(record_end(&text), "key 5 k string\nstring v\ncommand 0 SET a b\ncommand 3 SET a b\n");
    buffer_free(&text);
    build_free(&b);
}

Test(aof_reader, what_it_says_of_itself)
{
    rf_reader_info info;
    rf_error error;
    cr_expect_eq(run_info(SLICE(PING), &info, &error), RF_OK);
    cr_expect_str_eq(info.format, "aof");
    cr_expect_eq(info.rdb_version, 0);
    cr_expect_eq(info.writer.major, 0);
    cr_expect_eq(info.saved_at, -1);
}
