/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "net/reply.h"
#include "support/exact.h"
#include "support/record.h"
#include <criterion/criterion.h>
#include <stdio.h>

/* A whole reply as text: "s:status", "e:error", "5", "'string'", "nil", "[a b c]". */
static void tell(struct buffer *text, rf_slice *rest)
{
    struct reply reply = reply_next(rest);
    switch (reply.kind) {
    case REPLY_STATUS:
    case REPLY_ERROR:
        record_text(text, reply.kind == REPLY_STATUS ? "s:" : "e:");
        record_bytes(text, reply.text);
        break;
    case REPLY_NUMBER: record_text(text, "%lld", (long long)reply.number); break;
    case REPLY_STRING:
        record_text(text, "'");
        record_bytes(text, reply.text);
        record_text(text, "'");
        break;
    case REPLY_NIL: record_text(text, "nil"); break;
    case REPLY_ARRAY:
        record_text(text, "[");
        for (int64_t i = 0; i < reply.number; i++) {
            record_text(text, i ? " " : "");
            tell(text, rest);
        }
        record_text(text, "]");
    }
}

static const struct {
    const char *bytes, *text;
} replies[] = {
    {"+OK\r\n", "s:OK"},
    {"+\r\n", "s:"},
    {"-ERR no\r\n", "e:ERR no"},
    {":0\r\n", "0"},
    {":-9223372036854775808\r\n", "-9223372036854775808"},
    {"$0\r\n\r\n", "''"},
    {"$2\r\n\r\n\r\n", "'\\x0d\\x0a'"},
    {"$5\r\nhello\r\n", "'hello'"},
    {"$-1\r\n", "nil"},
    {"*-1\r\n", "nil"},
    {"*0\r\n", "[]"},
    {"*2\r\n$1\r\na\r\n:5\r\n", "['a' 5]"},
    {"*3\r\n*0\r\n*1\r\n*2\r\n+x\r\n$-1\r\n-e\r\n", "[[] [[s:x nil]] e:e]"},
};

/* The scan of a reply that arrives in pieces of `step` bytes, each time from a block of exactly what has
 * arrived; another reply comes behind it. */
static rf_code scan_by(struct reply_scan *scan, rf_slice bytes, size_t step)
{
    rf_code code = RF_END;
    *scan = (struct reply_scan){0};
    for (size_t n = 0; code == RF_END; n += step) {
        rf_slice arrived = exact_copy(bytes.ptr, n < bytes.len ? n : bytes.len);
        code = reply_scan(scan, arrived);
        exact_free(arrived);
        if (n >= bytes.len)
            break;
    }
    return code;
}

Test(reply, read_however_they_arrive)
{
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        for (size_t step = 1; step < 10; step++) {
            char bytes[256];
            struct reply_scan scan;
            struct buffer text = {0};
            size_t length = strlen(replies[i].bytes);
            snprintf(bytes, sizeof bytes, "%s+next\r\n", replies[i].bytes);
            cr_assert_eq(scan_by(&scan, slice_of(bytes, strlen(bytes)), step), RF_OK, "%s", replies[i].bytes);
            cr_assert_eq(scan.at, length, "%s: %zu", replies[i].bytes, scan.at);
            rf_slice whole = exact_copy(bytes, length), rest = whole;
            tell(&text, &rest);
            record_end(&text);
            cr_expect_str_eq((const char *)text.data, replies[i].text);
            cr_expect_eq(rest.len, 0);
            buffer_free(&text);
            exact_free(whole);
        }
}

Test(reply, cut_anywhere_is_not_whole)
{
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        for (size_t n = 0; n < strlen(replies[i].bytes); n++) {
            struct reply_scan scan;
            cr_expect_eq(scan_by(&scan, slice_of(replies[i].bytes, n), 1), RF_END, "%.*s", (int)n,
                         replies[i].bytes);
        }
}

Test(reply, that_are_none)
{
    static const struct {
        const char *bytes;
        const char *fault; /* a part of it */
    } wrong[] = {
        {"\r\n", "bad line"},
        {"\n", "bad line"},
        {"+OK\n", "bad line"},
        {"+a\rb\r\n", "bad line"},
        {"HTTP/1.1 400 Bad Request\r\n", "not a RESP reply"},
        {"_\r\n", "not a RESP reply"},
        {":\r\n", "invalid number"},
        {":1x\r\n", "invalid number"},
        {":+1\r\n", "invalid number"},
        {":9223372036854775808\r\n", "invalid number"},
        {"$\r\n", "invalid number"},
        {"$-2\r\n", "invalid number"},
        {"$18446744073709551615\r\n", "invalid number"},
        {"*-2\r\n", "invalid number"},
        {"*x\r\n", "invalid number"},
        {"$4294983681\r\n", "larger than expected"},
        {"$9223372036854775807\r\nabc", "larger than expected"},
        {"*1431661228\r\n", "larger than expected"},
        {"*9223372036854775807\r\n$1\r\na\r\n", "larger than expected"},
        {"*2\r\n*9223372036854775807\r\n", "larger than expected"},
        {"$1\r\nabc", "longer than announced"},
        {"$1\r\na\n\n", "longer than announced"},
        {"*2\r\n+a\r\nb", NULL}, /* not yet */
        {"*2\r\n+a\r\nb\r\n", "not a RESP reply"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct reply_scan scan;
        rf_code code = scan_by(&scan, slice_of(wrong[i].bytes, strlen(wrong[i].bytes)), 1);
        cr_expect_eq(code, wrong[i].fault ? RF_E_TARGET : RF_END, "%s", wrong[i].bytes);
        if (wrong[i].fault && code == RF_E_TARGET)
            cr_expect(strstr(scan.fault, wrong[i].fault), "%s: %s", wrong[i].bytes, scan.fault);
    }
}

/* A length is compared with what is there, never added to anything. */
Test(reply, lengths_that_lie)
{
    static const char *const lies[] = {
        "$4294967296\r\nabc",
        "*67108864\r\n$1\r\na\r\n",
        "*67108864\r\n*67108864\r\n*1\r\n",
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct reply_scan scan;
        cr_expect_eq(scan_by(&scan, slice_of(lies[i], strlen(lies[i])), 1), RF_END, "%s", lies[i]);
    }
}

static rf_code scan_nested(int depth)
{
    struct buffer bytes = {0};
    struct reply_scan scan = {0};
    for (int i = 0; i < depth; i++)
        buffer_append(&bytes, SLICE("*1\r\n"));
    buffer_append(&bytes, SLICE(":1\r\n"));
    rf_code code = reply_scan(&scan, buffer_slice(&bytes));
    buffer_free(&bytes);
    return code;
}

Test(reply, arrays_in_arrays)
{
    cr_expect_eq(scan_nested(REPLY_DEPTH), RF_OK);
    cr_expect_eq(scan_nested(REPLY_DEPTH + 1), RF_E_TARGET);
    cr_expect_eq(scan_nested(100000), RF_E_TARGET);
}

Test(reply, lines_end)
{
    struct buffer bytes = {0};
    struct reply_scan scan = {0};
    buffer_append(&bytes, SLICE("-"));
    while (bytes.len < REPLY_LINE_MAX - 1)
        buffer_append(&bytes, SLICE("x"));
    cr_expect_eq(reply_scan(&scan, buffer_slice(&bytes)), RF_END);
    buffer_append(&bytes, SLICE("x"));
    cr_expect_eq(reply_scan(&scan, buffer_slice(&bytes)), RF_E_TARGET);
    buffer_free(&bytes);
}

static void walk(rf_slice blob)
{
    struct reply_scan scan = {0};
    if (reply_scan(&scan, blob) != RF_OK)
        return;
    rf_slice whole = exact_copy(blob.ptr, scan.at), rest = whole;
    struct reply head = reply_next(&rest);
    reply_skip(&rest, head);
    cr_assert_eq(rest.len, 0);
    exact_free(whole);
}

Test(reply, damaged)
{
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        exact_damage(slice_of(replies[i].bytes, strlen(replies[i].bytes)), walk);
}

Test(reply, error_codes)
{
    struct reply moved = {.kind = REPLY_ERROR, .text = SLICE("MOVED 1 h:1")}, bare = moved, status = moved;
    bare.text = SLICE("MOVED");
    status.kind = REPLY_STATUS;
    cr_expect(reply_is_error(moved, "MOVED"));
    cr_expect(reply_is_error(bare, "MOVED"));
    cr_expect_not(reply_is_error(moved, "MOVE"));
    cr_expect_not(reply_is_error(bare, "MOVED 1"));
    cr_expect_not(reply_is_error(status, "MOVED"));
}

Test(reply, text_for_messages)
{
    char text[8];
    reply_text((struct reply){.text = SLICE("a\x1b[\xff\0z")}, text, sizeof text);
    cr_expect_str_eq(text, "a?[??z");
    reply_text((struct reply){.text = SLICE("123456789")}, text, sizeof text);
    cr_expect_str_eq(text, "1234567");
    reply_text((struct reply){0}, text, sizeof text);
    cr_expect_str_eq(text, "");
}
