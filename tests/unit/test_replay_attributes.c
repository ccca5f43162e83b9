/* SPDX-License-Identifier: MIT */
/* What Redis 8.12 has besides a key's value: the no-evict attribute, and members that expire; and which of
 * the details that a target lacks are reported. */
#include "support/replaying.h"
#include <criterion/criterion.h>

TestSuite(replay_attributes, .timeout = 120);

#define NEWEST   "redis_version:8.12.0"
#define BEFORE   "redis_version:8.10.0"
#define LATER    "fc 00c0cfa9d7030000 " /* expires in 2103 */
#define NO_EVICT "f1 "
#define STRING   "00 016b 0176"
#define SET      "23 016b 00c0cfa9d7030000 02 01 0161 00 0162" /* a expires in 2103 */
#define SET_TEXT "0:k=a@4224801816576 b"

static void replay(struct replaying *p, const char *version, const char *hex)
{
    p->fake.version = version;
    p->magic = "REDIS0017";
    p->options.connections = 1;
    put_hex(&p->input, hex);
    replaying_run(p);
    cr_assert_eq(p->code, RF_OK, "%s", p->error.message);
}

static void expect(struct replaying *p, const char *hex, const char *store)
{
    replay(p, NEWEST, hex);
    cr_expect_str_eq(p->store, store, "%s", hex);
    cr_expect_str_eq(replaying_text(&p->details), "", "%s", hex);
    replaying_free(p);
}

/* --- where the target has them -------------------------------------------------------------------------- */

Test(replay_attributes, in_each_mode)
{
    static const rf_replay_mode modes[] = {RF_REPLAY_AUTO, RF_REPLAY_RESTORE, RF_REPLAY_COMMANDS};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        bool restores = modes[i] != RF_REPLAY_COMMANDS;
        struct replaying string = {.options.mode = modes[i]}, list = {.options.mode = modes[i]};
        const char *string_store = modes[i] == RF_REPLAY_RESTORE ? "0:k=[0176]!|" : "0:k=v!|";
        expect(&string, NO_EVICT STRING, string_store);
        expect(&list, LATER NO_EVICT "01 016b 01 0161", restores ? "0:k=[010161]!|" : "0:k=a!|");
    }
}

Test(replay_attributes, keys_that_exist_are_left_alone)
{
    static const char *const records[] = {NO_EVICT STRING, NO_EVICT "01 016b 01 0161", LATER NO_EVICT SET};
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        struct replaying skip = {.options.on_exists = RF_ON_EXISTS_SKIP, .there = "SET k old"};
        expect(&skip, records[i], "0:k=old|");
    }
    struct replaying replace = {.options.on_exists = RF_ON_EXISTS_REPLACE, .there = "SET k old"};
    expect(&replace, NO_EVICT STRING, "0:k=v!|");
}

Test(replay_attributes, without_rename_or_without_transactions)
{
    static const struct fake_rule no_rename[] = {
        {.on = "rename",
         .answer = "-NOPERM this user has no permissions to run the 'rename' command\r\n",
         .times = FAKE_EVER},
        {.on = NULL}};
    static const struct fake_rule no_multi[] = {
        {.on = "multi", .answer = "-ERR unknown command 'x'\r\n", .times = FAKE_EVER},
        {.on = "MULTI", .answer = "-ERR unknown command 'x'\r\n", .times = FAKE_EVER},
        {.on = NULL}};
    struct replaying by_transaction = {.fake.rules = no_rename}, streamed = {.fake.rules = no_multi};
    expect(&by_transaction, NO_EVICT STRING, "0:k=v!|");
    expect(&streamed, NO_EVICT STRING, "0:k=v!|");
}

/* A request that is in flight when the connection is lost is sent again. */
Test(replay_attributes, survive_a_lost_connection)
{
    static const struct fake_rule rules[] = {{.on = "BLESS", .flags = FAKE_CLOSES, .times = 1}, {.on = NULL}};
    struct replaying p = {.fake.rules = rules};
    expect(&p, NO_EVICT STRING, "0:k=v!|");
}

Test(replay_attributes, where_restore_turns_out_to_be_refused)
{
    static const struct fake_rule rules[] = {
        {.on = "RESTORE", .answer = "-ERR unknown command 'RESTORE'\r\n", .times = FAKE_EVER}, {.on = NULL}};
    struct replaying p = {.fake.rules = rules};
    expect(&p, NO_EVICT "01 016b 01 0161", "0:k=a!|");
}

Test(replay_attributes, members_that_expire)
{
    struct replaying commands = {.options.mode = RF_REPLAY_COMMANDS}, restore = {0},
                     large = {.options = {.mode = RF_REPLAY_COMMANDS, .big_key = 4}};
    expect(&commands, SET, SET_TEXT "|");
    expect(&restore, SET,
           "0:k=[00c0cfa9d7030000020101610001"
           "62]|");
    expect(&large, NO_EVICT SET, SET_TEXT "!|");
}

/* --- where it lacks them -------------------------------------------------------------------------------- */

Test(replay_attributes, of_which_the_target_knows_nothing)
{
    static const char letter[] = "*4\r\n$5\r\nBLESS\r\n$3\r\nSET\r\n$1\r\nk\r\n$8\r\nNO-EVICT\r\n";
    struct replaying p = {0};
    replay(&p, BEFORE,
           NO_EVICT STRING " "
                           "23 0173 00c0cfa9d7030000 01 01 0161"
                           " 00 016c 0176");
    cr_expect_str_eq(p.store, "0:l=v|");
    cr_expect_eq(p.counts.failures[RF_FAILURE_UNSUPPORTED], 2);
    cr_expect(strstr(replaying_text(&p.failures), "the no-evict attribute"), "%s",
              replaying_text(&p.failures));
    cr_expect(strstr(replaying_text(&p.failures), "set member expiry"), "%s", replaying_text(&p.failures));
    cr_expect(memmem(p.letters.data, p.letters.len, letter, sizeof letter - 1));
    replaying_free(&p);
}

#define LOST_NO_EVICT "the no-evict attribute of keys, which may be evicted|"
#define LOST_EXPIRY   "expiry of set members, which no longer expire|"

Test(replay_attributes, are_dropped_where_that_is_asked_for)
{
    static const struct {
        const char *hex, *store, *details;
    } cases[] = {
        {NO_EVICT STRING, "0:k=v|", "0:k: " LOST_NO_EVICT},
        {NO_EVICT "01 016b 01 0161", "0:k=[010161]|", "0:k: " LOST_NO_EVICT},
        {SET, "0:k=a b|", "0:k: " LOST_EXPIRY},
        {NO_EVICT SET, "0:k=a b|", "0:k: " LOST_EXPIRY "0:k: " LOST_NO_EVICT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct replaying written = {.options.drop_detail = true},
                         skipped = {.options = {.drop_detail = true, .on_exists = RF_ON_EXISTS_SKIP},
                                    .there = "SET k old"},
                         large = {.options = {.drop_detail = true, .mode = RF_REPLAY_COMMANDS, .big_key = 4}};
        replay(&written, BEFORE, cases[i].hex);
        cr_expect_str_eq(written.store, cases[i].store, "%s", cases[i].hex);
        cr_expect_str_eq(replaying_text(&written.details), cases[i].details, "%s", cases[i].hex);
        replay(&skipped, BEFORE, cases[i].hex);
        cr_expect_str_eq(skipped.store, "0:k=old|", "%s", cases[i].hex);
        cr_expect_str_eq(replaying_text(&skipped.details), "", "%s: what was not written has lost nothing",
                         cases[i].hex);
        replay(&large, BEFORE, cases[i].hex);
        cr_expect_str_eq(replaying_text(&large.details), cases[i].details, "%s", cases[i].hex);
        replaying_free(&written);
        replaying_free(&skipped);
        replaying_free(&large);
    }
}
