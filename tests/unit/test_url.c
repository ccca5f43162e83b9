/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <rdbferry/target.h>
#include <stdio.h>
#include <string.h>

/* All of a target as text: "kind tls db name user password host:port ...". */
static void describe(const rf_target *target, char *out, size_t size)
{
    static const char *const kinds[] = {"any", "sentinel", "cluster"};
    int n = snprintf(out, size, "%s %d %d %s %s %s", kinds[target->kind], target->tls, (int)target->db,
                     target->name ? target->name : "-", target->user ? target->user : "-",
                     target->password ? target->password : "-");
    for (size_t i = 0; i < target->address_count; i++)
        n += snprintf(out + n, size - (size_t)n, " %s:%d", target->addresses[i].host,
                      target->addresses[i].port);
}

static const struct {
    const char *url, *target;
    const char *formatted;
} urls[] = {
    {"redis://h", "any 0 0 - - - h:6379", "redis://h:6379"},
    {"redis://10.0.0.5:7000/3", "any 0 3 - - - 10.0.0.5:7000", "redis://10.0.0.5:7000/3"},
    {"valkey://h/", "any 0 0 - - - h:6379", "redis://h:6379"},
    {"REDISS://h", "any 1 0 - - - h:6379", "rediss://h:6379"},
    {"valkeys://h:1", "any 1 0 - - - h:1", "rediss://h:1"},
    {"redis://:p@h", "any 0 0 - - p h:6379", "redis://h:6379"},
    {"redis://u:p@h", "any 0 0 - u p h:6379", "redis://h:6379"},
    {"redis://u@h", "any 0 0 - u - h:6379", "redis://h:6379"},
    {"redis://u:@h", "any 0 0 - u  h:6379", "redis://h:6379"},
    {"redis://u:a:b@c@h", "any 0 0 - u a:b@c h:6379", "redis://h:6379"},
    {"redis://%75:%40%2f%3F%25%c3%a9@h", "any 0 0 - u @/?%\xc3\xa9 h:6379", "redis://h:6379"},
    {"redis://[::1]", "any 0 0 - - - ::1:6379", "redis://[::1]:6379"},
    {"redis://[fe80::1%25eth0]:7000/1", "any 0 1 - - - fe80::1%eth0:7000", "redis://[fe80::1%25eth0]:7000/1"},
    {"unix:///run/redis.sock", "any 0 0 - - - /run/redis.sock:0", "unix:///run/redis.sock"},
    {"redis+unix:///a%20b?db=4", "any 0 4 - - - /a b:0", "unix:///a%20b?db=4"},
    {"unix://u:p@/a%3fb", "any 0 0 - u p /a?b:0", "unix:///a%3Fb"},
    {"redis+sentinel://a,b:2,[::1]:3/main", "sentinel 0 0 main - - a:26379 b:2 ::1:3",
     "redis+sentinel://a:26379,b:2,[::1]:3/main"},
    {"rediss+sentinel://u:p@a/my%2Fmain/2", "sentinel 1 2 my/main u p a:26379",
     "rediss+sentinel://a:26379/my%2Fmain/2"},
    {"redis+sentinel://a", "sentinel 0 0 - - - a:26379", "redis+sentinel://a:26379"},
    {"redis+cluster://a:1,b", "cluster 0 0 - - - a:1 b:6379", "redis+cluster://a:1,b:6379"},
    {"valkeys+cluster://:p@a/", "cluster 1 0 - - p a:6379", "rediss+cluster://a:6379"},
};

Test(url, read_and_formatted)
{
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        rf_target target;
        rf_error error;
        char text[512];
        cr_expect(rf_target_is_url(urls[i].url));
        cr_assert_eq(rf_target_parse(urls[i].url, &target, &error), RF_OK, "%s: %s", urls[i].url,
                     error.message);
        describe(&target, text, sizeof text);
        cr_expect_str_eq(text, urls[i].target, "%s", urls[i].url);
        size_t length = rf_target_format(&target, text, sizeof text);
        cr_expect_str_eq(text, urls[i].formatted, "%s", urls[i].url);
        cr_expect_eq(length, strlen(text));
        rf_target_free(&target);
    }
}

Test(url, formatted_is_the_same_target)
{
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        rf_target target;
        rf_error error;
        char text[512];
        cr_assert_eq(rf_target_parse(urls[i].formatted, &target, &error), RF_OK, "%s: %s", urls[i].formatted,
                     error.message);
        rf_target_format(&target, text, sizeof text);
        cr_expect_str_eq(text, urls[i].formatted);
        rf_target_free(&target);
    }
}

Test(url, that_make_no_sense)
{
    static const char *const wrong[] = {
        "redis://",
        "redis:///1",
        "redis://:secret@",
        "redis://:secret@:6379",
        "redis://h:",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:http",
        "redis://h:1:2",
        "redis://::1",
        "redis://[::1",
        "redis://[]",
        "redis://[::1]x",
        "redis://a,b",
        "redis://h/x",
        "redis://h/-1",
        "redis://h/1/2",
        "redis://h/99999999999",
        "redis://h?db=1",
        "redis://u:p/secret@h",
        "redis+sentinel://u:1/secret@a",
        "redis://:%secret@h",
        "redis://:secret%4@h",
        "redis://:secret%00@h",
        "redis://:secret%zz@h",
        "redis+sentinel://a,,b/main",
        "redis+sentinel://a/main/secret",
        "redis+cluster://a/1",
        "unix://host/path",
        "unix://",
        "unix:///",
        "unix:///path?db=x",
        "unix:///path?password=secret",
        "http://h",
        "dump.rdb",
        "",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        rf_target target;
        rf_error error;
        cr_expect_eq(rf_target_parse(wrong[i], &target, &error), RF_E_ARGUMENT, "%s", wrong[i]);
        cr_expect_eq(target.address_count, 0);
        cr_expect_null(target.password);
        cr_expect_not(strstr(error.message, "secret"), "%s: %s", wrong[i], error.message);
        cr_expect_gt(strlen(error.message), 0);
    }
}

Test(url, is_told_from_a_path)
{
    static const char *const paths[] = {"dump.rdb", "redis:",     "redis:/",    "redis",       "://",
                                        "-",        "/redis://x", "xredis://h", "redis+x://h", "redis+://h"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        cr_expect_not(rf_target_is_url(paths[i]), "%s", paths[i]);
}

Test(url, formatted_into_little_room)
{
    rf_target target;
    rf_error error;
    char text[8] = "xxxxxxx";
    cr_assert_eq(rf_target_parse("redis://host", &target, &error), RF_OK);
    cr_expect_eq(rf_target_format(&target, text, sizeof text), strlen("redis://host:6379"));
    cr_expect_str_eq(text, "redis:/");
    cr_expect_eq(rf_target_format(&target, NULL, 0), strlen("redis://host:6379"));
    rf_target_free(&target);
}

Test(url, addresses_one_by_one)
{
    rf_target target = {0};
    rf_error error;
    char text[64];
    cr_expect_eq(rf_target_add_address(&target, "", 1, &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_target_add_address(&target, "h", 65536, &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_target_add_address(&target, "h", -1, &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_target_format(&target, text, sizeof text), 0);
    cr_expect_str_eq(text, "");
    cr_assert_eq(rf_target_add_address(&target, "/a socket", 0, &error), RF_OK);
    rf_target_format(&target, text, sizeof text);
    cr_expect_str_eq(text, "unix:///a%20socket");
    rf_target_free(&target);
    rf_target_free(&target);
}
