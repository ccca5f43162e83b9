/* SPDX-License-Identifier: MIT */
/* Queries that a node has not answered when it is no primary any more. */
#include "base/bytes.h"
#include "support/fake_target.h"
#include <criterion/criterion.h>
#include <rdbferry/live.h>
#include <stdatomic.h>
#include <stdio.h>

enum { KEYS = 40 };

static atomic_bool has_moved;

/* All slots are on one node from some time on. */
static const struct fake_rule *decide(struct fake_target *t, const char *command)
{
    static const struct fake_rule all_on_one = {
        .answer = "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:#1\r\n", .times = FAKE_EVER};
    (void)t;
    return has_moved && strcmp(command, "CLUSTER SLOTS") == 0 ? &all_on_one : NULL;
}

static rf_code never(void *ctx, const rf_difference *difference, rf_error *error)
{
    (void)ctx, (void)error;
    cr_expect_fail("%.*s is there", (int)difference->before->key.len,
                   (const char *)difference->before->key.ptr);
    return RF_OK;
}

static void check_keys(rf_live *live)
{
    rf_error error;
    for (int i = 0; i < KEYS; i++) {
        char name[16];
        rf_slice key = {(const uint8_t *)name, (size_t)snprintf(name, sizeof name, "key:%d", i)};
        const rf_key_record record = {.key = key, .expire_ms = RF_NO_EXPIRY};
        cr_assert_eq(rf_live_check(live, &record, &error), RF_OK, "%s", error.message);
    }
}

Test(live_moves, no_query_is_forgotten)
{
    static const struct fake_rule all_are_there[] = {
        {.on = "EXISTS ", .answer = ":1\r\n", .times = FAKE_EVER}, {.on = NULL}};
    struct fake_target t = {.nodes = 3, .cluster = true, .rules = all_are_there, .decide = decide};
    rf_live *live;
    rf_live_counts counts;
    rf_error error;
    uint64_t mark = 0;
    bool moved;
    has_moved = false;
    fake_target_start(&t);
    const rf_live_options options = {.names_only = true, .fn = never};
    cr_assert_eq(rf_live_open(&t.target, &options, &live, &error), RF_OK, "%s", error.message);
    check_keys(live);
    has_moved = true;
    cr_assert_eq(rf_live_find_moves(live, &mark, &moved, &error), RF_OK, "%s", error.message);
    cr_expect(moved);
    cr_expect_eq(rf_live_info_get(live)->nodes, 1);
    cr_assert_eq(rf_live_finish(live, &counts, &error), RF_OK, "%s", error.message);
    cr_expect_eq(counts.checked, KEYS);
    cr_expect_eq(counts.equal, KEYS);
    rf_live_close(live);
    fake_target_stop(&t);
    fake_target_free(&t);
}
