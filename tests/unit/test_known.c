/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <rdbferry/command.h>
#include <string.h>

enum { ARGUMENTS = 12 };

#define REDIS(a, b)    \
    {                  \
        RF_REDIS, a, b \
    }
#define VALKEY(a, b)    \
    {                   \
        RF_VALKEY, a, b \
    }

static const struct {
    rf_server server;
    const char *command[ARGUMENTS];
    rf_command_support support;
    const char *what;
} cases[] = {
    {REDIS(2, 8), {"set", "k", "v"}, RF_COMMAND_SUPPORTED, ""},
    {REDIS(6, 0), {"SET", "k", "PXAT", "KEEPTTL"}, RF_COMMAND_SUPPORTED, ""},
    {REDIS(6, 0), {"SET", "k", "v", "pxat", "5"}, RF_COMMAND_UNSUPPORTED, "SET with PXAT"},
    {VALKEY(8, 1), {"HPEXPIREAT", "h", "5", "FIELDS", "1", "f"}, RF_COMMAND_UNSUPPORTED, "HPEXPIREAT"},
    {VALKEY(9, 0), {"HPEXPIREAT", "h", "5", "FIELDS", "1", "f"}, RF_COMMAND_SUPPORTED, ""},
    {VALKEY(9, 1), {"VADD", "k", "VALUES", "1", "1", "a"}, RF_COMMAND_UNSUPPORTED, "VADD"},
    {REDIS(7, 4), {"ARSET", "k", "0", "a"}, RF_COMMAND_UNSUPPORTED, "ARSET"},
    {REDIS(6, 2), {"FUNCTION", "LOAD", "x"}, RF_COMMAND_UNSUPPORTED, "FUNCTION LOAD"},
    {REDIS(6, 0),
     {"XGROUP", "CreateConsumer", "k", "g", "c"},
     RF_COMMAND_UNSUPPORTED,
     "XGROUP CREATECONSUMER"},
    {REDIS(6, 0), {"XGROUP", "CREATE", "k", "g", "0"}, RF_COMMAND_SUPPORTED, ""},
    {REDIS(6, 2),
     {"XGROUP", "CREATE", "k", "g", "0", "ENTRIESREAD", "1"},
     RF_COMMAND_UNSUPPORTED,
     "XGROUP CREATE with ENTRIESREAD"},
    {REDIS(6, 2), {"PEXPIREAT", "k", "5", "NX"}, RF_COMMAND_UNSUPPORTED, "PEXPIREAT with NX"},
    {REDIS(6, 0), {"ZADD", "k", "ch", "gt", "1", "a"}, RF_COMMAND_UNSUPPORTED, "ZADD with GT"},
    {REDIS(6, 0), {"ZADD", "k", "inf", "GT"}, RF_COMMAND_SUPPORTED, ""},
    {REDIS(6, 0),
     {"XADD", "k", "NOMKSTREAM", "1-1", "f", "v"},
     RF_COMMAND_UNSUPPORTED,
     "XADD with NOMKSTREAM"},
    {REDIS(6, 0), {"XADD", "k", "1-1", "MINID", "v"}, RF_COMMAND_SUPPORTED, ""},
    {REDIS(6, 0), {"LPOP", "k", "2"}, RF_COMMAND_UNSUPPORTED, "LPOP with a count"},
    {REDIS(6, 2), {"EVAL_RO", "x", "0"}, RF_COMMAND_UNSUPPORTED, "EVAL_RO"},
    {REDIS(8, 8), {"FT.ADD", "x"}, RF_COMMAND_UNKNOWN, ""},
    {REDIS(8, 8), {""}, RF_COMMAND_UNKNOWN, ""},
    {REDIS(8, 8), {"a-name-that-is-longer-than-any-that-a-server-has"}, RF_COMMAND_UNKNOWN, ""},
};

Test(known, commands_by_version)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rf_slice argv[ARGUMENTS];
        rf_entry entry = {.kind = RF_ENTRY_COMMAND, .argv = argv};
        rf_command_need need = {.what = ""};
        for (; entry.argc < ARGUMENTS && cases[i].command[entry.argc]; entry.argc++)
            argv[entry.argc] = (rf_slice){(const uint8_t *)cases[i].command[entry.argc],
                                          strlen(cases[i].command[entry.argc])};
        cr_expect_eq(rf_server_knows(cases[i].server, &entry, &need), cases[i].support, "%s",
                     cases[i].command[0]);
        cr_expect_str_eq(need.what, cases[i].what);
    }
}

Test(known, the_first_releases_that_have_it)
{
    const rf_slice argv[] = {{(const uint8_t *)"VADD", 4}};
    const rf_entry entry = {.kind = RF_ENTRY_COMMAND, .argv = argv, .argc = 1};
    rf_command_need need;
    cr_assert_eq(rf_server_knows((rf_server){RF_VALKEY, 9, 1}, &entry, &need), RF_COMMAND_UNSUPPORTED);
    cr_expect_eq(need.redis.major, 8);
    cr_expect_eq(need.redis.minor, 0);
    cr_expect_eq(need.valkey.major, 0);
}
