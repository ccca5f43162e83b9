/* SPDX-License-Identifier: MIT */
/* A replay into a cluster whose slots move, and into a server that replicas follow. */
#include "base/bytes.h"
#include "support/replaying.h"
#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(replay_cluster, .timeout = 120);

/* Of three nodes: "b" (slot 3300) is the first one's, "c" (7365) the second one's, "a" (15495) the third's.
 */
#define KEYS "00 0161 0176 00 0162 0176 00 0163 0176"
#define LIST "01 0162 02 0161 0163"

Test(replay_cluster, each_key_goes_to_its_node)
{
    struct replaying p = {.fake = {.nodes = 3, .cluster = true}};
    replaying_expect(&p, KEYS, "0:b=v|1/0:c=v|2/0:a=v|");
    cr_expect_eq(p.counts.written, 3);
    cr_expect_eq(p.counts.resent, 0);
    replaying_free(&p);
}

/* --- MOVED ---------------------------------------------------------------------------------------------- */

Test(replay_cluster, moved)
{
    static const char *const moved[] = {
        "-MOVED 3300 @2\r\n", "-MOVED 3300 :#2\r\n", /* no host: the one of who says so */
        "-MOVED 3300 ?:#2\r\n",                      /* likewise */
        "-MOVED 99999 @2\r\n", /* no such slot: it is tried there all the same, or again here */
    };
    for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
        const struct fake_rule rules[] = {
            {.on = "SET b ", .answer = moved[i], .node = 1, .times = i < 3 ? FAKE_EVER : 1}, {.on = NULL}};
        struct replaying p = {.fake = {.nodes = 3, .cluster = true, .rules = rules}};
        replaying_expect(&p, KEYS, i < 3 ? "1/0:c=v|2/0:a=v|2/0:b=v|" : "0:b=v|1/0:c=v|2/0:a=v|");
        cr_expect_eq(p.counts.written, 3);
        cr_expect_eq(p.counts.resent, 1, "%s", moved[i]);
        replaying_free(&p);
    }
}

Test(replay_cluster, moved_and_nobody_is_named)
{
    static const char *const moved[] = {"-MOVED\r\n",          "-MOVED 3300\r\n",         "-MOVED 3300 x\r\n",
                                        "-MOVED 3300 h:0\r\n", "-MOVED 3300 h:99999\r\n", "-ASK 3300 \r\n"};
    for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
        const struct fake_rule rules[] = {{.on = "SET b ", .answer = moved[i], .times = 2}, {.on = NULL}};
        struct replaying p = {.fake = {.nodes = 3, .cluster = true, .rules = rules}};
        replaying_expect(&p, KEYS, "0:b=v|1/0:c=v|2/0:a=v|");
        cr_expect_eq(p.counts.resent, 2, "%s", moved[i]);
        replaying_free(&p);
    }
}

/* Two nodes that each send us to the other one: that does not last, or the run ends. */
Test(replay_cluster, moved_to_and_fro)
{
    const struct fake_rule rules[] = {
        {.on = "SET b ", .answer = "-MOVED 3300 @2\r\n", .node = 1, .times = FAKE_EVER},
        {.on = "SET b ", .answer = "-MOVED 3300 @0\r\n", .node = 3, .times = FAKE_EVER},
        {.on = NULL}};
    struct replaying p = {.options = {.retry_for_ms = 300},
                          .fake = {.nodes = 3, .cluster = true, .rules = rules}};
    put_hex(&p.input, KEYS);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_E_UNAVAILABLE);
    cr_expect(strstr(p.error.message, "MOVED 3300"), "%s", p.error.message);
    cr_expect(strstr(p.error.message, "gave up after 0.3 s"), "%s", p.error.message);
    cr_expect_str_eq(p.error.key, "b");
    cr_expect_eq(p.acked.offset, 9 + 5);
    cr_expect_lt(fake_count(&p.fake, "SET b "), 60, "it is done at leisure");
    replaying_free(&p);
}

/* --- ASK ------------------------------------------------------------------------------------------------ */

/* Two names cannot be renamed before both are there: it is sent until the slot has moved, or its keys can be
 * asked for; and each attempt is like the one before. */
Test(replay_cluster, ask_and_try_again_until_it_has_moved)
{
    static const struct fake_rule rules[] = {
        {.on = "RPUSH b:", .answer = "-ASK 3300 @2\r\n", .times = 6, .node = 1},
        {.on = "RENAMENX b:", .answer = "-ASK 3300 @2\r\n", .times = 6, .node = 1},
        {.on = "RENAMENX b:", .answer = "-TRYAGAIN x\r\n", .times = 2, .node = 3},
        {.on = "RPUSH b:", .answer = "-MOVED 3300 @2\r\n", .times = FAKE_EVER, .node = 1},
        {.on = "RENAMENX b:", .answer = "-MOVED 3300 @2\r\n", .times = FAKE_EVER, .node = 1},
        {.on = NULL}};
    struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS, .connections = 1},
                          .fake = {.nodes = 3, .cluster = true, .rules = rules}};
    replaying_expect(&p, LIST, "2/0:b=a c|");
    cr_expect_eq(p.counts.written, 1);
    cr_expect_leq(fake_count(&p.fake, "UNLINK"), 24, "%zu", fake_count(&p.fake, "UNLINK"));
    cr_expect_leq(fake_count(&p.fake, "ASKING"), 40, "%zu", fake_count(&p.fake, "ASKING"));
    replaying_free(&p);
}

/* What is asked for elsewhere is not left half there and half here. */
Test(replay_cluster, ask_for_one_of_its_commands_alone)
{
    static const struct fake_rule rules[] = {{.on = "RENAMENX b:", .answer = "-TRYAGAIN x\r\n", .node = 1},
                                             {.on = "RPUSH b:", .answer = "-ASK 3300 @2\r\n", .node = 1},
                                             {.on = NULL}};
    struct replaying p = {.options = {.mode = RF_REPLAY_COMMANDS},
                          .fake = {.nodes = 3, .cluster = true, .rules = rules}};
    replaying_expect(&p, LIST, "0:b=a c|");
    replaying_free(&p);
}

/* Lost where it was asked for, before it was done or after: it exists, and is compared. */
Test(replay_cluster, ask_and_then_the_connection_is_lost)
{
    for (int flags = 0; flags <= FAKE_DOES; flags++) {
        const struct fake_rule rules[] = {{.on = "SET b ", .answer = "-ASK 3300 @2\r\n", .node = 1},
                                          {.on = "SET b ", .flags = FAKE_CLOSES | flags, .node = 3},
                                          {.on = "SET b ", .answer = "-MOVED 3300 @2\r\n", .node = 1},
                                          {.on = NULL}};
        struct replaying p = {.options = {.retry_for_ms = 3000},
                              .fake = {.nodes = 3, .cluster = true, .rules = rules}};
        replaying_expect(&p, KEYS, "1/0:c=v|2/0:a=v|2/0:b=v|");
        cr_expect_eq(p.counts.written, 3);
        cr_expect_str_eq((char *)p.failures.data, "");
        replaying_free(&p);
    }
}

/* A dead letter is what would write the key, and not what an attempt has sent. */
Test(replay_cluster, dead_letters_do_not_ask)
{
    static const struct fake_rule rules[] = {{.on = "SET b ", .answer = "-ASK 3300 @2\r\n", .node = 1},
                                             {.on = "SET b ", .answer = "-ERR no\r\n", .node = 3},
                                             {.on = "SET c ", .answer = "-LOADING x\r\n"},
                                             {.on = "SET c ", .answer = "-ERR no\r\n"},
                                             {.on = NULL}};
    struct replaying p = {.fake = {.nodes = 3, .cluster = true, .rules = rules}};
    replaying_expect(&p, KEYS, "2/0:a=v|");
    cr_expect_eq(p.counts.failed, 2);
    const char *letters = (const char *)p.letters.data; /* of two nodes, in any order */
    cr_expect_eq(strncmp(letters, "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*4\r\n$3\r\nSET", 34), 0, "%s", letters);
    cr_expect(strstr(letters, "$1\r\nb\r\n$1\r\nv\r\n$2\r\nNX\r\n"), "%s", letters);
    cr_expect(strstr(letters, "$1\r\nc\r\n$1\r\nv\r\n$2\r\nNX\r\n"), "%s", letters);
    cr_expect_eq(p.letters.len, 23 + 2 * 35);
    replaying_free(&p);
}

/* A string: SET, with ASKING and without UNLINK. */
Test(replay_cluster, ask_for_a_string)
{
    static const struct fake_rule rules[] = {{.on = "SET b ", .answer = "-ASK 3300 @1\r\n"}, {.on = NULL}};
    struct replaying p = {.fake = {.nodes = 3, .cluster = true, .rules = rules}};
    replaying_expect(&p, KEYS, "1/0:b=v|1/0:c=v|2/0:a=v|");
    cr_expect_eq(fake_count(&p.fake, "ASKING"), 1);
    cr_expect_eq(fake_count(&p.fake, "UNLINK"), 0);
    replaying_free(&p);
}

/* --- replicas ------------------------------------------------------------------------------------------- */

#define FOLLOWED \
    "role:master\r\nconnected_slaves:1\r\nslave0:ip=10.0.0.1,port=6379,state=online,offset=1,lag=0"

static void put_strings(struct build *b, int count)
{
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "k%06d", i);
        put_key(b, 0, name);
        put_str(b, "a value of a few bytes");
    }
}

Test(replay_cluster, nothing_is_acked_before_a_replica_has_it)
{
    static const struct fake_rule rules[] = {{.on = "WAIT", .answer = ":0\r\n", .times = 3}, {.on = NULL}};
    struct replaying p = {
        .options = {.connections = 1}, .waits = 4, .fake = {.rules = rules, .replication = FOLLOWED}};
    put_strings(&p.input, 3000);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_eq(p.counts.written, 3000);
    cr_expect_eq(p.log.len, 0, "%s", p.log.data);
    cr_expect_geq(fake_count(&p.fake, "WAIT 1 "), 4);
    replaying_free(&p);
}

/* Answered, and lost before a replica has it: all of it again, since a failover may have taken it; and once
 * more, for WAIT, where it has not. */
Test(replay_cluster, what_no_replica_has_is_sent_again)
{
    static const struct fake_rule rules[] = {{.on = "WAIT", .flags = FAKE_CLOSES}, {.on = NULL}};
    struct replaying p = {.options = {.connections = 1}, .fake = {.rules = rules, .replication = FOLLOWED}};
    put_strings(&p.input, 50);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_eq(p.counts.written, 50);
    cr_expect_eq(p.counts.resent, 50);
    cr_expect_eq(fake_count(&p.fake, "SET k000000 "), 3);
    cr_expect_eq(fake_count(&p.fake, "SET k000049 "), 3);
    replaying_free(&p);
}

Test(replay_cluster, replicas_that_cannot_be_asked_for)
{
    static const struct fake_rule rules[] = {{.on = "WAIT", .answer = "-NOPERM no\r\n", .times = FAKE_EVER},
                                             {.on = NULL}};
    struct replaying p = {.fake = {.rules = rules, .replication = FOLLOWED}};
    put_strings(&p.input, 50);
    replaying_run(&p);
    cr_expect_eq(p.code, RF_OK, "%s", p.error.message);
    cr_expect_eq(p.counts.written, 50);
    cr_expect(strstr((char *)p.log.data, ": NOPERM no: a failover may lose recent writes"), "%s", p.log.data);
    replaying_free(&p);
}

/* --- redirections to strangers ------------------------------------------------------------------------- */

/* A fake target of its own, which is nobody's: whatever comes there has leaked. */
struct stranger {
    struct fake_target fake;
    char redirection[64], nodes[384];
};

/* `before` and `behind`: a table of CLUSTER NODES around the stranger's port; NULL: there is none. */
static void invite(struct stranger *s, const char *kind, const char *before, const char *behind)
{
    char lines[320];
    fake_target_start(&s->fake);
    snprintf(s->redirection, sizeof s->redirection, "-%s 3300 127.0.0.1:%d\r\n", kind, s->fake.ports[0]);
    snprintf(lines, sizeof lines, "%s%d%s", before ? before : "", s->fake.ports[0], behind ? behind : "");
    if (before)
        snprintf(s->nodes, sizeof s->nodes, "$%zu\r\n%s\r\n", strlen(lines), lines);
    else
        snprintf(s->nodes, sizeof s->nodes, "-NOPERM cluster|nodes\r\n");
}

static size_t send_away(struct stranger *s)
{
    size_t told = s->fake.logged;
    fake_target_stop(&s->fake);
    fake_target_free(&s->fake);
    return told;
}

#define ID "07c37dfeb235213a872192d90877d0cd55635b91 "

Test(replay_cluster, redirected_to_a_stranger)
{
    static const char *const kinds[] = {"MOVED", "ASK"};
    static const struct {
        const char *before, *behind;
    } tables[] = {
        {ID "127.0.0.1:1@9001 master - 0 0 1 connected 0-16383\n#", "\n"},
        {ID "127.0.0.1:", "@9001 handshake - 0 0 1 connected\n"},
        {ID "127.0.0.1:", "@9001 master,noaddr - 0 0 1 disconnected\n"},
        {ID "127.0.0.2:", "@9001,elsewhere master - 0 0 1 connected\n"},
        {ID "127.0.0.1:1@", " master - 0 0 1 connected\n"},
        {NULL, NULL},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (size_t j = 0; j < sizeof tables / sizeof *tables; j++) {
            struct stranger s = {.fake.nodes = 1};
            invite(&s, kinds[i], tables[j].before, tables[j].behind);
            const struct fake_rule rules[] = {
                {.on = "SET b ", .answer = s.redirection, .node = 1, .times = FAKE_EVER},
                {.on = "CLUSTER NODES", .answer = s.nodes, .times = FAKE_EVER},
                {.on = NULL}};
            struct replaying p = {.password = "secret",
                                  .fake = {.nodes = 3, .cluster = true, .rules = rules}};
            char name[32];
            put_hex(&p.input, KEYS);
            snprintf(name, sizeof name, "127.0.0.1:%d", s.fake.ports[0]);
            replaying_run(&p);
            cr_expect_eq(p.code, RF_E_TARGET);
            cr_expect(strstr(p.error.message, "which is not in CLUSTER NODES"), "%s", p.error.message);
            cr_expect(strstr(p.error.message, name), "%s", p.error.message);
            cr_expect_eq(send_away(&s), 0, "%s, %zu: the stranger was told something", kinds[i], j);
            replaying_free(&p);
        }
}

/* A node that takes over its first slot: only whoever redirects to it knows it. */
Test(replay_cluster, redirected_to_a_node_that_has_no_slots_yet)
{
    static const struct {
        const char *before, *behind;
    } tables[] = {
        {ID "127.0.0.1:1@9001 myself,master - 0 0 1 connected 0-16383\n" ID "127.0.0.1:",
         "@9001 master - 0 0 1 connected\n"},
        {ID "10.0.0.1:", "@9001,127.0.0.1,shard-id=x master - 0 0 1 connected\n"}, /* by its host name */
        {ID "127.0.0.1:", " master - 0 0 1 connected\n"},                          /* as 3.0 has it */
        {ID ":", "@9001 myself,master - 0 0 1 connected\n"},                       /* where it was asked */
    };
    for (size_t j = 0; j < sizeof tables / sizeof *tables; j++) {
        static const struct fake_rule refuses[] = {{.on = "SET b ", .answer = "-ERR here\r\n"}, {.on = NULL}};
        struct stranger s = {.fake = {.nodes = 1, .rules = refuses}};
        invite(&s, "ASK", tables[j].before, tables[j].behind);
        const struct fake_rule rules[] = {
            {.on = "SET b ", .answer = s.redirection, .node = 1, .times = FAKE_EVER},
            {.on = "CLUSTER NODES", .answer = s.nodes, .times = FAKE_EVER},
            {.on = NULL}};
        struct replaying p = {.fake = {.nodes = 3, .cluster = true, .rules = rules}};
        put_hex(&p.input, KEYS);
        replaying_run(&p);
        cr_expect_eq(p.code, RF_OK, "%zu: %s", j, p.error.message);
        cr_expect_eq(p.counts.written, 2);
        cr_expect_str_eq((char *)p.failures.data, "rejected 0:b: ERR here|");
        cr_expect_eq(fake_count(&s.fake, "SET b v"), 1, "%zu", j);
        replaying_free(&p);
        cr_expect_gt(send_away(&s), 0);
    }
}

/* What stands alone sends nobody anywhere. */
Test(replay_cluster, redirected_by_a_server_that_stands_alone)
{
    static const char *const kinds[] = {"MOVED", "ASK"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct stranger s = {.fake.nodes = 1};
        invite(&s, kinds[i], ID "127.0.0.1:", "@9001 master - 0 0 1 connected\n");
        const struct fake_rule rules[] = {{.on = "SET b ", .answer = s.redirection}, {.on = NULL}};
        struct replaying p = {.password = "secret", .fake.rules = rules};
        put_hex(&p.input, KEYS);
        replaying_run(&p);
        cr_expect_eq(p.code, RF_E_TARGET);
        cr_expect(strstr(p.error.message, "use redis+cluster://"), "%s", p.error.message);
        cr_expect_str_eq(p.error.key, "b");
        cr_expect_eq(send_away(&s), 0, "the stranger was told something");
        replaying_free(&p);
    }
}
