/* SPDX-License-Identifier: MIT */
/* Keys that take several commands: what some of them have left behind is never given the key's name, be it of
 * this run or of an earlier one. */
#include "base/bytes.h"
#include "replay/staging_key.h"
#include "support/replaying.h"
#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(replay_half, .timeout = 120);

enum { ITEMS = 150 }; /* in three commands */

static void put_list(struct build *b)
{
    put_key(b, 1, "l");
    put_len(b, ITEMS);
    for (int i = 0; i < ITEMS; i++)
        put_str(b, "x");
}

/* How many elements "l" has; 0: there is none. */
static uint64_t list_length(struct replaying *p)
{
    const struct fake_key *key = fake_store_find(&p->fake.store, 0, 0, SLICE("l"));
    return key ? key->count : 0;
}

/* --- what this run has left ---------------------------------------------------------------------------- */

/* The one in the middle is not taken: not now, not this one, not any. */
static const char *const errors[] = {"-LOADING x\r\n", "-ERR no\r\n", "-OOM x\r\n"};

Test(replay_half, one_command_of_several_is_not_taken)
{
    for (size_t i = 0; i < 3; i++) {
        const struct fake_rule rules[] = {
            {.on = "RPUSH l:"}, {.on = "RPUSH l:", .answer = errors[i]}, {.on = NULL}};
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS}, .fake.rules = rules};
        put_list(&p.input);
        replaying_run(&p);
        cr_expect_eq(p.code, i < 2 ? RF_OK : RF_E_TARGET, "%s", p.error.message);
        cr_expect_eq(p.counts.failed, i == 1);
        cr_expect_eq(list_length(&p), i ? 0 : ITEMS, "%s leaves %llu of %d elements", errors[i],
                     (unsigned long long)list_length(&p), ITEMS);
        cr_expect_eq(p.fake.store.count, i ? 0 : 1, "nothing is left beside it: %.200s", p.store);
        replaying_free(&p);
    }
}

/* What was there before is there still, or is replaced as a whole; or it is gone where one command is refused
 * once all of them have begun. */
Test(replay_half, one_command_of_several_that_were_to_replace_a_key)
{
    for (size_t i = 0; i < 3; i++) {
        const struct fake_rule rules[] = {
            {.on = "RPUSH l:"}, {.on = "RPUSH l:", .answer = errors[i]}, {.on = NULL}};
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS, .on_exists = RF_ON_EXISTS_REPLACE},
                              .there = "SET l old",
                              .fake.rules = rules};
        put_list(&p.input);
        replaying_run(&p);
        cr_expect(i == 1 ? list_length(&p) <= 1 : list_length(&p) == (i ? 1 : ITEMS),
                  "%s leaves %llu of %d elements", errors[i], (unsigned long long)list_length(&p), ITEMS);
        replaying_free(&p);
    }
}

/* And nobody sees the answer to the last step. */
Test(replay_half, one_command_of_several_is_not_taken_and_the_connection_is_lost)
{
    static const char *const last[] = {"RENAMENX l:", "EXEC"};
    for (size_t i = 0; i < 2; i++) {
        const struct fake_rule rules[] = {{.on = "RPUSH l:", .answer = "-LOADING x\r\n"},
                                          {.on = last[i], .flags = FAKE_DOES | FAKE_CLOSES},
                                          {.on = NULL}};
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS}, .fake.rules = rules};
        put_list(&p.input);
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
        cr_expect_eq(p.counts.written, 1, "%s", p.failures.data);
        cr_expect_eq(list_length(&p), ITEMS, "%llu of %d elements", (unsigned long long)list_length(&p),
                     ITEMS);
        replaying_free(&p);
    }
}

/* The next attempt begins before the target takes commands again, and ends after that: its first command is
 * not taken, and the others are. The same where MULTI is not to be had. */
Test(replay_half, an_attempt_that_begins_too_early)
{
    static const char no_command[] = "-ERR unknown command 'x'\r\n";
    for (size_t i = 0; i < 4; i++) {
        const bool transacts = i % 2, replaces = i / 2;
        const struct fake_rule rules[] = {
            {.on = "RENAME", .answer = "-LOADING x\r\n"},
            {.on = "UNLINK l:", .answer = "-LOADING x\r\n"},
            {.on = transacts ? "none" : "multi", .answer = no_command, .times = FAKE_EVER},
            {.on = transacts ? "none" : "MULTI", .answer = no_command, .times = FAKE_EVER},
            {.on = NULL}};
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS,
                                          .on_exists = replaces ? RF_ON_EXISTS_REPLACE : RF_ON_EXISTS_SKIP},
                              .fake.rules = rules};
        put_hex(&p.input, "01 016c 02 0161 0162");
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
        cr_expect_eq(p.counts.written, 1, "%zu", i);
        cr_expect_str_eq(p.store, "0:l=a b|");
        replaying_free(&p);
    }
}

/* --- what an earlier run has left ---------------------------------------------------------------------- */

/* It was killed, and this one does not know of it. */
static void replay_over_leftovers(struct replaying *p, const char *key, const char *command)
{
    struct buffer name = {0};
    char there[100];
    cr_assert(staging_key_make(slice_of(key, strlen(key)), "killed", &name));
    snprintf(there, sizeof there, "%s %.*s stale", command, (int)name.len, (const char *)name.data);
    p->there = there;
    replaying_run(p);
    p->there = NULL;
    cr_expect_eq(p->code, RF_OK, "%s", p->error.message);
    cr_expect_str_eq((char *)p->failures.data, "");
    buffer_free(&name);
}

Test(replay_half, a_list_over_leftovers)
{
    static const char *const left[] = {"RPUSH", "SET"};
    for (size_t i = 0; i < 4; i++) {
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS, .big_key = i / 2 ? 100 : 0}};
        put_list(&p.input);
        replay_over_leftovers(&p, "l", left[i % 2]);
        cr_expect_eq(list_length(&p), ITEMS, "%s: %llu elements", left[i % 2],
                     (unsigned long long)list_length(&p));
        replaying_free(&p);
    }
}

/* Before 5.0 RESTORE takes no absolute expiry: it goes by way of a staging key. */
Test(replay_half, a_restored_value_over_leftovers)
{
    struct replaying p = {.fake.version = "redis_version:3.2.0"};
    put_hex(&p.input, "fc 00a0724e18090000 01 016c 01 0161");
    replay_over_leftovers(&p, "l", "SET");
    cr_expect_eq(strncmp(p.store, "0:l=[010161]|", 13), 0, "%s", p.store);
    replaying_free(&p);
}

/* It was resumed, and what removes them is not taken at first. */
Test(replay_half, leftovers_that_cannot_be_removed_at_first)
{
    static const char *const values[] = {"01 016c 02 0161 0162", "fc 00a0724e18090000 01 016c 02 0161 0162"};
    for (size_t i = 0; i < 2; i++) {
        const struct fake_rule rules[] = {{.on = "UNLINK l:", .answer = "-LOADING x\r\n"}, {.on = NULL}};
        struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS,
                                          .run = "killed",
                                          .resumed = true,
                                          .written_until = {0, 10}},
                              .fake.rules = rules};
        put_hex(&p.input, values[i]);
        replay_over_leftovers(&p, "l", "RPUSH");
        cr_expect_eq(strncmp(p.store, "0:l=a b", 7), 0, "%s", p.store);
        replaying_free(&p);
    }
}
