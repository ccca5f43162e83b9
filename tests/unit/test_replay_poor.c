/* SPDX-License-Identifier: MIT */
/* Targets that are poorer than a Redis server: they do not tell their version, or lack RESTORE, RENAMENX or
 * MULTI. */
#include "base/bytes.h"
#include "net/reply.h"
#include "support/rdb_made.h"
#include "support/replaying.h"
#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(replay_poor, .timeout = 120);

#define STRING         "00 0173 0176"         /* s: v */
#define LIST           "01 016c 02 0161 0162" /* l: a b */
#define LATER          "fc 00c0cfa9d7030000 " /* expires in 2103 */
#define NO_COMMAND     "-ERR unknown command 'x'\r\n"
#define NO_RIGHT(name) "-NOPERM this user has no permissions to run the '" name "' command\r\n"

/* --- another RESTORE ------------------------------------------------------------------------------------ */

/* Garnet says that it is Redis 7, and that it is Garnet. */
Test(replay_poor, garnet)
{
    static const struct fake_rule rules[] = {
        {.on = "RESTORE",
         .answer = "-ERR RESTORE currently only supports string types\r\n",
         .times = FAKE_EVER},
        {.on = NULL}};
    for (int mode = RF_REPLAY_AUTO; mode <= RF_REPLAY_COMMANDS; mode++) {
        struct replaying p = {
            .options.mode = (rf_replay_mode)mode,
            .fake = {.version = "redis_version:7.4.3\r\ngarnet_version:1.0.90", .rules = rules}};
        put_hex(&p.input, STRING LATER LIST);
        replaying_run(&p);
        if (mode == RF_REPLAY_RESTORE)
            cr_expect(strstr(p.error.message, "RESTORE is not available"), "%s", p.error.message);
        else
            cr_expect_str_eq(p.store, "0:l=a b|0:s=v|");
        replaying_free(&p);
    }
}

/* --- what refuses a command ----------------------------------------------------------------------------- */

Test(replay_poor, errors_that_refuse_a_command)
{
    static const struct {
        const char *text;
        bool refuses;
    } cases[] = {
        {"ERR unknown command 'RESTORE', with args beginning with: ", true},
        {"ERR unknown command `INFO`, with args beginning with: ", true},
        {"ERR Unsupported command 'info'", true},
        {"ERR command 'RESTORE' is not allowed", true},
        {"unknown command 'info'", true},
        {"invalid request", true},
        {"NOPERM this user has no permissions to run the 'info' command or its subcommand", true},
        {"NOPERM User app has no permissions to run the 'client|list' command", true},
        {"ERR SELECT is not allowed in cluster mode", true},
        {"NOPERM this user has no permissions to access one of the keys used as arguments", false},
        {"NOPERM No permissions to access a key", false},
        {"OOM command not allowed when used memory > 'maxmemory'.", false},
        {"READONLY You can't write against a read only replica.", false},
        {"NOAUTH Authentication required.", false},
        {"LOADING Redis is loading the dataset in memory", false},
        {"ERR DB index is out of range", false},
        {"ERR DUMP payload version or checksum are wrong", false},
        {"ERR Bad data format", false},
        {"ERR no such key", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rf_slice text = slice_of(cases[i].text, strlen(cases[i].text));
        cr_expect_eq(reply_refuses_command((struct reply){.kind = REPLY_ERROR, .text = text}),
                     cases[i].refuses, "%s", cases[i].text);
        cr_expect_not(reply_refuses_command((struct reply){.kind = REPLY_STATUS, .text = text}));
    }
}

/* --- a version that is not told ------------------------------------------------------------------------- */

#define HELLO                                                                                       \
    "*14\r\n$6\r\nserver\r\n$%s\r\n$7\r\nversion\r\n$%s\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:7\r\n" \
    "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"

Test(replay_poor, what_a_server_tells_without_info)
{
    static const struct {
        struct fake_rule info, hello, commands;
        rf_server server, given;
        bool assumed;
    } cases[] = {
        {{.answer = NO_RIGHT("info")},
         {.answer = "5\r\nredis|6\r\n6.2.14"},
         {0},
         {RF_REDIS, 6, 2},
         {0},
         false},
        {{.answer = NO_COMMAND}, {.answer = "6\r\nvalkey|5\r\n8.1.3"}, {0}, {RF_VALKEY, 8, 1}, {0}, false},
        {{.answer = NO_COMMAND}, {0}, {.answer = "*2\r\n*0\r\n*0\r\n"}, {RF_REDIS, 5, 0}, {0}, true},
        {{.answer = NO_COMMAND}, {0}, {.answer = "*2\r\n*0\r\n*-1\r\n"}, {RF_REDIS, 4, 0}, {0}, true},
        {{.answer = NO_COMMAND}, {0}, {.answer = "*2\r\n*-1\r\n*0\r\n"}, {RF_REDIS, 2, 8}, {0}, true},
        {{.answer = NO_COMMAND}, {0}, {.answer = "*1\r\n*0\r\n"}, {RF_REDIS, 2, 8}, {0}, true},
        {{.answer = NO_COMMAND}, {0}, {.answer = NO_COMMAND}, {RF_REDIS, 2, 8}, {0}, true},
        {{.answer = "$9\r\n# Proxy\r\n\r\n"}, {0}, {0}, {RF_REDIS, 2, 8}, {0}, true},
        {{.answer = "$15\r\nredis_version:x\r\n"}, {0}, {0}, {RF_REDIS, 2, 8}, {0}, true},
        {{.flags = FAKE_CLOSES}, {0}, {0}, {RF_REDIS, 2, 8}, {0}, true},
        {{.flags = FAKE_CLOSES}, {.flags = FAKE_CLOSES}, {.flags = FAKE_CLOSES}, {RF_REDIS, 2, 8}, {0}, true},
        {{.flags = FAKE_CLOSES}, {.flags = FAKE_CLOSES}, {0}, {RF_REDIS, 6, 2}, {RF_REDIS, 6, 2}, false},
        {{.answer = NO_COMMAND}, {0}, {0}, {RF_REDIS, 7, 0}, {RF_REDIS, 7, 0}, false},
        {{.answer = "$19\r\nredis_version:4.0.0\r\n"}, {0}, {0}, {RF_REDIS, 7, 0}, {RF_REDIS, 7, 0}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char hello[512], text[64];
        struct fake_rule rules[4] = {cases[i].info, cases[i].hello, cases[i].commands};
        static const char *const on[] = {"INFO", "HELLO", "COMMAND"};
        if (rules[1].answer) {
            snprintf(text, sizeof text, "%s", rules[1].answer);
            char *version = strchr(text, '|');
            *version++ = '\0';
            snprintf(hello, sizeof hello, HELLO, text, version);
            rules[1].answer = hello;
        }
        for (int j = 0; j < 3; j++) {
            rules[j].on = rules[j].answer || rules[j].flags ? on[j] : "never";
            rules[j].times = FAKE_EVER;
        }
        struct replaying p = {.fake.rules = rules, .server = cases[i].given};
        replaying_expect(&p, STRING LIST, cases[i].assumed ? "0:l=a b|0:s=v|" : "0:l=[0201610162]|0:s=v|");
        cr_expect_eq(p.info.abilities.assumed, cases[i].assumed, "case %zu", i);
        cr_expect_eq(p.info.server.major, cases[i].server.major, "case %zu", i);
        cr_expect_eq(p.info.server.minor, cases[i].server.minor, "case %zu", i);
        cr_expect_eq(p.info.server.dialect, cases[i].server.dialect, "case %zu", i);
        bool warned = strstr(replaying_text(&p.log), "set --target-version") != NULL;
        cr_expect_eq(warned, cases[i].assumed, "case %zu: %s", i, replaying_text(&p.log));
        cr_expect_eq(p.counts.restored, cases[i].assumed ? 0 : 1, "case %zu", i);
        cr_expect_eq(fake_count(&p.fake, "restore") + fake_count(&p.fake, "RESTORE") > 0, !cases[i].assumed);
        replaying_free(&p);
    }
}

/* What passes, or has to do with all commands, is no answer to the question. */
Test(replay_poor, errors_of_info_that_are_not_its_own)
{
    static const char *const answers[] = {"-LOADING x\r\n", "-NOAUTH x\r\n", "-DENIED x\r\n",
                                          "-ERR max number\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct fake_rule rules[] = {{.on = "INFO", .answer = answers[i], .times = FAKE_EVER},
                                          {.on = NULL}};
        struct replaying p = {.options = {.retry_for_ms = 100}, .fake.rules = rules};
        put_hex(&p.input, STRING);
        replaying_run(&p);
        cr_expect_eq(p.code, i == 0 ? RF_E_UNAVAILABLE : RF_E_TARGET);
        cr_expect_str_eq(p.store, "");
        replaying_free(&p);
    }
}

Test(replay_poor, a_cluster_without_info)
{
    const struct fake_rule rules[] = {
        {.on = "INFO", .answer = NO_COMMAND, .times = FAKE_EVER},
        {.on = "CLUSTER INFO", .answer = "$18\r\ncluster_state:ok\r\n\r\n", .times = FAKE_EVER},
        {.on = NULL}};
    struct replaying p = {.fake = {.nodes = 3, .cluster = true, .rules = rules}};
    put_hex(&p.input, STRING LIST "00 0161 0176 00 0162 0176 00 0163 0176");
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_str_eq(p.info.kind, "cluster");
    cr_expect_eq(p.counts.written, 5);
    replaying_free(&p);
}

#define ROLE_IN_HELLO(role) "*4\r\n$7\r\nversion\r\n$6\r\n7.2.11\r\n$4\r\nrole\r\n" role "\r\n"

/* The Sentinel tells what it is; the primary, at the same address, does not, and has no ROLE. */
Test(replay_poor, a_primary_that_a_sentinel_watches)
{
    static const struct {
        const char *hello;
        bool primary;
    } cases[] = {
        {ROLE_IN_HELLO("$6\r\nmaster"), true}, {ROLE_IN_HELLO("$7\r\nreplica"), false}, {NO_COMMAND, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fake_rule rules[] = {
            {.on = "INFO server", .answer = "$19\r\nredis_mode:sentinel\r\n"},
            {.on = "SENTINEL MASTERS", .answer = "*1\r\n*2\r\n$4\r\nname\r\n$1\r\nm\r\n"},
            {.on = "SENTINEL GET", .answer = "*2\r\n$9\r\n127.0.0.1\r\n$5\r\n#0\r\n"},
            {.on = "INFO", .answer = NO_RIGHT("info"), .times = FAKE_EVER},
            {.on = "ROLE", .answer = NO_RIGHT("role"), .times = FAKE_EVER},
            {.on = "HELLO", .answer = cases[i].hello, .times = FAKE_EVER},
            {.on = NULL}};
        struct replaying p = {.options = {.retry_for_ms = 100}, .fake.rules = rules};
        put_hex(&p.input, STRING);
        replaying_run(&p);
        cr_expect_eq(p.code, cases[i].primary ? RF_OK : RF_E_UNAVAILABLE, "case %zu: %s", i, p.error.message);
        cr_expect_str_eq(p.store, cases[i].primary ? "0:s=v|" : "", "case %zu", i);
        replaying_free(&p);
    }
}

/* --- without RESTORE ------------------------------------------------------------------------------------ */

/* It turns out when payloads are in flight already. */
Test(replay_poor, restore_that_is_refused_when_it_is_tried)
{
    static const char *const answers[] = {NO_COMMAND, NO_RIGHT("restore"),
                                          "-ERR command is not supported\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct fake_rule rules[] = {{.on = "RESTORE", .answer = answers[i], .times = FAKE_EVER},
                                          {.on = NULL}};
        struct replaying p = {.fake.rules = rules};
        replaying_expect(&p, LIST "01 016d 01 0161" STRING LATER "01 016e 01 0161",
                         "0:l=a b|0:m=a|0:n=a|0:s=v|");
        cr_expect_eq(p.counts.restored, 0);
        const char *log = replaying_text(&p.log), *first = strstr(log, "from now on");
        cr_expect(first && !strstr(first + 1, "from now on"), "%s", log);
        replaying_free(&p);
    }
}

Test(replay_poor, restore_that_is_known_to_be_refused)
{
    const struct fake_rule rules[] = {{.on = "restore", .answer = NO_RIGHT("restore"), .times = FAKE_EVER},
                                      {.on = NULL}};
    struct replaying p = {.fake.rules = rules},
                     only = {.options = {.mode = RF_REPLAY_RESTORE}, .fake.rules = rules};
    replaying_expect(&p, LIST STRING, "0:l=a b|0:s=v|");
    cr_expect_eq(fake_count(&p.fake, "RESTORE"), 0);
    cr_expect(strstr(replaying_text(&p.log), "RESTORE is not available"), "%s", replaying_text(&p.log));
    replaying_free(&p);
    put_hex(&only.input, LIST);
    replaying_run(&only);
    cr_expect_eq(only.code, RF_E_TARGET);
    cr_expect(strstr(only.error.message, "use --mode auto or commands"), "%s", only.error.message);
    replaying_free(&only);
}

/* It is not tried again and again. */
Test(replay_poor, what_only_restore_can_write)
{
    for (int known = 0; known < 2; known++) {
        const struct fake_rule rules[] = {
            {.on = known ? "restore" : "RESTORE", .answer = NO_RIGHT("restore"), .times = FAKE_EVER},
            {.on = NULL}};
        struct replaying p = {.fake.rules = rules};
        put_hex(&p.input, "07 0170 81 0000000000000001 00" LIST);
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
        cr_expect_str_eq(p.store, "0:l=a b|");
        cr_expect(strstr(replaying_text(&p.failures), "only RESTORE can write"), "%s",
                  replaying_text(&p.failures));
        cr_expect_eq(p.counts.failed, 1);
        cr_expect_leq(fake_count(&p.fake, "RESTORE"), known ? 0 : 2);
        replaying_free(&p);
    }
}

/* --- without RENAMENX ----------------------------------------------------------------------------------- */

static const struct fake_rule no_rename[] = {
    {.on = "rename", .answer = NO_RIGHT("rename"), .times = FAKE_EVER},
    {.on = "restore", .answer = NO_RIGHT("restore"), .times = FAKE_EVER},
    {.on = NULL}};

Test(replay_poor, a_transaction_in_place_of_a_rename)
{
    static const struct {
        const char *there, *store;
        rf_on_exists on_exists;
        unsigned written, skipped, failed;
    } cases[] = {
        {NULL, "0:l=a b|0:n=a|", RF_ON_EXISTS_FAIL, 2, 0, 0},
        {NULL, "0:l=a b|0:n=a|", RF_ON_EXISTS_REPLACE, 2, 0, 0},
        {"RPUSH l mine", "0:l=mine|0:n=a|", RF_ON_EXISTS_FAIL, 1, 0, 1},
        {"RPUSH l mine", "0:l=mine|0:n=a|", RF_ON_EXISTS_SKIP, 1, 1, 0},
        {"RPUSH l mine", "0:l=a b|0:n=a|", RF_ON_EXISTS_REPLACE, 2, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct replaying p = {
            .options = {.on_exists = cases[i].on_exists}, .there = cases[i].there, .fake.rules = no_rename};
        replaying_expect(&p, LIST LATER "01 016e 01 0161", cases[i].store);
        cr_expect_eq(p.counts.written, cases[i].written, "case %zu", i);
        cr_expect_eq(p.counts.skipped, cases[i].skipped, "case %zu", i);
        cr_expect_eq(p.counts.failed, cases[i].failed, "case %zu", i);
        cr_expect_eq(fake_count(&p.fake, "RENAME"), 0);
        replaying_free(&p);
    }
}

/* Wherever it is lost, refused or outrun, the key is there whole, once, or not at all. */
Test(replay_poor, transactions_that_go_wrong)
{
    static const struct {
        struct fake_rule rule;
        const char *store;
        unsigned written, failed;
    } cases[] = {
        {{.on = "EXEC", .answer = "*-1\r\n"}, "0:l=a b|", 1, 0},
        {{.on = "EXEC", .flags = FAKE_CLOSES}, "0:l=a b|", 1, 0},
        {{.on = "EXEC", .flags = FAKE_CLOSES | FAKE_DOES}, "0:l=a b|", 1, 0},
        {{.on = "MULTI", .flags = FAKE_CLOSES}, "0:l=a b|", 1, 0},
        {{.on = "WATCH", .flags = FAKE_CLOSES}, "0:l=a b|", 1, 0},
        {{.on = "EXISTS", .answer = "-LOADING x\r\n"}, "0:l=a b|", 1, 0},
        {{.on = "RPUSH", .answer = "-LOADING x\r\n"}, "0:l=a b|", 1, 0},
        {{.on = "RPUSH", .answer = "-ERR no\r\n"}, "", 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fake_rule rules[] = {cases[i].rule, no_rename[0], no_rename[1], {.on = NULL}};
        struct replaying p = {.fake.rules = rules};
        replaying_expect(&p, LIST, cases[i].store);
        cr_expect_eq(p.counts.written, cases[i].written, "case %zu", i);
        cr_expect_eq(p.counts.failed, cases[i].failed, "case %zu: %s", i, replaying_text(&p.failures));
        replaying_free(&p);
    }
}

/* One of several commands is refused by EXEC: what the others have made goes away. */
Test(replay_poor, half_a_transaction)
{
    const struct fake_rule rules[] = {
        {.on = "PEXPIREAT n", .answer = "-ERR no\r\n"}, no_rename[0], no_rename[1], {.on = NULL}};
    struct replaying p = {.fake.rules = rules};
    replaying_expect(&p, LATER "01 016e 01 0161", "");
    cr_expect_eq(p.counts.failed, 1);
    replaying_free(&p);
}

Test(replay_poor, too_large_for_a_transaction)
{
    struct replaying p = {.options = {.big_key = 16}, .fake.rules = no_rename};
    put_hex(&p.input, LIST "01 016d 01 14 6161616161616161616161616161616161616161");
    replaying_run(&p);
    cr_expect_str_eq(p.store, "0:l=a b|");
    cr_expect(strstr(replaying_text(&p.failures), "too large for a transaction"), "%s",
              replaying_text(&p.failures));
    replaying_free(&p);
}

/* --- without MULTI -------------------------------------------------------------------------------------- */

Test(replay_poor, values_that_would_need_a_transaction_are_streamed)
{
    const struct fake_rule rules[] = {{.on = "multi", .answer = NO_COMMAND, .times = FAKE_EVER},
                                      {.on = "MULTI", .answer = NO_COMMAND, .times = FAKE_EVER},
                                      {.on = NULL}};
    struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS}, .fake.rules = rules};
    replaying_expect(&p, LIST LATER "01 016e 01 0161", "0:l=a b|0:n=a|");
    cr_expect_eq(fake_count(&p.fake, "MULTI"), 0);
    replaying_free(&p);
}

/* It neither queues nor refuses. */
Test(replay_poor, something_that_answers_multi_and_passes_on_what_follows)
{
    const struct fake_rule rules[] = {{.on = "multi", .answer = "+OK\r\n", .times = FAKE_EVER}, {.on = NULL}};
    struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS}, .fake.rules = rules};
    replaying_expect(&p, LIST, "0:l=a b|");
    cr_expect_not(rf_accepts(&p.info.abilities, RF_COMMAND_MULTI));
    cr_expect_eq(fake_count(&p.fake, "rpush"), 0, "it would have been carried out");
    replaying_free(&p);
}

Test(replay_poor, neither_of_them)
{
    const struct fake_rule rules[] = {
        {.on = "multi", .answer = NO_COMMAND, .times = FAKE_EVER}, no_rename[0], no_rename[1], {.on = NULL}};
    struct replaying p = {.fake.rules = rules};
    put_hex(&p.input, STRING LIST);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_str_eq(p.store, "0:s=v|");
    cr_expect(strstr(replaying_text(&p.failures), "neither RENAMENX nor MULTI"), "%s",
              replaying_text(&p.failures));
    replaying_free(&p);
}

/* --- numbers that are not believed ---------------------------------------------------------------------- */

/* It says that it has so many replicas, and does not wait for them. */
Test(replay_poor, replicas_that_nobody_has)
{
    enum { LINES = 20000 };
    struct buffer text = {0};
    for (int i = 0; i < LINES; i++)
        cr_assert(buffer_append(&text, SLICE("slave0:ip=1.1.1.1,port=1,state=online\r\n")));
    char *answer;
    cr_assert_geq(asprintf(&answer, "$%zu\r\n%.*s\r\n", text.len, (int)text.len, (const char *)text.data), 0);
    const struct fake_rule rules[] = {{.on = "INFO replication", .answer = answer, .times = FAKE_EVER},
                                      {.on = "WAIT", .answer = ":1\r\n", .times = FAKE_EVER},
                                      {.on = NULL}};
    struct replaying p = {.ticks = 10, .fake = {.rules = rules, .replication = "role:master"}};
    put_hex(&p.input, STRING LIST);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_WRITE);
    cr_expect_gt(fake_count(&p.fake, "WAIT 256 "), 0);
    cr_expect_leq(fake_count(&p.fake, "WAIT"), 60, "%zu", fake_count(&p.fake, "WAIT"));
    replaying_free(&p);
    buffer_free(&text);
    free(answer);
}
