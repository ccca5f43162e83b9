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
#define RENAME     "*3\r\n$6\r\nRENAME\r\n$1\r\na\r\n$1\r\nb\r\n"
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

/* What is refused moves no position, first or later. */
Test(replay_commands, that_are_refused_by_the_caller)
{
    for (int i = 0; i < 2; i++) {
        struct replaying p = {.refuses = true, .finish_often = true};
        run(&p, i ? SET("a") RENAME SET("b") : RENAME SET("b"), "unsplittable 0:: RENAME: refused|",
            LETTERS(RENAME), i ? "0:a=v|0:b=v|" : "0:b=v|");
        replaying_free(&p);
    }
}

/* Each error is named, and the others count. */
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
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int multi = 0; multi < 2; multi++) {
            const struct fake_rule rules[] = {{.on = "LPUSH", .answer = cases[i].answer},
                                              {.on = "EVAL", .answer = cases[i].answer},
                                              {.on = NULL}};
            struct replaying p = {.fake.rules = rules};
            char failures[400];
            snprintf(failures, sizeof failures, "rejected 0:: LPUSH: %s|rejected 0:: EVAL: %s|",
                     cases[i].reason, cases[i].reason);
            run(&p, multi ? MULTI SET("b") PUSH EVAL EXEC SET("d") : SET("b") PUSH EVAL SET("d"), failures,
                LETTERS(PUSH EVAL), "0:b=v|0:d=v|");
            cr_expect_eq(p.counts.commands, multi ? 4 : 2, "%d", (int)p.counts.commands);
            cr_expect_eq(p.counts.failures[RF_FAILURE_REFUSED], 2);
            replaying_free(&p);
        }
}

/* None of the group is executed then: the others are sent once more. */
Test(replay_commands, errors_where_commands_are_queued)
{
    static const struct fake_rule rules[] = {{.on = "LPUSH", .answer = "-NOSCRIPT y\r\n"},
                                             {.on = "EVAL", .answer = "-NOSCRIPT x\r\n"},
                                             {.on = NULL}};
    struct replaying p = {.fake.rules = rules};
    run(&p, MULTI SET("b") EVAL PUSH EXEC SET("d"),
        "rejected 0:: EVAL: NOSCRIPT x|rejected 0:: LPUSH: NOSCRIPT y|", LETTERS(EVAL PUSH), "0:b=v|0:d=v|");
    cr_expect_eq(p.counts.commands, 4);
    cr_expect_eq(fake_count(&p.fake, "EVAL"), 1);
    cr_expect_eq(fake_count(&p.fake, "SET b"), 2);
    replaying_free(&p);
}

/* All commands of a group fail: its position is written nevertheless. */
Test(replay_commands, all_are_refused)
{
    static const struct fake_rule rules[] = {{.on = "LPUSH", .answer = "-NOSCRIPT y\r\n"}, {.on = NULL}};
    for (int plain = 0; plain < 2; plain++) {
        struct replaying p = {.fake.rules = rules, .keeps_positions = true, .options.no_transactions = plain};
        run(&p, PUSH, "rejected 0:: LPUSH: NOSCRIPT y|", LETTERS(PUSH),
            plain ? "" : "0:rdbferry:test:position=0 1 0 0|");
        cr_expect_eq(p.counts.commands, 0);
        replaying_free(&p);
    }
}

/* It is not known what was executed: the position key tells. */
Test(replay_commands, exec_answered_by_something_else)
{
    static const struct fake_rule cases[] = {
        {.on = "EXEC", .answer = "$-1\r\n"},
        {.on = "EXEC", .answer = "*-1\r\n"},
        {.on = "EXEC", .answer = "+OK\r\n", .flags = FAKE_DOES},
        {.on = "EXEC", .answer = ":2\r\n", .flags = FAKE_DOES},
        {.on = "EXEC", .answer = "*0\r\n"},
        {.on = "EXEC", .answer = "*1\r\n+OK\r\n", .flags = FAKE_DOES},
        {.on = "SET c", .answer = ":1\r\n", .flags = FAKE_DOES},
        {.on = "SET c", .answer = "$1\r\nx\r\n", .flags = FAKE_DOES},
        {.on = "SET c", .answer = "$-1\r\n", .flags = FAKE_DOES},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        /* the first one is that of the check whether a position may be written */
        const struct fake_rule rules[] = {{.on = "EXEC", .flags = FAKE_DOES}, cases[i], {.on = NULL}};
        struct replaying p = {.fake.rules = rules};
        run(&p, "*3\r\n$5\r\nRPUSH\r\n$1\r\nl\r\n$1\r\na\r\n" SET("c"), "", "", "0:c=v|0:l=a|");
        cr_expect_eq(p.counts.commands, 2);
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

/* The next group begins in database 0 again. */
Test(replay_commands, databases_within_transactions)
{
    static const struct fake_rule rules[] = {{.on = "SET c", .answer = "-NOSCRIPT x\r\n"}, {.on = NULL}};
    for (int refused = 0; refused < 2; refused++) {
        struct replaying p = {.fake.rules = refused ? rules : NULL};
        p.commands = SELECT("0") SET("a") MULTI SELECT("7") SET("c") EXEC SET("d");
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
        cr_expect_str_eq(p.store, refused ? "0:a=v|7:d=v|" : "0:a=v|7:c=v|7:d=v|", "%s", p.store);
        cr_expect_eq(p.counts.failures[RF_FAILURE_REFUSED], (uint64_t)refused, "%s", p.failures.data);
        replaying_free(&p);
    }
}

/* Nothing of it is sent, and it is where a later run begins. */
Test(replay_commands, a_transaction_without_its_end)
{
    struct replaying p = {.commands = SET("a") MULTI SET("b")};
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_TRUNCATED, "%s", p.error.message);
    cr_expect_str_eq(p.store, "0:a=v|0:rdbferry:test:position=0 1 0 0|");
    cr_expect_eq(fake_count(&p.fake, "SET b"), 0);
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

/* Errors that do not pass by waiting. */
Test(replay_commands, what_ends_the_run)
{
    static const char *const answers[] = {"-OOM x\r\n", "-MISCONF x\r\n", "-NOPERM x\r\n", "-MOVED 1 h:1\r\n",
                                          "-ASK 1 h:1\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        for (int multi = 0; multi < 2; multi++) {
            const struct fake_rule rules[] = {{.on = "LPUSH", .answer = answers[i]}, {.on = NULL}};
            struct replaying p = {.fake.rules = rules};
            p.commands = multi ? MULTI SET("b") PUSH EXEC : SET("b") PUSH;
            replaying_run(&p);
            cr_expect_eq(p.code, RF_E_TARGET, "%s", answers[i]);
            cr_expect(strstr(p.error.message, " x") || strstr(p.error.message, "h:1"), "%s", p.error.message);
            cr_expect_str_eq(p.store, "", "nothing of the group was executed");
            replaying_free(&p);
        }
}

/* Those that do: the group is sent again as a whole. */
Test(replay_commands, what_passes)
{
    static const struct fake_rule cases[] = {
        {.on = "RPUSH", .answer = "-READONLY x\r\n"},
        {.on = "RPUSH", .answer = "-LOADING x\r\n"},
        {.on = "EXEC", .answer = "-EXECABORT Transaction discarded because of: NOREPLICAS x\r\n"},
        {.on = "EXEC", .answer = "-TRYAGAIN x\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake_rule rules[] = {{.on = "EXEC", .flags = FAKE_DOES}, cases[i], {.on = NULL}};
        struct replaying p = {.fake.rules = rules};
        run(&p, "*3\r\n$5\r\nRPUSH\r\n$1\r\nl\r\n$1\r\na\r\n" SET("b"), "", "", "0:b=v|0:l=a|");
        cr_expect_eq(fake_count(&p.fake, "RPUSH"), 2, "%s", cases[i].on);
        cr_expect_eq(p.counts.commands, 2);
        replaying_free(&p);
    }
}

/* Servers before 6.0 reject MULTI while a script takes long. What comes after it may be executed. */
Test(replay_commands, multi_alone_is_rejected)
{
    static const struct fake_rule rules[] = {
        {.on = "MULTI", .flags = FAKE_DOES}, {.on = "MULTI", .answer = "-BUSY x\r\n"}, {.on = NULL}};
    struct replaying p = {.fake.rules = rules, .commands = SET("b")};
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_TARGET);
    cr_expect(strstr(p.error.message, "MULTI was rejected"), "%s", p.error.message);
    cr_expect_str_eq(p.store, "0:b=v|", "without a position");
    replaying_free(&p);
}

/* --- exactly once --------------------------------------------------------------------------------------- */

#define APPEND(x) "*3\r\n$5\r\nRPUSH\r\n$1\r\nl\r\n$1\r\n" x "\r\n"

/* The connection is lost before EXEC, or after it was executed. */
Test(replay_commands, a_lost_connection)
{
    static const int flags[] = {FAKE_CLOSES, FAKE_CLOSES | FAKE_DOES, FAKE_HANGS, FAKE_HANGS | FAKE_DOES};
    static const char *const replications[] = {NULL,
                                               "role:master\r\nconnected_slaves:1\r\n"
                                               "slave0:ip=127.0.0.1,port=1,state=online,offset=1,lag=0"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        for (size_t j = 0; j < 2; j++) {
            const struct fake_rule rules[] = {
                {.on = "EXEC", .flags = FAKE_DOES}, {.on = "EXEC", .flags = flags[i]}, {.on = NULL}};
            struct replaying p = {.fake = {.rules = rules, .replication = replications[j]},
                                  .timeout_ms = 300};
            run(&p, APPEND("a") APPEND("b") APPEND("c"), "", "", "0:l=a b c|");
            cr_expect_eq(p.counts.commands, 3);
            cr_expect_eq(p.counts.lost, 1);
            cr_expect_eq(fake_count(&p.fake, "GET rdbferry:test:position"), 1);
            cr_expect_eq(fake_count(&p.fake, "RPUSH l b"), flags[i] & FAKE_DOES ? 1 : 2);
            replaying_free(&p);
        }
}

/* A target that comes back without what it had acknowledged. */
Test(replay_commands, acknowledged_writes_that_are_lost)
{
    static const struct fake_rule rules[] = {
        {.on = "GET rdbferry", .answer = "$-1\r\n"}, {.on = "RPUSH l b", .flags = FAKE_CLOSES}, {.on = NULL}};
    struct replaying p = {.fake.rules = rules, .commands = APPEND("a") APPEND("b")};
    p.finish_often = true;
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_TARGET);
    cr_expect(strstr(p.error.message, "lost writes that it had acknowledged"), "%s", p.error.message);
    replaying_free(&p);
}

Test(replay_commands, positions_of_somebody_else)
{
    static const char *const values[] = {"$1\r\nx\r\n", "$7\r\n0 1 0 0\r\n", "$5\r\n0 1 0\r\n", "*0\r\n",
                                         "+OK\r\n"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const struct fake_rule rules[] = {{.on = "GET rdbferry", .answer = values[i]}, {.on = NULL}};
        struct replaying p = {
            .fake.rules = rules, .options.resumed = true, .commands = APPEND("a") APPEND("b")};
        replaying_run(&p);
        bool sound = i == 1; /* the first command is done */
        cr_expect_eq(p.code, sound ? RF_OK : RF_E_TARGET, "%s", p.error.message);
        cr_expect_str_eq(p.store, sound ? "0:l=b|" : "");
        cr_expect_eq(p.counts.commands_resumed, sound);
        replaying_free(&p);
    }
}

/* The checkpoint says more than the target has. */
Test(replay_commands, a_target_behind_its_checkpoint)
{
    struct replaying p = {.options = {.resumed = true, .commands_until = {0, 1}}, .commands = APPEND("a")};
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_TARGET);
    cr_expect(strstr(p.error.message, "the target has lost the command at offset 0x0"), "%s",
              p.error.message);
    cr_expect_str_eq(p.store, "");
    replaying_free(&p);
}

/* SWAPDB carries the position key away: there is one at the end. */
Test(replay_commands, databases_that_are_swapped)
{
    struct replaying p = {.commands = APPEND("a") "*3\r\n$6\r\nSWAPDB\r\n$1\r\n3\r\n$1\r\n0\r\n",
                          .finish_often = true};
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    long swap = fake_find(&p.fake, 0, "SWAPDB");
    cr_expect_eq(fake_find(&p.fake, (size_t)swap, "SELECT 3"), swap + 1);
    cr_expect_eq(fake_find(&p.fake, (size_t)swap, "UNLINK rdbferry:test:position"), swap + 2);
    cr_expect_eq(fake_find(&p.fake, (size_t)swap, "SELECT 0"), swap + 3);
    replaying_free(&p);
}

/* --- without transactions ------------------------------------------------------------------------------- */

Test(replay_commands, no_permission_for_transactions)
{
    static const struct fake_rule cases[] = {
        {.on = "MULTI", .answer = "-NOPERM x\r\n", .times = FAKE_EVER},
        {.on = "SET rdbferry:", .answer = "-NOPERM x\r\n", .times = FAKE_EVER},
        {.on = "UNLINK rdbferry:", .answer = "-NOPERM x\r\n", .times = FAKE_EVER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int plain = 0; plain < 2; plain++) {
            const struct fake_rule rules[] = {cases[i], {.on = NULL}};
            struct replaying p = {
                .fake.rules = rules, .options.no_transactions = plain, .commands = MULTI APPEND("a") EXEC};
            replaying_run(&p);
            cr_expect_eq(p.code, plain ? RF_OK : RF_E_TARGET, "%s", p.error.message);
            cr_expect(plain || strstr(p.error.message, "use --no-transactions"), "%s", p.error.message);
            cr_expect_str_eq(p.store, plain ? "0:l=a|" : "");
            replaying_free(&p);
        }
}

Test(replay_commands, plain_commands_in_flight)
{
    static const struct fake_rule rules[] = {{.on = "RPUSH l b", .flags = FAKE_CLOSES | FAKE_DOES},
                                             {.on = NULL}};
    struct replaying p = {.commands = APPEND("a") APPEND("b") APPEND("c"),
                          .options.no_transactions = true,
                          .fake.rules = rules};
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_TARGET);
    cr_expect(strstr(p.error.message, "unknown which of the AOF commands in flight were executed"), "%s",
              p.error.message);
    cr_expect_eq(fake_count(&p.fake, "RPUSH l b"), 1);
    cr_expect_str_eq(p.store, "0:l=a b|");
    replaying_free(&p);
}

/* What was executed is not sent again. */
Test(replay_commands, plain_commands_after_a_transient_error)
{
    static const char readonly[] = "-READONLY x\r\n";
    static const struct fake_rule rules[] = {
        {.on = "RPUSH l b", .answer = readonly}, {.on = "RPUSH l c", .answer = readonly}, {.on = NULL}};
    for (int all = 0; all < 2; all++) {
        struct replaying p = {.commands = APPEND("a") APPEND("b") APPEND("c"),
                              .options.no_transactions = true,
                              .fake.rules = rules};
        const struct fake_rule first[] = {rules[0], {.on = NULL}};
        if (!all)
            p.fake.rules = first;
        replaying_run(&p);
        cr_expect_eq(p.code, all ? RF_OK : RF_E_TARGET, "%s", p.error.message);
        cr_expect_str_eq(p.store, all ? "0:l=a b c|" : "0:l=a c|");
        replaying_free(&p);
    }
}
