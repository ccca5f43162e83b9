/* SPDX-License-Identifier: MIT */
/* How long a string the target takes (proto-max-bulk-len), and what goes another way because of it. */
#include "base/bytes.h"
#include "support/replaying.h"
#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(replay_limits, .timeout = 120);

enum { LONGEST = 1024 * 1024 };

static const struct fake_rule limited[] = {{.on = "CONFIG GET proto-max-bulk-len",
                                            .answer = "*2\r\n$18\r\nproto-max-bulk-len\r\n$7\r\n1048576\r\n",
                                            .times = FAKE_EVER},
                                           {.on = NULL}};

static void put_long(struct build *b, size_t length)
{
    uint8_t *bytes = malloc(length);
    cr_assert(bytes);
    memset(bytes, 'x', length);
    put_blob(b, slice_of(bytes, length));
    free(bytes);
}

/* A key of this type and form, whose one element has so many bytes; and another key behind it. */
static void put_keys(struct build *b, uint8_t type, bool expires, size_t length)
{
    if (expires)
        put_hex(b, "fc 00a0724e18090000");
    put_key(b, type, "k");
    if (type)
        put_len(b, 1);
    if (type == 4)
        put_str(b, "field");
    put_long(b, length);
    put_key(b, 0, "s");
    put_str(b, "v");
}

/* As long as it may be, it is written; one byte more, and it is said that it cannot be. */
Test(replay_limits, strings_of_all_types)
{
    static const uint8_t types[] = {0, 1, 2, 4};
    static const char *const versions[] = {"redis_version:7.2.0", "redis_version:5.0.7",
                                           "redis_version:2.8.24"};
    for (size_t i = 0; i < 4 * 3 * 2 * 2; i++) {
        uint8_t type = types[i % 4];
        const char *version = versions[i / 4 % 3];
        bool expires = i / 12 % 2, too_long = i / 24;
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS},
                              .fake = {.rules = limited, .version = version}};
        put_keys(&p.input, type, expires, LONGEST + too_long);
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
        cr_expect_eq(p.counts.failures[RF_FAILURE_UNSUPPORTED], too_long, "type %u, %s, %s", type, version,
                     expires ? "expires" : "does not expire");
        cr_expect_eq(p.counts.written, 2 - too_long);
        cr_expect_eq(p.fake.store.count, 2 - too_long, "%.200s", p.store);
        replaying_free(&p);
    }
}

/* A payload that is too long is no reason not to write a value whose elements are not. */
Test(replay_limits, a_payload_that_is_too_long_goes_as_commands)
{
    struct replaying p = {.options = {.big_key = 10 * LONGEST}, .fake.rules = limited};
    put_key(&p.input, 1, "l");
    put_len(&p.input, 3);
    for (int i = 0; i < 3; i++)
        put_long(&p.input, LONGEST / 2);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_eq(p.counts.written, 1, "%s", p.failures.data);
    cr_expect_eq(p.counts.restored, 0);
    replaying_free(&p);
}

/* Likewise where nothing else was asked for, it is said. */
Test(replay_limits, a_payload_that_is_too_long_and_has_to_be_restored)
{
    struct replaying p = {.options = {.mode = RF_REPLAY_RESTORE, .big_key = 10 * LONGEST},
                          .fake.rules = limited};
    put_key(&p.input, 1, "l");
    put_len(&p.input, 3);
    for (int i = 0; i < 3; i++)
        put_long(&p.input, LONGEST / 2);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_eq(p.counts.written + p.counts.failures[RF_FAILURE_UNSUPPORTED], 1, "%s", p.failures.data);
    cr_expect_eq(p.counts.failed, p.counts.failures[RF_FAILURE_UNSUPPORTED]);
    replaying_free(&p);
}
