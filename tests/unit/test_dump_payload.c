/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
#include "codec/crc64.h"
#include "rdb/dump_payload.h"
#include "support/exact.h"
#include "support/one_value.h"
#include <criterion/criterion.h>

static rf_code keep(void *ctx, rf_slice bytes)
{
    return buffer_append(ctx, bytes) ? RF_OK : RF_E_MEMORY;
}

/* The payload of a value; its size must have been right. */
static void make_payload(const struct one_value *value, struct buffer *payload)
{
    struct opened o;
    uint64_t size;
    open_value(&o, value);
    cr_assert_eq(dump_payload_size(&o.entry, &size, &o.error), RF_OK, "%s", o.error.message);
    cr_assert_eq(dump_payload_put(&o.entry, keep, payload, &o.error), RF_OK, "%s", o.error.message);
    cr_expect_eq(payload->len, size, "type %u: %zu, not %llu", value->type, payload->len,
                 (unsigned long long)size);
    close_value(&o);
}

/* What servers have made of these values. Ours says the lowest version that has the type. */
static const struct {
    struct one_value value;
    int version;
    const char *servers;
} payloads[] = {
    {{.type = 0, .hex = "05 68656c6c6f"}, 6, "000568656c6c6f 0a00 6372df766534200a"},
    {{.type = 0, .hex = "c1 7fff"}, 6, "00c17fff 0a00 1760822854808480"},
    {{.type = 0, .hex = "c3 0b1e 03616263 61e00f02016263"},
     6,
     "00c30b1e0361626361e00f02016263 0a00 8874be6d67e59d2a"},
    {{.type = 18, .hex = "01 02 0c 0c000000 0200 816102 0101 ff"},
     10,
     "1201020c0c00000002008161020101ff 0a00 94962b23ac17aa85"},
    {{.type = 18, .hex = "02 02 0d 0d000000 0200 816102 816202 ff 02 0a 0a000000 0100 816302 ff"},
     10,
     "1202020d0d0000000200816102816202ff020a0a0000000100816302ff 0a00 a60192a8f736b5c0"},
    {{.type = 11, .hex = "0e 02000000 03000000 fbff 0100 2c01"},
     6,
     "0b0e0200000003000000fbff01002c01 0a00 0f5f7a8eb59409d2"},
    {{.type = 2, .hex = "01 0161"}, 6, "02010161 0a00 6296e97e44d21a6d"},
    {{.type = 17,
      .hex = "25 25000000 0800 816e02 842d696e6605 816102 83312e3504 816202 0301 817002 83696e6604 ff"},
     10,
     "1125250000000800816e02842d696e660581610283312e3504816202030181700283696e6604ff 0a00 eb27a5701d533553"},
    {{.type = 5, .hex = "02 0162 000000000000f07f 0161 000000000000f83f"},
     8,
     "05020162000000000000f07f0161000000000000f83f 0a00 1343ce1a14f007a4"},
    {{.type = 16, .hex = "0d 0d000000 0200 816602 817602 ff"},
     10,
     "100d0d0000000200816602817602ff 0a00 20f13d442354089d"},
    {{.type = 4, .hex = "01 0166 0176"}, 6, "040101660176 0a00 adf24356b1860efc"},
    {{.type = 19, .hex = "00 00 0501 0000 0000 01 00"}, 10, "130000050100000000 0100 0a00 61d2f5054839b3a8"},
    {{.type = 20, .hex = "0a 0a000000 0100 816102 ff"}, 11, "140a0a0000000100816102ff 0c00 5576f6689e5a0cb4"},
    {{.type = 25,
      .hex = "00d8c32cbb030000 1f 1f000000 0600 816602 817602 f400d8c32cbb03000009 816702 817702 0001 ff"},
     12,
     "1900d8c32cbb0300001f1f0000000600816602817602f400d8c32cbb030000098167028177020001ff 0c00 "
     "8436d9888806ec99"},
    {{.type = 24, .hex = "00d8c32cbb030000 02 00 0167 0177 01 0166 0176"},
     12,
     "1800d8c32cbb03000002000167017701016601 76 0c00 880f84b786854023"},
    {{.type = 21, .hex = "00 00 0501 0000 0000 01 00"}, 11, "150000050100000000 0100 0c00 b95318d378e543ea"},
    {{.type = 0, .hex = "c0 01"}, 6, "00c001 0b00 4fa75ac52c9ef875"},
};

enum { FOOTER = 10 };

Test(dump_payload, of_values_that_servers_have_dumped)
{
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        struct buffer payload = {0};
        rf_slice theirs = exact_hex(payloads[i].servers);
        make_payload(&payloads[i].value, &payload);
        cr_assert_eq(payload.len, theirs.len, "%s", payloads[i].servers);
        cr_expect_arr_eq(payload.data, theirs.ptr, theirs.len - FOOTER, "%s", payloads[i].servers);
        uint8_t *footer = payload.data + payload.len - FOOTER;
        cr_expect_eq(load_le16(footer), payloads[i].version, "%s: %u", payloads[i].servers,
                     load_le16(footer));
        cr_expect_eq(load_le64(footer + 2), crc64(0, payload.data, payload.len - 8));

        /* With their version it is theirs to the last byte. */
        memcpy(footer, theirs.ptr + theirs.len - FOOTER, 2);
        store_le64(footer + 2, crc64(0, payload.data, payload.len - 8));
        cr_expect_arr_eq(payload.data, theirs.ptr, theirs.len, "%s", payloads[i].servers);
        exact_free(theirs);
        buffer_free(&payload);
    }
}

static void expect_payload(const struct one_value *value, const char *before_crc)
{
    struct buffer payload = {0};
    rf_slice expected = exact_hex(before_crc);
    make_payload(value, &payload);
    cr_assert_eq(payload.len, expected.len + 8, "%s", before_crc);
    cr_expect_arr_eq(payload.data, expected.ptr, expected.len, "%s", before_crc);
    cr_expect_eq(load_le64(payload.data + expected.len), crc64(0, expected.ptr, expected.len));
    exact_free(expected);
    buffer_free(&payload);
}

Test(dump_payload, of_a_template_hash_is_that_of_a_plain_one)
{
    expect_payload(&(struct one_value){.before = "f2 05 02 0161 026262", .type = 32, .hex = "05 0178 c007"},
                   "04 02 0161 0178 026262 0137 0600");
}

Test(dump_payload, carries_metadata)
{
    expect_payload(&(struct one_value){.before = "f3 01 41424344 05 0161 00", .type = 0, .hex = "0176"},
                   "f3 01 41424344 05 0161 00 00 0176 0d00");
}

Test(dump_payload, of_a_module_and_of_valkeys_hash)
{
    expect_payload(&(struct one_value){.type = 7, .hex = "81bde72da2bb1eb400 02 05 00"},
                   "07 81bde72da2bb1eb400 02 05 00 0800");
    expect_payload(
        &(struct one_value){.magic = "VALKEY080", .type = 22, .hex = "01 0166 0176 0100000000000000"},
        "16 01 0166 0176 0100000000000000 5000");
}

/* --- who accepts it ---------------------------------------------------------------------------------- */

static bool accepted(const struct one_value *value, rf_dialect dialect, int major, int minor)
{
    struct opened o;
    open_value(&o, value);
    bool is = dump_payload_accepted(&o.entry, (rf_server){dialect, major, minor});
    close_value(&o);
    return is;
}

Test(dump_payload, is_accepted_by_who_knows_the_type)
{
    const struct one_value string = {.type = 0, .hex = "0176"}, zset = {.type = 5, .hex = "00"},
                           listpack = {.type = 16, .hex = "07 07000000 0000 ff"},
                           expiring = {.type = 24, .hex = "0000000000000000 00"},
                           valkeys = {.magic = "VALKEY080", .type = 22, .hex = "00"},
                           with_metadata = {.before = "f3 01 41424344 00", .type = 0, .hex = "0176"},
                           members = {.magic = "REDIS0017", .type = 35, .hex = "0500000000000000 01 01 0161"},
                           template = {.before = "f2 05 01 0161", .type = 32, .hex = "05 0178"};
    cr_expect(accepted(&string, RF_REDIS, 2, 6));
    cr_expect(accepted(&string, RF_VALKEY, 9, 0));
    cr_expect_not(accepted(&string, RF_REDIS, 2, 4));
    cr_expect_not(accepted(&string, RF_REDIS, 0, 0));
    cr_expect(accepted(&zset, RF_REDIS, 4, 0));
    cr_expect_not(accepted(&zset, RF_REDIS, 3, 2));
    cr_expect(accepted(&listpack, RF_REDIS, 7, 0));
    cr_expect_not(accepted(&listpack, RF_REDIS, 6, 2));
    cr_expect(accepted(&listpack, RF_VALKEY, 7, 2));
    cr_expect(accepted(&expiring, RF_REDIS, 7, 4));
    cr_expect_not(accepted(&expiring, RF_REDIS, 7, 2));
    cr_expect_not(accepted(&expiring, RF_VALKEY, 9, 0));
    cr_expect(accepted(&valkeys, RF_VALKEY, 9, 0));
    cr_expect_not(accepted(&valkeys, RF_VALKEY, 8, 1));
    cr_expect_not(accepted(&valkeys, RF_REDIS, 8, 10));
    cr_expect(accepted(&with_metadata, RF_REDIS, 8, 6));
    cr_expect_not(accepted(&with_metadata, RF_REDIS, 8, 4));
    cr_expect_not(accepted(&with_metadata, RF_VALKEY, 9, 0));
    cr_expect(accepted(&members, RF_REDIS, 8, 12));
    cr_expect_not(accepted(&members, RF_REDIS, 8, 10));
    cr_expect_not(accepted(&members, RF_VALKEY, 9, 2));
    cr_expect(accepted(&template, RF_REDIS, 2, 6));
    cr_expect(accepted(&template, RF_VALKEY, 9, 0));
}
