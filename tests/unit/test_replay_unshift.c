/* SPDX-License-Identifier: MIT */
/* Taking the shift of expiries off, while the clients wait. */
#include "support/fake_target.h"
#include <criterion/criterion.h>
#include <rdbferry/replay.h>
#include <string.h>

TestSuite(replay_unshift, .timeout = 120);

#define SHIFTED(ms)       ":10000000" ms "\r\n" /* RF_EXPIRY_SHIFT and so many */
#define KEYS(cursor, key) "*2\r\n$1\r\n" cursor "\r\n*1\r\n$4\r\n" key "\r\n"
#define NO_KEYS           "*2\r\n$1\r\n0\r\n*0\r\n"

static void run(struct fake_target *t, const struct fake_rule *rules)
{
    enum { TIMEOUT_MS = 3000 };
    static const rf_replay_options options = {.run = "test"};
    rf_replay *replay;
    rf_error error;
    t->rules = rules;
    fake_target_start(t);
    t->target.timeout_ms = TIMEOUT_MS;
    cr_assert_eq(rf_replay_open(&t->target, &options, &replay, &error), RF_OK, "%s", error.message);
    cr_expect_eq(rf_replay_unshift_expiries(replay, &error), RF_OK, "%s", error.message);
    rf_replay_close(replay);
    fake_target_stop(t);
}

static size_t find(const struct fake_target *t, unsigned node, const char *command)
{
    size_t i = 0;
    while (i < t->logged && (t->log[i].node != node || strcmp(t->log[i].text, command) != 0))
        i++;
    cr_expect_lt(i, t->logged, "%s is missing", command);
    return i;
}

/* The target serves its connections in turn. What is not shifted stays as it is. */
Test(replay_unshift, nothing_waits_for_another_node_or_page)
{
    static const struct fake_rule rules[] = {{.on = "SCAN 0", .answer = KEYS("7", "{b}1"), .node = 1},
                                             {.on = "SCAN 7", .answer = KEYS("8", "{b}2"), .node = 1},
                                             {.on = "SCAN 8", .answer = KEYS("0", "{b}3"), .node = 1},
                                             {.on = "SCAN 0", .answer = KEYS("0", "{c}1"), .node = 2},
                                             {.on = "SCAN 0", .answer = NO_KEYS, .node = 3},
                                             {.on = "PEXPIRETIME {b}1", .answer = SHIFTED("001000")},
                                             {.on = "PEXPIRETIME {b}2", .answer = ":5000\r\n"},
                                             {.on = "PEXPIRETIME {b}3", .answer = ":-1\r\n"},
                                             {.on = "PEXPIRETIME {c}1", .answer = SHIFTED("003000")},
                                             {.on = NULL}};
    struct fake_target t = {.nodes = 3, .cluster = true};
    run(&t, rules);
    cr_expect_lt(find(&t, 0, "SCAN 7 COUNT 1000"), find(&t, 0, "PEXPIRETIME {b}1"));
    cr_expect_lt(find(&t, 0, "PEXPIRETIME {b}2"), find(&t, 0, "PEXPIREAT {b}1 1000"));
    cr_expect_lt(find(&t, 1, "SCAN 0 COUNT 1000"), find(&t, 0, "SCAN 8 COUNT 1000"));
    find(&t, 1, "PEXPIREAT {c}1 3000");
    cr_expect_eq(fake_count(&t, "PEXPIREAT"), 2);
    fake_target_free(&t);
}

/* All nodes begin again, over new connections: replies were pending on the old ones. */
Test(replay_unshift, lost_connection)
{
    static const struct fake_rule rules[] = {
        {.on = "PEXPIRETIME {b}1", .flags = FAKE_CLOSES},
        {.on = "SCAN 0", .answer = KEYS("0", "{b}1"), .node = 1, .times = 2},
        {.on = "SCAN 0", .answer = KEYS("0", "{c}1"), .node = 2, .times = 2},
        {.on = "PEXPIRETIME {b}1", .answer = SHIFTED("001000")},
        {.on = "PEXPIRETIME {c}1", .answer = SHIFTED("003000"), .times = 2},
        {.on = NULL}};
    struct fake_target t = {.nodes = 2, .cluster = true};
    run(&t, rules);
    cr_expect_eq(fake_count(&t, "SCAN"), 4);
    cr_expect_eq(fake_count(&t, "PEXPIREAT {b}1 1000"), 1);
    cr_expect_geq(fake_count(&t, "PEXPIREAT {c}1 3000"), 1);
    fake_target_free(&t);
}
