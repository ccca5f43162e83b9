/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "base/clock.h"
#include "net/cluster_map.h"
#include "support/fake_server.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/* --- a map whose owner takes notes ---------------------------------------------------------------------- */

struct noted {
    struct cluster_node base;
    unsigned demoted;
};

struct owner {
    unsigned made, freed;
    rf_code demoting; /* what the map is answered */
};

static struct owner owner;

static struct cluster_node *make(void *ctx)
{
    struct noted *node = calloc(1, sizeof *node);
    cr_assert_not_null(node);
    ((struct owner *)ctx)->made++;
    return &node->base;
}

static rf_code demote(void *ctx, struct cluster_node *node, rf_error *error)
{
    cr_expect_not(node->primary);
    ((struct noted *)node)->demoted++;
    error->code = ((struct owner *)ctx)->demoting;
    return error->code;
}

static void let_go(struct cluster_node *node)
{
    owner.freed++;
    free(node);
}

/* --- a cluster that changes ----------------------------------------------------------------------------- */

#define BULK(length, text) "$" #length "\r\n" text "\r\n"
#define CLUSTER            BULK(42, "redis_version:7.0.15\r\nredis_mode:cluster\r\n")
#define ALONE              BULK(45, "redis_version:7.0.15\r\nredis_mode:standalone\r\n")
#define WELL               BULK(18, "cluster_state:ok\r\n")
/* Nobody listens on these ports, so that it is always the target that is asked. */
#define RANGE(first, last, port) \
    "*3\r\n:" #first "\r\n:" #last "\r\n*2\r\n" BULK(9, "127.0.0.1") ":" #port "\r\n"
#define A_AND_B       "*2\r\n" RANGE(0, 7999, 1) RANGE(8000, 16383, 2)
#define A_AND_LATER_B "*2\r\n" RANGE(0, 8999, 1) RANGE(9000, 16383, 2)
#define C_AND_B       "*2\r\n" RANGE(0, 7999, 3) RANGE(8000, 16383, 2)
#define B_AND_A       "*2\r\n" RANGE(0, 7999, 2) RANGE(8000, 16383, 1)
#define B_ALONE       "*1\r\n" RANGE(8000, 16383, 2)

struct world {
    struct fake_server server;
    struct cluster_map map;
};

static void begin(struct world *w, const char *const *answers)
{
    rf_error error;
    owner = (struct owner){.made = 0};
    fake_server_answer(&w->server, answers, 4096);
    w->map = (struct cluster_map){
        .target = &w->server.target,
        .owner = {.make = make, .demote = demote, .free = let_go, .ctx = &owner},
    };
    cr_assert_eq(cluster_map_find(&w->map, &error), RF_OK, "%s", error.message);
}

static void end(struct world *w)
{
    cluster_map_free(&w->map);
    fake_server_stop(&w->server);
    cr_expect_eq(owner.freed, owner.made);
}

static void refresh(struct world *w)
{
    rf_error error;
    cr_assert_eq(cluster_map_refresh(&w->map, &error), RF_OK, "%s", error.message);
}

/* The node on a port; NULL: none. */
static struct noted *on_port(const struct world *w, int port)
{
    const rf_address address = {.host = (char[]){"127.0.0.1"}, .port = port};
    return (struct noted *)cluster_map_known(&w->map, &address);
}

static void expect_slot(const struct world *w, unsigned slot, const char *name)
{
    const struct cluster_node *node = cluster_map_of_slot(&w->map, slot);
    cr_expect_str_eq(node->name, name, "slot %u", slot);
    cr_expect_eq(node == w->map.unassigned, strcmp(name, "unassigned") == 0);
}

Test(cluster_map, of_a_cluster)
{
    struct world w;
    begin(&w, (const char *const[]){CLUSTER, "*2\r\n" RANGE(1, 7999, 1) RANGE(8000, 16383, 2), WELL, NULL});
    cr_expect_str_eq(cluster_map_kind(&w.map), "cluster");
    cr_expect_eq(w.map.node_count, 2);
    expect_slot(&w, 0, "unassigned");
    expect_slot(&w, 1, "127.0.0.1:1");
    expect_slot(&w, 7999, "127.0.0.1:1");
    expect_slot(&w, 8000, "127.0.0.1:2");
    cr_expect_eq(cluster_map_first_slot(&w.map, &on_port(&w, 1)->base), 1);
    cr_expect_eq(cluster_map_first_slot(&w.map, &on_port(&w, 2)->base), 8000);
    cr_expect_eq(cluster_map_slot(&w.map, SLICE("{foo}1")), 12182);
    cr_expect_eq(cluster_map_of_key(&w.map, SLICE("{foo}1")), &on_port(&w, 2)->base);
    cr_expect_eq(w.map.primary[0], &on_port(&w, 1)->base);
    cr_expect_eq(w.map.primary[1], &on_port(&w, 2)->base);
    cr_expect(on_port(&w, 1)->base.primary && on_port(&w, 2)->base.primary);
    cr_expect_not(w.map.unassigned->primary);
    cr_expect_null(on_port(&w, 3));
    cr_expect_eq(w.map.moves, 0);
    end(&w);
}

Test(cluster_map, of_a_server)
{
    struct world w;
    begin(&w, (const char *const[]){ALONE, ALONE, NULL});
    cr_expect_str_eq(cluster_map_kind(&w.map), "standalone");
    cr_expect_eq(cluster_map_slot(&w.map, SLICE("foo")), 0);
    cr_expect_eq(cluster_map_of_key(&w.map, SLICE("foo")), w.map.nodes[0]);
    refresh(&w);
    cr_expect_eq(w.map.node_count, 1);
    cr_expect_eq(w.map.moves, 0);
    end(&w);
}

/* Nodes that go and come again are the same ones, and only they are told. */
Test(cluster_map, follows_changes)
{
    struct world w;
    begin(&w, (const char *const[]){CLUSTER, A_AND_B, CLUSTER, A_AND_B, CLUSTER, A_AND_LATER_B, CLUSTER,
                                    C_AND_B, CLUSTER, B_AND_A, CLUSTER, B_ALONE, WELL, NULL});
    struct noted *a = on_port(&w, 1), *b = on_port(&w, 2);
    w.map.stale = true;
    refresh(&w);
    cr_expect_not(w.map.stale);
    cr_expect_eq(w.map.moves, 0);
    refresh(&w);
    cr_expect_eq(w.map.moves, 1);
    expect_slot(&w, 8999, "127.0.0.1:1");
    cr_expect_eq(a->demoted + b->demoted, 0);
    refresh(&w);
    cr_expect_eq(w.map.moves, 2);
    cr_expect_eq(w.map.node_count, 3);
    cr_expect_not(a->base.primary);
    cr_expect_eq(a->demoted, 1);
    cr_expect_eq(cluster_map_first_slot(&w.map, &a->base), RF_SLOTS);
    cr_expect_eq(w.map.primary[0], &on_port(&w, 3)->base);
    refresh(&w);
    cr_expect_eq(w.map.moves, 3);
    cr_expect_eq(on_port(&w, 1), a);
    cr_expect(a->base.primary);
    cr_expect_eq(on_port(&w, 3)->demoted, 1);
    cr_expect_eq(w.map.primary[0], &b->base);
    cr_expect_eq(w.map.primary[1], &a->base);
    refresh(&w);
    cr_expect_eq(w.map.moves, 4);
    expect_slot(&w, 0, "unassigned");
    cr_expect_eq(b->demoted, 0);
    end(&w);
}

/* A slot of which a redirection said that it has moved is taken from the topology again. */
Test(cluster_map, a_redirection_is_not_the_last_word)
{
    struct world w;
    begin(&w, (const char *const[]){CLUSTER, A_AND_B, CLUSTER, A_AND_B, NULL});
    w.map.node_of[7] = &on_port(&w, 2)->base;
    refresh(&w);
    expect_slot(&w, 7, "127.0.0.1:1");
    cr_expect_eq(w.map.moves, 1);
    end(&w);
}

Test(cluster_map, what_cannot_be_refreshed_stays)
{
    struct world w;
    rf_error error;
    begin(&w, (const char *const[]){CLUSTER, A_AND_B, ALONE, CLUSTER, "*1\r\n", CLUSTER, C_AND_B, NULL});
    w.map.stale = true;
    cr_expect_eq(cluster_map_refresh(&w.map, &error), RF_E_TARGET);
    cr_expect_str_eq(error.message, "127.0.0.1:1: the server's mode has changed or is no longer reported");
    rf_code code = cluster_map_refresh(&w.map, &error); /* half a reply */
    cr_expect(rf_code_is_target(code));
    cr_expect(w.map.stale);
    cr_expect_eq(w.map.node_count, 2);
    cr_expect_eq(w.map.moves, 0);
    expect_slot(&w, 0, "127.0.0.1:1");
    cr_expect(on_port(&w, 1)->base.primary);
    /* The owner's own error comes through. */
    owner.demoting = RF_E_MEMORY;
    cr_expect_eq(cluster_map_refresh(&w.map, &error), RF_E_MEMORY);
    end(&w);
}

Test(cluster_map, admits_those_that_the_cluster_lists)
{
    struct world w;
    rf_error error;
    struct cluster_node *node = NULL;
    const rf_address there = {.host = (char[]){"127.0.0.1"}, .port = 3};
    const struct reply listed = {.kind = REPLY_STRING,
                                 .text = SLICE("id 127.0.0.1:3@13 master - 0 0 1 connected\n")},
                       others = {.kind = REPLY_STRING,
                                 .text = SLICE("id 127.0.0.1:4@14 master - 0 0 1 connected\n")},
                       refused = {.kind = REPLY_ERROR, .text = SLICE("ERR 127.0.0.1:3 master")};
    begin(&w, (const char *const[]){CLUSTER, A_AND_B, NULL});
    const struct cluster_node *asked = &on_port(&w, 1)->base;
    cr_expect_eq(cluster_map_admit(&w.map, asked, &there, others, &node, &error), RF_E_TARGET);
    cr_expect_str_eq(error.message, "127.0.0.1:1: redirected to 127.0.0.1:3, which is not in CLUSTER NODES: "
                                    "check the node");
    cr_expect_eq(cluster_map_admit(&w.map, asked, &there, refused, &node, &error), RF_E_TARGET);
    cr_expect_null(on_port(&w, 3));
    cr_assert_eq(cluster_map_admit(&w.map, asked, &there, listed, &node, &error), RF_OK);
    cr_expect_eq(node, &on_port(&w, 3)->base);
    cr_expect_not(node->primary);
    cr_expect_eq(w.map.node_count, 3);
    end(&w);
}

Test(cluster_map, suspicion_is_followed_once_a_second)
{
    struct cluster_map map = {.checked_ms = clock_monotonic_ms() - 1000};
    cr_expect_not(cluster_map_is_due(&map));
    map.suspect = true;
    cr_expect(cluster_map_is_due(&map));
    cr_expect(map.stale && !map.suspect);
    cr_expect_not(cluster_map_is_due(&map));
    map.suspect = true;
    map.checked_ms = clock_monotonic_ms() + 60 * 1000; /* whatever time the test takes */
    cr_expect_not(cluster_map_is_due(&map));
    cr_expect(map.suspect);
}
