/* SPDX-License-Identifier: MIT */
/* Connections that are lost: before a command, behind one, in the middle of an answer. What is sent again,
 * and what comes before it. */
#include "base/bytes.h"
#include "base/clock.h"
#include "support/replaying.h"
#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(replay_lost, .timeout = 120);

#define KEYS   "00 026b31 0161 00 026b32 0162 00 026b33 0163"
#define UNTIL  "fc 00a0724e18090000"
#define OTHERS UNTIL "00 0165 0176" UNTIL "01 016c 02 0161 0162 01 016d 01 0161"

/* All forms of commands there are; with RESTORE, lists are one of them. */
static const char *const steps[] = {"SET k1 ",      "SET k2 ",     "SET k3 ",  "SET e",       "RPUSH l:",
                                    "PEXPIREAT l:", "RENAMENX l:", "RPUSH m:", "RENAMENX m:", "RESTORE l",
                                    "RESTORE m",    "MULTI",       "EXEC"};

static void expect_all(struct replaying *p, const char *step)
{
    bool restored = p->options.mode == RF_REPLAY_AUTO;
    put_hex(&p->input, KEYS OTHERS);
    replaying_run(p);
    cr_expect_eq(p->code, RF_OK, "%s: %s", step, p->error.message);
    cr_expect_str_eq(p->store,
                     restored ? "0:e=v|0:k1=a|0:k2=b|0:k3=c|0:l=[0201610162]|0:m=[010161]|"
                              : "0:e=v|0:k1=a|0:k2=b|0:k3=c|0:l=a b|0:m=a|",
                     "%s: %s", step, p->store);
    cr_expect_eq(p->counts.written, 6, "%s", step);
    cr_expect_eq(p->counts.restored, restored ? 2 : 0, "%s", step);
    cr_expect_str_eq((char *)p->failures.data, "", "%s: %s", step, p->failures.data);
    cr_expect_eq(p->letters.len, 0);
}

static void lose_at(const char *step, const char *partial, int flags, unsigned connections)
{
    const struct fake_rule rules[] = {{.on = step, .answer = partial, .flags = FAKE_CLOSES | flags},
                                      {.on = NULL}};
    bool restored = strncmp(step, "RESTORE", 7) == 0;
    struct replaying p = {
        .options = {.mode = restored ? RF_REPLAY_AUTO : RF_REPLAY_COMMANDS, .connections = connections},
        .fake.rules = rules};
    expect_all(&p, step);
    bool sent = fake_count(&p.fake, step) > 0;
    cr_expect_eq(p.counts.lost, sent, "%s", step);
    cr_expect_geq(p.counts.resent, sent, "%s", step);
    replaying_free(&p);
}

Test(replay_lost, before_a_command)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        lose_at(steps[i], NULL, 0, 1 + i % 2);
}

Test(replay_lost, behind_a_command_without_its_answer)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        lose_at(steps[i], NULL, FAKE_DOES, 1 + i % 2);
}

Test(replay_lost, in_the_middle_of_an_answer)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        lose_at(steps[i], i % 2 ? "+O" : "$5\r\nab", FAKE_DOES, 1);
}

Test(replay_lost, what_is_no_answer)
{
    static const char *const garbage[] = {"HTTP/1.1 400 Bad Request\r\n", "*99999999999\r\n", "$-7\r\n",
                                          "\r\n", "=5\r\nhello\r\n"};
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        const struct fake_rule rules[] = {{.on = "SET k2 ", .answer = garbage[i], .flags = FAKE_DOES},
                                          {.on = NULL}};
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS, .connections = 1}, .fake.rules = rules};
        expect_all(&p, garbage[i]);
        cr_expect_eq(p.counts.lost, 1, "%s", garbage[i]);
        replaying_free(&p);
    }
}

/* As long as it is answered at all, it waits; then it does not. */
Test(replay_lost, a_server_that_says_nothing)
{
    static const char *const silent[] = {"", "*3\r\n+a\r\n", "$100\r\nabc"};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        const struct fake_rule rules[] = {
            {.on = "SET k3 ", .answer = silent[i], .flags = FAKE_HANGS | FAKE_DOES}, {.on = NULL}};
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS, .connections = 1},
                              .fake.rules = rules,
                              .timeout_ms = 300};
        expect_all(&p, silent[i]);
        cr_expect(strstr((char *)p.log.data, ": no reply within 0.3 s"), "%s", p.log.data);
        replaying_free(&p);
    }
}

/* --- what comes before anything is sent again ---------------------------------------------------------- */

/* The connection, which the server has not done with yet, is killed. */
Test(replay_lost, lost_connections_are_killed_first)
{
    static const struct fake_rule rules[] = {{.on = "SET k2 ", .flags = FAKE_CLOSES | FAKE_LINGERS},
                                             {.on = NULL}};
    struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS, .connections = 1}, .fake.rules = rules};
    expect_all(&p, "SET k2 ");
    long lost = fake_find(&p.fake, 0, "SET k2 "), killed = fake_find(&p.fake, 0, "CLIENT KILL ID");
    cr_assert_gt(killed, lost);
    char expected[64];
    snprintf(expected, sizeof expected, "CLIENT KILL ID %u", p.fake.log[lost].connection);
    cr_expect_str_eq(p.fake.log[killed].text, expected);
    for (long i = lost + 1; i < killed; i++)
        cr_expect(p.fake.log[i].text[0] == 'C' || p.fake.log[i].text[0] == 'I', "%s comes before it",
                  p.fake.log[i].text);
    cr_expect_eq(fake_count(&p.fake, "CLIENT KILL"), 1);
    replaying_free(&p);
}

/* Without that, time passes: at the least it is not sent again at once. */
Test(replay_lost, where_that_is_refused_some_time_passes)
{
    static const struct fake_rule refused[][3] = {
        {{.on = "SET k2 ", .flags = FAKE_CLOSES | FAKE_LINGERS},
         {.on = "CLIENT LIST", .answer = "-NOPERM no\r\n", .times = FAKE_EVER},
         {.on = NULL}},
        {{.on = "SET k2 ", .flags = FAKE_CLOSES | FAKE_LINGERS},
         {.on = "CLIENT KILL", .answer = "-NOPERM no\r\n", .times = FAKE_EVER},
         {.on = NULL}},
    };
    for (size_t i = 0; i < 2; i++) {
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS, .connections = 1},
                              .fake.rules = refused[i]};
        int64_t began = clock_monotonic_ms();
        expect_all(&p, "SET k2 ");
        cr_expect_geq(clock_monotonic_ms() - began, 1000);
        replaying_free(&p);
    }
}

/* Every line that could be one of ours, and those that only look so. */
Test(replay_lost, nasty_lines_of_client_list)
{
    static const char lines[] = "id=101 name=rdbferry-test-1000\n"
                                "id=102 addr=x name=rdbferry-test-1001 age=5"
                                "\r\n"
                                "id=103 name=rdbferry-test-\n"
                                "id=104 name=rdbferry-tes-1\n"
                                "id=105 name=rdbferry-testa-1\n"
                                "id=106 lib-name=rdbferry-test-1\n"
                                "id=107 name= rdbferry-test-1\n"
                                "id= name=rdbferry-test-1002\n"
                                "name=rdbferry-test-1003\n"
                                "\n\n   \n=\n===\nid\nname\n"
                                "name=rdbferry-test-1004 id=108\n"
                                "id=109 NAME=rdbferry-test-1\n"
                                "id=110 name=xrdbferry-test-1\n"
                                "id=111 name=rdbferry-test-1005"; /* without an end */
    char answer[1024];
    snprintf(answer, sizeof answer, "$%zu\r\n%s\r\n", sizeof lines - 1, lines);
    const struct fake_rule rules[] = {
        {.on = "SET k2 ", .flags = FAKE_CLOSES}, {.on = "CLIENT LIST", .answer = answer}, {.on = NULL}};
    struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS, .connections = 1}, .fake.rules = rules};
    expect_all(&p, "CLIENT LIST");
    cr_expect_eq(fake_count(&p.fake, "CLIENT KILL"), 4);
    cr_expect_eq(fake_count(&p.fake, "CLIENT KILL ID 101"), 1);
    cr_expect_eq(fake_count(&p.fake, "CLIENT KILL ID 102"), 1);
    cr_expect_eq(fake_count(&p.fake, "CLIENT KILL ID 108"), 1);
    cr_expect_eq(fake_count(&p.fake, "CLIENT KILL ID 111"), 1);
    replaying_free(&p);
}
