/* SPDX-License-Identifier: MIT */
/* Damaged values: nothing of them reaches the target, and the run goes on. */
#include "base/bytes.h"
#include "rdb/dump_payload.h"
#include "support/damages.h"
#include "support/replaying.h"
#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(replay_damage, .timeout = 120);

#define BEHIND "00 017a 0176" /* a string "z" */

static void put_damage(struct build *b, const struct damage *damage)
{
    put_hex(b, damage->value.before ? damage->value.before : "");
    put_key(b, damage->value.type, "k");
    put_hex(b, damage->value.hex);
    put_hex(b, BEHIND);
}

/* Every command that could have written it. */
static void expect_not_sent(struct replaying *p, const struct damage *damage)
{
    static const char *const writers[] = {"RESTORE k",  "SET k",    "RENAME k", "SADD k",
                                          "RPUSH k",    "HMSET k",  "ZADD k",   "XADD k",
                                          "RENAMENX k", "ARMSET k", "PHSET k"};
    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++)
        cr_expect_eq(fake_count(&p->fake, writers[i]), 0, "%s: type %u: %s", writers[i], damage->value.type,
                     damage->value.hex);
    cr_expect_eq(p->letters.len, 0, "%s", (char *)p->letters.data);
}

static void check_framed(struct replaying *p, const struct damage *damage)
{
    char expected[600];
    snprintf(expected, sizeof expected, "damaged 0:k: the value is damaged: ");
    cr_expect_eq(p->code, RF_OK, "type %u: %s: %s", damage->value.type, damage->value.hex, p->error.message);
    cr_expect_eq(strncmp((char *)p->failures.data, expected, strlen(expected)), 0, "type %u: %s: %s",
                 damage->value.type, damage->value.hex, p->failures.data);
    cr_expect(strstr((char *)p->failures.data, damage->message), "%s: %s", damage->message, p->failures.data);
    cr_expect_eq(p->counts.failures[RF_FAILURE_DAMAGED], 1);
    cr_expect_eq(p->counts.failed, 1);
    cr_expect_eq(p->counts.written, 1);
    cr_expect_eq(strncmp(p->store, "0:z=", 4), 0, "%s", p->store);
}

/* In one mode or another, kept or streamed, for a server that knows the type. */
Test(replay_damage, each_of_them)
{
    unsigned framed = 0;
    for (size_t i = 0; i < damage_count; i++) {
        const struct damage *damage = &damages[i];
        const char *magic = damage->value.magic ? damage->value.magic : "REDIS0015";
        unsigned rewind_buffer = i % 4;
        bool by_commands = strcmp(magic, "REDIS0017") == 0; /* members may expire */
        struct replaying p = {.magic = magic,
                              .options = {.mode = rewind_buffer < 3 && !by_commands
                                                      ? (rf_replay_mode)rewind_buffer
                                                      : RF_REPLAY_AUTO,
                                          .big_key = rewind_buffer == 3},
                              .fake.version = *magic == 'V' ? "redis_version:7.2.4\r\nvalkey_version:9.2.0"
                                                            : "redis_version:8.10.0"};
        put_damage(&p.input, damage);
        replaying_run(&p);
        if (damage->frame == FRAMED)
            check_framed(&p, damage);
        else
            cr_expect(rf_code_is_input(p.code), "type %u: %s: code %d: %s", damage->value.type,
                      damage->value.hex, p.code, p.failures.data);
        if (rewind_buffer < 3)
            expect_not_sent(&p, damage);
        framed += damage->frame == FRAMED;
        replaying_free(&p);
    }
    cr_expect_gt(framed, damage_count / 2);
}

/* What was streamed of it is gone again. */
Test(replay_damage, found_while_it_is_streamed)
{
    struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS, .big_key = 1}};
    put_hex(&p.input, "05 016b 02 0161 000000000000f03f 0162 000000000000f87f" BEHIND);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect(strstr((char *)p.failures.data, "damaged 0:k: the value is damaged: "), "%s", p.failures.data);
    cr_expect_str_eq(p.store, "0:z=v|");
    replaying_free(&p);
}

Test(replay_damage, fail_fast)
{
    struct replaying p = {.options = {.fail_fast = true}};
    put_hex(&p.input, "10 016b 07 07000000 0100 00" BEHIND);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_CORRUPT);
    cr_expect_str_eq(p.error.key, "k");
    cr_expect_eq(fake_count(&p.fake, "RESTORE"), 0);
    replaying_free(&p);
}

/* Old servers make such keys. */
Test(replay_damage, collections_without_elements_are_not_sent)
{
    struct replaying p = {.options = {.mode = RF_REPLAY_RESTORE}};
    replaying_expect(&p, "01 016b 00 02 0161 00 04 0162 00" BEHIND, "0:z=[0176]|");
    cr_expect_eq(p.counts.empty, 3);
    cr_expect_eq(fake_count(&p.fake, "RESTORE"), 1);
    replaying_free(&p);
}

/* --- RESTORE in an AOF --------------------------------------------------------------------------------- */

/* RESTORE of "k" with the payload of a value that is given by its type and its bytes. */
static void put_restore(struct buffer *aof, const char *name, const char *payload_hex, const char *footer_hex)
{
    struct build payload = {0}, command = {0};
    char head[128];
    put_hex(&payload, payload_hex);
    put_hex(&payload, footer_hex);
    snprintf(head, sizeof head, "*4\r\n$%zu\r\n%s\r\n$1\r\nk\r\n$1\r\n0\r\n$%zu\r\n", strlen(name), name,
             built(&payload).len);
    put_bytes(&command, slice_of(head, strlen(head)));
    put_bytes(&command, built(&payload));
    put_bytes(&command, SLICE("\r\n"));
    cr_assert(buffer_append(aof, built(&command)));
    build_free(&payload);
    build_free(&command);
}

#define NO_SUM "0000000000000000" /* a checksum that was not computed */

Test(replay_damage, restore_among_the_commands_of_an_aof)
{
    static const struct {
        const char *name, *payload, *footer, *failure;
    } cases[] = {
        {"RESTORE", "01 01 0161", "0600" NO_SUM, NULL},
        {"restore-asking", "01 01 0161", "0600" NO_SUM, NULL},
        {"RESTORE", "10 07 07000000 0100 00", "0a00" NO_SUM, "damaged 0:: RESTORE: "},
        {"restore", "10 07 07000000 0100 00", "0a00" NO_SUM, "damaged 0:: restore: "},
        {"RESTORE-ASKING", "0b 02 0200", "0600" NO_SUM, "damaged 0:: RESTORE: "},
        {"RESTORE", "3e 01 0161", "0600" NO_SUM, "damaged 0:: RESTORE: "},
        {"RESTORE", "01 01 0161", "0600 0100000000000000", "damaged 0:: RESTORE: "},
        {"RESTORE", "", "0600", "damaged 0:: RESTORE: "},
        /* a type that came after the version it says; the server is a 5.0 */
        {"RESTORE", "12 01 02 0a 0a000000 0100 816102 ff", "0600" NO_SUM, "unsupported 0:: RESTORE: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer aof = {0};
        put_restore(&aof, cases[i].name, cases[i].payload, cases[i].footer);
        cr_assert(buffer_append(&aof, SLICE("*3\r\n$3\r\nSET\r\n$1\r\nz\r\n$1\r\nv\r\n")));
        struct replaying p = {.aof = buffer_slice(&aof), .fake.version = "redis_version:5.0.14"};
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%zu: %s", i, p.error.message);
        cr_expect_eq(strncmp((char *)p.failures.data, cases[i].failure ? cases[i].failure : "",
                             cases[i].failure ? strlen(cases[i].failure) : 1),
                     0, "%zu: %s", i, p.failures.data);
        char sent[32];
        bool asking = strlen(cases[i].name) > strlen("RESTORE");
        snprintf(sent, sizeof sent, "%s k", asking ? "RESTORE" : cases[i].name);
        cr_expect_eq(fake_count(&p.fake, sent), cases[i].failure ? 0 : 1, "%zu", i);
        cr_expect_eq(fake_count(&p.fake, "SET z v"), 1);
        cr_expect_eq(p.letters.len, 0);
        buffer_free(&aof);
        replaying_free(&p);
    }
}
