/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
#include "support/one_value.h"
#include "support/record.h"
#include <criterion/criterion.h>
#include <rdbferry/replay.h>

enum { NEITHER = 0, BOTH = RF_WRITE_COMMANDS | RF_WRITE_RESTORE };

#define REDIS(major, minor)    \
    {                          \
        RF_REDIS, major, minor \
    }
#define VALKEY(major, minor)    \
    {                           \
        RF_VALKEY, major, minor \
    }

#define STRING                   \
    {                            \
        .type = 0, .hex = "0176" \
    }
#define QUICKLIST                                                  \
    {                                                              \
        .type = 18, .hex = "01 02 0c 0c000000 0200 816102 0101 ff" \
    }
#define EXPIRING_HASH                                                      \
    {                                                                      \
        .type = 24, .hex = "00d8c32cbb030000 02 00 0167 0177 01 0166 0176" \
    }
#define HASH_THAT_MIGHT_EXPIRE                                \
    {                                                         \
        .type = 24, .hex = "00d8c32cbb030000 01 00 0167 0177" \
    }
#define VALKEY_HASH                                                              \
    {                                                                            \
        .magic = "VALKEY080", .type = 22, .hex = "01 0166 0176 0100000000000000" \
    }
#define STREAM                                          \
    {                                                   \
        .type = 19, .hex = "00 00 0501 0000 0000 01 00" \
    }
#define ARRAY                                                           \
    {                                                                   \
        .type = 28, .hex = "02 01 05 00 00 0161 01 01 fbffffffffffffff" \
    }
#define PATH_HASH                                                       \
    {                                                                   \
        .magic = "VALKEY081", .type = 23, .hex = "01 0161 01 0166 0176" \
    }
#define VECTOR_SET                                      \
    {                                                   \
        .type = 7, .hex = "81bde72da2bb1eb401 02 05 00" \
    }
#define OTHER_MODULE                                    \
    {                                                   \
        .type = 7, .hex = "81bde72da2bb1eb800 02 05 00" \
    }
#define WITH_METADATA                                                   \
    {                                                                   \
        .before = "f3 01 41424344 05 0161 00", .type = 0, .hex = "0176" \
    }

#define EXPIRING_SET                                                                   \
    {                                                                                  \
        .magic = "REDIS0017", .type = 35, .hex = "00d8c32cbb030000 02 01 0166 00 0167" \
    }
#define NO_EVICT                                                       \
    {                                                                  \
        .magic = "REDIS0017", .before = "f1", .type = 0, .hex = "0176" \
    }
#define NO_EVICT_VECTOR_SET                                                                   \
    {                                                                                         \
        .magic = "REDIS0017", .before = "f1", .type = 7, .hex = "81bde72da2bb1eb401 02 05 00" \
    }

static const struct {
    struct one_value value;
    rf_server server;
    unsigned modes;
} cases[] = {
    {STRING, REDIS(2, 6), BOTH},
    {QUICKLIST, REDIS(6, 2), RF_WRITE_COMMANDS},
    {QUICKLIST, REDIS(7, 0), BOTH},
    {QUICKLIST, VALKEY(9, 0), BOTH},
    {EXPIRING_HASH, REDIS(7, 2), RF_WRITE_PARTIAL},
    {EXPIRING_HASH, REDIS(7, 4), BOTH},
    {EXPIRING_HASH, VALKEY(8, 1), RF_WRITE_PARTIAL},
    {EXPIRING_HASH, VALKEY(9, 0), RF_WRITE_COMMANDS},
    {HASH_THAT_MIGHT_EXPIRE, REDIS(4, 0), RF_WRITE_COMMANDS},
    {VALKEY_HASH, REDIS(7, 2), RF_WRITE_PARTIAL},
    {VALKEY_HASH, REDIS(7, 4), RF_WRITE_COMMANDS},
    {VALKEY_HASH, VALKEY(9, 0), BOTH},
    {STREAM, REDIS(4, 0), NEITHER},
    {STREAM, REDIS(5, 0), RF_WRITE_COMMANDS},
    {STREAM, REDIS(7, 0), BOTH},
    {ARRAY, REDIS(8, 6), NEITHER},
    {ARRAY, REDIS(8, 8), BOTH},
    {ARRAY, VALKEY(9, 0), NEITHER},
    {PATH_HASH, REDIS(8, 10), NEITHER},
    {PATH_HASH, VALKEY(9, 1), NEITHER},
    {PATH_HASH, VALKEY(9, 2), BOTH},
    {VECTOR_SET, REDIS(7, 4), NEITHER},
    {VECTOR_SET, REDIS(8, 0), RF_WRITE_RESTORE},
    {VECTOR_SET, VALKEY(9, 0), NEITHER},
    {OTHER_MODULE, REDIS(7, 4), RF_WRITE_RESTORE},
    {OTHER_MODULE, REDIS(3, 2), NEITHER},
    {WITH_METADATA, REDIS(8, 4), RF_WRITE_PARTIAL},
    {WITH_METADATA, REDIS(8, 6), RF_WRITE_RESTORE},
    {WITH_METADATA, VALKEY(9, 0), RF_WRITE_PARTIAL},
    {EXPIRING_SET, REDIS(8, 10), RF_WRITE_PARTIAL},
    {EXPIRING_SET, REDIS(8, 12), BOTH},
    {EXPIRING_SET, VALKEY(9, 2), RF_WRITE_PARTIAL},
    {NO_EVICT, REDIS(8, 10), RF_WRITE_PARTIAL},
    {NO_EVICT, REDIS(8, 12), BOTH},
    {NO_EVICT_VECTOR_SET, REDIS(7, 4), NEITHER},
    {NO_EVICT_VECTOR_SET, REDIS(8, 0), RF_WRITE_PARTIAL},
    {NO_EVICT_VECTOR_SET, REDIS(8, 12), RF_WRITE_RESTORE},
};

Test(write_modes, ways_by_version)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct opened o;
        char server[32];
        unsigned modes = 99;
        open_value(&o, &cases[i].value);
        rf_server_format(cases[i].server, server, sizeof server);
        cr_assert_eq(rf_server_write_modes(cases[i].server, &o.entry, &modes, &o.error), RF_OK, "%s",
                     o.error.message);
        cr_expect_eq(modes, cases[i].modes, "type %u, %s: %u", cases[i].value.type, server, modes);
        close_value(&o);
    }
}

Test(write_modes, the_value_can_be_used_afterwards)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct opened o;
        struct buffer expected = {0}, found = {0};
        unsigned modes;
        cr_assert_eq(walk_value(&cases[i].value, &expected, &(rf_error){0}), RF_OK);
        open_value(&o, &cases[i].value);
        cr_assert_eq(rf_server_write_modes(cases[i].server, &o.entry, &modes, &o.error), RF_OK);
        cr_assert_eq(rf_value_walk(o.entry.value, &recorder, &found, &o.error), RF_OK, "%s", o.error.message);
        cr_expect_str_eq(record_end(&found), record_end(&expected));
        buffer_free(&expected);
        buffer_free(&found);
        close_value(&o);
    }
}

Test(write_modes, a_damaged_value)
{
    struct opened o;
    unsigned modes;
    open_value(&o, &(struct one_value){.type = 19, .hex = "05 00"});
    cr_expect_neq(rf_server_write_modes((rf_server){RF_REDIS, 7, 0}, &o.entry, &modes, &o.error), RF_OK);
    close_value(&o);
}

/* Attributes are dropped before the method is chosen; the expiry of members only from commands. */
Test(write_modes, a_replay_that_drops_details)
{
    static const struct {
        struct one_value value;
        rf_server server;
        unsigned refused, auto_modes, restore_modes; /* 1 << rf_command */
    } replays[] = {
        {NO_EVICT, REDIS(7, 0), 0, RF_WRITE_PARTIAL, RF_WRITE_PARTIAL},
        {NO_EVICT, REDIS(8, 12), 0, BOTH, RF_WRITE_RESTORE},
        {NO_EVICT, REDIS(7, 0), 1u << RF_COMMAND_RESTORE, RF_WRITE_PARTIAL, NEITHER},
        {NO_EVICT_VECTOR_SET, REDIS(7, 4), 0, NEITHER, NEITHER},
        {NO_EVICT_VECTOR_SET, REDIS(8, 0), 0, RF_WRITE_PARTIAL, RF_WRITE_PARTIAL},
        {WITH_METADATA, REDIS(8, 4), 0, RF_WRITE_PARTIAL, RF_WRITE_PARTIAL},
        {WITH_METADATA, REDIS(8, 6), 0, RF_WRITE_RESTORE, RF_WRITE_RESTORE},
        {EXPIRING_SET, REDIS(8, 10), 0, RF_WRITE_PARTIAL, NEITHER},
    };
    for (size_t i = 0; i < sizeof replays / sizeof *replays; i++) {
        const rf_abilities target = {.server = replays[i].server, .refused = replays[i].refused};
        for (int mode = RF_REPLAY_AUTO; mode <= RF_REPLAY_RESTORE;
             mode += RF_REPLAY_RESTORE - RF_REPLAY_AUTO) {
            const rf_replay_options options = {.mode = (rf_replay_mode)mode, .drop_detail = true};
            unsigned modes,
                expected = mode == RF_REPLAY_AUTO ? replays[i].auto_modes : replays[i].restore_modes;
            const char *why;
            struct opened o;
            open_value(&o, &replays[i].value);
            cr_assert_eq(rf_replay_write_modes(&target, &options, &o.entry, &modes, &why, &o.error), RF_OK);
            cr_expect_eq(modes, expected, "case %zu, mode %d: %u", i, mode, modes);
            close_value(&o);
        }
    }
}
