/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
#include "codec/crc64.h"
#include "rdb/dump_payload.h"
#include "support/exact.h"
#include "support/one_value.h"
#include "support/record.h"
#include <criterion/criterion.h>

/* Reads a payload to its end; what is told of its value goes to `text`, which may be NULL. */
static rf_code read_payload(rf_slice payload, rf_entry *entry, struct buffer *text, rf_error *error)
{
    struct dump_payload p;
    struct buffer ignored = {0};
    rf_code code = dump_payload_open(&p, payload, 3, SLICE("k"), "h:1", entry, error);
    if (code != RF_OK)
        return code;
    code = rf_value_walk(entry->value, &recorder, text ? text : &ignored, error);
    if (code == RF_OK)
        code = dump_payload_finish(&p, error);
    dump_payload_close(&p);
    buffer_free(&ignored);
    return code;
}

/* Hexadecimal digits of all but the checksum, as a block of its own with a right one. */
static rf_slice with_checksum(const char *hex)
{
    rf_slice bare = exact_hex(hex);
    uint8_t bytes[1024];
    memcpy(bytes, bare.ptr, bare.len);
    store_le64(bytes + bare.len, crc64(0, bytes, bare.len));
    rf_slice payload = exact_copy(bytes, bare.len + 8);
    exact_free(bare);
    return payload;
}

/* Values as they lie in files, and what servers have dumped of them. */
static const struct {
    struct one_value value;
    const char *payload;
} dumped[] = {
    {{.type = 0, .hex = "05 68656c6c6f"}, "000568656c6c6f 0a00 6372df766534200a"},
    {{.type = 0, .hex = "c1 7fff"}, "00c17fff 0a00 1760822854808480"},
    {{.type = 0, .hex = "c3 0b1e 03616263 61e00f02016263"},
     "00c30b1e0361626361e00f02016263 0a00 8874be6d67e59d2a"},
    {{.type = 18, .hex = "02 02 0d 0d000000 0200 816102 816202 ff 02 0a 0a000000 0100 816302 ff"},
     "1202020d0d0000000200816102816202ff020a0a0000000100816302ff 0a00 a60192a8f736b5c0"},
    {{.type = 11, .hex = "0e 02000000 03000000 fbff 0100 2c01"},
     "0b0e0200000003000000fbff01002c01 0a00 0f5f7a8eb59409d2"},
    {{.type = 2, .hex = "01 0161"}, "02010161 0a00 6296e97e44d21a6d"},
    {{.type = 5, .hex = "02 0162 000000000000f07f 0161 000000000000f83f"},
     "05020162000000000000f07f0161000000000000f83f 0a00 1343ce1a14f007a4"},
    {{.type = 16, .hex = "0d 0d000000 0200 816602 817602 ff"},
     "100d0d0000000200816602817602ff 0a00 20f13d442354089d"},
    {{.type = 4, .hex = "01 0166 0176"}, "040101660176 0a00 adf24356b1860efc"},
    {{.type = 19, .hex = "00 00 0501 0000 0000 01 00"}, "130000050100000000 0100 0a00 61d2f5054839b3a8"},
    {{.type = 25,
      .hex = "00d8c32cbb030000 1f 1f000000 0600 816602 817602 f400d8c32cbb03000009 816702 817702 0001 ff"},
     "1900d8c32cbb0300001f1f0000000600816602817602f400d8c32cbb030000098167028177020001ff 0c00 "
     "8436d9888806ec99"},
    {{.type = 24, .hex = "00d8c32cbb030000 02 00 0167 0177 01 0166 0176"},
     "1800d8c32cbb03000002000167017701016601 76 0c00 880f84b786854023"},
};
enum { DUMPED = sizeof dumped / sizeof *dumped };

Test(dump_read, as_the_value_of_a_file)
{
    for (size_t i = 0; i < DUMPED; i++) {
        struct buffer text = {0}, expected = {0};
        rf_entry entry;
        rf_error error;
        rf_slice payload = exact_hex(dumped[i].payload);
        cr_assert_eq(walk_value(&dumped[i].value, &expected, &error), RF_OK, "%s", error.message);
        cr_assert_eq(read_payload(payload, &entry, &text, &error), RF_OK, "%s", error.message);
        cr_expect(slice_equal(buffer_slice(&text), buffer_slice(&expected)), "%s", dumped[i].payload);
        cr_expect_eq(entry.encoding->number, dumped[i].value.type);
        cr_expect_eq(entry.kind, RF_ENTRY_KEY);
        cr_expect_eq(entry.expire_ms, RF_NO_EXPIRY);
        exact_free(payload);
        buffer_free(&text);
        buffer_free(&expected);
    }
}

static void expect_read(const char *hex, const char *expected, rf_type type, size_t metadata)
{
    struct buffer text = {0};
    rf_entry entry;
    rf_error error;
    rf_slice payload = with_checksum(hex);
    cr_assert_eq(read_payload(payload, &entry, &text, &error), RF_OK, "%s: %s", hex, error.message);
    record_end(&text);
    cr_expect_str_eq((const char *)text.data, expected, "%s", hex);
    cr_expect_eq(entry.type, type);
    cr_expect_eq(entry.metadata.len, metadata);
    exact_free(payload);
    buffer_free(&text);
}

/* The text of a plain hash, to compare with. */
static const char *hash_text(struct buffer *text)
{
    rf_error error;
    const struct one_value hash = {.type = 4, .hex = "02 0161 0178 026262 0137"};
    cr_assert_eq(walk_value(&hash, text, &error), RF_OK);
    return record_end(text);
}

/* Types 29 and 31 bring their fields along: in a listpack or one by one. The id in a listpack of values means
 * nothing. */
Test(dump_read, templates)
{
    struct buffer text = {0};
    const char *hash = hash_text(&text);
    const char *packed = "00 0e 0e000000 0200 816102 82626203 ff ", *one_by_one = "01 02 0161 026262 ";
    const char *listpack = "0e 0e000000 0300 0501 817802 0701 ff 0f00", *strings = "0178 c007 0f00";
    const struct {
        const char *type, *fields, *values;
    } all[] = {{"1d", packed, listpack},
               {"1d", one_by_one, listpack},
               {"1f", packed, strings},
               {"1f", one_by_one, strings}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char hex[256];
        snprintf(hex, sizeof hex, "%s %s %s", all[i].type, all[i].fields, all[i].values);
        expect_read(hex, hash, RF_HASH, 0);
    }
    buffer_free(&text);
}

Test(dump_read, metadata_valkeys_types_and_no_checksum)
{
    struct buffer text = {0};
    rf_entry entry;
    rf_error error;
    const struct one_value string = {.type = 0, .hex = "0176"},
                           expiring = {
                               .magic = "VALKEY080", .type = 22, .hex = "01 0166 0176 0100000000000000"};
    cr_assert_eq(walk_value(&string, &text, &error), RF_OK);
    expect_read("f3 01 41424344 05 0161 00 00 0176 0d00", record_end(&text), RF_STRING, 9);
    text.len = 0;
    cr_assert_eq(walk_value(&expiring, &text, &error), RF_OK);
    expect_read("16 01 0166 0176 0100000000000000 5000", record_end(&text), RF_HASH, 0);
    rf_slice payload = exact_hex("00 0176 0f00 0000000000000000");
    cr_expect_eq(read_payload(payload, &entry, NULL, &error), RF_OK);
    exact_free(payload);
    buffer_free(&text);
}

Test(dump_read, refused)
{
    static const struct {
        const char *hex; /* without the checksum */
        rf_code code;
        const char *message;
    } refused[] = {
        {"", RF_E_CORRUPT, "(8 bytes)"},
        {"0a00", RF_E_CORRUPT, "(10 bytes)"},
        {"00 0176 00 0a00", RF_E_CORRUPT, "1 bytes after the value"},
        {"00 05 76 0a00", RF_E_TRUNCATED, "4 more bytes expected"},
        {"06 00 0a00", RF_E_UNSUPPORTED, "type 6"},
        {"08 00 0a00", RF_E_UNSUPPORTED, "type 8"},
        {"3f 00 0f00", RF_E_UNSUPPORTED, "type 63"},
        {"40 00 0f00", RF_E_UNSUPPORTED, "type 64"},
        {"ff 00 0f00", RF_E_UNSUPPORTED, "type 255"},
        {"18 00 5000", RF_E_UNSUPPORTED, "type 24"},
        {"1d 00 5000", RF_E_UNSUPPORTED, "type 29"},
        {"20 05 0178 0f00", RF_E_CORRUPT, "hash template 5 is not defined"},
        {"1d 02 00 0f00", RF_E_CORRUPT, "hash template: unknown form 2"},
        {"1f 01 00 0f00", RF_E_CORRUPT, "hash template: no fields"},
        {"1f 00 07 07000000 0000 ff 0f00", RF_E_CORRUPT, "hash template: no fields"},
        {"1f 00 07 08000000 0000 ff 0f00", RF_E_CORRUPT, "listpack"},
        {"1f 01 02 0162 0161 0178 0178 0f00", RF_E_CORRUPT, "out of order"},
        {"f3 01 4142 0d00", RF_E_TRUNCATED, "expected"},
        {"f3 00 0d00", RF_E_TRUNCATED, "expected"},
        {"04 01 0166 0d00", RF_E_TRUNCATED, "expected"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        rf_entry entry;
        rf_error error;
        rf_slice payload = with_checksum(refused[i].hex);
        rf_code code = read_payload(payload, &entry, NULL, &error);
        cr_expect_eq(code, refused[i].code, "%s: %d", refused[i].hex, code);
        if (code == refused[i].code) {
            cr_expect(strstr(error.message, refused[i].message), "%s: %s", refused[i].hex, error.message);
            cr_expect_str_eq(error.key, "k");
            cr_expect_str_eq(error.input, "h:1");
            cr_expect_eq(error.db, 3);
        }
        exact_free(payload);
    }
}

static void walk(rf_slice blob)
{
    rf_entry entry;
    rf_error error;
    read_payload(blob, &entry, NULL, &error);
}

/* With a checksum that is right again, so that what is behind it gets to see the damage. */
static void walk_with_checksum(rf_slice blob)
{
    uint8_t *bytes = (uint8_t *)(uintptr_t)blob.ptr;
    uint8_t before[8];
    walk(blob);
    if (blob.len < sizeof before)
        return;
    memcpy(before, bytes + blob.len - 8, sizeof before);
    store_le64(bytes + blob.len - 8, crc64(0, bytes, blob.len - 8));
    walk(blob);
    memcpy(bytes + blob.len - 8, before, sizeof before);
}

Test(dump_read, damaged)
{
    static const char *const more[] = {
        "1d 00 0e 0e000000 0200 816102 82626203 ff 0e 0e000000 0300 0501 817802 0701 ff 0f00",
        "1f 01 02 0161 026262 0178 c007 0f00",
        "f3 01 41424344 05 0161 00 00 0176 0d00",
    };
    for (size_t i = 0; i < DUMPED; i++) {
        rf_slice payload = exact_hex(dumped[i].payload);
        exact_damage(payload, walk_with_checksum);
        exact_free(payload);
    }
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        rf_slice payload = with_checksum(more[i]);
        exact_damage(payload, walk_with_checksum);
        exact_free(payload);
    }
}

Test(dump_read, a_wrong_checksum_is_seen)
{
    rf_slice payload = exact_hex(dumped[0].payload);
    uint8_t *bytes = (uint8_t *)(uintptr_t)payload.ptr;
    rf_entry entry;
    rf_error error;
    for (size_t i = 0; i < payload.len; i++) {
        bytes[i] ^= 4;
        cr_expect_eq(read_payload(payload, &entry, NULL, &error), RF_E_CHECKSUM, "byte %zu", i);
        bytes[i] ^= 4;
    }
    exact_free(payload);
}
