/* SPDX-License-Identifier: MIT */
/* Commands of an AOF: what each of them is answered, and what transactions are. */
#include "base/bytes.h"
#include "support/replaying.h"
#include <criterion/criterion.h>

TestSuite(replay_commands, .timeout = 120);

#define MULTI      "*1\r\n$5\r\nMULTI\r\n"
#define EXEC       "*1\r\n$4\r\nEXEC\r\n"
#define SELECT(n)  "*2\r\n$6\r\nSELECT\r\n$1\r\n" n "\r\n"
#define SET(k)     "*3\r\n$3\r\nSET\r\n$1\r\n" k "\r\n$1\r\nv\r\n"
#define PUSH       "*3\r\n$5\r\nLPUSH\r\n$1\r\nk\r\n$1\r\nx\r\n"
#define EVAL       "*3\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n0\r\n"
#define LETTERS(x) "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n" x

static void run(struct replaying *p, const char *commands, const char *failures, const char *letters,
                const char *store)
{
    p->commands = commands;
    replaying_run(p);
    cr_expect_eq(p->code, RF_OK, "%s", p->error.message);
    cr_expect_str_eq((char *)p->failures.data, failures);
    cr_expect_str_eq((char *)p->letters.data, letters);
    cr_expect_str_eq(p->store, store, "%s", p->store);
}

Test(replay_commands, all_is_well)
{
    struct replaying p = {.options = {.connections = 1}};
    run(&p, SELECT("0") SET("a") MULTI SET("b") SET("c") EXEC SET("d"), "", "", "0:a=v|0:b=v|0:c=v|0:d=v|");
    cr_expect_eq(p.counts.commands, 6);
    replaying_free(&p);
}

/* Each error is named, by the command and its place, and the others count. */
Test(replay_commands, errors_in_what_exec_answers)
{
    static const struct {
        const char *answer, *reason;
    } cases[] = {
        {"-WRONGTYPE Operation against a key\r\n", "WRONGTYPE Operation against a key"},
        {"-ERR syntax error\r\n", "ERR syntax error"},
        {"-BUSYKEY Target key name already exists.\r\n", "BUSYKEY Target key name already exists."},
        {"*2\r\n:1\r\n-ERR within\r\n", "ERR within"},
        {"*2\r\n*1\r\n*1\r\n-ERR far within\r\n+OK\r\n", "ERR far within"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fake_rule rules[] = {{.on = "LPUSH", .answer = cases[i].answer},
                                          {.on = "EVAL", .answer = cases[i].answer},
                                          {.on = NULL}};
        struct replaying p = {.fake.rules = rules};
        char failures[400];
        snprintf(failures, sizeof failures,
                 "rejected 0:: LPUSH (command 2 of a transaction): %s|"
                 "rejected 0:: EVAL (command 3 of a transaction): %s|",
                 cases[i].reason, cases[i].reason);
        run(&p, MULTI SET("b") PUSH EVAL EXEC SET("d"), failures, LETTERS(MULTI SET("b") PUSH EVAL EXEC),
            "0:b=v|0:d=v|");
        cr_expect_eq(p.counts.commands, 4, "MULTI, SET, EXEC, SET: %d", (int)p.counts.commands);
        cr_expect_eq(p.counts.failures[RF_FAILURE_REFUSED], 2);
        replaying_free(&p);
    }
}

Test(replay_commands, errors_outside_of_transactions)
{
    static const char *const answers[] = {"-ERR within\r\n", "*2\r\n:1\r\n-ERR within\r\n",
                                          "*1\r\n*1\r\n-ERR within\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct fake_rule rules[] = {{.on = "EVAL", .answer = answers[i]}, {.on = NULL}};
        struct replaying p = {.fake.rules = rules};
        run(&p, SET("a") EVAL SET("d"), "rejected 0:: EVAL: ERR within|", LETTERS(EVAL), "0:a=v|0:d=v|");
        cr_expect_eq(p.counts.commands, 2);
        replaying_free(&p);
    }
}

/* None of it is done then. */
Test(replay_commands, errors_where_commands_are_queued)
{
    static const struct fake_rule rules[] = {{.on = "LPUSH", .answer = "-ERR+ unknown command\r\n"},
                                             {.on = "EVAL", .answer = "-NOSCRIPT x\r\n"},
                                             {.on = NULL}};
    struct replaying p = {.fake.rules = rules};
    run(&p, MULTI SET("b") EVAL PUSH EXEC SET("d"),
        "rejected 0:: EVAL (command 2 of a transaction): NOSCRIPT x|"
        "rejected 0:: EXEC: EXECABORT Transaction discarded because of previous errors.|",
        LETTERS(MULTI SET("b") EVAL PUSH EXEC), "0:d=v|");
    cr_expect_eq(p.counts.commands, 1);
    replaying_free(&p);
}

Test(replay_commands, exec_answered_by_something_else)
{
    static const struct {
        const char *on, *answer, *failure;
    } cases[] = {
        {"EXEC", "$-1\r\n", "EXEC: unexpected reply"},
        {"EXEC", "*-1\r\n", "EXEC: unexpected reply"},
        {"EXEC", "+OK\r\n", "EXEC: unexpected reply"},
        {"EXEC", ":2\r\n", "EXEC: unexpected reply"},
        {"EXEC", "*0\r\n", "EXEC: unexpected reply"},
        {"EXEC", "*1\r\n+OK\r\n", "EXEC: unexpected reply"},
        {"EXEC", "*3\r\n+OK\r\n+OK\r\n+OK\r\n", "EXEC: unexpected reply"},
        {"EXEC", "-EXECABORT x\r\n", "EXEC: EXECABORT x"},
        {"EXEC", "-ERR EXEC without MULTI\r\n", "EXEC: ERR EXEC without MULTI"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fake_rule rules[] = {{.on = cases[i].on, .answer = cases[i].answer}, {.on = NULL}};
        struct replaying p = {.fake.rules = rules};
        char failures[128];
        snprintf(failures, sizeof failures, "rejected 0:: %s|", cases[i].failure);
        run(&p, MULTI SET("b") SET("c") EXEC SET("d"), failures, LETTERS(MULTI SET("b") SET("c") EXEC),
            "0:d=v|");
        cr_expect_eq(p.counts.commands, 1);
        replaying_free(&p);
    }
}

/* +QUEUED is what has to come. */
Test(replay_commands, queued_answered_by_something_else)
{
    static const char *const answers[] = {":1\r\n", "$1\r\nx\r\n", "$-1\r\n", "*0\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct fake_rule rules[] = {{.on = "SET c", .answer = answers[i], .flags = FAKE_DOES},
                                          {.on = NULL}};
        struct replaying p = {.fake.rules = rules};
        run(&p, MULTI SET("b") SET("c") EXEC,
            "rejected 0:: SET (command 2 of a transaction): unexpected reply|",
            LETTERS(MULTI SET("b") SET("c") EXEC), "0:b=v|0:c=v|");
        replaying_free(&p);
    }
}

/* Keys are written in transactions too. */
Test(replay_commands, exec_of_a_key_answered_by_something_else)
{
    static const char *const answers[] = {"$-1\r\n", "*0\r\n", "*1\r\n:1\r\n", "+OK\r\n",
                                          "*2\r\n:1\r\n:1\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct fake_rule rules[] = {{.on = "EXEC", .answer = answers[i]}, {.on = NULL}};
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS}, .fake.rules = rules};
        put_hex(&p.input, "fc 00a0724e18090000 01 016c 02 0161 0162");
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
        cr_expect_str_eq((char *)p.failures.data, "rejected 0:l: EXEC: unexpected reply|");
        cr_expect_eq(p.counts.written, 0);
        replaying_free(&p);
    }
}

/* Behind one that was refused nobody knows which database is selected. */
Test(replay_commands, databases_within_transactions)
{
    static const struct fake_rule rules[] = {{.on = "SET c", .answer = "-NOSCRIPT x\r\n"}, {.on = NULL}};
    for (int refused = 0; refused < 2; refused++) {
        struct replaying p = {.fake.rules = refused ? rules : NULL};
        p.commands = SELECT("0") SET("a") MULTI SELECT("7") SET("c") EXEC SET("d");
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
        cr_expect_str_eq(p.store, refused ? "0:a=v|7:d=v|" : "0:a=v|7:c=v|7:d=v|", "%s", p.store);
        cr_expect_eq(p.counts.failures[RF_FAILURE_REFUSED], refused ? 2 : 0, "%s", p.failures.data);
        replaying_free(&p);
    }
}

/* Nothing of it is sent, and it is where a later run begins. */
Test(replay_commands, a_transaction_without_its_end)
{
    struct replaying p = {.commands = SET("a") MULTI SET("b")};
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_TRUNCATED, "%s", p.error.message);
    cr_expect_str_eq(p.store, "0:a=v|");
    cr_expect_eq(fake_count(&p.fake, "MULTI"), 0);
    cr_expect_eq(p.acked.offset, strlen(SET("a")));
    replaying_free(&p);
}

Test(replay_commands, discard)
{
    struct replaying p = {.options = {.connections = 1}};
    run(&p, MULTI SET("b") "*1\r\n$7\r\nDISCARD\r\n" MULTI SET("c") EXEC, "", "", "0:c=v|");
    cr_expect_eq(fake_count(&p.fake, "SET b"), 0);
    replaying_free(&p);
}

/* Of what passes for keys nobody could tell here what was done. */
Test(replay_commands, what_ends_the_run)
{
    static const char *const answers[] = {"-OOM x\r\n", "-MISCONF x\r\n", "-READONLY x\r\n",
                                          "-MOVED 1 h:1\r\n", "-ASK 1 h:1\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        for (int multi = 0; multi < 2; multi++) {
            const struct fake_rule rules[] = {{.on = "LPUSH", .answer = answers[i]}, {.on = NULL}};
            struct replaying p = {.fake.rules = rules};
            p.commands = multi ? MULTI SET("b") PUSH EXEC : SET("b") PUSH;
            replaying_run(&p);
            cr_expect_eq(p.code, RF_E_TARGET, "%s", answers[i]);
            cr_expect(strstr(p.error.message, " x") || strstr(p.error.message, "h:1"), "%s", p.error.message);
            replaying_free(&p);
        }
}
