/* SPDX-License-Identifier: MIT */
#include "support/logs.h"
#include "base/bytes.h"
#include "resp/resp_write.h"
#include "support/commands.h"
#include "support/exact.h"
#include "support/record.h"
#include <criterion/criterion.h>

static unsigned any(uint64_t *seed, unsigned below)
{
    return (unsigned)(next_random(seed) % below);
}

static const char *const usual[] = {
    "SET @ some-value", "set @ v",           "INCR @", "PEXPIREAT @ 99999999999999", "HSET @ f 1 g 2 h 3",
    "RPUSH @ a b c",    "ZADD @ 1.5 member", "DEL @",
};

static const char *const others[] = {
    "SET @ v EX 10",
    "SET @ v PXAT 99999999999999",
    "DEL @ @",
    "MSET @ 1 b 2",
    "EXPIRE @ 10",
    "MULTI | SET @ 1 | INCR @ | EXEC",
    "MULTI | EXEC",
    "RENAME @ @",
    "XGROUP CREATE @ g 0",
    "HPEXPIRE @ 100 FIELDS 1 f",
    "PEXPIREMEMBERAT @ m 99999999999999",
    "HSET @ 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
    "FUNCTION DELETE @",
    "PUBLISH @ message",
    "SELECT 0",
    "SELECT 1",
    "SELECT 2",
};

/* Each "@" stands for some key. */
static void put_text(struct buffer *log, const char *form, uint64_t *seed)
{
    static const char *const keys[] = {"user:1:name", "user:2", "k", "{a}b", "db1:user:1", "\"\"", "x{y"};
    struct buffer text = {0};
    for (; *form; form++)
        if (*form == '@')
            record_text(&text, "%s", keys[any(seed, 7)]);
        else
            record_text(&text, "%c", *form);
    commands_resp(record_end(&text), log);
    buffer_free(&text);
}

static void put_set(struct buffer *log, size_t key, size_t value)
{
    static const uint8_t bytes[3 * LOG_LARGE] = {0};
    const rf_slice argv[] = {SLICE("SET"), {bytes, key}, {bytes, value}};
    cr_assert(resp_append_command(log, argv, 3));
}

/* Headers as servers do not write them, and what is no command. */
static void put_strange(struct buffer *log, uint64_t *seed)
{
    static const char *const forms[] = {
        "*3\n$3\nSET\r\n$1\r\na\r\n$1\r\nb\r\n",
        "*3\r\n$3\nSET\r\n$1\r\na\r\n$1\r\nb\r\n",
        "*3\r\n$3\r\nSET\r\n$1\na\r\n$1\r\nb\r\n",
        "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\nb\r\n",
        "#TS:1700000000\r\n",
    };
    const char *form = forms[any(seed, 5)];
    cr_assert(buffer_append(log, slice_of(form, strlen(form))));
}

static void put_some(struct buffer *log, uint64_t *seed)
{
    static const size_t lengths[] = {0, 9, 10, 99, 100, LOG_LARGE - 1, LOG_LARGE, 2 * LOG_LARGE};
    const unsigned choice = any(seed, 60);
    if (choice < 2)
        put_strange(log, seed);
    else if (choice < 6)
        put_set(log, lengths[any(seed, 8)], lengths[any(seed, 8)]);
    else
        put_text(log, choice < 10 ? others[any(seed, sizeof others / sizeof *others)] : usual[any(seed, 8)],
                 seed);
}

rf_slice log_of_commands(int commands, uint64_t *seed)
{
    struct buffer log = {0};
    for (int i = 0; i < commands; i++)
        put_some(&log, seed);
    rf_slice exact = exact_copy(log.data, log.len);
    buffer_free(&log);
    return exact;
}

rf_reader *log_open(rf_slice log, size_t block_size, bool resume)
{
    rf_error error;
    rf_source *source;
    rf_reader *reader;
    const rf_reader_options options = {
        .block_size = block_size, .stream_from = LOG_LARGE, .resume = resume, .batches = 1};
    cr_assert_eq(rf_source_open_memory(log.ptr, log.len, "log", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &options, &reader, &error), RF_OK);
    return reader;
}
