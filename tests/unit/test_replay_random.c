/* SPDX-License-Identifier: MIT */
/* Whatever happens on the way: at the end the target has what it has where nothing happens. */
#include "base/bytes.h"
#include "support/exact.h"
#include "support/replaying.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

TestSuite(replay_random, .timeout = 120);

enum { KEYS = 400, EVENTS = 12, BATCH_EVENTS = 3 };

/* Of the target's thread. */
struct chance {
    uint64_t random;
    int left, batches_left;
    const struct fake_rule *events;
    size_t count;
};

static const struct fake_rule losses[] = {
    {.flags = FAKE_CLOSES},
    {.flags = FAKE_CLOSES | FAKE_DOES},
    {.flags = FAKE_CLOSES | FAKE_LINGERS},
    {.answer = "+O", .flags = FAKE_CLOSES | FAKE_DOES},
    {.answer = "\r\n", .flags = FAKE_DOES},
    {.answer = "$9\r\nab", .flags = FAKE_CLOSES},
};

static const struct fake_rule errors[] = {
    {.answer = "-LOADING x\r\n"},
    {.answer = "-BUSY x\r\n"},
    {.answer = "-READONLY x\r\n"},
    {.answer = "-CLUSTERDOWN x\r\n"},
};

/* One command in fifty has an accident, and one in two of the first batches of strings; not those that find
 * out what the server can do: a command over which the connection is lost twice counts as not available, and
 * values are rightly written in another form. */
static const struct fake_rule *have_accidents(struct fake_target *t, const char *command)
{
    static const char *const spared[] = {"INFO", "CLIENT", "CONFIG", "UNLINK", "DUMP", "PTTL", "MULTI"};
    struct chance *chance = t->ctx;
    for (size_t i = 0; i < sizeof spared / sizeof *spared; i++)
        if (strncmp(command, spared[i], strlen(spared[i])) == 0)
            return NULL;
    bool batch = strncmp(command, "MSET", 4) == 0;
    int *left = batch ? &chance->batches_left : &chance->left;
    if (strstr(command, "rdbferry:probe") || *left == 0 ||
        next_random(&chance->random) % (batch ? 2 : 50) != 0)
        return NULL;
    --*left;
    return &chance->events[next_random(&chance->random) % chance->count];
}

/* Letters behind a number, which none has twice: a server takes no member twice. */
static void put_text(struct build *b, size_t letters, size_t number, uint64_t *random)
{
    char text[3021];
    size_t start = (size_t)sprintf(text, "%zu", number), length = start + letters;
    for (size_t i = start; i < length; i++)
        text[i] = (char)('a' + next_random(random) % 26);
    text[length] = '\0';
    put_str(b, text);
}

static void put_some_key(struct build *b, int number, uint64_t *random)
{
    static const uint8_t types[] = {0, 0, 0, 0, 0, 1, 2, 4};
    uint8_t type = types[next_random(random) % sizeof types];
    char name[16];
    if (next_random(random) % 4 == 0) {
        put_u8(b, 0xfc);
        put_le64(b, UINT64_C(10000000000000));
    }
    snprintf(name, sizeof name, "k%04d", number);
    put_key(b, type, name);
    size_t elements = type ? 1 + next_random(random) % (next_random(random) % 8 ? 5 : 150) : 1;
    if (type)
        put_len(b, elements);
    for (size_t i = 0; i < (type == 4 ? 2 : 1) * elements; i++)
        put_text(b, next_random(random) % (type ? 20 : next_random(random) % 4 ? 300 : 3000), i, random);
}

static void put_keys(struct build *b, uint64_t seed)
{
    uint64_t random = seed;
    for (int i = 0; i < KEYS; i++) {
        if (i % 100 == 50)
            put_hex(b, i == 50 ? "fe01" : "fe02");
        put_some_key(b, i, &random);
    }
}

static void replay_with_accidents(uint64_t seed, bool lossy, int *batches)
{
    const rf_replay_options options = {.mode = seed / 2 % 2 ? RF_REPLAY_AUTO : RF_REPLAY_COMMANDS,
                                       .on_exists = (rf_on_exists)(seed / 4 % 3),
                                       .connections = 1 + (unsigned)(seed / 12 % 3),
                                       .big_key = seed / 36 % 2 ? 2000 : 0};
    struct chance chance = {
        .random = seed * 0x9e3779b97f4a7c15 | 1, .left = EVENTS, .batches_left = BATCH_EVENTS};
    chance.events = lossy ? losses : errors;
    chance.count = lossy ? sizeof losses / sizeof *losses : sizeof errors / sizeof *errors;
    struct replaying calm = {.options = options, .fake.batches = true};
    struct replaying wild = {.options = options,
                             .fake = {.decide = have_accidents, .ctx = &chance, .batches = true}};
    put_keys(&calm.input, seed);
    put_keys(&wild.input, seed);
    replaying_run(&calm);
    cr_assert_eq(calm.code, RF_OK, "%s", calm.error.message);
    replaying_run(&wild);
    cr_assert_eq(wild.code, RF_OK, "%s", wild.error.message);
    cr_expect_str_eq((char *)wild.failures.data, "");
    cr_expect_eq(wild.counts.written, KEYS);
    cr_expect_gt(fake_count(&calm.fake, "MSET"), 3);
    *batches += BATCH_EVENTS - chance.batches_left;
    cr_expect(strcmp(wild.store, calm.store) == 0, "seed %llu: other keys\n%.3000s\nthan\n%.3000s",
              (unsigned long long)seed, wild.store, calm.store);
    replaying_free(&calm);
    replaying_free(&wild);
}

static void replay_rounds(bool lossy)
{
    enum { ROUNDS = 10 };
    const char *chosen = getenv("REPLAY_SEED");
    int batches = 0;
    uint64_t seed = chosen ? strtoull(chosen, NULL, 10) : (uint64_t)time(NULL) * ROUNDS;
    for (int i = 0; i < (chosen ? 1 : ROUNDS); i++) {
        printf("REPLAY_SEED=%llu\n", (unsigned long long)seed + (unsigned)i);
        fflush(stdout);
        replay_with_accidents(seed + (unsigned)i, lossy, &batches);
    }
    cr_expect(chosen || batches > 0, "no batch of strings had an accident");
}

Test(replay_random, connections_are_lost)
{
    replay_rounds(true);
}

Test(replay_random, errors_that_pass)
{
    replay_rounds(false);
}
