/* SPDX-License-Identifier: MIT */
/* What would harm a server: values of modules that it lacks, requests that bring it down, commands that are
 * none of an AOF's. */
#include "base/bytes.h"
#include "support/replaying.h"
#include <criterion/criterion.h>

TestSuite(replay_harm, .timeout = 120);

#define BEHIND "00 017a 0176" /* a string "z" */

/* --- values of modules ---------------------------------------------------------------------------------- */

static void put_module(struct build *b, const char *key, const char *type)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint64_t id = 0;
    for (; *type; type++)
        id = id << 6 | (uint64_t)(strchr(letters, *type) - letters);
    id = id << 10 | 1;
    put_key(b, 7, key);
    put_u8(b, 0x81);
    for (int shift = 56; shift >= 0; shift -= 8)
        put_u8(b, (uint8_t)(id >> shift));
    put_hex(b, "05 0178 00");
}

#define OWN    "ownmodtst"
#define JSON   "ReJSON-RL"
#define VECTOR "vectorset"

#define NONE              "*0\r\n"
#define HAS(name, length) "*1\r\n*4\r\n$4\r\nname\r\n$" length "\r\n" name "\r\n$3\r\nver\r\n:20600\r\n"
#define DENIED            "-NOPERM this user has no permissions to run the 'module|list' command\r\n"
#define NO_SUCH           "-ERR unknown command 'MODULE'\r\n"

Test(replay_harm, values_of_modules)
{
    static const struct {
        const char *version, *list, *type;
        bool sent;
    } cases[] = {
        /* these exit over what they lack: only what is known to be there */
        {"redis_version:4.0.14", NONE, OWN, false},
        {"redis_version:5.0.14", NONE, OWN, false},
        {"redis_version:6.0.20", NONE, OWN, false},
        {"redis_version:6.0.20", NONE, JSON, false},
        {"redis_version:6.0.20", DENIED, OWN, false},
        {"redis_version:6.0.20", DENIED, JSON, false},
        {"redis_version:6.0.20", NO_SUCH, JSON, false},
        {"redis_version:6.0.20", "+OK\r\n", JSON, false},
        {"redis_version:6.0.20", HAS("other", "5"), OWN, false},
        {"redis_version:6.0.20", HAS("other", "5"), JSON, false},
        {"redis_version:6.0.20", HAS("ReJSON", "6"), JSON, true},
        {"redis_version:5.0.14", HAS("ReJSON", "6"), JSON, true},
        /* these refuse it: only what is known to be missing is not sent */
        {"redis_version:6.2.14", NONE, OWN, false},
        {"redis_version:6.2.14", DENIED, OWN, true},
        {"redis_version:7.4.1", HAS("other", "5"), OWN, true},
        {"redis_version:7.4.1", HAS("other", "5"), JSON, false},
        {"redis_version:7.2.4\r\nvalkey_version:8.1.0", DENIED, JSON, true},
        {"redis_version:7.2.4\r\nvalkey_version:8.1.0", NONE, JSON, false},
        /* part of the server */
        {"redis_version:8.0.0", NONE, VECTOR, true},
        {"redis_version:8.0.0", DENIED, VECTOR, true},
        {"redis_version:7.2.5", HAS("vectorset", "9"), VECTOR, true},
        {"redis_version:7.4.1", NONE, VECTOR, false},
        {"redis_version:7.4.1", DENIED, VECTOR, true},
        {"redis_version:6.0.20", DENIED, VECTOR, false},
        {"redis_version:7.2.4\r\nvalkey_version:9.1.0", NONE, VECTOR, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct fake_rule rules[] = {{.on = "MODULE LIST", .answer = cases[i].list, .times = FAKE_EVER},
                                          {.on = NULL}};
        struct replaying p = {.magic = "REDIS0012", .fake = {.version = cases[i].version, .rules = rules}};
        put_module(&p.input, "m", cases[i].type);
        put_module(&p.input, "n", cases[i].type);
        put_hex(&p.input, BEHIND);
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%zu: %s", i, p.error.message);
        cr_expect_eq(fake_count(&p.fake, "RESTORE "), cases[i].sent ? 2 : 0, "%zu", i);
        cr_expect_eq(fake_count(&p.fake, "MODULE LIST"), 1, "%zu", i);
        cr_expect_eq(p.counts.failures[RF_FAILURE_UNSUPPORTED], cases[i].sent ? 0 : 2, "%zu: %s", i,
                     p.failures.data);
        cr_expect_eq(p.letters.len > 0, !cases[i].sent, "%zu", i);
        cr_expect_eq(fake_count(&p.fake, "SET z v"), 1);
        replaying_free(&p);
    }
}

/* Two of the nodes lack what the third one has. */
Test(replay_harm, each_node_has_modules_of_its_own)
{
    static const struct fake_rule rules[] = {
        {.on = "MODULE LIST", .answer = HAS("ReJSON", "6"), .node = 2, .times = FAKE_EVER},
        {.on = "MODULE LIST", .answer = NONE, .times = FAKE_EVER},
        {.on = NULL}};
    struct replaying p = {
        .fake = {.nodes = 3, .cluster = true, .version = "redis_version:6.0.20", .rules = rules}};
    put_module(&p.input, "a", JSON);
    put_module(&p.input, "b", JSON);
    put_module(&p.input, "c", JSON);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_eq(p.counts.written, 1, "%s", p.failures.data);
    cr_expect_eq(fake_count(&p.fake, "RESTORE c"), 1);
    cr_expect_eq(fake_count(&p.fake, "RESTORE "), 1);
    replaying_free(&p);
}

/* The slot goes to a node that lacks the module while the value is in flight. */
Test(replay_harm, a_value_that_moves_to_a_node_without_its_module)
{
    static const struct fake_rule rules[] = {
        {.on = "MODULE LIST", .answer = HAS("ReJSON", "6"), .node = 2, .times = FAKE_EVER},
        {.on = "MODULE LIST", .answer = NONE, .times = FAKE_EVER},
        {.on = "RESTORE c", .answer = "-MOVED 7365 @2\r\n", .node = 2},
        {.on = NULL}};
    struct replaying p = {
        .fake = {.nodes = 3, .cluster = true, .version = "redis_version:6.0.20", .rules = rules}};
    put_module(&p.input, "c", JSON);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_str_eq((char *)p.failures.data, "unsupported 0:c: the server lacks the module of the value|");
    cr_expect_eq(fake_count(&p.fake, "RESTORE "), 1);
    cr_expect_gt(p.letters.len, 0);
    replaying_free(&p);
}

/* A server that was started anew may have come up without. */
Test(replay_harm, a_server_that_comes_back_without_the_module)
{
    static const struct fake_rule rules[] = {{.on = "MODULE LIST", .answer = HAS("ReJSON", "6")},
                                             {.on = "MODULE LIST", .answer = NONE, .times = FAKE_EVER},
                                             {.on = "SET y ", .flags = FAKE_DIES},
                                             {.on = NULL}};
    struct replaying p = {.fake = {.version = "redis_version:6.0.20", .rules = rules},
                          .options = {.connections = 1}};
    put_module(&p.input, "m", JSON);
    put_hex(&p.input, "00 0179 0176");
    put_module(&p.input, "n", JSON);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_eq(fake_count(&p.fake, "RESTORE n"), 0, "it was not sent with the others");
    cr_expect(strstr((char *)p.failures.data, "unsupported 0:n: the server lacks the module of the value|"),
              "%s", p.failures.data);
    replaying_free(&p);
}

/* --- requests that bring a server down ------------------------------------------------------------------ */

enum { MANY = 300 };

/* Strings k000 ..., of so many bytes. */
static void put_many(struct build *b, size_t size)
{
    char key[16], value[1024] = "";
    memset(value, 'v', size);
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "k%03d", i);
        put_key(b, 0, key);
        put_str(b, value);
    }
}

static void expect_named(struct replaying *p, const char *key)
{
    cr_expect_eq(p->code, RF_E_TARGET);
    cr_expect(strstr(p->error.message, "exclude the key"), "%s", p->error.message);
    cr_expect_str_eq(p->error.key, key);
}

Test(replay_harm, a_request_that_brings_the_server_down)
{
    static const struct fake_rule rules[] = {{.on = "SET k150 ", .flags = FAKE_DIES, .times = FAKE_EVER},
                                             {.on = NULL}};
    for (unsigned connections = 1; connections <= 3; connections++) {
        struct replaying p = {.options.connections = connections, .fake.rules = rules};
        put_many(&p.input, 1);
        replaying_run(&p);
        expect_named(&p, "k150");
        cr_expect_eq(p.fake.deaths[0], 2, "%u", p.fake.deaths[0]);
        cr_expect_geq(p.counts.written, 150);
        replaying_free(&p);
    }
}

/* The promoted replica is not next, and its own replica neither. */
Test(replay_harm, a_request_that_brings_one_primary_down_after_the_other)
{
    static const struct fake_rule rules[] = {
        {.on = "SET b ", .flags = FAKE_DIES, .node = 1},
        {.on = "SET b ", .flags = FAKE_DIES, .node = 3},
        {.on = "SET b ", .answer = "-MOVED 3300 @2\r\n", .node = 1, .times = FAKE_EVER},
        {.on = "SET b ", .answer = "-MOVED 3300 @1\r\n", .node = 3, .times = FAKE_EVER},
        {.on = NULL}};
    struct replaying p = {.fake = {.nodes = 3, .cluster = true, .rules = rules}};
    put_hex(&p.input, "00 0161 0176 00 0162 0176 00 0163 0176");
    replaying_run(&p);
    expect_named(&p, "b");
    cr_expect_eq(p.fake.deaths[0] + p.fake.deaths[2], 2);
    cr_expect_eq(fake_count(&p.fake, "SET b "), 3, "it went no further");
    replaying_free(&p);
}

/* It is there all the time, and may not even say which process it is. */
Test(replay_harm, a_request_over_which_every_connection_is_closed)
{
    static const struct fake_rule rules[] = {{.on = "SET k007 ", .flags = FAKE_CLOSES, .times = FAKE_EVER},
                                             {.on = NULL}};
    for (int nameless = 0; nameless < 2; nameless++) {
        struct replaying p = {.fake = {.rules = rules, .nameless = nameless}};
        put_many(&p.input, 1);
        replaying_run(&p);
        expect_named(&p, "k007");
        cr_expect_eq(fake_count(&p.fake, "SET k007 "), 5);
        replaying_free(&p);
    }
}

/* Servers that go down by themselves, whatever they are doing, and networks that cut. */
Test(replay_harm, outages_are_no_proof)
{
    static const struct fake_rule rules[] = {{.on = "SET k020 ", .flags = FAKE_DIES},
                                             {.on = "SET k021 ", .flags = FAKE_CLOSES, .times = 4},
                                             {.on = "SET k150 ", .flags = FAKE_DIES},
                                             {.on = "SET k150 ", .flags = FAKE_CLOSES, .times = 3},
                                             {.on = "SET k250 ", .flags = FAKE_DIES},
                                             {.on = "SET k280 ", .flags = FAKE_CLOSES, .times = 4},
                                             {.on = NULL}};
    struct replaying p = {.options.connections = 1, .fake.rules = rules};
    put_many(&p.input, 1000);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_eq(p.fake.deaths[0], 3);
    cr_expect_eq(p.counts.written, MANY, "%s", p.failures.data);
    replaying_free(&p);
}

/* --- commands that are never sent ---------------------------------------------------------------------- */

static void put_command(struct buffer *aof, const char *words)
{
    char text[256], *word, *rest = text;
    struct build command = {0};
    unsigned count = 0;
    snprintf(text, sizeof text, "%s", words);
    while ((word = strsep(&rest, " "))) {
        char head[32];
        snprintf(head, sizeof head, "$%zu\r\n", strlen(word));
        put_bytes(&command, slice_of(head, strlen(head)));
        put_bytes(&command, slice_of(word, strlen(word)));
        put_bytes(&command, SLICE("\r\n"));
        count++;
    }
    char head[32];
    snprintf(head, sizeof head, "*%u\r\n", count);
    cr_assert(buffer_append(aof, slice_of(head, strlen(head))));
    cr_assert(buffer_append(aof, built(&command)));
    build_free(&command);
}

Test(replay_harm, commands_of_no_aof)
{
    static const char *const forbidden[] = {
        "SHUTDOWN",
        "shutdown NOSAVE",
        "DEBUG SEGFAULT",
        "Debug sleep 100",
        "REPLICAOF h 1",
        "SLAVEOF NO ONE",
        "CLUSTER RESET",
        "FAILOVER",
        "MONITOR",
        "SYNC",
        "PSYNC ? -1",
        "CLIENT KILL x",
        "ACL SETUSER x",
        "CONFIG SET dir /x",
        "MODULE LOAD /x",
        "SAVE",
        "BGSAVE",
        "BGREWRITEAOF",
        "AUTH x",
        "HELLO 3",
        "RESET",
        "QUIT",
        "SUBSCRIBE x",
        "psubscribe x*",
        "SSUBSCRIBE x",
        "MIGRATE h 1 k 0 1",
        "BLPOP k 0",
        "BRPOP k 0",
        "BLMOVE a b LEFT LEFT 0",
        "BZPOPMIN k 0",
        "XREAD BLOCK 0 STREAMS s 0",
        "WAIT 1 0",
        "WATCH k",
        "SCRIPT KILL",
        "script debug yes",
        "FUNCTION KILL",
        "LATENCY RESET",
        "SLOWLOG RESET",
        "READONLY",
        "SENTINEL RESET x",
    };
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        for (int multi = 0; multi < 2; multi++) {
            struct buffer aof = {0};
            char expected[128];
            if (multi)
                put_command(&aof, "MULTI");
            put_command(&aof, forbidden[i]);
            put_command(&aof, "SET k v");
            if (multi)
                put_command(&aof, "EXEC");
            struct replaying p = {.aof = buffer_slice(&aof)};
            replaying_run(&p);
            snprintf(expected, sizeof expected, "forbidden 0:: %.*s: this command is never replayed|",
                     (int)strcspn(forbidden[i], " "), forbidden[i]);
            cr_expect_eq(p.code, RF_OK, "%s: %s", forbidden[i], p.error.message);
            cr_expect_str_eq((char *)p.failures.data, expected);
            cr_expect_eq(fake_count(&p.fake, forbidden[i]), 0, "%s", forbidden[i]);
            cr_expect_eq(p.counts.commands, multi ? 3 : 1);
            cr_expect_eq(p.letters.len, 0);
            cr_expect_str_eq(p.store, "0:k=v|");
            buffer_free(&aof);
            replaying_free(&p);
        }
}

/* What servers write, from 2.8 to those of today. */
Test(replay_harm, commands_of_aofs)
{
    static const char *const logged[] = {
        "APPEND k v",
        "BITFIELD k SET u8 0 1",
        "BITOP NOT a k",
        "COPY a b",
        "DECR k",
        "DEL k",
        "UNLINK k",
        "EVAL return 0",
        "FLUSHALL",
        "FLUSHDB",
        "FUNCTION LOAD x",
        "FUNCTION DELETE x",
        "FUNCTION FLUSH",
        "FUNCTION RESTORE x",
        "GETSET k v",
        "HPEXPIREAT k 1 FIELDS 1 f",
        "LMOVE a b LEFT LEFT",
        "MOVE k 1",
        "PEXPIREAT k 1",
        "PERSIST k",
        "PFADD k x",
        "PFCOUNT k",
        "RENAME a b",
        "SCRIPT LOAD x",
        "SCRIPT FLUSH",
        "SORT k STORE d",
        "SWAPDB 0 1",
        "TOUCH k",
        "VADD k x",
        "XADD k 1-1 f v",
        "XCLAIM k g c 0 1-1",
        "XGROUP CREATE k g 0",
        "XSETID k 1-1",
        "ZADD k 1 m",
        "SET k v",
        "GEOADD k 1 1 m",
        "MSETEX 1 k v",
        "ARSET k 0 v",
        "LPOP k",
        "SPOP k",
    };
    struct buffer aof = {0};
    for (size_t i = 0; i < sizeof logged / sizeof *logged; i++)
        put_command(&aof, logged[i]);
    struct replaying p = {.aof = buffer_slice(&aof)};
    replaying_run(&p);
    for (size_t i = 0; i < sizeof logged / sizeof *logged; i++)
        cr_expect_eq(fake_count(&p.fake, logged[i]), 1, "%s", logged[i]);
    cr_expect_eq(p.counts.failures[RF_FAILURE_FORBIDDEN], 0, "%s", p.failures.data);
    buffer_free(&aof);
    replaying_free(&p);
}
