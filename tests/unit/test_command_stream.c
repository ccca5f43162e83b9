/* SPDX-License-Identifier: MIT */
/* Commands with large arguments: what is written of them is the same whether they are streamed or held, in
 * blocks of all sizes. */
#include "base/bytes.h"
#include "command/encoder.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <rdbferry/command.h>
#include <rdbferry/command_rewrite.h>
#include <rdbferry/reader.h>

struct written {
    struct outbuf out;
    struct buffer bytes;
    uint8_t block[OUTBUF_RESERVE_MAX];
};

static void collect(struct outbuf *out)
{
    struct written *written = (struct written *)(void *)out;
    cr_assert(buffer_append(&written->bytes, slice_of(out->start, (size_t)(out->pos - out->start))));
    out->pos = out->start;
}

static void begin_written(struct written *written)
{
    written->bytes = (struct buffer){0};
    written->out = (struct outbuf){.start = written->block,
                                   .pos = written->block,
                                   .end = written->block + sizeof written->block,
                                   .next = collect};
}

/* The commands of a log, renamed; *streamed: how many had a rest when they were written, or held before. */
static rf_code rewrite_log(rf_slice log, size_t block_size, uint64_t stream_from, bool holds,
                           struct written *written, size_t *streamed, rf_error *error)
{
    const rf_reader_options reading = {.block_size = block_size, .stream_from = stream_from};
    rf_rewrite *rules = rf_rewrite_new();
    rf_command_rewrite_options options = {.rewrite = rules, .unknown = RF_UNKNOWN_COPY};
    rf_command_rewrite *rewrite;
    struct encoder encoder;
    rf_source *source;
    rf_reader *reader;
    rf_entry entry, *result;
    cr_assert(rules);
    cr_assert_eq(rf_rewrite_hash_tag(rules, "{k}*", error), RF_OK);
    cr_assert_eq(rf_command_rewrite_open(&options, &rewrite, error), RF_OK);
    cr_assert_eq(rf_source_open_memory(log.ptr, log.len, "log", &source, error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &reading, &reader, error), RF_OK);
    begin_written(written);
    encoder_open(&encoder, &written->out, &(struct encoder_options){.target = {RF_REDIS, 7, 0}});
    rf_code code = RF_OK;
    *streamed = 0;
    while (code == RF_OK && (code = rf_reader_next(reader, &entry, error)) == RF_OK) {
        code = rf_command_rewrite_put(rewrite, &entry, error);
        while (code == RF_OK && (code = rf_command_rewrite_next(rewrite, &result, error)) == RF_OK) {
            *streamed += result->rest != NULL;
            code = holds ? rf_command_hold(result, error) : RF_OK;
            if (code == RF_OK)
                code = encoder_put(&encoder, result, error);
        }
        code = code == RF_END ? RF_OK : code;
    }
    collect(&written->out);
    encoder_close(&encoder);
    rf_reader_close(reader);
    rf_command_rewrite_close(rewrite);
    rf_rewrite_free(rules);
    return code == RF_END ? RF_OK : code;
}

static const size_t blocks[] = {1, 2, 3, 7, 4096};

enum { BLOCKS = sizeof blocks / sizeof *blocks };

#define BULK(length, text) "$" length "\r\n" text "\r\n"
#define LARGE              BULK("24", "0123456789\r\n0123456789\r\n")
#define SET                "*5\r\n" BULK("3", "SET") BULK("2", "k1") LARGE BULK("4", "PXAT") BULK("3", "999")
#define MULTI              "*1\r\n" BULK("5", "MULTI")
#define EXEC               "*1\r\n" BULK("4", "EXEC")

/* `log` results in `expected`; of its commands `most` can be streamed. */
static void expect_same(const char *log, const char *expected, size_t most)
{
    static const uint64_t large[] = {0, 24, 25};
    static struct written written;
    const rf_slice bytes = exact_copy((const uint8_t *)log, strlen(log));
    for (size_t i = 0; i < 2 * BLOCKS; i++)
        for (size_t j = 0; j < sizeof large / sizeof *large; j++) {
            rf_error error;
            size_t streamed, block = blocks[i / 2];
            rf_code code = rewrite_log(bytes, block, large[j], i % 2 == 1, &written, &streamed, &error);
            cr_expect_eq(code, RF_OK, "%s", error.message);
            cr_expect(slice_equal(buffer_slice(&written.bytes), slice_of(expected, strlen(expected))),
                      "blocks of %zu, large from %d: %.*s", block, (int)large[j], (int)written.bytes.len,
                      (const char *)written.bytes.data);
            cr_expect_eq(streamed, large[j] == 24 ? most : 0);
            buffer_free(&written.bytes);
        }
    exact_free(bytes);
}

#define SELECT "*2\r\n" BULK("6", "SELECT") BULK("1", "0")
#define TAGGED "*5\r\n" BULK("3", "SET") BULK("4", "{k}1") LARGE BULK("4", "PXAT") BULK("3", "999")

Test(command_stream, keys_before_the_large_argument)
{
    expect_same(SET SET, SELECT TAGGED TAGGED, 2);
    expect_same("*4\r\n" BULK("4", "HSET") BULK("2", "k1") LARGE LARGE SET,
                SELECT "*4\r\n" BULK("4", "HSET") BULK("4", "{k}1") LARGE LARGE TAGGED, 2);
    expect_same("*2\r\n" BULK("3", "NEW") LARGE SET, SELECT "*2\r\n" BULK("3", "NEW") LARGE TAGGED, 2);
    expect_same("*3\r\n" BULK("7", "PUBLISH") BULK("1", "c") LARGE SET, SELECT TAGGED, 1);
}

Test(command_stream, keys_after_the_large_argument)
{
    expect_same(
        "*5\r\n" BULK("4", "MSET") BULK("2", "k1") LARGE BULK("2", "k2") BULK("1", "v") SET,
        SELECT "*5\r\n" BULK("4", "MSET") BULK("4", "{k}1") LARGE BULK("4", "{k}2") BULK("1", "v") TAGGED, 1);
    expect_same("*3\r\n" BULK("3", "SET") "$24\r\nk23456789\r\n0123456789\r\n0\r\n" BULK("1", "v"),
                SELECT "*3\r\n" BULK("3", "SET") "$26\r\n{k}23456789\r\n0123456789\r\n0\r\n" BULK("1", "v"),
                0);
}

Test(command_stream, transactions)
{
    expect_same(MULTI SET SET EXEC, SELECT MULTI TAGGED TAGGED EXEC, 2);
}

/* What is damaged in it is found also if it is not written. */
Test(command_stream, damage)
{
    static const struct {
        const char *log;
        rf_code code;
    } damaged[] = {
        {"*3\r\n" BULK("3", "SET") BULK("2", "k1") "$24\r\n0123456789\r\n0123456789\r\nxx", RF_E_CORRUPT},
        {"*3\r\n" BULK("3", "SET") BULK("2", "k1") "$24\r\n0123456789", RF_E_TRUNCATED},
        {"*4\r\n" BULK("3", "SET") BULK("2", "k1") LARGE "*1\r\n", RF_E_CORRUPT},
        {"*3\r\n" BULK("7", "PUBLISH") BULK("1", "c") "$24\r\n0123456789", RF_E_TRUNCATED},
        {"*5\r\n" BULK("4", "MSET") BULK("2", "k1") "$536870913\r\n0123456789", RF_E_UNSUPPORTED},
        {"*2\r\n$65537\r\n0123456789", RF_E_CORRUPT},
    };
    static struct written written;
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        for (size_t j = 0; j < BLOCKS; j++) {
            rf_error error;
            size_t streamed;
            const rf_slice log = exact_copy((const uint8_t *)damaged[i].log, strlen(damaged[i].log));
            cr_expect_eq(rewrite_log(log, blocks[j], 24, false, &written, &streamed, &error), damaged[i].code,
                         "%zu: %s", i, error.message);
            cr_expect(error.offset > 0 && error.offset <= (int64_t)log.len);
            buffer_free(&written.bytes);
            exact_free(log);
        }
}

static rf_code ignore(void *ctx, rf_slice bytes)
{
    (void)ctx, (void)bytes;
    return RF_OK;
}

/* A copy of an entry whose rest has been read cannot be written without it. */
Test(command_stream, the_rest_is_read_once)
{
    const rf_slice log = SLICE(SET);
    const rf_reader_options reading = {.stream_from = 24};
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    rf_error error;
    cr_assert_eq(rf_source_open_memory(log.ptr, log.len, "log", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &reading, &reader, &error), RF_OK);
    cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
    cr_expect_eq(entry.argc, 2);
    cr_expect_eq(entry.rest_count, 3);
    rf_entry copy = entry, other = entry;
    cr_expect_eq(rf_command_hold(&entry, &error), RF_OK);
    cr_expect_eq(entry.argc, 5);
    cr_expect_eq(entry.argv[2].len, 24);
    cr_expect_eq(rf_command_stream(&entry, ignore, NULL, &error), RF_OK);
    cr_expect_eq(rf_command_stream(&copy, ignore, NULL, &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_command_hold(&other, &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_reader_next(reader, &entry, &error), RF_END);
    rf_reader_close(reader);
}

/* Damage in what is streamed is that of its command. The commands in a RREPLAY are held. */
Test(command_stream, damage_has_its_place)
{
    const rf_slice log = SLICE("*3\r\n" BULK("7", "RREPLAY") BULK("1", "u")
                                   BULK("27", "*3\r\n" BULK("3", "SET") BULK("1", "a") BULK("1", "b"))
                                       MULTI EXEC "*3\r\n" BULK("3", "SET")
                                           BULK("2", "k1") "$24\r\n0123456789");
    const rf_reader_options reading = {.block_size = 3, .stream_from = 24};
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    rf_error error;
    cr_assert_eq(rf_source_open_memory(log.ptr, log.len, "log", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &reading, &reader, &error), RF_OK);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
        cr_expect_eq(entry.rest_count, i == 3 ? 1 : 0);
    }
    cr_expect_eq(rf_reader_next(reader, &entry, &error), RF_E_TRUNCATED);
    const rf_reader_info *info = rf_reader_info_get(reader);
    cr_expect_eq(info->damage.kind, RF_LOG_TORN);
    cr_expect_eq(info->damage.offset, entry.offset);
    cr_expect_eq(info->damage.end, log.len);
    cr_expect(info->damage.at_end);
    cr_expect_eq(info->complete_bytes, (int64_t)entry.offset);
    rf_reader_close(reader);
}
