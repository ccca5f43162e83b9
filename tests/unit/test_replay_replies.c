/* SPDX-License-Identifier: MIT */
/* A replay, and single answers of the target: what passes, what does not, what exists. */
#include "support/replaying.h"
#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(replay_replies, .timeout = 120);

/* Each a string: k1 to k3. */
#define KEYS "00 026b31 0161 00 026b32 0162 00 026b33 0163"
#define LIST "01 016c 02 0161 0162"
#define ALL  "0:k1=a|0:k2=b|0:k3=c|"

Test(replay_replies, all_is_well)
{
    struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS}};
    replaying_expect(&p, KEYS LIST "fc 00a0724e18090000 00 016b 0176", "0:k=v|" ALL "0:l=a b|");
    cr_expect_eq(p.counts.written, 5);
    cr_expect_eq(p.failures.len + p.letters.len + p.log.len, 0);
    cr_expect_eq(fake_count(&p.fake, "SET k"), 4);
    cr_expect_eq(fake_count(&p.fake, "SET k v NX PXAT 10000000000000"), 1);
    replaying_free(&p);
}

/* --- what passes ---------------------------------------------------------------------------------------- */

Test(replay_replies, what_passes_is_waited_for)
{
    static const char *const error_class[] = {
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-BUSY Redis is busy running a script\r\n",
        "-CLUSTERDOWN The cluster is down\r\n",
        "-READONLY You can't write against a read only replica.\r\n",
        "-MASTERDOWN Link with MASTER is down\r\n",
        "-NOREPLICAS Not enough good replicas to write.\r\n",
        "-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
    };
    for (size_t i = 0; i < sizeof error_class / sizeof *error_class; i++) {
        const struct fake_rule rules[] = {{.on = "SET k2 ", .answer = error_class[i], .times = 3},
                                          {.on = "RPUSH", .answer = error_class[i]},
                                          {.on = NULL}};
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS}, .fake.rules = rules};
        replaying_expect(&p, KEYS LIST, ALL "0:l=a b|");
        cr_expect_eq(p.counts.written, 4, "%s", error_class[i]);
        cr_expect_eq(p.counts.resent, 4, "%s", error_class[i]);
        cr_expect_eq(p.counts.failed, 0, "%s", p.failures.data);
        cr_expect_eq(fake_count(&p.fake, "SET k2 "), 4);
        replaying_free(&p);
    }
}

Test(replay_replies, a_later_attempt_finds_what_somebody_else_has_written)
{
    static const struct fake_rule rules[] = {
        {.on = "RPUSH", .answer = "-LOADING x\r\n"}, {.on = "RENAMENX", .answer = ":0\r\n"}, {.on = NULL}};
    struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS}, .fake.rules = rules};
    put_hex(&p.input, LIST);
    p.there = "SET l mine";
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_str_eq((char *)p.failures.data, "exists 0:l: already exists on the target|");
    cr_expect_str_eq(p.store, "0:l=mine|");
    replaying_free(&p);
}

/* --- what does not pass --------------------------------------------------------------------------------- */

Test(replay_replies, what_stops_the_run)
{
    static const struct {
        const char *answer, *message;
    } fatal[] = {
        {"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "raise maxmemory, or free memory"},
        {"-NOAUTH Authentication required.\r\n", "authentication required"},
        {"-WRONGPASS invalid username-password pair\r\n", "check the user name and password"},
        {"-NOPERM User x has no permissions\r\n", "grant the user this permission"},
        {"-MISCONF Errors writing to the AOF file\r\n", "the server cannot save: see its log"},
        {"-DENIED Redis is running in protected mode\r\n", "connections from this host are denied"},
    };
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        const struct fake_rule rules[] = {{.on = "SET k2 ", .answer = fatal[i].answer}, {.on = NULL}};
        struct replaying p = {.fake.rules = rules};
        put_hex(&p.input, KEYS);
        replaying_run(&p);
        cr_expect_eq(p.code, RF_E_TARGET);
        cr_expect(strstr(p.error.message, fatal[i].message), "%s", p.error.message);
        cr_expect_eq(strncmp(p.error.message, "127.0.0.1:", 10), 0, "%s", p.error.message);
        cr_expect_str_eq(p.error.key, "k2", "%s", p.error.message);
        cr_expect_eq(p.error.db, 0);
        cr_expect_eq(p.acked.offset, 9 + 6, "at k2, and not beyond: %llu",
                     (unsigned long long)p.acked.offset);
        replaying_free(&p);
    }
}

Test(replay_replies, a_refused_key_is_a_failure)
{
    static const struct fake_rule rules[] = {{.on = "SET k1 ", .answer = "-ERR no \x1b[31msuch\r\n"},
                                             {.on = "RESTORE", .answer = "-ERR Bad data format\r\n"},
                                             {.on = NULL}};
    struct replaying p = {.fake.rules = rules};
    replaying_expect(&p, KEYS LIST, "0:k2=b|0:k3=c|");
    cr_expect_str_eq((char *)p.failures.data,
                     "rejected 0:k1: ERR no ?[31msuch|rejected 0:l: ERR Bad data format|");
    cr_expect_eq(p.counts.failed, 2);
    cr_expect_eq(p.counts.failures[RF_FAILURE_REFUSED], 2);
    cr_expect_eq(p.counts.written, 2);
    replaying_free(&p);
}

Test(replay_replies, fail_fast)
{
    static const struct fake_rule rules[] = {{.on = "SET k1 ", .answer = "-ERR no\r\n"}, {.on = NULL}};
    struct replaying p = {.options = {.fail_fast = true}, .fake.rules = rules};
    put_hex(&p.input, KEYS);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_TARGET);
    cr_expect_str_eq(p.error.message, "ERR no");
    cr_expect_str_eq(p.error.key, "k1");
    replaying_free(&p);
}

/* --- what exists ---------------------------------------------------------------------------------------- */

/* By SET NX (nil), without expiry and with one, RESTORE (BUSYKEY) and RENAMENX (:0). */
static const char *const forms[] = {"00 016b 0176", "fc 00a0724e18090000 00 016b 0176", "01 016b 01 0176",
                                    "01 016b 01 0176"};

Test(replay_replies, keys_that_exist)
{
    for (size_t i = 0; i < 4; i++)
        for (rf_on_exists e = RF_ON_EXISTS_FAIL; e <= RF_ON_EXISTS_REPLACE; e++) {
            struct replaying p = {.options = {.on_exists = e, .mode = i == 3 ? RF_REPLAY_COMMANDS : 0},
                                  .there = "SET k old"};
            replaying_expect(&p, forms[i],
                             e != RF_ON_EXISTS_REPLACE ? "0:k=old|"
                             : i == 2                  ? "0:k=[010176]|"
                                                       : "0:k=v|");
            cr_expect_eq(p.counts.skipped, e == RF_ON_EXISTS_SKIP);
            cr_expect_eq(p.counts.written, e == RF_ON_EXISTS_REPLACE);
            cr_expect_eq(p.counts.failures[RF_FAILURE_EXISTS], e == RF_ON_EXISTS_FAIL);
            cr_expect_str_eq((char *)p.failures.data,
                             e == RF_ON_EXISTS_FAIL ? "exists 0:k: already exists on the target|" : "");
            cr_expect_eq(p.letters.len > 0, e == RF_ON_EXISTS_FAIL);
            replaying_free(&p);
        }
}

/* What the dead letters say does what the entries would have done. */
Test(replay_replies, dead_letters_can_be_piped)
{
    for (size_t i = 0; i < 4; i++) {
        struct replaying p = {.options = {.mode = i == 3 ? RF_REPLAY_COMMANDS : 0}, .there = "SET k old"};
        struct buffer replies = {0}, text = {0};
        struct fake_store store = {0};
        replaying_expect(&p, forms[i], "0:k=old|");
        rf_slice rest = buffer_slice(&p.letters), argv[16];
        while (rest.len > 0) {
            size_t argc;
            cr_assert(fake_take_request(&rest, argv, &argc));
            if (!slice_equal(argv[0], SLICE("SELECT")))
                cr_assert(fake_store_do(&store, 0, 0, argv, argc, &replies));
        }
        fake_store_text(&store, &text);
        cr_expect_str_eq((char *)text.data, i == 2 ? "0:k=[010176]|" : "0:k=v|");
        cr_expect_eq(strncmp((char *)p.letters.data, "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*", 24), 0);
        fake_store_free(&store);
        buffer_free(&replies);
        buffer_free(&text);
        replaying_free(&p);
    }
}
