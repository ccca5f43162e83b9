/* SPDX-License-Identifier: MIT */
/* Lists of nodes, and their nodes.conf. */
#include "base/buffer.h"
#include "base/bytes.h"
#include <criterion/criterion.h>
#include <rdbferry/nodes.h>
#include <stdio.h>

static rf_nodes *parsed(const char *list, uint64_t replicas)
{
    rf_nodes *nodes;
    rf_error error;
    cr_assert_eq(rf_nodes_parse(list, replicas, &nodes, &error), RF_OK, "%s", error.message);
    return nodes;
}

static rf_topology *shards_of(const rf_nodes *nodes, const char *slots)
{
    rf_topology *topology;
    rf_error error;
    cr_assert_eq(rf_nodes_topology(nodes, slots, &topology, &error), RF_OK, "%s", error.message);
    return topology;
}

/* --- lists ------------------------------------------------------------------------------------------- */

Test(nodes, addresses)
{
    static const struct {
        const char *text, *host, *name;
        int port, bus;
    } all[] = {
        {"10.0.0.5:7000", "10.0.0.5", "10.0.0.5-7000", 7000, 17000},
        {"10.0.0.5", "10.0.0.5", "10.0.0.5-6379", 6379, 16379},
        {"10.0.0.5@7", "10.0.0.5", "10.0.0.5-6379", 6379, 7},
        {"redis_0.redis-1:60000@65535", "redis_0.redis-1", "redis_0.redis-1-60000", 60000, 65535},
        {"[::1]", "::1", "__1-6379", 6379, 16379},
        {"[0:0:0:0::1]:1@2", "::1", "__1-1", 1, 2},
        {"[FE80::A]:55535", "fe80::a", "fe80__a-55535", 55535, 65535},
        {"a23456789012345678901234567890123456789012345", "a23456789012345678901234567890123456789012345",
         "a23456789012345678901234567890123456789012345-6379", 6379, 16379},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        rf_nodes *nodes = parsed(all[i].text, 0);
        const rf_node *node = rf_nodes_at(nodes, 0);
        cr_expect_str_eq(node->host, all[i].host);
        cr_expect_str_eq(node->name, all[i].name);
        cr_expect(node->port == all[i].port && node->bus_port == all[i].bus, "%s", all[i].text);
        rf_nodes_free(nodes);
    }
}

Test(nodes, what_is_no_list)
{
    static const struct {
        const char *list;
        uint64_t replicas;
        const char *message;
    } all[] = {
        {"", 0, "'' is not HOST:PORT"},
        {"a,", 0, "'' is not HOST:PORT"},
        {":1", 0, "':1' is not HOST:PORT"},
        {"::1", 0, "write an IPv6 address as [::1]:6379"},
        {"::1:7000", 0, "write an IPv6 address as [::1]:6379"},
        {"[::1", 0, "write an IPv6 address as [::1]:6379"},
        {"[::1]7000", 0, "write an IPv6 address as [::1]:6379"},
        {"[]:1", 0, "'[]:1' is not HOST:PORT"},
        {"[a]:1", 0, "'a' is neither an address nor a host name"},
        {"10.0.0.300", 0, "'10.0.0.300' is neither"},
        {"10.0.0", 0, "'10.0.0' is neither"},
        {"a b", 0, "'a b' is neither"},
        {"a\"b", 0, "is neither"},
        {"-a", 0, "'-a' is neither"},
        {"a.", 0, "'a.' is neither"},
        {"a=b", 0, "'a=b' is neither"},
        {"a234567890123456789012345678901234567890123456", 0, "at most 45 bytes"},
        {"a:0", 0, "'0' is not a port (1 to 65535)"},
        {"a:65536", 0, "'65536' is not a port"},
        {"a:", 0, "'' is not a port"},
        {"a:1@", 0, "'' is not a port"},
        {"a:1@x", 0, "'x' is not a port"},
        {"a:55536", 0, "would be above 65535: add the cluster-port of the server, as in a:55536@45536"},
        {"a:5@5", 0, "a:5@5: the port of the cluster bus must be another one"},
        {"a,b,A:6379", 0, "a:6379 is listed twice"},
        {"[::1],[0::1]", 0, "::1:6379 is listed twice"},
        {"a:1,a:10001", 0, "a:1@10001 and a:10001@20001 share a port"},
        {"a:10001,a:1", 0, "share a port"},
        {"a:1@3,a:2@3", 0, "share a port"},
        {"[::1],__1", 0, "would both be named __1-6379"},
        {"a,b,c", 1, "3 nodes cannot be primaries with 1 replica each: list a multiple of 2 nodes"},
        {"a", 1, "1 node cannot"},
        {"a,b", UINT64_MAX, "cannot be primaries"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        rf_nodes *nodes;
        rf_error error;
        cr_expect_eq(rf_nodes_parse(all[i].list, all[i].replicas, &nodes, &error), RF_E_ARGUMENT);
        cr_expect(strstr(error.message, all[i].message), "%s: %s", all[i].list, error.message);
    }
}

Test(nodes, at_most_a_thousand)
{
    for (int extra = 0; extra <= 1; extra++) {
        struct buffer list = {0};
        for (int i = 0; i < RF_NODES_MAX + extra; i++) {
            char item[32];
            int length = snprintf(item, sizeof item, "%sn%d", i ? "," : "", i);
            cr_assert(buffer_append(&list, slice_of(item, (size_t)length)));
        }
        cr_assert(buffer_append(&list, slice_of("", 1)));
        rf_nodes *nodes;
        rf_error error;
        rf_code code = rf_nodes_parse((const char *)list.data, 3, &nodes, &error);
        cr_expect_eq(code, extra ? RF_E_ARGUMENT : RF_OK);
        if (code == RF_OK) {
            cr_expect(rf_nodes_count(nodes) == 1000 && rf_nodes_primaries(nodes) == 250);
            for (size_t i = 0; i < 1000; i++)
                cr_expect_eq(rf_nodes_at(nodes, i)->primary, i % 250);
            rf_nodes_free(nodes);
        }
        buffer_free(&list);
    }
}

Test(nodes, names)
{
    static const char *const invalid[] = {"", "x", "%d%d", "%x", "a/%d", ".%d", "-%d", "%d\n", "%%d", "%"};
    rf_nodes *nodes = parsed("a,b,c,d", 1);
    rf_error error;
    cr_expect_eq(rf_nodes_set_names(nodes, "redis-%d.data", &error), RF_OK);
    rf_topology *topology = shards_of(nodes, NULL);
    cr_expect_str_eq(rf_nodes_at(nodes, 3)->name, "redis-3.data");
    cr_expect_str_eq(rf_topology_shard(topology, 1)->name, "redis-1.data");
    cr_expect_str_eq(rf_topology_shard(topology, 1)->host, "b");
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        cr_expect_eq(rf_nodes_set_names(nodes, invalid[i], &error), RF_E_ARGUMENT, "%s", invalid[i]);
        cr_expect_eq(rf_topology_set_names(topology, invalid[i], &error), RF_E_ARGUMENT, "%s", invalid[i]);
    }
    cr_expect_eq(rf_topology_set_names(topology, "%d", &error), RF_OK);
    cr_expect_str_eq(rf_topology_shard(topology, 1)->name, "1");
    rf_topology_free(topology);
    rf_nodes_free(nodes);
}

Test(nodes, ranges_for_each_primary)
{
    rf_nodes *nodes = parsed("a,b", 0);
    rf_topology *topology;
    rf_error error;
    cr_expect_eq(rf_nodes_topology(nodes, "0-16383", &topology, &error), RF_E_ARGUMENT);
    cr_expect_str_eq(error.message, "1 range of slots for 2 primaries");
    cr_expect_eq(rf_nodes_topology(nodes, "0-1,3-16383", &topology, &error), RF_E_ARGUMENT);
    rf_nodes_free(nodes);
}

/* --- nodes.conf -------------------------------------------------------------------------------------- */

/* Replaces each id by a letter, in the order in which they appear. */
static void name_ids(rf_slice text, char *out, size_t size)
{
    char ids[16][41];
    size_t count = 0, used = 0;
    for (size_t i = 0; i < text.len && used + 1 < size;) {
        size_t digits = 0, k = 0;
        while (i + digits < text.len && digits < 40 && strchr("0123456789abcdef", text.ptr[i + digits]))
            digits++;
        if (digits < 40) {
            out[used++] = (char)text.ptr[i++];
            continue;
        }
        while (k < count && memcmp(ids[k], text.ptr + i, 40) != 0)
            k++;
        cr_assert_lt(k, 16);
        if (k == count)
            memcpy(ids[count++], text.ptr + i, 40);
        out[used++] = (char)('A' + k);
        i += 40;
    }
    out[used] = '\0';
}

static void expect_conf(rf_nodes *nodes, const rf_topology *topology, size_t index, rf_server server,
                        const char *expected)
{
    char text[4096];
    rf_slice conf;
    rf_error error;
    cr_assert_eq(rf_nodes_conf(nodes, topology, index, server, &conf, &error), RF_OK);
    name_ids(conf, text, sizeof text);
    cr_expect_str_eq(text, expected);
}

Test(nodes, conf_by_version)
{
    rf_nodes *nodes = parsed("10.0.0.1:7000,[::1],r-2@77,r-3", 1);
    rf_topology *topology = shards_of(nodes, "0-99+200,100-199+201-16383");
    const rf_server redis_6 = {RF_REDIS, 6, 2}, redis_7 = {RF_REDIS, 7, 0}, redis_8 = {RF_REDIS, 8, 0},
                    valkey_9 = {RF_VALKEY, 9, 0};
    static const char with_shards[] =
        "A 10.0.0.1:7000@17000,,shard-id=B master - 0 0 1 connected 0-99 200\n"
        "C ::1:6379@16379,,shard-id=D master - 0 0 2 connected 100-199 201-16383\n"
        "E r-2:6379@77,r-2,shard-id=B slave A 0 0 1 connected\n"
        "F :6379@16379,r-3,shard-id=D myself,slave C 0 0 2 connected\n"
        "vars currentEpoch 2 lastVoteEpoch 0\n";
    expect_conf(nodes, topology, 0, redis_6,
                "A 10.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-99 200\n"
                "B ::1:6379@16379 master - 0 0 2 connected 100-199 201-16383\n"
                "C r-2:6379@77 slave A 0 0 1 connected\n"
                "D r-3:6379@16379 slave B 0 0 2 connected\n"
                "vars currentEpoch 2 lastVoteEpoch 0\n");
    expect_conf(nodes, topology, 2, redis_7,
                "A 10.0.0.1:7000@17000 master - 0 0 1 connected 0-99 200\n"
                "B ::1:6379@16379 master - 0 0 2 connected 100-199 201-16383\n"
                "C :6379@77,r-2 myself,slave A 0 0 1 connected\n"
                "D r-3:6379@16379,r-3 slave B 0 0 2 connected\n"
                "vars currentEpoch 2 lastVoteEpoch 0\n");
    expect_conf(nodes, topology, 3, redis_8, with_shards);
    expect_conf(nodes, topology, 3, valkey_9, with_shards);
    rf_topology_free(topology);
    rf_nodes_free(nodes);
}

/* The nodes of two clusters have nothing in common, and all files of one cluster agree. */
Test(nodes, ids)
{
    char first[2][41];
    for (int i = 0; i < 2; i++) {
        rf_nodes *nodes = parsed("a,b", 0);
        rf_topology *topology = shards_of(nodes, NULL);
        for (size_t k = 0; k < 2; k++) {
            rf_slice conf;
            rf_error error;
            cr_assert_eq(rf_nodes_conf(nodes, topology, k, (rf_server){RF_REDIS, 7, 0}, &conf, &error),
                         RF_OK);
            cr_expect(k == 0 || memcmp(first[i], conf.ptr, 40) == 0);
            memcpy(first[i], conf.ptr, 40);
        }
        rf_topology_free(topology);
        rf_nodes_free(nodes);
    }
    cr_expect(memcmp(first[0], first[1], 40) != 0);
}

/* The whole is a topology that can be read: one with the same slots. */
Test(nodes, conf_is_a_topology)
{
    rf_nodes *nodes = parsed("10.0.0.1,b,[::1],d,e,f", 1);
    rf_topology *topology = shards_of(nodes, NULL), *again;
    rf_slice conf;
    rf_error error;
    cr_assert_eq(rf_nodes_conf(nodes, topology, 1, (rf_server){RF_REDIS, 8, 0}, &conf, &error), RF_OK);
    cr_assert_eq(rf_topology_parse(conf, "nodes.conf", &again, &error), RF_OK, "%s", error.message);
    cr_assert_eq(rf_topology_shards(again), 3);
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        cr_assert_eq(rf_topology_of_slot(again, slot), rf_topology_of_slot(topology, slot));
    cr_expect_str_eq(rf_topology_shard(again, 2)->host, "::1");
    rf_topology_free(again);
    rf_topology_free(topology);
    rf_nodes_free(nodes);
}
