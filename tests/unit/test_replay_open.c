/* SPDX-License-Identifier: MIT */
/* How a replay begins: what it makes of the target, and what it cannot go on with. */
#include "base/bytes.h"
#include "support/replaying.h"
#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(replay_open, .timeout = 120);

#define KEY "00 016b 0176"

static void expect_refused(struct replaying *p, rf_code code, const char *message)
{
    put_hex(&p->input, KEY);
    replaying_run(p);
    cr_expect_eq(p->code, code, "%s", p->error.message);
    cr_expect(strstr(p->error.message, message), "%s", p->error.message);
    replaying_free(p);
}

Test(replay_open, what_the_target_says_of_itself)
{
    static const struct {
        const char *replication, *role, *message;
    } wrong[] = {
        {"role:slave\r\nmaster_host:h", NULL, "is a replica"},
        {NULL, "*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$1\r\nx\r\n:0\r\n", "is a replica"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct fake_rule silent[] = {
            {.on = "INFO", .answer = "-ERR unknown command\r\n", .times = FAKE_EVER},
            {.on = "ROLE", .answer = wrong[i].role, .times = FAKE_EVER},
            {.on = NULL}};
        struct replaying p = {
            .fake = {.replication = wrong[i].replication, .rules = wrong[i].role ? silent : NULL}};
        expect_refused(&p, RF_E_TARGET, wrong[i].message);
    }
}

/* Answers of other kinds than are expected end it, or do not matter: nothing else. */
Test(replay_open, answers_that_make_no_sense)
{
    static const char *const questions[] = {"INFO server",          "INFO replication", "CONFIG GET proto",
                                            "CONFIG GET databases", "CLIENT SETNAME",   "CLIENT LIST"};
    static const char *const answers[] = {"*0\r\n",
                                          "*-1\r\n",
                                          "$-1\r\n",
                                          ":5\r\n",
                                          "$0\r\n\r\n",
                                          "+OK\r\n",
                                          "*1\r\n:1000\r\n",
                                          "*2\r\n:1000\r\n:1000\r\n",
                                          "*2\r\n*1\r\n:5\r\n*0\r\n",
                                          "*2\r\n*0\r\n*0\r\n",
                                          "*2\r\n$1\r\na\r\n$-1\r\n",
                                          "*2\r\n$1\r\na\r\n$20\r\n99999999999999999999\r\n",
                                          "*2\r\n$1\r\na\r\n$2\r\n-5\r\n",
                                          "-ERR unknown command\r\n",
                                          "-NOPERM no\r\n"};
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        for (size_t j = 0; j < sizeof answers / sizeof *answers; j++) {
            const struct fake_rule rules[] = {{.on = questions[i], .answer = answers[j], .times = FAKE_EVER},
                                              {.on = NULL}};
            struct replaying p = {.options = {.retry_for_ms = 200, .resumed = i == 5 && j == 0},
                                  .fake.rules = rules};
            put_hex(&p.input, KEY);
            replaying_run(&p);
            cr_expect(p.code == RF_OK || p.code == RF_E_TARGET, "%s gives %s: %s", questions[i], answers[j],
                      p.error.message);
            cr_expect_eq(p.code == RF_OK, strcmp(p.store, "0:k=v|") == 0, "%s gives %s", questions[i],
                         answers[j]);
            if (i >= 2)
                cr_expect_eq(p.code, RF_OK, "%s gives %s: %s", questions[i], answers[j], p.error.message);
            replaying_free(&p);
        }
}

Test(replay_open, what_is_done_without)
{
    static const struct fake_rule rules[] = {{.on = "CONFIG", .answer = "-NOPERM no\r\n", .times = FAKE_EVER},
                                             {.on = "CLIENT", .answer = "-NOPERM no\r\n", .times = FAKE_EVER},
                                             {.on = "WAIT", .answer = "-NOPERM no\r\n", .times = FAKE_EVER},
                                             {.on = NULL}};
    struct replaying p = {.fake.rules = rules};
    replaying_expect(&p, "fe03" KEY, "3:k=v|");
    cr_expect_eq(p.counts.written, 1);
    replaying_free(&p);
}

/* --- databases ------------------------------------------------------------------------------------------ */

Test(replay_open, databases_that_the_target_does_not_have)
{
    static const struct fake_rule silent[] = {
        {.on = "CONFIG", .answer = "-NOPERM no\r\n", .times = FAKE_EVER}, {.on = NULL}};
    struct replaying known = {.fake = {0}}, unknown = {.fake.rules = silent};
    put_hex(&known.input, KEY "fe10");
    expect_refused(&known, RF_E_INCOMPATIBLE, "the target has no database 16");
    put_hex(&unknown.input, KEY "fe10");
    expect_refused(&unknown, RF_E_INCOMPATIBLE, "database 16: ERR DB index is out of range");
}

Test(replay_open, a_select_that_is_refused_for_a_while)
{
    static const struct fake_rule rules[] = {{.on = "SELECT", .answer = "-LOADING x\r\n", .times = 3},
                                             {.on = NULL}};
    struct replaying p = {.options = {.connections = 1}, .fake.rules = rules};
    replaying_expect(&p, KEY "fe05" KEY "fe00 00 016d 0176", "0:k=v|0:m=v|5:k=v|");
    replaying_free(&p);
}

Test(replay_open, a_select_whose_connection_is_lost)
{
    for (int flags = 0; flags <= FAKE_DOES; flags++) {
        const struct fake_rule rules[] = {{.on = "SELECT 5", .flags = FAKE_CLOSES | flags},
                                          {.on = "SELECT 0", .flags = FAKE_CLOSES},
                                          {.on = NULL}};
        struct replaying p = {.options = {.connections = 1}, .fake.rules = rules};
        replaying_expect(&p, KEY "fe05" KEY "fe00 00 016d 0176", "0:k=v|0:m=v|5:k=v|");
        replaying_free(&p);
    }
}

/* --- passwords ------------------------------------------------------------------------------------------ */

/* Whatever the server says. */
Test(replay_open, no_error_shows_the_password)
{
    static const char *const answers[] = {
        "-ERR unknown command 'AUTH', with args beginning with: 'hunter2secret'\r\n", "+hunter2secret\r\n",
        "hunter2secret\r\n", "-ERR AUTH user hunter2secret\r\n"};
    for (size_t i = 0; i < 2 * sizeof answers / sizeof *answers; i++) {
        const struct fake_rule rules[] = {{.on = "AUTH", .times = 2},
                                          {.on = "AUTH", .answer = answers[i / 2], .times = FAKE_EVER},
                                          {.on = NULL}};
        struct replaying p = {.options = {.retry_for_ms = 200},
                              .password = "hunter2secret",
                              .fake.rules = i % 2 ? rules : rules + 1};
        put_hex(&p.input, KEY);
        replaying_run(&p);
        cr_expect_null(strstr(p.error.message, "hunter2"), "%s", p.error.message);
        cr_expect_null(strstr((char *)p.log.data, "hunter2"), "%s", p.log.data);
        cr_expect_null(strstr((char *)p.failures.data, "hunter2"), "%s", p.failures.data);
        replaying_free(&p);
    }
}

Test(replay_open, a_target_may_not_name_a_database)
{
    rf_target target;
    rf_replay *replay;
    rf_error error;
    rf_replay_options options = {.run = "x"};
    cr_assert_eq(rf_target_parse("redis://127.0.0.1:1/5", &target, &error), RF_OK);
    cr_expect_eq(rf_replay_open(&target, &options, &replay, &error), RF_E_ARGUMENT);
    cr_expect_null(replay);
    rf_target_free(&target);
}

/* --- how long ------------------------------------------------------------------------------------------- */

Test(replay_open, patience_comes_to_an_end)
{
    static const struct {
        struct fake_rule rule;
        const char *why, *key; /* the key, where it is of one that something was said */
    } troubles[] = {
        {{.on = "SET ", .answer = "-LOADING dataset\r\n", .times = FAKE_EVER}, "LOADING dataset", "k"},
        {{.on = "SET ", .answer = "-MASTERDOWN x\r\n", .times = FAKE_EVER}, "MASTERDOWN x", "k"},
        {{.on = "SET ", .flags = FAKE_CLOSES, .times = FAKE_EVER}, "connection lost", ""},
        {{.on = "SELECT 3", .answer = "-LOADING x\r\n", .times = FAKE_EVER}, "cannot select database 3", ""},
    };
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        const struct fake_rule rules[] = {troubles[i].rule, {.on = NULL}};
        struct replaying p = {.options = {.retry_for_ms = 300}, .fake.rules = rules};
        put_hex(&p.input, "fe03" KEY);
        replaying_run(&p);
        cr_expect_eq(p.code, RF_E_UNAVAILABLE);
        cr_expect(strstr(p.error.message, troubles[i].why), "%s", p.error.message);
        cr_expect(strstr(p.error.message, "; gave up after 0.3 s"), "%s", p.error.message);
        cr_expect_str_eq(p.error.key, troubles[i].key);
        cr_expect_leq(p.acked.offset, 9 + 2);
        replaying_free(&p);
    }
}

Test(replay_open, whoever_calls_can_end_it)
{
    static const struct fake_rule rules[] = {{.on = "SET ", .answer = "-LOADING x\r\n", .times = FAKE_EVER},
                                             {.on = NULL}};
    struct replaying p = {.ticks = 3, .fake.rules = rules};
    put_hex(&p.input, KEY);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_WRITE);
    cr_expect_str_eq(p.error.message, "enough");
    cr_expect_eq(p.acked.offset, 9);
    replaying_free(&p);
}

/* Also while a new connection is not answered, which would take a minute. */
Test(replay_open, whoever_calls_can_end_it_while_it_connects, .timeout = 30)
{
    static const struct fake_rule rules[] = {
        {.on = "SET ", .flags = FAKE_CLOSES},
        {.on = "CLIENT SETNAME", .times = 2}, /* pipeline and control */
        {.on = "CLIENT SETNAME", .flags = FAKE_HANGS, .times = FAKE_EVER},
        {.on = NULL}};
    struct replaying p = {.ticks = 3, .timeout_ms = 600 * 1000, .fake.rules = rules};
    put_hex(&p.input, KEY);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_WRITE);
    cr_expect_str_eq(p.error.message, "enough");
    cr_expect_eq(p.acked.offset, 9);
    replaying_free(&p);
}

Test(replay_open, closed_without_a_finish)
{
    static const struct fake_rule rules[] = {{.on = "SET ", .answer = "", .times = FAKE_EVER}, {.on = NULL}};
    for (int i = 0; i < 2; i++) {
        struct replaying p = {.abandoned = true, .fake.rules = i ? rules : NULL};
        put_hex(&p.input, KEY "01 016c 01 0161");
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
        if (i > 0)
            cr_expect_eq(p.acked.offset, 9);
        replaying_free(&p);
    }
}

Test(replay_open, at_a_rate)
{
    struct replaying p = {.options = {.rate = 2000}};
    replaying_expect(&p, KEY "00 016c 0176 00 016d 0176", "0:k=v|0:l=v|0:m=v|");
    cr_expect_eq(p.counts.bytes, 3 * strlen("*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$2\r\nNX\r\n"));
    replaying_free(&p);
}

/* What is in flight when it ends leaves nothing beside the keys. */
Test(replay_open, no_temporary_name_is_left_behind)
{
    static const struct fake_rule rules[] = {{.on = "RENAMENX m:", .answer = "-OOM x\r\n"}, {.on = NULL}};
    struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS}, .fake.rules = rules};
    put_hex(&p.input, "01 016c 01 0161 01 016d 01 0161");
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_TARGET);
    cr_expect_str_eq(p.store, "0:l=a|");
    replaying_free(&p);
}

/* --- libraries ------------------------------------------------------------------------------------------ */

#define LIBRARY "f5 0d 23216c7561206e616d653d310a" /* "#!lua name=1\n" */

Test(replay_open, answers_of_function_list)
{
    static const char *const answers[] = {
        "*0\r\n",
        "$-1\r\n",
        "+OK\r\n",
        ":1000\r\n",
        "*1\r\n:1000\r\n",
        "*1\r\n+x\r\n",
        "*1\r\n*0\r\n",
        "*1\r\n*1\r\n+library_code\r\n",
        "*1\r\n*3\r\n+a\r\n+b\r\n+library_code\r\n",
        "*1\r\n*4\r\n*1\r\n:5\r\n*2\r\n:1\r\n:2\r\n$12\r\nlibrary_code\r\n$-1\r\n",
        "*1\r\n*2\r\n$12\r\nlibrary_code\r\n$13\r\n#!lua name=1\n\r\n",
        "*1\r\n*2\r\n$12\r\nlibrary_code\r\n*1\r\n:1\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct fake_rule rules[] = {{.on = "FUNCTION LIST", .answer = answers[i]}, {.on = NULL}};
        struct replaying p = {.options = {.on_exists = RF_ON_EXISTS_REPLACE}, .fake.rules = rules};
        replaying_expect(&p, LIBRARY, "");
        cr_expect_eq(p.counts.libraries, 1, "%s", answers[i]);
        replaying_free(&p);
    }
}

Test(replay_open, libraries_that_are_refused)
{
    static const struct {
        const char *on, *answer;
        rf_code code;
        unsigned libraries, failures;
    } cases[] = {
        {"FUNCTION LIST", "-LOADING x\r\n", RF_OK, 1, 0},
        {"FUNCTION LOAD", "-BUSY x\r\n", RF_OK, 1, 0},
        {"FUNCTION LOAD", "-ERR Library 'x' already exists\r\n", RF_OK, 1, 0},
        {"FUNCTION LOAD", "-ERR Error compiling function\r\n", RF_OK, 0, 1},
        {"FUNCTION LOAD", "-OOM x\r\n", RF_E_TARGET, 0, 0},
        {"FUNCTION LIST", "-NOPERM x\r\n", RF_E_TARGET, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fake_rule rules[] = {{.on = cases[i].on, .answer = cases[i].answer}, {.on = NULL}};
        struct replaying p = {.fake.rules = rules};
        put_hex(&p.input, LIBRARY);
        replaying_run(&p);
        cr_expect_eq(p.code, cases[i].code, "%s: %s", cases[i].answer, p.error.message);
        cr_expect_eq(p.counts.libraries, cases[i].libraries, "%s", cases[i].answer);
        cr_expect_eq(p.counts.failures[RF_FAILURE_REFUSED], cases[i].failures);
        cr_expect_eq(p.counts.failed, 0, "no key is among them");
        if (cases[i].failures > 0)
            cr_expect_str_eq((char *)p.failures.data, "rejected -1:1: ERR Error compiling function|");
        replaying_free(&p);
    }
}
