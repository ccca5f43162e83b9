/* SPDX-License-Identifier: MIT */
/* A node of a cluster accepts connections and does not answer: the others do not wait for it. */
#include "base/bytes.h"
#include "resp/resp_write.h"
#include "support/names.h"
#include "support/replaying.h"
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

TestSuite(replay_opening, .timeout = 120);

/* Slowly enough that the loss, or the redirection, is noticed in the middle; with a timeout that nobody meets
 * who does not wait for the node that hangs. */
enum { TIMEOUT_MS = 50 * 1000, MANY = 120, SIZE = 50 * 1000, RATE = 20 * 1000 * 1000 };

/* Strings of 50 KB in the slot of `tag`, more of them than a connection may keep. */
static void put_large(struct build *b, const char *tag, int count)
{
    char key[32];
    char *value = calloc(1, SIZE + 1);
    cr_assert_not_null(value);
    memset(value, 'v', SIZE);
    for (int i = 0; i < count; i++) {
        snprintf(key, sizeof key, "{%s}%d", tag, i);
        put_key(b, 0, key);
        put_hex(b, "80 00 00 c3 50"); /* the length */
        put_bytes(b, slice_of(value, SIZE));
    }
    free(value);
}

static void put_commands(struct buffer *aof, const char *tag, int count)
{
    char key[32];
    struct buffer value = {0};
    cr_assert(buffer_reserve(&value, SIZE));
    memset(value.data, 'v', SIZE);
    for (int i = 0; i < count; i++) {
        int length = snprintf(key, sizeof key, "{%s}%d", tag, i);
        const rf_slice argv[] = {SLICE("SET"), slice_of(key, (size_t)length), slice_of(value.data, SIZE)};
        cr_assert(resp_append_command(aof, argv, 3));
    }
    buffer_free(&value);
}

/* "{b}" is in the slots of the first node, "{c}" and "{a}" in those of the second and third one. */
static void run(struct replaying *p, const struct fake_rule *rules)
{
    p->fake.nodes = 3;
    p->fake.cluster = true;
    p->fake.rules = rules;
    p->options.connections = 1;
    p->options.rate = RATE;
    p->timeout_ms = TIMEOUT_MS;
    replaying_run(p);
    cr_expect_eq(p->code, RF_OK, "%s", p->error.message);
    cr_expect_eq(p->counts.written, p->keys);
    cr_expect_eq(p->fake.given_up, 0, "the others waited");
}

Test(replay_opening, a_lost_node_comes_back_slowly)
{
    static const struct fake_rule rules[] = {
        {.on = "SET {b}1 ", .flags = FAKE_CLOSES, .node = 1},
        {.on = "CLIENT SETNAME", .node = 1, .times = 2}, /* the control connection, and the pipeline */
        {.on = "CLIENT SETNAME", .flags = FAKE_HANGS, .node = 1, .until = "SET {a}119 "},
        {.on = "INFO server", .node = 1, .times = 3}, /* the first topology, and these two */
        {.on = "INFO server", .flags = FAKE_HANGS, .node = 1, .until = "SET {a}119 "}, /* nor that */
        {.on = NULL}};
    struct replaying p = {0};
    put_large(&p.input, "b", 3);
    put_large(&p.input, "c", MANY);
    put_large(&p.input, "a", MANY);
    run(&p, rules);
    replaying_free(&p);
}

/* Of commands each slot has a queue of its own. */
Test(replay_opening, commands_for_a_lost_node)
{
    static const struct fake_rule rules[] = {
        {.on = "SET {b}1 ", .flags = FAKE_CLOSES, .node = 1},
        {.on = "CLIENT SETNAME", .node = 1, .times = 2},
        {.on = "CLIENT SETNAME", .flags = FAKE_HANGS, .node = 1, .until = "SET {a}119 "},
        {.on = NULL}};
    struct replaying p = {0};
    struct buffer aof = {0};
    put_commands(&aof, "b", 3);
    put_commands(&aof, "c", MANY);
    put_commands(&aof, "b", 3);
    put_commands(&aof, "a", MANY);
    p.aof = buffer_slice(&aof);
    run(&p, rules);
    cr_expect_eq(p.counts.commands, 2 * MANY + 6);
    replaying_free(&p);
    buffer_free(&aof);
}

/* A node that was not needed before: a redirection leads to it. */
Test(replay_opening, redirected_to_a_node_that_hangs)
{
    static const struct fake_rule rules[] = {
        {.on = "SET {b}1 ", .answer = "-MOVED 3300 @2\r\n", .node = 1, .times = FAKE_EVER},
        {.on = "CLIENT SETNAME", .flags = FAKE_HANGS, .node = 3, .until = "SET {c}119 "},
        {.on = NULL}};
    struct replaying p = {0};
    put_large(&p.input, "b", 2);
    put_large(&p.input, "c", MANY);
    run(&p, rules);
    replaying_free(&p);
}

/* --- names ---------------------------------------------------------------------------------------------- */

static struct {
    struct fake_target *fake;
    atomic_uint looked_up;  /* of the lost node */
    atomic_uint unanswered; /* in TIMEOUT_MS / 10, because the others waited for it */
} names;

static void wait_for(bool (*has_come)(void))
{
    for (int waited_ms = 0; !has_come(); waited_ms++) {
        if (waited_ms == TIMEOUT_MS / 10) {
            names.unanswered++;
            return;
        }
        usleep(1000);
    }
}

static bool others_are_done(void)
{
    return fake_find(names.fake, 0, "SET {a}119 ") >= 0;
}

/* From the loss of the first node on, its name is answered when the others have got everything. */
static void answer_late(const char *port)
{
    if (atoi(port) != names.fake->ports[0] || fake_find(names.fake, 0, "SET {b}1 ") < 0)
        return;
    names.looked_up++;
    wait_for(others_are_done);
}

Test(replay_opening, the_name_of_a_lost_node_is_looked_up_slowly)
{
    static const struct fake_rule rules[] = {{.on = "SET {b}1 ", .flags = FAKE_CLOSES, .node = 1},
                                             {.on = NULL}};
    struct replaying p = {.map = "127.0.0.1=node.test"};
    names.fake = &p.fake;
    names_hook = answer_late;
    put_large(&p.input, "b", 3);
    put_large(&p.input, "c", MANY);
    put_large(&p.input, "a", MANY);
    run(&p, rules);
    cr_expect_gt(names.looked_up, 0);
    cr_expect_eq(names.unanswered, 0, "the others waited");
    replaying_free(&p);
}

static atomic_bool begun[2];

static bool both_have_begun(void)
{
    return begun[0] && begun[1];
}

/* The names of the second and of the third node, once both are looked up. */
static void answer_both(const char *port)
{
    for (unsigned i = 0; i < 2; i++)
        if (atoi(port) == names.fake->ports[1 + i]) {
            begun[i] = true;
            wait_for(both_have_begun);
        }
}

/* What is done on every node does not connect to one after the other. */
Test(replay_opening, all_nodes_at_once)
{
    static const struct fake_rule rules[] = {{.on = NULL}};
    struct replaying p = {.map = "127.0.0.1=node.test"};
    names.fake = &p.fake;
    names_hook = answer_both;
    put_hex(&p.input, "f5 0d 23216c7561206e616d653d310a"); /* a library: "#!lua name=1\n" */
    run(&p, rules);
    cr_expect_eq(p.counts.libraries, 1);
    cr_expect(both_have_begun());
    cr_expect_eq(names.unanswered, 0, "one waited for the other");
    replaying_free(&p);
}
