/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "net/info.h"
#include "net/primaries.h"
#include "support/fake_server.h"
#include "support/record.h"
#include <criterion/criterion.h>
#include <stdio.h>

/* --- INFO ----------------------------------------------------------------------------------------------- */

Test(primaries, info)
{
    static const struct {
        const char *info, *mode;
        rf_server server;
    } infos[] = {
        {"# Server\r\nredis_version:7.0.15\r\nredis_mode:cluster\r\n", "cluster", {RF_REDIS, 7, 0}},
        {"redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.0\r\nserver_mode:sentinel\r\n",
         "sentinel",
         {RF_VALKEY, 9, 1}},
        {"redis_version:255.255.255\n", "standalone", {RF_REDIS, 255, 255}},
        {"redis_version:7.4.1-rc2\r\n", "standalone", {RF_REDIS, 7, 4}},
        {"redis_version:unstable\r\n", "standalone", {RF_REDIS, 0, 0}},
        {"xredis_version:7.0.0\r\nredis_versionx:7.0.0\r\n:\r\n\r\n", "standalone", {RF_REDIS, 0, 0}},
        {"redis_version:11111111111111111111111111111111111111111", "standalone", {RF_REDIS, 0, 0}},
        {"", "standalone", {RF_REDIS, 0, 0}},
    };
    for (size_t i = 0; i < sizeof infos / sizeof *infos; i++) {
        rf_slice info = slice_of(infos[i].info, strlen(infos[i].info)), mode = info_mode(info);
        rf_server server = info_server(info);
        cr_expect(slice_equal(mode, slice_of(infos[i].mode, strlen(infos[i].mode))), "%s", infos[i].info);
        cr_expect(server.dialect == infos[i].server.dialect && server.major == infos[i].server.major &&
                      server.minor == infos[i].server.minor,
                  "%s: %d.%d", infos[i].info, server.major, server.minor);
    }
}

/* --- a cluster's nodes ---------------------------------------------------------------------------------- */

/* INFO's answer; good until the next call. */
static const char *info_answer(const char *lines)
{
    static char answer[256];
    snprintf(answer, sizeof answer, "$%zu\r\n%s\r\n", strlen(lines), lines);
    return answer;
}

#define BULK(length, text) "$" #length "\r\n" text "\r\n"

/* `state`: what CLUSTER INFO answers, which is asked where slots are missing. */
static rf_code find_in(const char *state, const char *slots, struct primaries *primaries, rf_error *error)
{
    const char *const answers[] = {info_answer("redis_version:7.0.15\r\nredis_mode:cluster\r\n"), slots,
                                   state, NULL};
    struct fake_server server;
    fake_server_answer(&server, answers, 7);
    rf_code code = primaries_find(&server.target, server.target.addresses, 1, primaries, error);
    fake_server_stop(&server);
    return code;
}

#define WELL BULK(18, "cluster_state:ok\r\n")
#define DOWN BULK(20, "cluster_state:fail\r\n")

static rf_code find(const char *slots, struct primaries *primaries, rf_error *error)
{
    return find_in(DOWN, slots, primaries, error);
}

static void expect_nodes(const char *slots, const char *expected)
{
    struct primaries primaries;
    rf_error error;
    char text[256] = "";
    cr_assert_eq(find(slots, &primaries, &error), RF_OK, "%s: %s", slots, error.message);
    cr_expect_eq(primaries.kind, RF_TARGET_CLUSTER);
    for (size_t i = 0; i < primaries.node_count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s:%d ", primaries.nodes[i].host,
                 primaries.nodes[i].port);
    cr_expect_str_eq(text, expected, "%s", slots);
    cr_expect_eq(primaries.node_of[0], 0);
    cr_expect_eq(primaries.node_of[16383], primaries.node_count - 1);
    primaries_free(&primaries);
}

#define REST               ":8000\r\n:16383\r\n"
#define FIRST              ":0\r\n:7999\r\n"
#define NODE(host)         "*2\r\n" host ":7000\r\n"
#define ID_A               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B               "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_NODE(id)        "*3\r\n$-1\r\n:7000\r\n" BULK(40, id)
#define IP_NODE(host, ...) "*4\r\n" host ":7000\r\n" BULK(2, "id") __VA_ARGS__

Test(primaries, of_a_cluster)
{
    /* The second range has a replica; a node that has two ranges is one node. */
    expect_nodes("*2\r\n*3\r\n" FIRST NODE(BULK(1, "a")) "*4\r\n" REST NODE(BULK(1, "b")) NODE(BULK(1, "c")),
                 "a:7000 b:7000 ");
    expect_nodes("*2\r\n*3\r\n" FIRST NODE(BULK(1, "a")) "*3\r\n" REST NODE(BULK(1, "a")), "a:7000 ");
    expect_nodes("*1\r\n*3\r\n:0\r\n:16383\r\n" NODE(BULK(3, "::1")), "::1:7000 ");
    expect_nodes("*2\r\n*3\r\n" FIRST ID_NODE(ID_A) "*3\r\n" REST ID_NODE(ID_A), "127.0.0.1:7000 ");
    /* Hosts that are not said: nil, empty, "?" with an ip and without. */
    expect_nodes("*1\r\n*3\r\n:0\r\n:16383\r\n" NODE("$-1\r\n"), "127.0.0.1:7000 ");
    expect_nodes("*1\r\n*3\r\n:0\r\n:16383\r\n" NODE(BULK(0, "")), "127.0.0.1:7000 ");
    expect_nodes("*1\r\n*3\r\n:0\r\n:16383\r\n" NODE(BULK(1, "?")), "127.0.0.1:7000 ");
    expect_nodes(
        "*1\r\n*3\r\n:0\r\n:16383\r\n" IP_NODE(BULK(1, "?"), "*2\r\n" BULK(2, "ip") BULK(7, "1.2.3.4")),
        "1.2.3.4:7000 ");
    expect_nodes("*1\r\n*3\r\n:0\r\n:16383\r\n" IP_NODE(BULK(1, "?"), "*1\r\n" BULK(2, "ip")),
                 "127.0.0.1:7000 ");
    expect_nodes(
        "*1\r\n*3\r\n:0\r\n:16383\r\n" IP_NODE(BULK(1, "a"), "*2\r\n" BULK(2, "ip") BULK(7, "1.2.3.4")),
        "a:7000 ");
}

/* Where the cluster is well without them, or does not say. */
Test(primaries, of_a_cluster_with_slots_that_nobody_has)
{
    static const char *const states[] = {WELL, "-NOPERM this user has no permissions\r\n"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        struct primaries primaries;
        rf_error error;
        rf_code code = find_in(states[i],
                               "*2\r\n*3\r\n:1\r\n:7\r\n" NODE(BULK(1, "a")) "*3\r\n" REST NODE(BULK(1, "b")),
                               &primaries, &error);
        cr_assert_eq(code, RF_OK, "%s", error.message);
        cr_expect_eq(primaries.node_of[0], NO_NODE);
        cr_expect_eq(primaries.node_of[1], 0);
        cr_expect_eq(primaries.node_of[7999], NO_NODE);
        cr_expect_eq(primaries.node_of[16383], 1);
        cr_expect_eq(primaries_expect_all_slots(&primaries, &error), RF_E_TARGET);
        cr_expect(strstr(error.message, "unassigned cluster slots: 7993, the first is 0"), "%s",
                  error.message);
        primaries_free(&primaries);
        cr_expect_eq(find_in(states[i], "*0\r\n", &primaries, &error), RF_E_TARGET);
        cr_expect(strstr(error.message, "unassigned cluster slots: 16384"), "%s", error.message);
    }
}

/* As many as there can be, and the answer in pieces. */
Test(primaries, of_a_cluster_of_many, .timeout = 20)
{
    struct buffer slots = {0};
    char line[64];
    struct primaries primaries;
    rf_error error;
    record_text(&slots, "*%d\r\n", RF_SLOTS);
    for (int i = 0; i < RF_SLOTS; i++) {
        int length = snprintf(line, sizeof line, "10.0.%d.%d", i / 256, i % 256);
        record_text(&slots, "*3\r\n:%d\r\n:%d\r\n*2\r\n$%d\r\n%s\r\n:7000\r\n", i, i, length, line);
    }
    buffer_append(&slots, SLICE("\0"));
    cr_assert_eq(find((const char *)slots.data, &primaries, &error), RF_OK, "%s", error.message);
    cr_expect_eq(primaries.node_count, RF_SLOTS);
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        cr_assert_eq(primaries.node_of[slot], slot);
    cr_expect_lt(primaries.index.table.cap, 8 * RF_SLOTS);
    primaries_free(&primaries);
    buffer_free(&slots);
}

#define TEN       "aaaaaaaaaa"
#define FIFTY     TEN TEN TEN TEN TEN
#define LONG_HOST FIFTY FIFTY FIFTY FIFTY FIFTY "aaaa"

Test(primaries, of_a_cluster_that_makes_no_sense)
{
    static const struct {
        const char *slots, *message;
    } wrong[] = {
        {"*0\r\n", "unassigned cluster slots: 16384, the first is 0"},
        {"*1\r\n*3\r\n" FIRST NODE(BULK(1, "a")), "unassigned cluster slots: 8384, the first is 8000"},
        {"*-1\r\n", "malformed reply"},
        {":5\r\n", "malformed reply"},
        {"*1\r\n:1000\r\n", "malformed reply"},
        {"*1\r\n*2\r\n:0\r\n:1\r\n", "malformed reply"},
        {"*1\r\n*3\r\n:0\r\n:1\r\n:1\r\n", "malformed reply"},
        {"*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n+a\r\n", "malformed reply"},
        {"*1\r\n*3\r\n:-1\r\n:1\r\n" NODE(BULK(1, "a")), "malformed reply"},
        {"*1\r\n*3\r\n:0\r\n:16384\r\n" NODE(BULK(1, "a")), "malformed reply"},
        {"*1\r\n*3\r\n:9\r\n:8\r\n" NODE(BULK(1, "a")), "malformed reply"},
        {"*1\r\n*3\r\n+0\r\n:8\r\n" NODE(BULK(1, "a")), "malformed reply"},
        {"*1\r\n*3\r\n:0\r\n:8\r\n*2\r\n+a\r\n+b\r\n", "malformed reply"},
        {"*1\r\n*3\r\n:0\r\n:8\r\n*2\r\n+a\r\n:0\r\n", "malformed reply"},
        {"*1\r\n*3\r\n:0\r\n:8\r\n*2\r\n+a\r\n:65536\r\n", "port out of range: 65536"},
        {"*1\r\n*3\r\n:0\r\n:8\r\n" NODE(BULK(3, "a b")), "an invalid host"},
        {"*1\r\n*3\r\n:0\r\n:8\r\n" NODE(BULK(3, "a\033b")), "an invalid host"},
        {"*1\r\n*3\r\n:0\r\n:8\r\n" NODE(BULK(3, "a\xffz")), "an invalid host"},
        {"*1\r\n*3\r\n:0\r\n:8\r\n" NODE(BULK(254, LONG_HOST)), "an invalid host"},
        {"*1\r\n*3\r\n*1\r\n:0\r\n*0\r\n*2\r\n*1\r\n+a\r\n*0\r\n", "malformed reply"},
        {"*2\r\n*3\r\n" FIRST ID_NODE(ID_A) "*3\r\n" REST ID_NODE(ID_B),
         "two nodes with the same address, 127.0.0.1:7000"},
        {"-ERR This instance has cluster support disabled\r\n", "CLUSTER: ERR This instance"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct primaries primaries;
        rf_error error;
        rf_code code = find(wrong[i].slots, &primaries, &error);
        cr_expect_neq(code, RF_OK, "%s", wrong[i].slots);
        cr_expect(strstr(error.message, wrong[i].message), "%s: %s", wrong[i].slots, error.message);
        cr_expect_null(primaries.nodes);
        cr_expect_null(primaries.node_of);
    }
}

/* --- Sentinels ---------------------------------------------------------------------------------------- */

Test(primaries, of_sentinels_that_make_no_sense)
{
    static const struct {
        const char *masters, *address, *message;
    } wrong[] = {
        {"*0\r\n", NULL, "monitors no primary"},
        {":1\r\n", NULL, "monitors no primary"},
        {"*1\r\n:1000\r\n", "*-1\r\n", "no primary ''"},
        {"*2\r\n*2\r\n" BULK(4, "name") BULK(1, "a") "*3\r\n" BULK(4, "name") BULK(1, "b") "+x\r\n", NULL,
         "name one of them: a, b"},
        {"*1\r\n*2\r\n" BULK(4, "name") BULK(1, "a"), "*1\r\n+h\r\n", "unexpected reply"},
        {"*1\r\n*2\r\n" BULK(4, "name") BULK(1, "a"), "*2\r\n*1\r\n+h\r\n:1\r\n", "unexpected reply"},
        {"*1\r\n*2\r\n" BULK(4, "name") BULK(1, "a"), "*2\r\n" BULK(1, "h") "+x\r\n", "unexpected reply"},
        {"*1\r\n*2\r\n" BULK(4, "name") BULK(1, "a"), "*2\r\n" BULK(1, "h") BULK(5, "65536"), "out of range"},
        {"*1\r\n*2\r\n" BULK(4, "name") BULK(1, "a"), "*2\r\n" BULK(6, "/x/y/z") BULK(1, "0"),
         "out of range"},
        {"*1\r\n*2\r\n" BULK(4, "name") BULK(1, "a"), "*2\r\n" BULK(0, "") BULK(1, "1"), "an invalid host"},
        {"-NOPERM no\r\n", NULL, "SENTINEL: NOPERM no"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *const answers[] = {info_answer("redis_mode:sentinel\r\n"), wrong[i].masters,
                                       wrong[i].address, NULL};
        struct fake_server server;
        struct primaries primaries;
        rf_error error;
        fake_server_answer(&server, answers, 7);
        rf_code code = primaries_find(&server.target, server.target.addresses, 1, &primaries, &error);
        fake_server_stop(&server);
        cr_expect_neq(code, RF_OK, "%s", wrong[i].masters);
        cr_expect(strstr(error.message, wrong[i].message), "%s: %s", wrong[i].masters, error.message);
    }
}

/* --- who answers -------------------------------------------------------------------------------------- */

Test(primaries, of_one_server)
{
    const char *const answers[] = {info_answer("redis_version:6.2.1\r\nserver_time_usec:1000000\r\nx:y\r\n"),
                                   NULL};
    struct fake_server server;
    struct primaries primaries;
    rf_error error;
    fake_server_answer(&server, answers, 100);
    cr_assert_eq(primaries_find(&server.target, server.target.addresses, 1, &primaries, &error), RF_OK, "%s",
                 error.message);
    cr_expect_eq(primaries.kind, RF_TARGET_ANY);
    cr_expect_eq(primaries.node_count, 1);
    cr_expect_null(primaries.node_of);
    cr_expect_lt(primaries.ahead_us, -(int64_t)1000000 * 3600 * 24 * 365 * 50); /* since 1970 */
    primaries_free(&primaries);
    fake_server_stop(&server);
}
