/* SPDX-License-Identifier: MIT */
#include "rdb/rdb_read.h"
#include "rdb/rdb_write.h"
#include "support/exact.h"
#include <criterion/criterion.h>

/* --- lengths ----------------------------------------------------------------------------------------- */

static const struct {
    const char *hex;
    uint64_t n;
} lengths[] = {
    {"00", 0},
    {"3f", 63},
    {"40 40", 64},
    {"7f ff", 16383},
    {"80 00 00 40 00", 16384},
    {"80 ff ff ff ff", UINT32_MAX},
    {"81 00 00 00 01 00 00 00 00", 1ull << 32},
    {"81 ff ff ff ff ff ff ff ff", UINT64_MAX},
    /* longer than they need be */
    {"40 00", 0},
    {"40 3f", 63},
    {"80 00 00 00 01", 1},
    {"81 00 00 00 00 00 00 00 01", 1},
    {"81 00 00 00 00 ff ff ff ff", UINT32_MAX},
};

Test(rdb_read, every_form_of_a_length)
{
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        rf_slice bytes = exact_hex(lengths[i].hex);
        struct window w;
        rf_error error;
        uint64_t n;
        window_open_memory(&w, bytes);
        w.error = &error;
        cr_assert_eq(rdb_length(&w, &n), RF_OK, "%s", lengths[i].hex);
        cr_expect_eq(n, lengths[i].n, "%s: %llu", lengths[i].hex, (unsigned long long)n);
        cr_expect_eq(w.pos, w.end, "%s is not used up", lengths[i].hex);
        window_close(&w);
        exact_free(bytes);
    }
}

Test(rdb_read, a_length_cut_short)
{
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        rf_slice whole = exact_hex(lengths[i].hex);
        for (size_t cut = 0; cut < whole.len; cut++) {
            rf_slice bytes = exact_copy(whole.ptr, cut);
            struct window w;
            rf_error error;
            uint64_t n;
            window_open_memory(&w, bytes);
            w.error = &error;
            cr_expect_eq(rdb_length(&w, &n), RF_E_TRUNCATED);
            cr_expect_eq(error.offset, 0);
            window_close(&w);
            exact_free(bytes);
        }
        exact_free(whole);
    }
}

Test(rdb_read, bytes_that_begin_no_length)
{
    for (unsigned lead = 0x82; lead <= 0xff; lead++) {
        uint8_t byte = (uint8_t)lead;
        struct window w;
        rf_error error;
        uint64_t n;
        window_open_memory(&w, slice_of(&byte, 1));
        w.error = &error;
        cr_expect_eq(rdb_length(&w, &n), RF_E_CORRUPT, "%02x", lead);
        cr_expect_eq(error.offset, 0);
        window_close(&w);
    }
}

Test(rdb_read, lengths_are_written_in_their_shortest_form)
{
    for (size_t i = 0; i < 8; i++) {
        uint8_t bytes[RDB_LENGTH_MAX];
        rf_slice expected = exact_hex(lengths[i].hex);
        size_t size = rdb_put_length(bytes, lengths[i].n);
        cr_expect(slice_equal(slice_of(bytes, size), expected), "%s", lengths[i].hex);
        exact_free(expected);
    }
}

/* --- strings ----------------------------------------------------------------------------------------- */

/* Reads the string, and passes it by; both must come to the same end. */
static rf_code read_string(const char *hex, char *out, size_t size, rf_error *error)
{
    rf_slice bytes = exact_hex(hex), string;
    struct window w;
    window_open_memory(&w, bytes);
    w.error = error;
    rf_code code = rdb_string(&w, &string);
    if (code == RF_OK) {
        cr_expect_eq(w.pos, w.end, "%s is not used up", hex);
        cr_assert_lt(string.len, size);
        memcpy(out, string.ptr, string.len);
        out[string.len] = '\0';
        w.pos = bytes.ptr;
        cr_expect_eq(rdb_skip_string(&w), RF_OK);
        cr_expect_eq(w.pos, w.end, "%s is not passed by", hex);
    }
    window_close(&w);
    exact_free(bytes);
    return code;
}

Test(rdb_read, every_form_of_a_string)
{
    static const struct {
        const char *hex, *text;
    } strings[] = {
        {"00", ""},
        {"01 61", "a"},
        {"05 68 65 6c 6c 6f", "hello"},
        {"40 01 61", "a"},
        {"80 00 00 00 01 61", "a"},
        {"81 00 00 00 00 00 00 00 01 61", "a"},
        {"c0 00", "0"},
        {"c0 7f", "127"},
        {"c0 80", "-128"},
        {"c1 7f ff", "-129"},
        {"c1 ff 7f", "32767"},
        {"c1 00 80", "-32768"},
        {"c1 01 00", "1"},
        {"c2 ff ff ff 7f", "2147483647"},
        {"c2 00 00 00 80", "-2147483648"},
        {"c2 00 00 00 00", "0"},
        {"c3 0b 1e 03 61626361 e0 0f 02 01 6263", "abcabcabcabcabcabcabcabcabcabc"},
        {"c3 02 01 00 61", "a"},
        {"c3 4002 4001 00 61", "a"},
        {"c3 00 00", ""},
    };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        char text[64];
        rf_error error;
        cr_assert_eq(read_string(strings[i].hex, text, sizeof text, &error), RF_OK, "%s", strings[i].hex);
        cr_expect_str_eq(text, strings[i].text, "%s", strings[i].hex);
    }
}

Test(rdb_read, damaged_strings)
{
    static const struct {
        const char *hex;
        rf_code code;
    } strings[] = {
        {"", RF_E_TRUNCATED},
        {"01", RF_E_TRUNCATED},
        {"05 61 62 63 64", RF_E_TRUNCATED},
        {"80 ff ff ff ff 61", RF_E_TRUNCATED},
        {"81 ff ff ff ff ff ff ff ff 61", RF_E_TRUNCATED},
        {"c0", RF_E_TRUNCATED},
        {"c1 01", RF_E_TRUNCATED},
        {"c2 01 02 03", RF_E_TRUNCATED},
        {"c3", RF_E_TRUNCATED},
        {"c3 02 01 00", RF_E_TRUNCATED},
        {"82", RF_E_CORRUPT},
        {"bf", RF_E_CORRUPT},
        {"c4 00", RF_E_CORRUPT},
        {"ff 00", RF_E_CORRUPT},
        {"c3 c0 01 00 61", RF_E_CORRUPT},             /* a length that is none */
        {"c3 02 02 00 61", RF_E_CORRUPT},             /* makes less than it says */
        {"c3 03 01 01 61 62", RF_E_CORRUPT},          /* makes more than it says */
        {"c3 02 01 05 61", RF_E_CORRUPT},             /* literals beyond the input */
        {"c3 02 03 20 00", RF_E_CORRUPT},             /* a match before the start */
        {"c3 01 01 00", RF_E_CORRUPT},                /* a control byte alone */
        {"c3 02 80 7f ff ff ff 00 61", RF_E_CORRUPT}, /* no LZF expands so far */
        {"c3 02 81 ff ff ff ff ff ff ff ff 00 61", RF_E_CORRUPT},
        {"c3 81 ff ff ff ff ff ff ff ff 81 ff ff ff ff ff ff ff ff 00", RF_E_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        char text[64];
        rf_error error;
        rf_code code = read_string(strings[i].hex, text, sizeof text, &error);
        cr_expect_eq(code, strings[i].code, "%s: %d", strings[i].hex, code);
    }
}

/* LZF's best: every three bytes make 264. */
Test(rdb_read, the_most_that_lzf_expands)
{
    uint8_t in[2 + 3 * 100] = {0, 'a'};
    for (size_t i = 0; i < 100; i++)
        memcpy(in + 2 + 3 * i, (uint8_t[]){0xe0, 0xff, 0}, 3);
    uint8_t bytes[32 + sizeof in] = {0xc3};
    size_t n = 1;
    n += rdb_put_length(bytes + n, sizeof in);
    n += rdb_put_length(bytes + n, 1 + 264 * 100);
    memcpy(bytes + n, in, sizeof in);
    rf_slice exact = exact_copy(bytes, n + sizeof in), out;
    struct window w;
    rf_error error;
    window_open_memory(&w, exact);
    w.error = &error;
    cr_assert_eq(rdb_string(&w, &out), RF_OK, "%s", error.message);
    cr_expect_eq(out.len, 1 + 264 * 100);
    for (size_t i = 0; i < out.len; i++)
        cr_assert_eq(out.ptr[i], 'a');
    window_close(&w);
    exact_free(exact);
}
