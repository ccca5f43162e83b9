/* SPDX-License-Identifier: MIT */
#include "support/encoding.h"
#include <criterion/criterion.h>

static const rf_server newest = {RF_REDIS, 8, 10}, redis_7 = {RF_REDIS, 7, 0}, redis_6 = {RF_REDIS, 6, 0},
                       valkey = {RF_VALKEY, 9, 0};

/* One entry, 1000-1 f=v. */
#define NODE                                 \
    "01 10 00000000000003e80000000000000001" \
    " 1d 1d000000 0a00 0101 0001 0101 816602 0001 0201 0001 0001 817602 0401 ff"
#define LENGTH   "01 43e8 01"
#define COUNTERS "43e8 01 0000 01"
#define ID       "00000000000003e80000000000000001"
#define GONE     "00000000000003e80000000000000002"
#define TIME     "0500000000000000"
#define XADD     "SELECT 0\nXADD k 1000-1 f v\n"
#define XSETID   "XSETID k 1000-1 ENTRIESADDED 1 MAXDELETEDID 0-0\n"
#define XGROUP   "XGROUP CREATE k g 1000-1 ENTRIESREAD 1\n"

/* Expects RESTORE of the key for this reason. */
static void expect_restored(rf_server target, const char *magic, const char *hex, const char *why)
{
    struct encoding e = {.magic = magic, .hex = hex, .target = target};
    cr_assert_eq(encode(&e), RF_OK, "%s: %s", why, e.error.message);
    cr_expect_eq(strncmp((const char *)e.text.data, "SELECT 0\nRESTORE k 0 ", 21), 0, "%s: %s", why,
                 (const char *)e.text.data);
    cr_expect_eq(e.notices[RF_NOTICE_BY_RESTORE], 1);
    encoding_free(&e);
}

/* --- entries ----------------------------------------------------------------------------------------- */

Test(encode_stream, entries_and_counters)
{
    static const char old[] = "0f 016b" NODE LENGTH "00",
                      new[] = "13 016b" NODE LENGTH "43e8 01 43e7 05 07 00";
    expect_commands_for(newest, 0, "REDIS0010", new,
                        XADD "XSETID k 1000-1 ENTRIESADDED 7 MAXDELETEDID 999-5\n");
    expect_commands_for(valkey, 0, "REDIS0010", new,
                        XADD "XSETID k 1000-1 ENTRIESADDED 7 MAXDELETEDID 999-5\n");
    expect_commands_for(redis_7, 0, "REDIS0009", old, XADD XSETID);
    expect_commands_for(redis_6, 0, "REDIS0009", old, XADD "XSETID k 1000-1\n");
    expect_commands_for(redis_6, 0, "REDIS0010", new, XADD "XSETID k 1000-1\n");
}

Test(encode_stream, an_empty_one_is_there_all_the_same)
{
    expect_commands("REDIS0010", "13 016b 00 00 0501 0000 0000 01 00",
                    "SELECT 0\nXADD k MAXLEN 0 0-1 x y\nXSETID k 5-1 ENTRIESADDED 1 MAXDELETEDID 0-0\n");
    expect_commands_for(redis_6, 0, "REDIS0009", "0f 016b 00 00 0501 00",
                        "SELECT 0\nXADD k MAXLEN 0 0-1 x y\nXSETID k 5-1\n");
    expect_commands("REDIS0010", "13 016b 00 00 0000 0000 0000 00 00",
                    "SELECT 0\nXADD k MAXLEN 0 0-1 x y\nXSETID k 0-0 ENTRIESADDED 0 MAXDELETEDID 0-0\n");
}

Test(encode_stream, all_entries_deleted)
{
    expect_commands(
        "REDIS0010",
        "13 016b 01 10" ID "1d 1d000000 0a00 0001 0101 0101 816602 0001 0301 0001 0001 817602 0401 ff"
        "00 43e8 01 0000 43e8 01 01 00",
        "SELECT 0\nXADD k MAXLEN 0 0-1 x y\nXSETID k 1000-1 ENTRIESADDED 1 MAXDELETEDID 1000-1\n");
}

Test(encode_stream, expiry_comes_last)
{
    expect_commands("REDIS0010", "fc 0500000000000000 13 016b" NODE LENGTH COUNTERS "00",
                    XADD XSETID "PEXPIREAT k 5\n");
}

Test(encode_stream, a_wrong_length_is_told_once)
{
    struct encoding e = {.magic = "REDIS0010",
                         .hex = "13 016b" NODE "09 43e8 01" COUNTERS "01 0167 43e8 01 01 01" ID TIME
                                "03 01 0163" TIME "01" ID,
                         .target = newest};
    cr_assert_eq(encode(&e), RF_OK, "%s", e.error.message);
    cr_expect_eq(e.notices[RF_NOTICE_STREAM_LENGTH], 1, "%u times", e.notices[RF_NOTICE_STREAM_LENGTH]);
    encoding_free(&e);
}

/* --- groups ------------------------------------------------------------------------------------------ */

Test(encode_stream, groups)
{
    static const char groups[] = "13 016b" NODE LENGTH COUNTERS
                                 "02 0167 43e8 01 01 00 00 0168 0000 81ffffffffffffffff 00 00";
    expect_commands("REDIS0010", groups, XADD XSETID XGROUP "XGROUP CREATE k h 0-0 ENTRIESREAD -1\n");
    expect_commands_for(redis_6, 0, "REDIS0010", groups,
                        XADD "XSETID k 1000-1\nXGROUP CREATE k g 1000-1\nXGROUP CREATE k h 0-0\n");
}

Test(encode_stream, pending_entries)
{
    expect_commands("REDIS0010",
                    "13 016b" NODE LENGTH COUNTERS "01 0167 43e8 01 01 01" ID TIME "03 01 0163" TIME "01" ID,
                    XADD XSETID XGROUP "XCLAIM k g c 0 1000-1 TIME 5 RETRYCOUNT 3 JUSTID FORCE\n");
}

Test(encode_stream, idle_consumers)
{
    static const char idle[] = "13 016b" NODE LENGTH COUNTERS "01 0167 43e8 01 01 00 02 0163" TIME
                               "00 0164" TIME "00";
    expect_commands("REDIS0010", idle,
                    XADD XSETID XGROUP "XGROUP CREATECONSUMER k g c\nXGROUP CREATECONSUMER k g d\n");
    expect_commands_for((rf_server){RF_REDIS, 6, 2}, 0, "REDIS0010", idle,
                        XADD "XSETID k 1000-1\nXGROUP CREATE k g 1000-1\nXGROUP CREATECONSUMER k g c\n"
                             "XGROUP CREATECONSUMER k g d\n");
    expect_unsupported(redis_6, "REDIS0010", idle, "consumers without pending entries");
    expect_restored(redis_6, "REDIS0009", "0f 016b" NODE LENGTH "01 0167 43e8 01 00 01 0163" TIME "00",
                    "an idle consumer before 6.2");
}

Test(encode_stream, a_pending_entry_that_is_gone)
{
    static const char gone[] = "13 016b" NODE LENGTH COUNTERS "01 0167 43e8 01 01 01" GONE TIME
                               "03 01 0163" TIME "01" GONE,
                      only_gone[] = "13 016b 00 00 43e8 05 0000 0000 05 01 0167 43e8 01 01 01" GONE TIME
                                    "03 01 0163" TIME "01" GONE;
    expect_restored(newest, "REDIS0010", gone, "gone");
    expect_restored(valkey, "REDIS0010", only_gone, "gone, and no entries");
    expect_unsupported((rf_server){RF_REDIS, 6, 2}, "REDIS0010", gone, "of deleted stream entries");
}

/* Two entries, 1000-<id> and the one after it. */
#define NODE_OF_2(id)                                                                                \
    "10 00000000000003e8 00000000000000" id " 28 28000000 0f00 0201 0001 0101 816602 0001 0201 0001" \
    "0001 817602 0401 0201 0001 0101 817602 0401 ff"

Test(encode_stream, pending_entries_of_several_nodes)
{
    static const bool there[12] = {[1] = true, [2] = true, [5] = true, [6] = true, [9] = true, [10] = true};
    for (unsigned a = 0; a < 12; a++)
        for (unsigned b = a + 1; b < 12; b++) {
            char ids[2][33], hex[1024];
            snprintf(ids[0], sizeof ids[0], "00000000000003e8%016x", a);
            snprintf(ids[1], sizeof ids[1], "00000000000003e8%016x", b);
            snprintf(hex, sizeof hex,
                     "13 016b 03" NODE_OF_2("01") NODE_OF_2("05")
                         NODE_OF_2("09") "06 43e8 0a 43e8 01 0000 06 01 0167 43e8 0a 06 02 %s" TIME
                                         "01 %s" TIME "01 01 0163" TIME "02 %s %s",
                     ids[0], ids[1], ids[0], ids[1]);
            struct encoding e = {.magic = "REDIS0010", .hex = hex, .target = newest};
            cr_assert_eq(encode(&e), RF_OK, "%u, %u: %s", a, b, e.error.message);
            cr_expect_eq(e.notices[RF_NOTICE_BY_RESTORE], !(there[a] && there[b]), "%u, %u", a, b);
            encoding_free(&e);
        }
}

/* What a server's own XSETID can make, and XSETID with MAXDELETEDID refuses. */
Test(encode_stream, a_last_id_below_a_deleted_one)
{
    static const char below[] = "13 016b 00 00 0005 0000 000a 02 00";
    expect_restored(redis_7, "REDIS0010", below, "last id below");
    expect_commands_for(redis_6, 0, "REDIS0010", below, "SELECT 0\nXADD k MAXLEN 0 0-1 x y\nXSETID k 0-5\n");
}

Test(encode_stream, more_deliveries_than_a_command_can_say)
{
    expect_restored(newest, "REDIS0010",
                    "13 016b" NODE LENGTH COUNTERS "01 0167 43e8 01 01 01" ID TIME
                    "81 8000000000000000 01 0163" TIME "01" ID,
                    "deliveries");
}

/* --- what came with Redis 8.6 and 8.8 ---------------------------------------------------------------- */

#define STREAM_5(pending, unowned) "1b 016b" NODE LENGTH COUNTERS "01 0167 43e8 01 01" pending "00" unowned

Test(encode_stream, pending_entries_that_nobody_owns)
{
    static const char unowned[] = STREAM_5("01" ID TIME "03", "01" ID) "4064 4064 00 00 00";
    expect_commands_for((rf_server){RF_REDIS, 8, 8}, 0, "REDIS0014", unowned,
                        XADD XSETID XGROUP "XNACK k g FAIL IDS 1 1000-1 RETRYCOUNT 3 FORCE\n");
    expect_unsupported((rf_server){RF_REDIS, 8, 6}, "REDIS0014", unowned, "unowned pending entries");
    expect_unsupported(valkey, "REDIS0014", unowned, "unowned pending entries");
    expect_restored(newest, "REDIS0014", STREAM_5("01" GONE TIME "03", "01" GONE) "4064 4064 00 00 00",
                    "gone");
}

Test(encode_stream, idempotent_producers)
{
    static const char producers[] = "1a 016b" NODE LENGTH COUNTERS
                                    "00 3c 4100 02 0170 02 026931 43e8 01 026932 43e8 01 0171 00 02 05",
                      defaults[] = "1a 016b" NODE LENGTH COUNTERS "00 4064 4064 00 05 07",
                      gone[] = "1a 016b" NODE LENGTH COUNTERS "00 3c 4100 01 0170 01 026931 43e8 02 02 05",
                      no_records[] = "1a 016b" NODE LENGTH COUNTERS "00 3c 4100 00 00 00";
    expect_commands_for((rf_server){RF_REDIS, 8, 6}, 0, "REDIS0013", producers,
                        XADD XSETID "XCFGSET k IDMP-DURATION 60 IDMP-MAXSIZE 256\nXIDMPRECORD k p i1 1000-1\n"
                                    "XIDMPRECORD k p i2 1000-1\n");
    expect_commands_for(newest, 0, "REDIS0013", no_records,
                        XADD XSETID "XCFGSET k IDMP-DURATION 60 IDMP-MAXSIZE 256\n");
    expect_commands_for(newest, 0, "REDIS0013", defaults, XADD XSETID);
    expect_commands_for(valkey, 0, "REDIS0013", defaults, XADD XSETID);
    expect_restored(newest, "REDIS0013", gone, "a record whose entry is gone");
    expect_unsupported((rf_server){RF_REDIS, 8, 4}, "REDIS0013", producers, "idempotent stream producers");
    expect_unsupported(valkey, "REDIS0013", no_records, "idempotent stream producers");
}

Test(encode_stream, servers_without_streams)
{
    expect_unsupported((rf_server){RF_REDIS, 4, 0}, "REDIS0009", "0f 016b" NODE LENGTH "00", "streams");
}
