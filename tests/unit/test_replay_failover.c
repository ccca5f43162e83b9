/* SPDX-License-Identifier: MIT */
/* A connection is lost over a key that was written, the key is found there, and then a failover takes it
 * away: no replica had it. */
#include "base/bytes.h"
#include "support/replaying.h"
#include <criterion/criterion.h>

TestSuite(replay_failover, .timeout = 120);

#define FOLLOWED \
    "role:master\r\nconnected_slaves:1\r\nslave0:ip=10.0.0.1,port=6379,state=online,offset=1,lag=0"

/* With the first WAIT: whoever goes on from here does not have the key. */
static const struct fake_rule *fail_over(struct fake_target *t, const char *command)
{
    static const struct fake_rule closes = {.flags = FAKE_CLOSES};
    bool *done = t->ctx;
    struct buffer ignored = {0};
    if (*done || strncmp(command, "WAIT", 4) != 0)
        return NULL;
    *done = true;
    cr_assert(fake_store_do(&t->store, 0, 0, (const rf_slice[]){SLICE("DEL"), SLICE("k")}, 2, &ignored));
    buffer_free(&ignored);
    return &closes;
}

static const struct fake_rule no_rename = {
    .on = "rename",
    .answer = "-NOPERM this user has no permissions to run the 'rename' command\r\n",
    .times = FAKE_EVER};

static const struct {
    const char *hex, *lost_at, *store;
    rf_replay_mode mode;
    size_t big_key;
    bool in_place; /* the target does not rename */
} cases[] = {
    {"00 016b 0176", "SET k ", "0:k=v|", RF_REPLAY_AUTO, 0, false},
    {"01 016b 02 0161 0162", "RESTORE k ", "0:k=[0201610162]|", RF_REPLAY_AUTO, 0, false},
    {"01 016b 02 0161 0162", "RENAMENX k:", "0:k=a b|", RF_REPLAY_COMMANDS, 0, false},
    {"01 016b 02 0161 0162", "RENAMENX k:", "0:k=a b|", RF_REPLAY_COMMANDS, 1, false},
    {"01 016b 02 0161 0162", "EXEC", "0:k=a b|", RF_REPLAY_COMMANDS, 0, true},
};

Test(replay_failover, a_key_that_is_there_and_no_replica_has)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool done = false;
        const struct fake_rule rules[] = {{.on = cases[i].lost_at, .flags = FAKE_CLOSES | FAKE_DOES},
                                          cases[i].in_place ? no_rename : (struct fake_rule){0},
                                          {.on = NULL}};
        struct replaying p = {
            .options = {.mode = cases[i].mode, .big_key = cases[i].big_key, .connections = 1},
            .waits = 2,
            .fake = {.rules = rules, .replication = FOLLOWED, .decide = fail_over, .ctx = &done}};
        replaying_expect(&p, cases[i].hex, cases[i].store);
        cr_expect(done, "case %zu: WAIT was not asked", i);
        cr_expect_eq(p.counts.written, 1, "case %zu", i);
        cr_expect_str_eq(replaying_text(&p.failures), "", "case %zu", i);
        replaying_free(&p);
    }
}

/* What the replicas have by now is not sent a third time. */
Test(replay_failover, a_key_that_is_there_and_replicas_have)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fake_rule rules[] = {{.on = cases[i].lost_at, .flags = FAKE_CLOSES | FAKE_DOES},
                                          cases[i].in_place ? no_rename : (struct fake_rule){0},
                                          {.on = NULL}};
        struct replaying p = {
            .options = {.mode = cases[i].mode, .big_key = cases[i].big_key, .connections = 1},
            .waits = 1,
            .fake = {.rules = rules, .replication = FOLLOWED}};
        replaying_expect(&p, cases[i].hex, cases[i].store);
        cr_expect_eq(p.counts.written, 1, "case %zu", i);
        cr_expect_eq(fake_count(&p.fake, cases[i].lost_at), cases[i].in_place ? 1 : 3, "case %zu", i);
        replaying_free(&p);
    }
}
