/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <rdbferry/version.h>
#include <stdint.h>

static rf_server redis(int major, int minor)
{
    return (rf_server){RF_REDIS, major, minor};
}

static rf_server valkey(int major, int minor)
{
    return (rf_server){RF_VALKEY, major, minor};
}

static bool same(rf_server a, rf_server b)
{
    return a.dialect == b.dialect && a.major == b.major && a.minor == b.minor;
}

Test(server, parse)
{
    static const struct {
        const char *text;
        rf_server server;
    } rows[] = {
        {"6.2", {RF_REDIS, 6, 2}},           {"7.0.15", {RF_REDIS, 7, 0}},
        {"8.10", {RF_REDIS, 8, 10}},         {"255.255.255", {RF_REDIS, 255, 255}},
        {"redis-7.4", {RF_REDIS, 7, 4}},     {"valkey-9.0", {RF_VALKEY, 9, 0}},
        {"valkey-8.1.3", {RF_VALKEY, 8, 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rf_server server = {RF_VALKEY, -1, -1};
        cr_assert(rf_server_parse(rows[i].text, &server), "%s", rows[i].text);
        cr_assert(same(server, rows[i].server), "%s", rows[i].text);
    }
}

Test(server, parse_refuses_the_rest_and_leaves_out_alone)
{
    static const char *const texts[] = {"",
                                        "7",
                                        "7.",
                                        ".7",
                                        "7.0.",
                                        "7.0.1.2",
                                        "7.0-rc1",
                                        " 7.0",
                                        "7.0 ",
                                        "v7.0",
                                        "redis",
                                        "redis-",
                                        "redis7.0",
                                        "redis 7.0",
                                        "keydb-6.3",
                                        "Redis-7.0",
                                        "valkey-redis-7.0",
                                        "-7.0",
                                        "7.-1",
                                        "1000.0",
                                        "7.1000",
                                        "7.0x",
                                        "7..0"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        rf_server server = redis(1, 2);
        cr_assert_not(rf_server_parse(texts[i], &server), "'%s'", texts[i]);
        cr_assert(same(server, redis(1, 2)));
    }
}

Test(server, format)
{
    char text[32], little[4];
    cr_assert_eq(rf_server_format(redis(7, 4), text, sizeof text), 9);
    cr_assert_str_eq(text, "redis 7.4");
    rf_server_format(valkey(9, 0), text, sizeof text);
    cr_assert_str_eq(text, "valkey 9.0");
    cr_assert_eq(rf_server_format(valkey(9, 0), little, sizeof little), 10);
    cr_assert_str_eq(little, "val");
}

Test(server, at_least)
{
    cr_assert(rf_server_at_least(redis(7, 0), redis(7, 0)));
    cr_assert(rf_server_at_least(redis(7, 0), redis(6, 2)));
    cr_assert(rf_server_at_least(redis(8, 10), redis(8, 8)));
    cr_assert_not(rf_server_at_least(redis(6, 2), redis(7, 0)));
    cr_assert(rf_server_at_least(valkey(9, 0), valkey(8, 1)));
    cr_assert_not(rf_server_at_least(valkey(8, 0), valkey(8, 1)));
}

Test(server, at_least_across_the_parting)
{
    cr_assert(rf_server_at_least(valkey(7, 2), redis(7, 2)));
    cr_assert(rf_server_at_least(valkey(9, 1), redis(7, 2)));
    cr_assert(rf_server_at_least(valkey(9, 1), redis(2, 4)));
    cr_assert_not(rf_server_at_least(valkey(9, 1), redis(7, 4)));
    cr_assert_not(rf_server_at_least(valkey(9, 1), redis(8, 0)));
    cr_assert(rf_server_at_least(redis(7, 2), valkey(7, 2)));
    cr_assert(rf_server_at_least(redis(8, 0), valkey(7, 2)));
    cr_assert_not(rf_server_at_least(redis(7, 0), valkey(7, 2)));
    cr_assert_not(rf_server_at_least(redis(255, 255), valkey(9, 0)));
}

Test(server, rdb_version)
{
    static const struct {
        rf_server server;
        int rdb_version;
    } rows[] = {
        {{RF_REDIS, 2, 2}, 1},   {{RF_REDIS, 2, 4}, 2},       {{RF_REDIS, 2, 6}, 6},
        {{RF_REDIS, 2, 8}, 6},   {{RF_REDIS, 3, 0}, 6},       {{RF_REDIS, 3, 2}, 7},
        {{RF_REDIS, 4, 0}, 8},   {{RF_REDIS, 5, 0}, 9},       {{RF_REDIS, 6, 2}, 9},
        {{RF_REDIS, 7, 0}, 10},  {{RF_REDIS, 7, 2}, 11},      {{RF_REDIS, 7, 4}, 12},
        {{RF_REDIS, 8, 4}, 12},  {{RF_REDIS, 8, 6}, 13},      {{RF_REDIS, 8, 8}, 14},
        {{RF_REDIS, 8, 10}, 15}, {{RF_REDIS, 8, 12}, 17},     {{RF_REDIS, 255, 255}, 17},
        {{RF_REDIS, 0, 0}, 0},   {{RF_VALKEY, 7, 2}, 11},     {{RF_VALKEY, 8, 0}, 11},
        {{RF_VALKEY, 8, 1}, 11}, {{RF_VALKEY, 9, 0}, 80},     {{RF_VALKEY, 9, 1}, 80},
        {{RF_VALKEY, 9, 2}, 81}, {{RF_VALKEY, 255, 255}, 81}, {{RF_VALKEY, 0, 0}, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(rf_server_rdb_version(rows[i].server), rows[i].rdb_version, "row %zu", i);
}

Test(server, reads_version)
{
    static const struct {
        rf_server server;
        rf_dialect dialect;
        int first, last;
    } rows[] = {
        {{RF_REDIS, 7, 0}, RF_REDIS, 1, 10},      {{RF_REDIS, 8, 4}, RF_REDIS, 1, 12},
        {{RF_REDIS, 8, 4}, RF_VALKEY, 1, 11},     {{RF_REDIS, 8, 4}, RF_DRAGONFLY, 1, 11},
        {{RF_VALKEY, 9, 0}, RF_VALKEY, 1, 80},    {{RF_VALKEY, 9, 0}, RF_REDIS, 1, 11},
        {{RF_DRAGONFLY, 1, 0}, RF_REDIS, 5, 12},  {{RF_DRAGONFLY, 1, 0}, RF_DRAGONFLY, 5, 12},
        {{RF_DRAGONFLY, 1, 0}, RF_VALKEY, 5, 11},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int version = 1; version <= 90; version++)
            cr_expect_eq(rf_server_reads_version(rows[i].server, rows[i].dialect, version),
                         version >= rows[i].first && version <= rows[i].last, "row %zu: %d", i, version);
}

Test(server, of_rdb)
{
    static const struct {
        rf_dialect dialect;
        int rdb_version;
        rf_server server;
    } rows[] = {
        {RF_REDIS, 1, {RF_REDIS, 2, 2}},    {RF_REDIS, 2, {RF_REDIS, 2, 4}},
        {RF_REDIS, 3, {RF_REDIS, 3, 0}},    {RF_REDIS, 5, {RF_REDIS, 3, 0}},
        {RF_REDIS, 6, {RF_REDIS, 3, 0}},    {RF_REDIS, 7, {RF_REDIS, 3, 2}},
        {RF_REDIS, 8, {RF_REDIS, 4, 0}},    {RF_REDIS, 9, {RF_REDIS, 6, 2}},
        {RF_REDIS, 10, {RF_REDIS, 7, 0}},   {RF_REDIS, 11, {RF_REDIS, 7, 2}},
        {RF_REDIS, 12, {RF_REDIS, 8, 4}},   {RF_REDIS, 15, {RF_REDIS, 8, 10}},
        {RF_REDIS, 16, {RF_REDIS, 8, 12}},  {RF_REDIS, 17, {RF_REDIS, 8, 12}},
        {RF_REDIS, 18, {RF_REDIS, 0, 0}},   {RF_VALKEY, 11, {RF_VALKEY, 8, 1}},
        {RF_VALKEY, 80, {RF_VALKEY, 9, 1}}, {RF_VALKEY, 81, {RF_VALKEY, 9, 2}},
        {RF_VALKEY, 82, {RF_VALKEY, 0, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert(same(rf_server_of_rdb(rows[i].dialect, rows[i].rdb_version), rows[i].server), "row %zu", i);
}

Test(server, releases_are_in_order_and_not_development_builds)
{
    rf_server server, last = {0};
    size_t i = 0, valkeys = 0;
    for (; rf_server_release(i, &server); i++) {
        cr_expect_lt(server.major, 255);
        cr_expect_gt(rf_server_rdb_version(server), 0);
        if (server.dialect == last.dialect)
            cr_expect(rf_server_at_least(server, last), "%d.%d", server.major, server.minor);
        cr_expect_geq(server.dialect, last.dialect);
        valkeys += server.dialect == RF_VALKEY;
        last = server;
    }
    cr_expect_gt(valkeys, 3);
    cr_expect_gt(i, 20);
    cr_expect_not(rf_server_release(i, &server));
    cr_expect_not(rf_server_release(SIZE_MAX, &server));
}
