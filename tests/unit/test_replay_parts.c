/* SPDX-License-Identifier: MIT */
/* What a replay is made of, by itself: staging keys, and reading our own commands. */
#include "base/bytes.h"
#include "replay/commands.h"
#include "replay/staging_key.h"
#include "support/exact.h"
#include "support/run.h"
#include "support/samples.h"
#include <criterion/criterion.h>
#include <ctype.h>
#include <rdbferry/slot.h>
#include <stdio.h>
#include <time.h>

TestSuite(replay_parts, .timeout = 120);

/* --- staging keys -------------------------------------------------------------------------------------- */

/* The slot by the letter of the specification, bit by bit: CRC-16/XMODEM of the tag, or of it all. */
static unsigned slot_by_hand(rf_slice key)
{
    unsigned crc = 0;
    const uint8_t *open = memchr(key.ptr, '{', key.len);
    const uint8_t *end = key.ptr + key.len;
    const uint8_t *close = open ? memchr(open, '}', (size_t)(end - open)) : NULL;
    if (close && close > open + 1)
        key = slice_of(open + 1, (size_t)(close - open - 1));
    for (size_t i = 0; i < key.len; i++) {
        crc ^= (unsigned)key.ptr[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    }
    return crc & 0x3fff;
}

static void check_name(rf_slice key)
{
    struct buffer name = {0};
    char again[8];
    rf_slice exact = exact_copy(key.ptr, key.len);
    cr_assert(staging_key_make(exact, "run7", &name));
    cr_expect_eq(slot_by_hand(buffer_slice(&name)), slot_by_hand(key), "the name of '%.*s': '%.*s'",
                 (int)key.len, (const char *)key.ptr, (int)name.len, (const char *)name.data);
    cr_assert_eq(name.len, key.len + 18);
    cr_expect(key.len == 0 || memcmp(name.data, key.ptr, key.len) == 0);
    cr_expect_eq(memcmp(name.data + key.len, ":rdbferry:run7:", 15), 0);
    memcpy(again, name.data + key.len + 15, 3);
    for (int i = 0; i < 3; i++)
        cr_expect(isalnum((unsigned char)again[i]));
    cr_assert(staging_key_make(exact, "run7", &name));
    cr_expect_eq(memcmp(name.data + key.len + 15, again, 3), 0, "it is the same each time");
    rf_slice before = rf_hash_tag(key), after = rf_hash_tag(buffer_slice(&name));
    cr_expect(slice_equal(before, after) && !before.ptr == !after.ptr, "the tag of '%.*s'", (int)name.len,
              (const char *)name.data);
    exact_free(exact);
    buffer_free(&name);
}

/* Errors name the key of the input, not the staging key that servers quote. */
Test(replay_parts, staging_keys_are_hidden)
{
    static const struct {
        const char *text, *hidden;
    } cases[] = {
        {"ERR unknown command 'X', with args beginning with: 'h:rdbferry:run7:aB3' 'v'",
         "ERR unknown command 'X', with args beginning with: 'h' 'v'"},
        {"a:rdbferry:run7:xyz b:rdbferry:run7:xyz", "a b"},
        {"cut: 'h:rdbferry:run7:a", "cut: 'h"},
        {"'h:rdbferry:run8:xyz' of another run", "'h:rdbferry:run8:xyz' of another run"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s", cases[i].text);
        staging_key_hide(text, "run7");
        cr_expect_str_eq(text, cases[i].hidden);
    }
}

Test(replay_parts, staging_keys_have_the_slot)
{
    static const char *const keys[] = {"",
                                       "k",
                                       "{",
                                       "}",
                                       "{}",
                                       "{}k",
                                       "{a}",
                                       "{a}k",
                                       "x{a}y",
                                       "{a",
                                       "a}",
                                       "}{",
                                       "}{a",
                                       "{{a}}",
                                       "{}{a}",
                                       "{a}{b}",
                                       "x{}y{",
                                       "{{}",
                                       "{}}",
                                       "{k}:rdbferry:abc",
                                       "{:rdbferry:",
                                       "}:rdbferry:{",
                                       "k:rdbferry:abc",
                                       "{\n}",
                                       "\\{a}"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        check_name(slice_of(keys[i], strlen(keys[i])));
}

Test(replay_parts, staging_keys_of_any_key)
{
    uint64_t seed = (uint64_t)time(NULL), random = seed * 2 + 1;
    static uint8_t key[1000];
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    for (int i = 0; i < 20000; i++) {
        size_t length = (size_t)(next_random(&random) % (i % 100 ? 24 : sizeof key));
        for (size_t j = 0; j < length; j++)
            key[j] = next_random(&random) % 4 ? (uint8_t)next_random(&random)
                                              : (uint8_t) "{}:a"[next_random(&random) % 4];
        check_name(slice_of(key, length));
    }
}

/* --- commands ------------------------------------------------------------------------------------------ */

/* A second reader of RESP, which minds every byte. */
static bool walk_command(rf_slice *rest, rf_slice *argv, size_t *argc)
{
    const char *p = (const char *)rest->ptr, *end = p + rest->len;
    char *after;
    if (p == end)
        return false;
    cr_assert_eq(*p, '*');
    *argc = strtoul(p + 1, &after, 10);
    cr_assert(memcmp(after, "\r\n", 2) == 0 && *argc > 0);
    p = after + 2;
    for (size_t i = 0; i < *argc; i++) {
        cr_assert_eq(*p, '$');
        size_t length = strtoul(p + 1, &after, 10);
        cr_assert_eq(memcmp(after, "\r\n", 2), 0);
        if (i < COMMAND_ARGS)
            argv[i] = slice_of(after + 2, length);
        p = after + 2 + length;
        cr_assert(p + 2 <= end && memcmp(p, "\r\n", 2) == 0);
        p += 2;
    }
    *rest = slice_of(p, (size_t)(end - p));
    return true;
}

/* All commands of all samples: whole, their arguments, their keys. */
Test(replay_parts, commands_of_all_samples)
{
    static const rf_server targets[] = {{RF_REDIS, 8, 10}, {RF_REDIS, 6, 2}, {RF_VALKEY, 9, 0}};
    size_t commands = 0;
    for (size_t i = 0; i < SAMPLES * 3; i++) {
        struct build b = {0};
        struct buffer resp = {0};
        rf_error error;
        put_sample(&b, &samples[i / 3]);
        const struct encoder_options options = {.target = targets[i % 3], .drop_unsupported = true};
        cr_assert_eq(run_encode(built(&b), 0, &options, &resp, &error), RF_OK, "%s", error.message);
        rf_slice mine = buffer_slice(&resp), theirs = mine, argv[COMMAND_ARGS];
        struct command command;
        size_t argc;
        for (; walk_command(&theirs, argv, &argc); commands++) {
            const uint8_t *start = mine.ptr;
            cr_assert(command_take(&mine, &command));
            cr_assert_eq(command.argc, argc);
            cr_assert_eq(mine.len, theirs.len);
            cr_assert(command.whole.ptr == start && mine.ptr == theirs.ptr &&
                      command.whole.ptr + command.whole.len == mine.ptr);
            for (size_t j = 0; j < argc && j < COMMAND_ARGS; j++)
                cr_assert(slice_equal(command.argv[j], argv[j]));
            if (argc > 1)
                cr_assert(slice_equal(command_key(command.whole), argv[1]));
        }
        cr_expect_not(command_take(&mine, &command));
        buffer_free(&resp);
        build_free(&b);
    }
    cr_expect_gt(commands, 200);
}

static void expect_key(const char *commands, const char *key)
{
    rf_slice exact = exact_copy(commands, strlen(commands));
    cr_expect(slice_equal(command_key(exact), slice_of(key, strlen(key))), "%s", commands);
    exact_free(exact);
}

Test(replay_parts, the_key_of_a_parcel)
{
    expect_key("", "");
    expect_key("*1\r\n$6\r\nASKING\r\n", "");
    expect_key("*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n*1\r\n$4\r\nEXEC\r\n", "k");
    expect_key("*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n", "k");
    expect_key("*3\r\n$5\r\nSETNX\r\n$1\r\nk\r\n$1\r\nv\r\n", "k");
    expect_key("*3\r\n$5\r\nRPUSH\r\n$1\r\nt\r\n$1\r\nv\r\n*3\r\n$6\r\nRENAME\r\n$1\r\nt\r\n$1\r\nk\r\n",
               "k");
    expect_key("*3\r\n$8\r\nRENAMENX\r\n$1\r\nt\r\n$0\r\n\r\n", "");
    expect_key("*3\r\n$3\r\nSET\r\n$6\r\nRENAME\r\n$8\r\nRENAMENX\r\n", "RENAME");
    expect_key("*2\r\n$6\r\nUNLINK\r\n$12\r\nk:rdbferry:x\r\n", "k:rdbferry:x");
}
