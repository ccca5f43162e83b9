/* SPDX-License-Identifier: MIT */
/* The topology of a cluster that answers; and of targets that are none. */
#include "base/bytes.h"
#include "support/fake_server.h"
#include "support/shards.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define CLUSTER "$42\r\nredis_version:7.0.15\r\nredis_mode:cluster\r\n\r\n"

#define CLUSTER_WELL "$18\r\ncluster_state:ok\r\n\r\n"

/* Asks a server that gives these answers, up to a NULL. */
static rf_code ask(const char *const *answers, rf_target_kind kind, rf_topology **out, rf_error *error)
{
    struct fake_server server;
    fake_server_answer(&server, answers, 9);
    server.target.kind = kind;
    rf_code code = rf_topology_query(&server.target, out, error);
    fake_server_stop(&server);
    return code;
}

static void expect_shards(const char *slots, const char *expected)
{
    static const rf_target_kind kinds[] = {RF_TARGET_ANY, RF_TARGET_CLUSTER};
    const char *const answers[] = {CLUSTER, slots, NULL};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct buffer text = {0};
        rf_topology *topology;
        rf_error error;
        cr_assert_eq(ask(answers, kinds[i], &topology, &error), RF_OK, "%s", error.message);
        const char *fault = shards_fault(topology);
        cr_expect_null(fault, "%s", fault);
        shards_print(topology, &text);
        cr_expect(slice_equal(buffer_slice(&text), slice_of(expected, strlen(expected))), "%.*s",
                  (int)text.len, (const char *)text.data);
        rf_topology_free(topology);
        buffer_free(&text);
    }
}

#define HOST(text)        "$1\r\n" text "\r\n"
#define BARE(host)        "*2\r\n" host ":7000\r\n"
#define WITH_ID(host, id) "*3\r\n" host ":7000\r\n$40\r\n" id "\r\n"
#define WITH_IP(id, ip)   "*4\r\n" HOST("?") ":7000\r\n$40\r\n" id "\r\n*2\r\n$2\r\nip\r\n" HOST(ip)

Test(topology_query, of_a_cluster)
{
    expect_shards("*1\r\n*3\r\n:0\r\n:16383\r\n" BARE(HOST("a")), "a-7000 a 7000 - 0-16383\n");
    /* Not in order; a replica; one that has two ranges. */
    expect_shards("*3\r\n*4\r\n:8\r\n:16383\r\n" WITH_ID(HOST("b"), ID_B)
                      WITH_ID(HOST("r"), ID_A) "*3\r\n:0\r\n:6\r\n" WITH_ID(
                          HOST("b"), ID_B) "*3\r\n:7\r\n:7\r\n" WITH_ID(HOST("a"), ID_A),
                  "b-7000 b 7000 " ID_B " 0-6 8-16383\n"
                  "a-7000 a 7000 " ID_A " 7-7\n");
    /* Who does not say its host is where it was asked; its id is none that could be. */
    expect_shards(
        "*1\r\n*3\r\n:0\r\n:16383\r\n" WITH_ID("$-1\r\n", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        "127.0.0.1-7000 127.0.0.1 7000 - 0-16383\n");
    expect_shards("*1\r\n*3\r\n:0\r\n:16383\r\n" WITH_IP(ID_A, "i"), "i-7000 i 7000 " ID_A " 0-16383\n");
}

Test(topology_query, of_what_is_no_cluster)
{
    static const struct {
        const char *info, *slots, *message;
    } targets[] = {
        {"$22\r\nredis_version:7.0.15\r\n\r\n", NULL, "is a standalone server, not a cluster node"},
        {"$21\r\nredis_mode:sentinel\r\n\r\n", NULL, "is a Sentinel, not a cluster node"},
        {"-NOAUTH Authentication required.\r\n", NULL, "NOAUTH"},
        {CLUSTER, "*0\r\n", "unassigned cluster slots: 16384"},
        {CLUSTER, "*1\r\n*3\r\n:0\r\n:16382\r\n" BARE(HOST("a")),
         "unassigned cluster slots: 1, the first is 16383"},
        {CLUSTER, "-ERR no\r\n", "ERR no"},
        {CLUSTER, ":1\r\n", "malformed reply"},
    };
    static const rf_target_kind kinds[] = {RF_TARGET_ANY, RF_TARGET_CLUSTER, RF_TARGET_SENTINEL};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            const char *const answers[] = {targets[i].info, targets[i].slots, CLUSTER_WELL, NULL};
            rf_topology *topology;
            rf_error error;
            cr_expect_eq(ask(answers, kinds[k], &topology, &error), RF_E_TARGET, "%s", error.message);
            cr_expect(strstr(error.message, targets[i].message), "%s", error.message);
        }
}

Test(topology_query, of_nobody)
{
    rf_target target = {0};
    rf_topology *topology;
    rf_error error;
    cr_assert_eq(rf_target_parse("unix:///nonexistent/socket", &target, &error), RF_OK);
    cr_expect_eq(rf_topology_query(&target, &topology, &error), RF_E_UNAVAILABLE);
    rf_target_free(&target);
}
