/* SPDX-License-Identifier: MIT */
#include "resp/resp_read.h"
#include "resp/resp_write.h"
#include "support/exact.h"
#include "support/record.h"
#include "support/run.h"
#include <criterion/criterion.h>
#include <stdio.h>

/* --- read -------------------------------------------------------------------------------------------- */

/* Reads one command from a block of exactly its size. */
static rf_code read_command(rf_slice bytes, struct buffer *text, rf_error *error)
{
    rf_slice exact = exact_copy(bytes.ptr, bytes.len);
    struct window w;
    struct rf_arguments command = {.w = &w};
    window_open_memory(&w, exact);
    w.error = error;
    rf_code code = resp_read_command(&command);
    for (size_t i = 0; code == RF_OK && i < command.argc; i++) {
        record_text(text, i ? " " : "");
        record_bytes(text, ((const rf_slice *)(const void *)command.argv.data)[i]);
    }
    record_end(text);
    window_close(&w);
    resp_arguments_free(&command);
    exact_free(exact);
    return code;
}

Test(resp, commands_read)
{
    static const struct {
        const char *resp, *text;
    } commands[] = {
        {"*1\r\n$4\r\nPING\r\n", "PING"},
        {"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\nbb\r\n", "SET a bb"},
        {"*3\n$3\nSET\r\n$1\na\r\n$0\n\r\n", "SET a "}, /* bare LF behind headers */
        {"*1\r\n$2\r\n\r\n\r\n", "\\x0d\\x0a"},
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct buffer text = {0};
        rf_error error;
        rf_code code = read_command(slice_of(commands[i].resp, strlen(commands[i].resp)), &text, &error);
        cr_expect_eq(code, RF_OK, "%s", error.message);
        cr_expect_str_eq((const char *)text.data, commands[i].text);
        buffer_free(&text);
    }
}

Test(resp, commands_that_are_none)
{
    static const struct {
        const char *resp;
        rf_code code;
    } commands[] = {
        {"", RF_E_TRUNCATED},
        {"*", RF_E_TRUNCATED},
        {"*1", RF_E_TRUNCATED},
        {"*1\r", RF_E_TRUNCATED},
        {"*1\r\n", RF_E_TRUNCATED},
        {"*1\r\n$4\r\nPIN", RF_E_TRUNCATED},
        {"*1\r\n$4\r\nPING\r", RF_E_TRUNCATED},
        {"*2\r\n$4\r\nPING\r\n", RF_E_TRUNCATED},
        {"*18446744073709551615\r\n$1\r\na\r\n", RF_E_TRUNCATED},
        {"*1\r\n$18446744073709551613\r\na", RF_E_TRUNCATED},
        {"*1\r\n$18446744073709551614\r\na", RF_E_CORRUPT},
        {"*1\r\n$18446744073709551616\r\na", RF_E_CORRUPT},
        {"*0\r\n", RF_E_CORRUPT},
        {"*-1\r\n", RF_E_CORRUPT},
        {"*1\r\n$-1\r\n", RF_E_CORRUPT},
        {"*\r\n", RF_E_CORRUPT},
        {"*1 \r\n", RF_E_CORRUPT},
        {"*+1\r\n", RF_E_CORRUPT},
        {"*x\r\n", RF_E_CORRUPT},
        {"*1\r\r\n", RF_E_CORRUPT},
        {"*1\r\n*1\r\n", RF_E_CORRUPT},
        {"*1\r\n$4\r\nPINGxx", RF_E_CORRUPT},
        {"*1\r\n$4\r\nPING\rx", RF_E_CORRUPT},
        {"*1\r\n$4\r\nPINGx\n", RF_E_CORRUPT},
        {"*1\r\nPING\r\n", RF_E_CORRUPT},
        {"PING\r\n", RF_E_CORRUPT},
        {"$4\r\nPING\r\n", RF_E_CORRUPT},
        {"*1234567890123456789012345", RF_E_CORRUPT},
        {"\r\n", RF_E_CORRUPT},
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct buffer text = {0};
        rf_error error;
        rf_code code = read_command(slice_of(commands[i].resp, strlen(commands[i].resp)), &text, &error);
        cr_expect_eq(code, commands[i].code, "%s: %d", commands[i].resp, code);
        cr_expect(error.offset >= 0 && (size_t)error.offset <= strlen(commands[i].resp));
        buffer_free(&text);
    }
}

/* --- written ----------------------------------------------------------------------------------------- */

struct small_outbuf {
    struct outbuf out;
    struct buffer kept;
    uint8_t block[OUTBUF_RESERVE_MAX];
};

static void empty(struct outbuf *out)
{
    struct small_outbuf *small = (struct small_outbuf *)out;
    cr_assert(buffer_append(&small->kept, slice_of(out->start, (size_t)(out->pos - out->start))));
    out->start = out->pos = small->block;
}

static struct small_outbuf *make_outbuf(void)
{
    struct small_outbuf *small = calloc(1, sizeof *small);
    cr_assert_not_null(small);
    small->out = (struct outbuf){
        .start = small->block, .pos = small->block, .end = small->block + sizeof small->block, .next = empty};
    return small;
}

static void expect_written(struct small_outbuf *small, const char *expected)
{
    empty(&small->out);
    cr_expect(slice_equal(buffer_slice(&small->kept), slice_of(expected, strlen(expected))), "%.*s",
              (int)small->kept.len, (const char *)small->kept.data);
    buffer_free(&small->kept);
    free(small);
}

Test(resp, written)
{
    struct small_outbuf *small = make_outbuf();
    resp_array(&small->out, 10);
    resp_bulk(&small->out, SLICE("a\0b"));
    resp_bulk(&small->out, (rf_slice){NULL, 0});
    resp_bulk_i64(&small->out, INT64_MIN);
    resp_bulk_u64(&small->out, UINT64_MAX);
    resp_bulk_i64(&small->out, 7);
    empty(&small->out);
    static const char expected[] = "*10\r\n$3\r\na\0b\r\n$0\r\n\r\n$20\r\n-9223372036854775808\r\n"
                                   "$20\r\n18446744073709551615\r\n$1\r\n7\r\n";
    cr_expect(slice_equal(buffer_slice(&small->kept), slice_of(expected, sizeof expected - 1)));
    buffer_free(&small->kept);
    free(small);
}

Test(resp, the_largest_header)
{
    struct small_outbuf *small = make_outbuf();
    resp_array(&small->out, UINT64_MAX);
    expect_written(small, "*18446744073709551615\r\n");
}

/* A string of any length, with any room left in the block. */
Test(resp, strings_at_the_end_of_a_block)
{
    static uint8_t big[3 * OUTBUF_RESERVE_MAX];
    static const size_t lengths[] = {
        0, 1, 9, 10, 100, 99999, OUTBUF_RESERVE_MAX - 23, OUTBUF_RESERVE_MAX, sizeof big};
    memset(big, 'x', sizeof big);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t room = 0; room < 40; room++) {
            struct small_outbuf *small = make_outbuf();
            struct buffer text = {0};
            rf_error error;
            small->out.start = small->out.pos = small->out.end - room;
            resp_array(&small->out, 1);
            resp_bulk(&small->out, slice_of(big, lengths[i]));
            empty(&small->out);
            cr_assert_eq(read_command(buffer_slice(&small->kept), &text, &error), RF_OK, "%s", error.message);
            cr_assert_eq(text.len, lengths[i]);
            buffer_free(&text);
            buffer_free(&small->kept);
            free(small);
        }
}
