/* SPDX-License-Identifier: MIT */
/* JSON's strings and numbers, held against code that takes one byte at a time. */
#include "base/buffer.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "sink/jsonl.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <rdbferry/sink.h>
#include <stdio.h>

/* --- an outbuf whose blocks end where their memory ends ------------------------------------------------ */

static uint8_t sheet_block[OUTBUF_RESERVE_MAX];
static struct buffer sheet_text;

static void sheet_next(struct outbuf *out)
{
    cr_assert(buffer_append(&sheet_text, slice_of(out->start, (size_t)(out->pos - out->start))));
    out->start = out->pos = sheet_block;
}

/* `left`: how much of the first block is free. */
static struct outbuf sheet_begin(size_t left)
{
    uint8_t *start = sheet_block + sizeof sheet_block - left;
    sheet_text.len = 0;
    return (struct outbuf){
        .start = start, .pos = start, .end = sheet_block + sizeof sheet_block, .next = sheet_next};
}

/* What was put, up to the next sheet. */
static rf_slice sheet_end(struct outbuf *out)
{
    sheet_next(out);
    return buffer_slice(&sheet_text);
}

/* --- the same, slowly ---------------------------------------------------------------------------------- */

static void slow_escaped(struct buffer *to, rf_slice text)
{
    bool valid = utf8_is_valid(text);
    cr_assert(buffer_append(to, SLICE(":\"")));
    for (size_t i = 0; i < text.len; i++) {
        static const char letters[] = "\"\"\\\\\bb\tt\nn\ff\rr";
        uint8_t c = text.ptr[i];
        char written[8] = {(char)c, '\0'};
        for (const char *pair = letters; *pair; pair += 2)
            if (c == (uint8_t)pair[0])
                snprintf(written, sizeof written, "\\%c", pair[1]);
        if (written[0] != '\\' && (c < 0x20 || (c >= 0x80 && !valid)))
            snprintf(written, sizeof written, "\\u%04x", c);
        cr_assert(buffer_append(to, slice_of(written, written[0] ? strlen(written) : 1)));
    }
    cr_assert(buffer_append(to, SLICE("\"")));
}

static void slow_base64(struct buffer *to, rf_slice bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t bit = 0; bit < bytes.len * 8; bit += 6) {
        unsigned value = 0;
        for (size_t i = bit; i < bit + 6; i++)
            value = value << 1 | (i / 8 < bytes.len ? bytes.ptr[i / 8] >> (7 - i % 8) & 1 : 0);
        cr_assert(buffer_append(to, slice_of(&digits[value], 1)));
    }
    cr_assert(buffer_append(to, slice_of("==", (3 - bytes.len % 3) % 3)));
}

static void slow_text(struct buffer *to, rf_slice text, rf_json_bytes bytes)
{
    if (bytes == RF_JSON_ESCAPE || utf8_is_valid(text)) {
        slow_escaped(to, text);
        return;
    }
    cr_assert(buffer_append(to, SLICE(":{\"base64\":\"")));
    slow_base64(to, text);
    cr_assert(buffer_append(to, SLICE("\"}")));
}

/* The text comes out the same both ways, into a block with that much room. */
static void expect_same(rf_slice text, size_t left)
{
    rf_slice exact = exact_copy(text.ptr, text.len);
    for (int bytes = RF_JSON_ESCAPE; bytes <= RF_JSON_BASE64; bytes++) {
        struct outbuf sheet = sheet_begin(left);
        struct buffer expected = {0};
        json_put_text(&sheet, ':', exact, bytes == RF_JSON_BASE64);
        slow_text(&expected, exact, (rf_json_bytes)bytes);
        rf_slice found = sheet_end(&sheet);
        cr_assert(slice_equal(found, buffer_slice(&expected)), "%zu bytes, %zu left: %.*s, not %.*s",
                  text.len, left, (int)found.len, (const char *)found.ptr, (int)expected.len,
                  (const char *)expected.data);
        buffer_free(&expected);
    }
    exact_free(exact);
}

/* --- text ---------------------------------------------------------------------------------------------- */

Test(json_text, every_byte_and_every_pair)
{
    for (unsigned i = 0; i < 0x10000; i++) {
        const uint8_t two[] = {(uint8_t)(i >> 8), (uint8_t)i};
        if (i < 256)
            expect_same(slice_of(two + 1, 1), 100);
        expect_same(slice_of(two, 2), 100);
    }
    expect_same((rf_slice){0}, 100);
}

Test(json_text, every_escape_at_every_place)
{
    static const char *const escaped[] = {"\"", "\\", "\n", "\x1f", "\xc3\xa9", "\xff", "\"\\\"\\\"", "\x7f"};
    for (size_t i = 0; i < sizeof escaped / sizeof *escaped; i++)
        for (size_t length = strlen(escaped[i]); length <= 40; length++)
            for (size_t at = 0; at + strlen(escaped[i]) <= length; at++) {
                uint8_t bytes[40];
                memset(bytes, 'a', sizeof bytes);
                memcpy(bytes + at, escaped[i], strlen(escaped[i]));
                expect_same(slice_of(bytes, length), 1000);
            }
}

/* Parts of long strings are of this size. */
enum { PART = 16 * 1024 };

Test(json_text, every_escape_where_a_part_ends)
{
    static const char *const escaped[] = {"\"", "\n", "\xf0\x9f\x98\x80", "\xf0\x9f\x98"};
    static uint8_t bytes[2 * PART + 64];
    for (size_t i = 0; i < sizeof escaped / sizeof *escaped; i++)
        for (size_t end = PART; end <= 2 * PART; end += PART)
            for (size_t at = end - 18; at < end + 18; at++) {
                memset(bytes, 'a', sizeof bytes);
                memcpy(bytes + at, escaped[i], strlen(escaped[i]));
                expect_same(slice_of(bytes, at + strlen(escaped[i])), 1000);
                expect_same(slice_of(bytes, end + 17 + i), OUTBUF_RESERVE_MAX);
            }
}

Test(json_text, long_strings_of_anything)
{
    enum { SIZE = 5 * PART + 7 };
    static uint8_t bytes[SIZE];
    static const char *const kinds[] = {"\x01", "a", "a\"", "\xd0\xb9", "a\xe2\x82\xac", "\xff"};
    uint64_t random = 3;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t n = strlen(kinds[i]), whole = SIZE / n * n;
        for (size_t at = 0; at < whole; at += n)
            memcpy(bytes + at, kinds[i], n);
        expect_same(slice_of(bytes, whole), 5);
        expect_same(slice_of(bytes, whole - 1), OUTBUF_RESERVE_MAX);
    }
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)next_random(&random);
    expect_same(slice_of(bytes, SIZE), 77);
}

/* Nothing is written behind a block's end: the sanitizer would tell. */
Test(json_text, whatever_room_is_left)
{
    uint8_t longest[60];
    memset(longest, 0xff, sizeof longest);
    for (size_t left = 0; left < 400; left++) {
        expect_same(slice_of(longest, sizeof longest), left);
        expect_same(SLICE("plain"), left);
        expect_same(SLICE("\xd0\xb9"), left);
    }
}

/* --- base64 -------------------------------------------------------------------------------------------- */

Test(json_text, base64)
{
    enum { BASE64_PART = 48 * 1024 };
    static uint8_t bytes[2 * BASE64_PART + 4];
    uint64_t random = 9;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)next_random(&random);
    for (size_t n = 0; n <= sizeof bytes; n += n == 40                ? BASE64_PART - 43
                                               : n == BASE64_PART + 3 ? BASE64_PART - 6
                                                                      : 1) {
        rf_slice exact = exact_copy(bytes, n);
        struct outbuf sheet = sheet_begin(n % 50);
        struct buffer expected = {0};
        json_put_base64(&sheet, ',', exact);
        cr_assert(buffer_append(&expected, SLICE(",\"")));
        slow_base64(&expected, exact);
        cr_assert(buffer_append(&expected, SLICE("\"")));
        cr_assert(slice_equal(sheet_end(&sheet), buffer_slice(&expected)), "%zu bytes", n);
        buffer_free(&expected);
        exact_free(exact);
    }
}

/* --- numbers ------------------------------------------------------------------------------------------- */

static void expect_put(struct outbuf *sheet, const char *expected)
{
    rf_slice found = sheet_end(sheet);
    cr_expect(slice_equal(found, slice_of(expected, strlen(expected))), "%.*s, not %s", (int)found.len,
              (const char *)found.ptr, expected);
}

Test(json_text, numbers)
{
    for (size_t left = 0; left < 300; left += 13) {
        struct outbuf sheet = sheet_begin(left);
        json_put_u64(&sheet, ':', UINT64_MAX);
        json_put_i64(&sheet, ',', INT64_MIN);
        json_put_i64(&sheet, ',', -1);
        jsonl_put_id(&sheet, '[', (rf_stream_id){UINT64_MAX, UINT64_MAX});
        jsonl_put_id(&sheet, ',', (rf_stream_id){0, 1});
        expect_put(&sheet, ":18446744073709551615,-9223372036854775808,-1"
                           "[\"18446744073709551615-18446744073709551615\",\"0-1\"");
    }
}

Test(json_text, doubles)
{
    static const double doubles[] = {0,      -0.0,    1.5,  -3,       0.1,       9007199254740993.0,
                                     5e-324, DBL_MAX, 1e21, INFINITY, -INFINITY, (double)NAN};
    struct outbuf sheet = sheet_begin(64);
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        json_put_double(&sheet, ',', doubles[i]);
    expect_put(&sheet,
               ",0,-0.0,1.5,-3,0.1,9007199254740992,5e-324,1.7976931348623157e+308,1e+21,\"inf\",\"-inf\","
               "\"nan\"");
}
