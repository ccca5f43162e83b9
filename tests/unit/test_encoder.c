/* SPDX-License-Identifier: MIT */
#include "support/encoding.h"
#include "support/exact.h"
#include "support/record.h"
#include <criterion/criterion.h>

static const rf_server newest = {RF_REDIS, 8, 10}, valkey = {RF_VALKEY, 9, 0};

/* --- each type --------------------------------------------------------------------------------------- */

Test(encoder, exactly_these_bytes)
{
    struct encoding e = {.magic = "REDIS0009",
                         .hex = "fc0102000000000000 00 016b 0176 01 016c 02 0161 c005",
                         .target = newest};
    static const char expected[] = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
                                   "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"
                                   "*3\r\n$9\r\nPEXPIREAT\r\n$1\r\nk\r\n$3\r\n513\r\n"
                                   "*4\r\n$5\r\nRPUSH\r\n$1\r\nl\r\n$1\r\na\r\n$1\r\n5\r\n";
    cr_assert_eq(encode(&e), RF_OK);
    cr_expect(slice_equal(buffer_slice(&e.resp), slice_of(expected, sizeof expected - 1)), "%.*s",
              (int)e.resp.len, (const char *)e.resp.data);
    encoding_free(&e);
}

Test(encoder, one_command_for_each_type)
{
    expect_commands("REDIS0009", "00 016b c1 7fff", "SELECT 0\nSET k -129\n");
    expect_commands("REDIS0009", "00 00 00", "SELECT 0\nSET  \n");
    expect_commands("REDIS0009", "02 016b 02 0161 0162", "SELECT 0\nSADD k a b\n");
    expect_commands("REDIS0009", "05 016b 02 0162 000000000000f07f 0161 000000000000f83f",
                    "SELECT 0\nZADD k inf b 1.5 a\n");
    expect_commands("REDIS0009", "03 016b 01 0161 ff", "SELECT 0\nZADD k -inf a\n");
    expect_commands("REDIS0009", "04 016b 01 0166 0176", "SELECT 0\nHMSET k f v\n");
    expect_commands("REDIS0014", "1c 016b 02 01 05 00 00 0161 01 01 fbffffffffffffff",
                    "SELECT 0\nARMSET k 0 a 1 -5\nARSEEK k 6\n");
    expect_commands("REDIS0014", "1c 016b 01 00 00 00 0161", "SELECT 0\nARMSET k 0 a\n");
    expect_commands("REDIS0014", "1c 016b 01 01 81fffffffffffffffe 00 00 0161",
                    "SELECT 0\nARMSET k 0 a\nARSEEK k 18446744073709551615\n");
    expect_commands("REDIS0015", "f2 05 02 0161 026262 20 016b 05 0178 c007", "SELECT 0\nHMSET k a x bb 7\n");
}

Test(encoder, databases_are_selected_when_they_change)
{
    expect_commands("REDIS0009",
                    "fe00 00 0161 0178 00 0162 0178 fe05 fe02 00 0163 0178 fe00 00 0164 0178 fe07",
                    "SELECT 0\nSET a x\nSET b x\nSELECT 2\nSET c x\nSELECT 0\nSET d x\n");
    expect_commands("REDIS0009", "fe00 fb0500 fa 0161 0162", "");
}

Test(encoder, functions_come_without_a_database)
{
    expect_commands("REDIS0010", "f5 0a 23216c7561206e3d310a fe00 00 016b 0176",
                    "FUNCTION LOAD #!lua n=1\\x0a\nSELECT 0\nSET k v\n");
}

Test(encoder, expiry_comes_last)
{
    expect_commands("REDIS0009", "fc 0500000000000000 02 016b 01 0161",
                    "SELECT 0\nSADD k a\nPEXPIREAT k 5\n");
    expect_commands("REDIS0009", "fd ffffffff 00 016b 0161", "SELECT 0\nSET k a\nPEXPIREAT k -1000\n");
    expect_commands("REDIS0009", "f8 05 f907 00 016b 0161", "SELECT 0\nSET k a\n");
}

Test(encoder, empty_keys_are_left_out_with_a_notice)
{
    static const char *const empty[] = {
        "01 016b 00", "02 016b 00", "03 016b 00", "04 016b 00",
        "05 016b 00", "0e 016b 00", "12 016b 00", "10 016b 07 07000000 0000 ff",
    };
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        char hex[128];
        snprintf(hex, sizeof hex, "fc 0500000000000000 %s", empty[i]);
        struct encoding e = {.magic = "REDIS0010", .hex = hex, .target = newest};
        cr_expect_eq(encode(&e), RF_OK);
        cr_expect_str_eq((const char *)e.text.data, "SELECT 0\n");
        cr_expect_eq(e.notices[RF_NOTICE_EMPTY_KEY], 1);
        encoding_free(&e);
    }
}

Test(encoder, scores_in_their_shortest_form)
{
    expect_commands("REDIS0009",
                    "05 016b 05 0161 0000000000000000 0162 0000000000000080 0163 9a9999999999b93f"
                    "0164 0000000000004043 0165 0100000000000000",
                    "SELECT 0\nZADD k 0 a -0 b 0.1 c 9007199254740992 d 5e-324 e\n");
}

/* --- what commands cannot say ------------------------------------------------------------------------ */

#define VECTORS "07 016b 81bde72da2bb1eb400 02 05 00"
#define MODULE  "07 016b 81 0000000000000403 02 05 00"
#define TTL     "18 016b 0500000000000000 03 00 0161 0178 01 0162 0179 00 0163 017a"
#define FOREIGN "40 016a 00 0102030405060708 0102030405060708 00 00"
#define NO_TTL  "18 016b 0000000000000000 01 00 0161 0178"

Test(encoder, a_modules_value_goes_as_restore)
{
    struct encoding e = {.magic = "REDIS0009", .hex = "fc 0500000000000000" VECTORS, .target = newest};
    cr_assert_eq(encode(&e), RF_OK);
    cr_expect_eq(e.notices[RF_NOTICE_BY_RESTORE], 1);
    cr_expect_str_eq((const char *)e.text.data,
                     "SELECT 0\nRESTORE k 0 \\x07\\x81\\xbd\\xe7-\\xa2\\xbb\\x1e\\xb4\\x00\\x02\\x05\\x00"
                     "\\x08\\x00\\xe6\\xae&G;\\xe4\\xdf\\xf7\nPEXPIREAT k 5\n");
    encoding_free(&e);
    expect_unsupported((rf_server){RF_REDIS, 3, 2}, "REDIS0009", MODULE, "a module value");
    expect_unsupported((rf_server){RF_REDIS, 7, 4}, "REDIS0012", VECTORS, "a vector set");
    expect_unsupported(valkey, "REDIS0012", VECTORS, "a vector set");
}

Test(encoder, metadata_goes_as_restore)
{
    struct encoding e = {.magic = "REDIS0013", .hex = "f3 01 41424344 00 00 016b 0176", .target = newest};
    cr_assert_eq(encode(&e), RF_OK);
    cr_expect_eq(e.notices[RF_NOTICE_BY_RESTORE], 1);
    cr_expect(strstr((const char *)e.text.data, "RESTORE k 0 \\xf3\\x01ABCD\\x00\\x00\\x01v\\x0d\\x00"));
    encoding_free(&e);
    expect_unsupported((rf_server){RF_REDIS, 8, 4}, "REDIS0013", "f3 01 41424344 00 00 016b 0176",
                       "metadata");
    expect_unsupported(valkey, "REDIS0013", "f3 01 41424344 00 00 016b 0176", "metadata");
}

Test(encoder, restore_where_it_is_preferred)
{
    struct encoding e = {.magic = "REDIS0010",
                         .hex = "00 0173 0176 04 0168 01 0166 0176 10 016c 0d 0d000000 0200 816602 817602 ff",
                         .target = {RF_REDIS, 6, 2},
                         .flags = PREFER_RESTORE};
    cr_assert_eq(encode(&e), RF_OK, "%s", e.error.message);
    const char *text = (const char *)e.text.data;
    cr_expect_eq(strncmp(text, "SELECT 0\nSET s v\nRESTORE h 0 \\x04\\x01\\x01f\\x01v\\x06\\x00", 48), 0,
                 "%s", text);
    cr_expect(strstr(text, "HMSET l f v\n"), "%s", text); /* 6.2 does not read listpacks */
    cr_expect_eq(e.notices[RF_NOTICE_BY_RESTORE], 1);
    encoding_free(&e);
}

Test(encoder, arrays_need_a_server_that_has_them)
{
    expect_unsupported((rf_server){RF_REDIS, 8, 6}, "REDIS0014", "1c 016b 01 00 00 00 0161", "arrays");
    expect_unsupported(valkey, "REDIS0014", "1c 016b 01 00 00 00 0161", "arrays");
}

Test(encoder, path_hashes)
{
    static const char hex[] = "17 016b 02 0161 02 0166 0176 0167 0177 0162 01 0166 0178";
    struct encoding e = {.magic = "VALKEY081", .hex = hex, .target = {RF_VALKEY, 9, 2}};
    cr_assert_eq(encode(&e), RF_OK, "%s", e.error.message);
    cr_expect_str_eq((const char *)e.text.data, "SELECT 0\nPHSET k a FIELDS 1 f v\nPHSET k a FIELDS 1 g w\n"
                                                "PHSET k b FIELDS 1 f x\n");
    encoding_free(&e);
    expect_unsupported(valkey, "VALKEY081", hex, "path hashes");
    expect_unsupported((rf_server){RF_REDIS, 8, 10}, "VALKEY081", hex, "path hashes");
}

Test(encoder, expiring_fields_in_each_dialect)
{
    expect_commands_for(newest, 0, "REDIS0012", TTL,
                        "SELECT 0\nHMSET k a x\nHMSET k b y\nHPEXPIREAT k 5 FIELDS 1 b\nHMSET k c z\n");
    expect_commands_for((rf_server){RF_REDIS, 7, 4}, 0, "REDIS0012", TTL,
                        "SELECT 0\nHMSET k a x\nHMSET k b y\nHPEXPIREAT k 5 FIELDS 1 b\nHMSET k c z\n");
    expect_commands_for(valkey, 0, "REDIS0012", TTL,
                        "SELECT 0\nHMSET k a x\nHSETEX k PXAT 5 FIELDS 1 b y\nHMSET k c z\n");
    expect_commands_for(newest, 0, "VALKEY080", "16 016b 01 0166 0176 0500000000000000",
                        "SELECT 0\nHMSET k f v\nHPEXPIREAT k 5 FIELDS 1 f\n");
}

Test(encoder, expiring_fields_need_a_server_that_has_them)
{
    static const rf_server without[] = {{RF_REDIS, 7, 2}, {RF_REDIS, 2, 6}, {RF_VALKEY, 8, 1}};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        expect_unsupported(without[i], "REDIS0012", TTL, "hash field expiry");
        expect_unsupported(without[i], "VALKEY080", "16 016b 01 0166 0176 0500000000000000",
                           "hash field expiry");
        expect_commands_for(without[i], 0, "REDIS0012", NO_TTL, "SELECT 0\nHMSET k a x\n");
        expect_commands_for(without[i], 0, "VALKEY080", "16 016b 01 0166 0176 ffffffffffffffff",
                            "SELECT 0\nHMSET k f v\n");
    }
}

#define MEMBERS    "23 016b 0500000000000000 03 00 0161 01 0162 00 0163"
#define NO_MEMBERS "23 016b 0000000000000000 02 00 0161 00 0162"
static const rf_server with_members = {RF_REDIS, 8, 12};

Test(encoder, expiring_members)
{
    expect_commands_for(with_members, 0, "REDIS0017", MEMBERS,
                        "SELECT 0\nSADD k a\nSADDEX k PXAT 5 MEMBERS 1 b\nSADD k c\n");
    expect_commands_for(with_members, 0, "REDIS0017", "fc 0600000000000000" MEMBERS,
                        "SELECT 0\nSADD k a\nSADDEX k PXAT 5 MEMBERS 1 b\nSADD k c\nPEXPIREAT k 6\n");
    expect_commands_for(with_members, 0, "REDIS0017",
                        "22 016b 0500000000000000 11 11000000 0400 816102 0501 816202 0001 ff",
                        "SELECT 0\nSADDEX k PXAT 5 MEMBERS 1 a\nSADD k b\n");
    expect_commands_for(with_members, 0, "REDIS0017", NO_MEMBERS, "SELECT 0\nSADD k a b\n");
}

Test(encoder, expiring_members_need_a_server_that_has_them)
{
    static const rf_server without[] = {
        {RF_REDIS, 8, 10}, {RF_REDIS, 2, 8}, {RF_VALKEY, 9, 2}, {RF_DRAGONFLY, 1, 0}};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        expect_unsupported(without[i], "REDIS0017", MEMBERS, "set member expiry");
        expect_commands_for(without[i], DROP_DETAIL, "REDIS0017", MEMBERS, "SELECT 0\nSADD k a b c\n");
        expect_commands_for(without[i], 0, "REDIS0017", NO_MEMBERS, "SELECT 0\nSADD k a b\n");
    }
}

/* Commands take 46 bits, the file has 48. */
Test(encoder, a_member_expiry_beyond_commands_goes_as_restore)
{
    struct encoding e = {
        .magic = "REDIS0017", .hex = "23 016b 0000000000400000 01 01 0161", .target = with_members};
    cr_assert_eq(encode(&e), RF_OK, "%s", e.error.message);
    cr_expect_eq(e.notices[RF_NOTICE_BY_RESTORE], 1);
    cr_expect(strstr((const char *)e.text.data, "RESTORE k 0 #"), "%s", (const char *)e.text.data);
    encoding_free(&e);
}

Test(encoder, keys_that_must_not_be_evicted)
{
    expect_commands_for(with_members, 0, "REDIS0016", "f1 00 016b 0176 00 016c 0177",
                        "SELECT 0\nSET k v\nBLESS SET k NO-EVICT\nSET l w\n");
    expect_commands_for(with_members, 0, "REDIS0016", "fc 0500000000000000 f1 02 016b 01 0161",
                        "SELECT 0\nSADD k a\nBLESS SET k NO-EVICT\nPEXPIREAT k 5\n");
    expect_unsupported(newest, "REDIS0016", "f1 00 016b 0176", "the no-evict attribute");
    expect_unsupported(valkey, "REDIS0016", "f1 02 016b 01 0161", "the no-evict attribute");
    expect_commands_for(newest, DROP_DETAIL, "REDIS0016", "f1 00 016b 0176", "SELECT 0\nSET k v\n");
}

Test(encoder, details_are_left_out_where_that_is_asked_for)
{
    static const rf_server without[] = {{RF_REDIS, 7, 2}, {RF_VALKEY, 8, 1}};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        expect_commands_for(without[i], DROP_DETAIL, "REDIS0012", TTL, "SELECT 0\nHMSET k a x b y c z\n");
        expect_commands_for(without[i], DROP_DETAIL, "REDIS0013", "f3 01 41424344 00 00 016b 0176",
                            "SELECT 0\nSET k v\n");
        expect_commands_for(without[i], DROP_DETAIL, "REDIS0009", FOREIGN "00 016b 0176",
                            "SELECT 0\nSET k v\n");
    }
}

Test(encoder, functions_need_a_server_that_has_them)
{
    struct encoding e = {.magic = "REDIS0010", .hex = "f5 00 00 016b 0176", .target = {RF_REDIS, 6, 2}};
    cr_expect_eq(encode(&e), RF_E_INCOMPATIBLE);
    cr_expect_str_eq(e.error.message, "redis 6.2 commands cannot represent function libraries");
    cr_expect_str_eq(e.error.key, "");
    cr_expect_eq(e.error.db, -1);
    encoding_free(&e);
    expect_commands_for((rf_server){RF_REDIS, 6, 2}, DROP_UNSUPPORTED, "REDIS0010", "f5 00 00 016b 0176",
                        "SELECT 0\nSET k v\n");
    expect_commands_for((rf_server){RF_VALKEY, 7, 2}, 0, "REDIS0010", "f5 0178", "FUNCTION LOAD x\n");
}

Test(encoder, module_data_beside_the_keys_has_no_command)
{
    struct encoding e = {.magic = "REDIS0009", .hex = "f7 81bde72da2bb1eb400 0202 00", .target = newest};
    cr_expect_eq(encode(&e), RF_E_INCOMPATIBLE);
    cr_expect(strstr(e.error.message, "'vectorset'"), "%s", e.error.message);
    encoding_free(&e);
    expect_commands_for(newest, DROP_UNSUPPORTED, "REDIS0009", "f7 81bde72da2bb1eb400 0202 00 00 016b 0176",
                        "SELECT 0\nSET k v\n");
}

Test(encoder, damage_names_the_key)
{
    struct encoding e = {
        .magic = "REDIS0010", .hex = "fe03 10 016b 0d 0d000000 0300 816602 817602 ff", .target = newest};
    cr_expect_eq(encode(&e), RF_E_CORRUPT);
    cr_expect_str_eq(e.error.key, "k");
    cr_expect_eq(e.error.db, 3);
    encoding_free(&e);
}

/* --- batches ----------------------------------------------------------------------------------------- */

/* A key of `key_size` bytes with `count` elements of these sizes in turn. */
static void put_collection(struct build *b, uint8_t type, size_t key_size, size_t count, const size_t *sizes,
                           size_t size_count)
{
    uint8_t *bytes = malloc(1 << 20);
    size_t strings = type == 4 ? 2 : 1;
    memset(bytes, 'x', 1 << 20);
    put_bytes(b, SLICE("REDIS0009"));
    put_u8(b, type);
    put_blob(b, slice_of(bytes, key_size));
    put_len(b, count);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < strings; j++) {
            char number[16];
            size_t n = (size_t)snprintf(number, sizeof number, "%zu:", i * strings + j);
            memcpy(bytes, number, n);
            put_blob(b, slice_of(bytes, n + sizes[i % size_count]));
        }
    put_end(b);
    free(bytes);
}

struct batches {
    size_t commands, largest_count, largest_bytes, strings;
};

/* Every command is "RPUSH|HMSET key string..."; the strings are numbered through. */
static struct batches read_batches(rf_slice resp, size_t key_size)
{
    struct batches found = {0};
    struct buffer text = {0};
    resp_as_text(resp, &text);
    char *line = strtok((char *)(uintptr_t)record_end(&text), "\n");
    cr_assert_str_eq(line, "SELECT 0");
    while ((line = strtok(NULL, "\n")) != NULL) {
        size_t count = 0, bytes = strlen(line);
        char *word = strchr(line, ' ') + 1;
        cr_assert_eq(strcspn(word, " "), key_size);
        for (word = strchr(word, ' '); word; word = strchr(word + 1, ' '), count++)
            cr_assert_eq(strtoul(word + 1, NULL, 10), found.strings + count);
        found.strings += count;
        found.commands++;
        if (count > found.largest_count)
            found.largest_count = count;
        if (bytes > found.largest_bytes && count > 2)
            found.largest_bytes = bytes;
    }
    buffer_free(&text);
    return found;
}

static struct batches encode_collection(uint8_t type, size_t key_size, size_t count, const size_t *sizes,
                                        size_t size_count)
{
    struct build b = {0};
    struct buffer resp = {0};
    rf_error error;
    put_collection(&b, type, key_size, count, sizes, size_count);
    cr_assert_eq(run_encode(built(&b), 0, &(struct encoder_options){.target = newest}, &resp, &error), RF_OK);
    struct batches found = read_batches(buffer_slice(&resp), key_size);
    cr_expect_eq(found.strings, count * (type == 4 ? 2 : 1));
    cr_expect_leq(found.largest_bytes, BATCH_BYTES);
    buffer_free(&resp);
    build_free(&b);
    return found;
}

#define SIZES(...) (const size_t[]){__VA_ARGS__}, sizeof((const size_t[]){__VA_ARGS__}) / sizeof(size_t)

Test(encoder, batches_have_at_most_64_items)
{
    static const size_t counts[] = {1, 2, 63, 64, 65, 127, 128, 129, 1000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct batches lists = encode_collection(1, 1, counts[i], SIZES(3));
        cr_expect_eq(lists.commands, (counts[i] + 63) / 64);
        cr_expect_leq(lists.largest_count, 64);
        struct batches hashes = encode_collection(4, 1, counts[i], SIZES(3));
        cr_expect_eq(hashes.commands, (counts[i] + 63) / 64);
        cr_expect_leq(hashes.largest_count, 128);
    }
}

Test(encoder, batches_are_bounded_in_bytes)
{
    encode_collection(1, 10, 300, SIZES(2000));
    encode_collection(1, 10, 300, SIZES(1, 5000, 20000, 3));
    encode_collection(4, 100, 200, SIZES(3000, 1));
    encode_collection(4, 30000, 200, SIZES(700));
}

Test(encoder, what_is_too_large_for_a_batch_goes_alone)
{
    struct batches found = encode_collection(1, 1, 6, SIZES(10, 10, 100000));
    cr_expect_eq(found.commands, 4);
    found = encode_collection(4, 1, 4, SIZES(10, 300000));
    cr_expect_eq(found.commands, 4);
    found = encode_collection(1, 70000, 5, SIZES(10));
    cr_expect_eq(found.commands, 5);
}

/* Around the size that just fits into a batch of its own. */
Test(encoder, at_the_edge_of_a_batch)
{
    for (size_t size = BATCH_BYTES - 80; size < BATCH_BYTES + 8; size++) {
        struct batches found = encode_collection(1, 3, 3, SIZES(size));
        cr_expect_eq(found.commands, 3);
    }
    for (size_t size = BATCH_BYTES / 2 - 60; size < BATCH_BYTES / 2 + 8; size++)
        encode_collection(1, 3, 4, SIZES(size));
}

Test(encoder, expiring_fields_between_others_close_the_batch)
{
    struct build b = {0};
    struct buffer resp = {0}, text = {0};
    rf_error error;
    put_bytes(&b, SLICE("REDIS0012"));
    put_key(&b, 24, "k");
    put_le64(&b, 100);
    put_len(&b, 200);
    for (int i = 0; i < 200; i++) {
        char field[16];
        snprintf(field, sizeof field, "f%d", i);
        put_len(&b, i % 100 == 99);
        put_str(&b, field);
        put_str(&b, "v");
    }
    put_end(&b);
    cr_assert_eq(run_encode(built(&b), 0, &(struct encoder_options){.target = newest}, &resp, &error), RF_OK);
    resp_as_text(buffer_slice(&resp), &text);
    size_t lines = 0;
    for (const char *p = record_end(&text); *p; p++)
        lines += *p == '\n';
    cr_expect_eq(lines, 1 + 2 * (2 + 2)); /* twice: 64, 35, the one, its expiry */
    buffer_free(&text);
    buffer_free(&resp);
    build_free(&b);
}
