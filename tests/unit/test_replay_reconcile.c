/* SPDX-License-Identifier: MIT */
/* Keys that exist where they may be our own: what is compared, and what comes of it. */
#include "base/bytes.h"
#include "codec/crc64.h"
#include "support/replaying.h"
#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(replay_reconcile, .timeout = 120);

static const struct {
    const char *hex, *lost_at, *equal, *other;
} unconfirmed[] = {
    {"00 016b 0176", "SET k ", "SET k v", "SET k w"},
    {"01 016b 02 0161 0162", "RENAMENX k:", "RPUSH k a b", "RPUSH k b a"},
    {"02 016b 02 0161 0162", "RENAMENX k:", "SADD k b a", "SADD k a"},
    {"04 016b 01 0166 0176", "RENAMENX k:", "HMSET k f v", "HMSET k f w"},
    {"04 016b 01 0166 0176", "RENAMENX k:", "HMSET k f v", "SET k v"},
};

/* Lost before it was done, so what is there is somebody else's; where that is equal nobody minds. */
Test(replay_reconcile, whether_what_is_there_is_ours)
{
    for (size_t i = 0; i < 2 * sizeof unconfirmed / sizeof *unconfirmed; i++) {
        const struct fake_rule rules[] = {{.on = unconfirmed[i / 2].lost_at, .flags = FAKE_CLOSES},
                                          {.on = NULL}};
        bool equal = i % 2;
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS},
                              .there = equal ? unconfirmed[i / 2].equal : unconfirmed[i / 2].other,
                              .fake.rules = rules};
        put_hex(&p.input, unconfirmed[i / 2].hex);
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
        cr_expect_eq(p.counts.written, equal, "%s", unconfirmed[i / 2].hex);
        cr_expect_str_eq((char *)p.failures.data, equal ? "" : "exists 0:k: already exists on the target|");
        cr_expect_eq(p.fake.store.count, 1, "nothing is left beside it: %s", p.store);
        replaying_free(&p);
    }
}

Test(replay_reconcile, what_an_earlier_run_has_written_is_ours)
{
    for (size_t i = 0; i < 4 * sizeof unconfirmed / sizeof *unconfirmed; i++) {
        bool equal = i % 2, before = i / 2 % 2;
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS,
                                          .resumed = true,
                                          .written_until = {0, before ? 10 : 9}}, /* the key lies at 9 */
                              .there = equal ? unconfirmed[i / 4].equal : unconfirmed[i / 4].other};
        put_hex(&p.input, unconfirmed[i / 4].hex);
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
        cr_expect_eq(p.counts.written, equal && before, "%s", unconfirmed[i / 4].hex);
        cr_expect_eq(p.counts.failures[RF_FAILURE_EXISTS], !(equal && before));
        cr_expect_eq(p.fake.store.count, 1, "nothing is left beside it: %s", p.store);
        cr_expect_geq(fake_count(&p.fake, "CLIENT LIST"), 1);
        replaying_free(&p);
    }
}

/* The same value with another expiry is another key. */
Test(replay_reconcile, expiries_are_compared)
{
    static const struct fake_rule rules[] = {{.on = "SET k", .flags = FAKE_CLOSES}, {.on = NULL}};
    static const struct {
        const char *there;
        bool equal;
    } cases[] = {{"SET k v PXAT 10000000000000", true},
                 {"SET k v PXAT 10000000000050", true},
                 {"SET k v PXAT 10000000050000", false},
                 {"SET k v PXAT 9999999950000", false},
                 {"SET k v", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct replaying p = {.there = cases[i].there, .fake.rules = rules};
        put_hex(&p.input, "fc 00a0724e18090000 00 016b 0176");
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
        cr_expect_eq(p.counts.written, cases[i].equal, "%s", cases[i].there);
        cr_expect_eq(p.counts.failures[RF_FAILURE_EXISTS], !cases[i].equal);
        cr_expect_eq(p.fake.store.count, 1, "%s", p.store);
        replaying_free(&p);
    }
}

/* --- answers to the questions
 * ----------------------------------------------------------------------- */

#define KEYS "00 016b 0176 00 016d 0177"

/* "SET k " is lost, and then exists; the rest as the rule says. */
static void reconcile(struct replaying *p, const struct fake_rule *rule)
{
    const struct fake_rule rules[] = {
        {.on = "SET k ", .flags = FAKE_CLOSES | FAKE_DOES}, *rule, {.on = NULL}};
    p->options.connections = 1;
    p->fake.rules = rules;
    put_hex(&p->input, KEYS);
    replaying_run(p);
    p->fake.rules = NULL;
}

/* What passes is waited for. Behind that, what is invalid may be a failure of the key. */
Test(replay_reconcile, questions_that_are_not_answered_at_once)
{
    static const struct fake_rule rules[] = {
        {.on = "DUMP k:", .answer = "-LOADING x\r\n"}, {.on = "DUMP k", .answer = "-BUSY x\r\n", .times = 2},
        {.on = "PTTL k", .answer = "-BUSY x\r\n"},     {.on = "SET k:", .answer = "-LOADING x\r\n"},
        {.on = "DUMP k", .flags = FAKE_CLOSES},        {.on = "PTTL k", .flags = FAKE_CLOSES},
        {.on = "DUMP k", .answer = "?\r\n"},           {.on = "DUMP k", .answer = "$5\r\nhello\r\n"},
        {.on = "DUMP k", .answer = "$0\r\n\r\n"},      {.on = "DUMP k:", .answer = "*1\r\n:5\r\n"},
        {.on = "PTTL k", .answer = "+OK\r\n"},         {.on = "UNLINK k:", .answer = "-LOADING x\r\n"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct replaying p = {.options = {.retry_for_ms = 20000}};
        reconcile(&p, &rules[i]);
        cr_expect_eq(p.code, RF_OK, "%zu: %s", i, p.error.message);
        cr_expect_str_eq(p.store, "0:k=v|0:m=w|", "%zu: %s", i, p.store);
        cr_expect_eq(p.counts.written + p.counts.failed, 2);
        cr_expect_leq(p.counts.failed, i >= 7 && i <= 10, "%zu: %s", i, p.failures.data);
        replaying_free(&p);
    }
}

Test(replay_reconcile, questions_that_are_refused_end_the_run)
{
    static const struct fake_rule rule = {.on = "DUMP", .answer = "-NOPERM no\r\n", .times = FAKE_EVER};
    struct replaying p = {.options = {.retry_for_ms = 500}};
    reconcile(&p, &rule);
    cr_expect_eq(p.code, RF_E_TARGET);
    cr_expect(strstr(p.error.message, "NOPERM no"), "%s", p.error.message);
    cr_expect_leq(p.acked.offset, 9);
    replaying_free(&p);
}

/* What is there is of a kind that we do not know: it cannot be ours, and does not end the run. */
Test(replay_reconcile, a_value_of_a_kind_that_is_not_known)
{
    uint8_t payload[] = {0x3e, 'x', 'y', 'z', 'O', 'O', 0, 0, 0, 0, 0, 0, 0, 0};
    char answer[64] = "$14\r\n";
    const struct fake_rule rule = {.on = "DUMP k", .answer = answer, .times = FAKE_EVER};
    const struct fake_rule rules[] = {
        {.on = "SET k ", .flags = FAKE_CLOSES}, {.on = "DUMP k:"}, rule, {.on = NULL}};
    store_le64(payload + 6, crc64(0, payload, 6));
    cr_assert_null(memchr(payload, 0, sizeof payload));
    memcpy(answer + 5, payload, sizeof payload);
    memcpy(answer + 5 + sizeof payload, "\r\n", 3);
    struct replaying p = {
        .options = {.retry_for_ms = 1000, .connections = 1}, .there = "SET k odd", .fake.rules = rules};
    put_hex(&p.input, KEYS);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_eq(p.counts.failed, 1);
    cr_expect_str_eq(p.store, "0:k=odd|0:m=w|", "%s", p.store);
    replaying_free(&p);
}

/* --- a value that the server cannot read
 * ------------------------------------------------------------ */

/* It says so, and closes the connection: that is the key's failure, and no reason to try again and again. */
Test(replay_reconcile, protocol_errors)
{
    static const char *const forms[] = {"00 016b 0176", "01 016b 01 0176", "01 016b 01 0176"};
    static const char *const on[] = {"SET k ", "RESTORE k", "RPUSH k:"};
    for (size_t i = 0; i < 3; i++) {
        const struct fake_rule rules[] = {{.on = on[i],
                                           .answer = "-ERR Protocol error: invalid bulk length\r\n",
                                           .flags = FAKE_CLOSES,
                                           .times = FAKE_EVER},
                                          {.on = NULL}};
        struct replaying p = {.options = {.retry_for_ms = 1000,
                                          .connections = 1,
                                          .mode = i == 2 ? RF_REPLAY_COMMANDS : RF_REPLAY_AUTO},
                              .fake.rules = rules};
        put_hex(&p.input, forms[i]);
        put_hex(&p.input, "00 016d 0177");
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%s: %s", on[i], p.error.message);
        cr_expect_str_eq((char *)p.failures.data, "rejected 0:k: ERR Protocol error: invalid bulk length|",
                         "%s", p.failures.data);
        cr_expect_str_eq(p.store, "0:m=w|", "%s", p.store);
        replaying_free(&p);
    }
}
