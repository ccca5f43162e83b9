/* SPDX-License-Identifier: MIT */
/* Strings in batches: what is sent, and that all is as if there were none. */
#include "support/replaying.h"
#include <criterion/criterion.h>

TestSuite(replay_strings, .timeout = 120);

/* Each a string: k1 to k3. */
#define KEYS  "00 026b31 0161 00 026b32 0162 00 026b33 0163"
#define ALL   "0:k1=a|0:k2=b|0:k3=c|"
#define BATCH "MSETNX k1 a k2 b k3 c"

static void run(struct replaying *p, const char *hex)
{
    p->fake.batches = true;
    put_hex(&p->input, hex);
    replaying_run(p);
}

static void expect_store(struct replaying *p, const char *store)
{
    cr_expect_eq(p->code, RF_OK, "%s", p->error.message);
    cr_expect_str_eq(p->store, store, "%s", p->store);
}

/* --- what is sent --------------------------------------------------------------------------------------- */

Test(replay_strings, go_together)
{
    static const struct {
        rf_on_exists on_exists;
        const char *command;
    } cases[] = {{RF_ON_EXISTS_FAIL, BATCH},
                 {RF_ON_EXISTS_SKIP, BATCH},
                 {RF_ON_EXISTS_REPLACE, "MSET k1 a k2 b k3 c"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct replaying p = {.options.on_exists = cases[i].on_exists};
        run(&p, KEYS);
        expect_store(&p, ALL);
        cr_expect_eq(p.counts.written, 3);
        cr_expect_eq(fake_count(&p.fake, cases[i].command), 1);
        cr_expect_eq(fake_count(&p.fake, "SET "), 0);
        replaying_free(&p);
    }
}

/* One alone, those that expire, and those of another database. */
Test(replay_strings, go_apart)
{
    struct replaying p = {0};
    run(&p, "00 0161 0131 fc 00a0724e18090000 00 0165 0132 fe01 00 0162 0133 00 0163 0134");
    expect_store(&p, "0:a=1|0:e=2|1:b=3|1:c=4|");
    cr_expect_eq(fake_count(&p.fake, "SET a 1 NX"), 1);
    cr_expect_eq(fake_count(&p.fake, "SET e 2 NX PXAT "), 1);
    cr_expect_eq(fake_count(&p.fake, "MSETNX b 3 c 4"), 1);
    cr_expect_eq(fake_count(&p.fake, "MSETNX"), 1);
    replaying_free(&p);
}

static void expect_none(struct replaying *p, const char *store)
{
    run(p, KEYS);
    expect_store(p, store);
    cr_expect_eq(fake_count(&p->fake, "MSET"), 0);
    cr_expect_eq(fake_count(&p->fake, "SET k"), 3);
    replaying_free(p);
}

Test(replay_strings, go_apart_to_some_targets)
{
    static const struct fake_rule no_command[] = {
        {.on = "msetnx", .answer = "-NOPERM this user has no permissions to run the 'msetnx' command\r\n"},
        {.on = NULL}};
    static const struct fake_rule no_transactions[] = {
        {.on = "multi", .answer = "-ERR unknown command\r\n", .times = FAKE_EVER}, {.on = NULL}};
    struct replaying cluster = {.fake = {.nodes = 3, .cluster = true}};
    struct replaying poor = {.fake.rules = no_command}, proxy = {.fake.rules = no_transactions};
    expect_none(&cluster, "0:k2=b|0:k3=c|2/0:k1=a|");
    expect_none(&poor, ALL);
    expect_none(&proxy, ALL);
}

/* Of a batch the last value would be kept. */
Test(replay_strings, of_one_key)
{
    struct replaying p = {.options.on_exists = RF_ON_EXISTS_SKIP};
    run(&p, "00 0161 0131 00 0162 0132 00 0161 0133");
    expect_store(&p, "0:a=1|0:b=2|");
    cr_expect_eq(p.counts.written, 2);
    cr_expect_eq(p.counts.skipped, 1);
    cr_expect_eq(fake_count(&p.fake, "MSETNX a 1 b 2"), 1);
    replaying_free(&p);
}

/* --- keys that exist ------------------------------------------------------------------------------------ */

Test(replay_strings, of_which_one_exists)
{
    for (int i = 0; i < 2; i++) {
        struct replaying p = {.options.on_exists = i ? RF_ON_EXISTS_SKIP : RF_ON_EXISTS_FAIL,
                              .there = "RPUSH k2 mine"};
        run(&p, KEYS);
        expect_store(&p, "0:k1=a|0:k2=mine|0:k3=c|");
        cr_expect_eq(fake_count(&p.fake, BATCH), 1);
        cr_expect_eq(p.counts.written, 2);
        cr_expect_eq(i ? p.counts.skipped : p.counts.failed, 1);
        cr_expect_eq(p.counts.resent, 0);
        cr_expect_str_eq((char *)p.failures.data, i ? "" : "exists 0:k2: already exists on the target|");
        cr_expect_str_eq((char *)p.letters.data,
                         i ? ""
                           : "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
                             "*4\r\n$3\r\nSET\r\n$2\r\nk2\r\n$1\r\nb\r\n$2\r\nNX\r\n");
        replaying_free(&p);
    }
}

/* --- errors --------------------------------------------------------------------------------------------- */

Test(replay_strings, and_errors_that_pass)
{
    static const char *const errors[] = {"-LOADING x\r\n", "-READONLY x\r\n", "-BUSY x\r\n"};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        const struct fake_rule rules[] = {{.on = BATCH, .answer = errors[i]}, {.on = NULL}};
        struct replaying p = {.fake.rules = rules};
        run(&p, KEYS);
        expect_store(&p, ALL);
        cr_expect_eq(p.counts.written, 3);
        cr_expect_eq(p.counts.resent, 3);
        cr_expect_eq(fake_count(&p.fake, "SET k"), 3);
        replaying_free(&p);
    }
}

/* The error is that of a key, which is named, and nothing after it counts as done. */
Test(replay_strings, and_errors_that_end_the_run)
{
    static const char oom[] = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    static const struct fake_rule rules[] = {
        {.on = BATCH, .answer = oom}, {.on = "SET k2 ", .answer = oom}, {.on = NULL}};
    struct replaying p = {.fake.rules = rules};
    run(&p, KEYS);
    cr_expect_eq(p.code, RF_E_TARGET);
    cr_expect(strstr(p.error.message, "raise maxmemory, or free memory"), "%s", p.error.message);
    cr_expect_str_eq(p.error.key, "k2", "%s", p.error.message);
    cr_expect_eq(p.acked.offset, 9 + 6, "%llu", (unsigned long long)p.acked.offset);
    replaying_free(&p);
}

Test(replay_strings, of_which_one_is_rejected)
{
    static const struct fake_rule rules[] = {{.on = BATCH, .answer = "-ERR not this value\r\n"},
                                             {.on = "SET k2 ", .answer = "-ERR not this value\r\n"},
                                             {.on = NULL}};
    struct replaying p = {.fake.rules = rules};
    run(&p, KEYS);
    expect_store(&p, "0:k1=a|0:k3=c|");
    cr_expect_str_eq((char *)p.failures.data, "rejected 0:k2: ERR not this value|");
    cr_expect_eq(p.counts.written, 2);
    replaying_free(&p);
}

Test(replay_strings, once_the_command_is_not_available_any_more)
{
    static const struct fake_rule rules[] = {
        {.on = "MSETNX k",
         .answer = "-NOPERM User x has no permissions to run the 'msetnx' command\r\n",
         .times = FAKE_EVER},
        {.on = NULL}};
    struct replaying p = {.fake.rules = rules, .finish_often = false};
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "k%02d", i);
        put_key(&p.input, 0, name);
        put_str(&p.input, "v");
        if (i == 9)
            put_hex(&p.input, "01 016c 01 0161 fe01"); /* another database ends the batch */
    }
    p.options.connections = 1;
    run(&p, "");
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_eq(p.counts.written, 21);
    cr_expect_leq(fake_count(&p.fake, "MSETNX k"), 2);
    replaying_free(&p);
}

/* A cluster that shows itself as one server. */
Test(replay_strings, not_again_where_slots_count)
{
    static const struct fake_rule rules[] = {
        {.on = "MSETNX k",
         .answer = "-CROSSSLOT Keys in request don't hash to the same slot\r\n",
         .times = FAKE_EVER},
        {.on = NULL}};
    struct replaying p = {.fake.rules = rules, .options.connections = 1};
    char value[10001];
    memset(value, 'v', 10000);
    value[10000] = '\0';
    for (int i = 0; i < 1200; i++) {
        char name[16];
        snprintf(name, sizeof name, "k%04d", i);
        put_key(&p.input, 0, name);
        put_str(&p.input, value);
    }
    run(&p, "");
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_eq(p.counts.written, 1200);
    cr_expect_leq(fake_count(&p.fake, "MSETNX k"), 100); /* those in flight, of 200 */
    replaying_free(&p);
}

/* --- lost connections ----------------------------------------------------------------------------------- */

static void lose(const char *there, int flags, rf_on_exists on_exists, const char *store)
{
    const struct fake_rule rules[] = {{.on = "MSET", .flags = FAKE_CLOSES | flags}, {.on = NULL}};
    struct replaying p = {.options.on_exists = on_exists, .fake.rules = rules, .there = there};
    bool kept = there && on_exists != RF_ON_EXISTS_REPLACE;
    run(&p, KEYS);
    expect_store(&p, store);
    cr_expect_eq(p.counts.lost, 1);
    cr_expect_geq(p.counts.resent, 3);
    cr_expect_eq(p.counts.written, kept ? 2 : 3);
    cr_expect_str_eq((char *)p.failures.data, kept ? "exists 0:k2: already exists on the target|" : "");
    replaying_free(&p);
}

Test(replay_strings, and_connections_that_are_lost)
{
    for (int i = 0; i < 2; i++) {
        int flags = i ? FAKE_DOES : 0;
        lose(NULL, flags, RF_ON_EXISTS_FAIL, ALL);
        lose(NULL, flags, RF_ON_EXISTS_REPLACE, ALL);
        lose("SET k2 mine", flags, RF_ON_EXISTS_FAIL, "0:k1=a|0:k2=mine|0:k3=c|");
        lose("SET k2 mine", flags, RF_ON_EXISTS_REPLACE, ALL);
    }
}

/* A server that goes down over one of the strings: it is found. */
Test(replay_strings, of_which_one_brings_the_server_down)
{
    static const struct fake_rule rules[] = {{.on = "MSETNX", .flags = FAKE_DIES},
                                             {.on = "SET k2 ", .flags = FAKE_DIES, .times = 9},
                                             {.on = NULL}};
    struct replaying p = {.fake.rules = rules};
    run(&p, KEYS);
    cr_expect_eq(p.code, RF_E_TARGET);
    cr_expect_str_eq(p.error.key, "k2", "%s", p.error.message);
    cr_expect(strstr(p.error.message, "went down twice while processing this key"), "%s", p.error.message);
    replaying_free(&p);
}

/* --- how many ------------------------------------------------------------------------------------------- */

Test(replay_strings, have_limits)
{
    struct replaying p = {0};
    char value[4001];
    memset(value, 'v', 4000);
    value[4000] = '\0';
    for (int i = 0; i < 164; i++) {
        char name[16];
        snprintf(name, sizeof name, "k%03d", i);
        put_key(&p.input, 0, name);
        put_str(&p.input, i < 100 ? "v" : value);
    }
    run(&p, "");
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_eq(p.counts.written, 164);
    cr_expect_eq(fake_count(&p.fake, "MSETNX k000"), 1);
    cr_expect_eq(fake_count(&p.fake, "MSETNX k064"), 1); /* after 64 strings */
    cr_expect_geq(fake_count(&p.fake, "MSETNX"), 5);     /* with 64 KiB at most */
    replaying_free(&p);
}
