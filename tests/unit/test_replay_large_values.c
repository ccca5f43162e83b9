/* SPDX-License-Identifier: MIT */
/* Values that are streamed, and what may come between. */
#include "base/bytes.h"
#include "support/replaying.h"
#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(replay_large_values, .timeout = 120);

enum { ITEMS = 3000, ITEM = 1000 };

/* A list "l" of 3 MB, and a string behind it. */
static void put_large_list(struct build *b)
{
    char item[ITEM + 1];
    memset(item, 'x', ITEM);
    item[ITEM] = '\0';
    put_key(b, 1, "l");
    put_len(b, ITEMS);
    for (int i = 0; i < ITEMS; i++) {
        int n = snprintf(item, 16, "%d", i);
        item[n] = '.';
        put_str(b, item);
    }
    put_key(b, 0, "s");
    put_str(b, "v");
}

/* A string "l" of 3 MB, and another one. */
static void put_large_string(struct build *b)
{
    struct buffer value = {0};
    cr_assert(buffer_reserve(&value, ITEMS * ITEM));
    for (value.len = 0; value.len < ITEMS * ITEM; value.len++)
        value.data[value.len] = (uint8_t)('a' + value.len / 1000 % 26);
    put_key(b, 0, "l");
    put_blob(b, buffer_slice(&value));
    put_key(b, 0, "s");
    put_str(b, "v");
    buffer_free(&value);
}

/* Element by element as it was. */
static void check_list(struct replaying *p)
{
    struct fake_key *key = fake_store_find(&p->fake.store, 0, 0, SLICE("l"));
    cr_assert_not_null(key, "%s", p->store);
    cr_assert_eq(key->count, ITEMS);
    for (uint64_t i = 0; i < key->count; i++) {
        char start[16];
        int n = snprintf(start, sizeof start, "%d.", (int)i);
        cr_assert_eq(memcmp(key->elements.data + i * (ITEM + 2) + 2, start, (size_t)n), 0, "%d", (int)i);
    }
}

static void replay_list(struct replaying *p)
{
    put_large_list(&p->input);
    replaying_run(p);
    cr_assert_eq(p->code, RF_OK, "%s", p->error.message);
    cr_expect_str_eq((char *)p->failures.data, "");
    cr_expect_eq(p->counts.written, 2);
    check_list(p);
    cr_expect_eq(p->fake.store.count, 2, "%.200s", p->store);
}

Test(replay_large_values, a_list)
{
    struct replaying p = {.options = {.connections = 1}};
    replay_list(&p);
    cr_expect_eq(p.counts.resent, 0);
    cr_expect_eq(p.counts.restored, 0);
    replaying_free(&p);
}

/* What is encoded after the loss is not what a later connection begins with. */
Test(replay_large_values, a_list_whose_connection_is_lost_in_the_middle)
{
    for (int nth = 1; nth < 48; nth += 9) {
        const struct fake_rule rules[] = {
            {.on = "RPUSH", .times = nth}, {.on = "RPUSH", .flags = FAKE_CLOSES | FAKE_DOES}, {.on = NULL}};
        struct replaying p = {.options = {.connections = 1}, .fake.rules = rules};
        replay_list(&p);
        cr_expect_eq(p.counts.resent, 1);
        cr_expect_eq(p.counts.lost, 1, "%d: %s", nth, p.log.data);
        replaying_free(&p);
    }
}

static void expect_string(struct replaying *p)
{
    replaying_run(p);
    cr_assert_eq(p->code, RF_OK, "%s", p->error.message);
    cr_expect_str_eq((char *)p->failures.data, "");
    cr_expect_eq(p->counts.written, 2);
    cr_expect_str_eq(p->store, "0:l=aaaaaaaaaaaaaaaa...3000000|0:s=v|", "%s", p->store);
}

/* Whether it was done or not, and where: the staging key goes first, the value comes anew. */
Test(replay_large_values, a_string_whose_connection_is_lost)
{
    static const char *const steps[] = {"SET l:", "RENAMENX l:", "UNLINK l:"};
    for (size_t i = 0; i < 5; i++) {
        const struct fake_rule rules[] = {
            {.on = "RENAMENX l:", .flags = i == 4 ? FAKE_CLOSES : 0}, /* so that there is a second attempt */
            {.on = steps[i / 2], .flags = FAKE_CLOSES | (i % 2 ? FAKE_DOES : 0)},
            {.on = NULL}};
        struct replaying p = {.options = {.connections = 1}, .fake.rules = i < 4 ? rules + 1 : rules};
        put_large_string(&p.input);
        expect_string(&p);
        cr_expect_geq(fake_count(&p.fake, "CLIENT LIST"), 1, "%zu", i);
        cr_expect_geq(p.counts.lost, 1);
        replaying_free(&p);
    }
}

/* Nobody has seen the answer to the renaming, and the key is there: it is ours. */
Test(replay_large_values, a_list_that_was_renamed_without_an_answer)
{
    static const struct fake_rule rules[] = {{.on = "RENAMENX l:", .flags = FAKE_CLOSES | FAKE_DOES},
                                             {.on = NULL}};
    struct replaying p = {.options = {.connections = 1}, .fake.rules = rules};
    replay_list(&p);
    cr_expect_eq(fake_count(&p.fake, "DUMP l"), 2);
    replaying_free(&p);
}

Test(replay_large_values, answers_that_pass)
{
    static const struct fake_rule rules[] = {{.on = "RPUSH l:", .times = 3},
                                             {.on = "RPUSH l:", .answer = "-LOADING x\r\n"},
                                             {.on = "RPUSH l:", .times = 60},
                                             {.on = "RPUSH l:", .answer = "-READONLY x\r\n"},
                                             {.on = "RENAMENX l:", .answer = "-BUSY x\r\n"},
                                             {.on = NULL}};
    struct replaying p = {.options = {.connections = 1}, .fake.rules = rules};
    replay_list(&p);
    replaying_free(&p);
}

/* Each in its own way stays what it was, and nothing is left beside it. */
Test(replay_large_values, one_that_exists_or_is_refused)
{
    static const struct {
        struct fake_rule rule;
        const char *there, *failures, *store;
        rf_on_exists on_exists;
        bool letters;
    } cases[] = {
        {{.on = NULL},
         "SET l old",
         "exists 0:l: already exists on the target|",
         "0:l=old|0:s=v|",
         RF_ON_EXISTS_FAIL,
         true},
        {{.on = NULL}, "SET l old", "", "0:l=old|0:s=v|", RF_ON_EXISTS_SKIP, false},
        {{.on = "RPUSH l:", .answer = "-WRONGTYPE x\r\n"},
         NULL,
         "rejected 0:l: WRONGTYPE x|",
         "0:s=v|",
         RF_ON_EXISTS_FAIL,
         true},
        {{.on = "RPUSH l:", .answer = "-ERR Protocol error: x\r\n", .flags = FAKE_CLOSES},
         NULL,
         "rejected 0:l: ERR Protocol error: x|",
         "0:s=v|",
         RF_ON_EXISTS_FAIL,
         true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fake_rule rules[] = {cases[i].rule, {.on = NULL}};
        struct replaying p = {.options = {.connections = 1, .on_exists = cases[i].on_exists},
                              .fake.rules = rules,
                              .there = cases[i].there};
        put_large_list(&p.input);
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%zu: %s", i, p.error.message);
        cr_expect_str_eq((char *)p.failures.data, cases[i].failures, "%zu", i);
        cr_expect_str_eq(p.store, cases[i].store, "%zu: %.300s", i, p.store);
        cr_expect_eq(p.counts.skipped, cases[i].on_exists == RF_ON_EXISTS_SKIP);
        cr_expect_eq(p.letters.len > ITEMS * ITEM, cases[i].letters, "%zu", i);
        replaying_free(&p);
    }
}

Test(replay_large_values, no_memory_for_it)
{
    static const struct fake_rule rules[] = {
        {.on = "RPUSH l:", .times = 10}, {.on = "RPUSH l:", .answer = "-OOM x\r\n"}, {.on = NULL}};
    struct replaying p = {.options = {.connections = 1}, .fake.rules = rules};
    put_large_list(&p.input);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_TARGET);
    cr_expect(strstr(p.error.message, "OOM x (raise maxmemory, or free memory)"), "%s", p.error.message);
    cr_expect_str_eq(p.error.key, "l");
    cr_expect_eq(p.acked.offset, 9);
    cr_expect_str_eq(p.store, "", "%.100s", p.store);
    replaying_free(&p);
}

#define FOLLOWED \
    "role:master\r\nconnected_slaves:1\r\nslave0:ip=10.0.0.1,port=6379,state=online,offset=1,lag=0"

/* Where replicas follow, one has to have it; until then it is not acknowledged. */
Test(replay_large_values, a_list_that_a_replica_has)
{
    static const struct fake_rule lost[] = {{.on = "WAIT", .flags = FAKE_CLOSES}, {.on = NULL}};
    static const struct fake_rule late[] = {{.on = "WAIT", .answer = ":0\r\n", .times = 2}, {.on = NULL}};
    for (int i = 0; i < 2; i++) {
        struct replaying p = {.options = {.connections = 1},
                              .waits = i ? 3 : 2,
                              .fake = {.rules = i ? late : lost, .replication = FOLLOWED}};
        replay_list(&p);
        replaying_free(&p);
    }
}

/* A server that evicts: what may be half there is not given the key's name. */
Test(replay_large_values, half_of_it_may_have_been_evicted)
{
    static const struct fake_rule rules[] = {
        {.on = "INFO memory",
         .answer = "$46\r\nmaxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n\r\n",
         .times = FAKE_EVER},
        {.on = "INFO stats", .answer = "$16\r\nevicted_keys:1\r\n\r\n"},
        {.on = "INFO stats", .answer = "$16\r\nevicted_keys:2\r\n\r\n", .times = FAKE_EVER},
        {.on = NULL}};
    struct replaying p = {.options = {.connections = 1, .mode = RF_REPLAY_COMMANDS}, .fake.rules = rules};
    replaying_expect(&p, "01 016c 01 0161", "0:l=a|");
    cr_expect_eq(fake_count(&p.fake, "RPUSH l:"), 2);
    cr_expect_eq(fake_count(&p.fake, "RENAMENX l:"), 1);
    cr_expect(strstr((char *)p.log.data, "keys are evicted"), "%s", p.log.data);
    replaying_free(&p);
}

/* --- replies to nothing -------------------------------------------------------------------------------- */

static size_t repeat(char *out, size_t size, const char *reply, unsigned times)
{
    size_t length = 0;
    for (unsigned i = 0; i < times && length + 8 < size; i++)
        length += (size_t)snprintf(out + length, size - length, "%s", reply);
    return length;
}

/* One too many, or a flood of them, at any step: they acknowledge nothing, and what is told is what happened.
 */
Test(replay_large_values, replies_that_nobody_has_asked_for)
{
    static const char *const steps[] = {"UNLINK l:", "RPUSH l:", "RENAMENX l:"};
    static const unsigned times[] = {2, 100, 5000};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (size_t j = 0; j < sizeof times / sizeof *times; j++) {
            char *answer = malloc(32 * 1024);
            cr_assert_not_null(answer);
            repeat(answer, 32 * 1024, i == 2 ? ":1\r\n" : "+OK\r\n", times[j]);
            const struct fake_rule rules[] = {{.on = steps[i], .answer = answer, .flags = FAKE_DOES},
                                              {.on = NULL}};
            struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS}, .fake.rules = rules};
            replay_list(&p);
            check_list(&p);
            cr_expect_eq(p.counts.written, 2);
            cr_expect_eq(p.counts.failed, 0, "%s", p.failures.data);
            cr_expect_geq(p.counts.lost, 1, "%s, %u", steps[i], times[j]);
            cr_expect(strstr((char *)p.log.data, "unexpected reply"), "%s, %u: %s", steps[i], times[j],
                      p.log.data);
            replaying_free(&p);
            free(answer);
        }
}
