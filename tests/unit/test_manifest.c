/* SPDX-License-Identifier: MIT */
#include "aof/manifest.h"
#include "base/bytes.h"
#include "support/exact.h"
#include "support/record.h"
#include <criterion/criterion.h>
#include <stdio.h>

/* Parses a copy of exactly its size; what is found as "name seq type" lines. */
static rf_code parse(rf_slice bytes, struct buffer *text, rf_error *error)
{
    struct manifest manifest = {0};
    rf_slice exact = exact_copy(bytes.ptr, bytes.len);
    rf_code code = manifest_parse(&manifest, exact, error);
    cr_expect(code == RF_OK || manifest.count == 0, "nothing is left after an error");
    for (size_t i = 0; i < manifest.count; i++) {
        record_bytes(text, slice_of(manifest.files[i].name, strlen(manifest.files[i].name)));
        record_text(text, " %llu %c\n", (unsigned long long)manifest.files[i].seq, manifest.files[i].type);
    }
    record_end(text);
    manifest_free(&manifest);
    exact_free(exact);
    return code;
}

static void expect_parsed(const char *manifest, const char *expected)
{
    struct buffer text = {0};
    rf_error error;
    rf_code code = parse(slice_of(manifest, strlen(manifest)), &text, &error);
    cr_expect_eq(code, RF_OK, "%s: %s", manifest, error.message);
    cr_expect_str_eq((const char *)text.data, expected, "%s", manifest);
    buffer_free(&text);
}

static void expect_refused(const char *manifest)
{
    struct buffer text = {0};
    rf_error error;
    cr_expect_eq(parse(slice_of(manifest, strlen(manifest)), &text, &error), RF_E_CORRUPT, "%s", manifest);
    buffer_free(&text);
}

#define BASE "file a.1.base.rdb seq 1 type b\n"

Test(manifest, as_servers_write_it)
{
    expect_parsed(BASE "file a.1.incr.aof seq 1 type i\n", "a.1.base.rdb 1 b\na.1.incr.aof 1 i\n");
    expect_parsed("file h seq 1 type h\nfile b seq 2 type b\nfile h2 seq 1 type h\nfile i seq 2 type i\n"
                  "file j seq 3 type i startoffset 100 endoffset 200\n",
                  "h 1 h\nb 2 b\nh2 1 h\ni 2 i\nj 3 i\n");
    expect_parsed("file i seq 1 type i\n", "i 1 i\n"); /* no base */
}

Test(manifest, words_in_any_order_and_unknown_ones)
{
    expect_parsed("type b seq 7 file x\n", "x 7 b\n");
    expect_parsed("color blue type b  seq\t7   file x \n", "x 7 b\n");
    expect_parsed("file x seq 1 type b\r\n", "x 1 b\n");
    expect_parsed("file x seq 1 seq 2 type b file y\n", "y 2 b\n"); /* the last one counts */
}

Test(manifest, comments)
{
    expect_parsed("# begin\n" BASE "#\n# end without a line feed", "a.1.base.rdb 1 b\n");
    expect_refused(" # not in the first column\n" BASE);
    expect_refused("# alone\n");
}

Test(manifest, names_in_quotes)
{
    expect_parsed("file \"a b\" seq 1 type b\n", "a b 1 b\n");
    expect_parsed("file \"a\\\"\\\\\\x41\\x7f\\n\\t\\q'\" seq 1 type b\n", "a\"\\A\\x7f\\x0a\\x09q' 1 b\n");
    expect_parsed("file \"\\xZZ\" seq 1 type b\n", "xZZ 1 b\n");
    expect_parsed("file \"x\" seq \"1\" type \"b\"\n", "x 1 b\n");
    expect_refused("file \"a seq 1 type b\n");
    expect_refused("file \"a\\\" seq 1 type b\n");
    expect_refused("file \"\" seq 1 type b\n");
    expect_refused("file \"a/b\" seq 1 type b\n");
    expect_refused("file \"a\\x2fb\" seq 1 type b\n");
    expect_refused("file a seq 1 type b \"\n");
    expect_refused("file a seq 1 type b \"x\n");
}

/* What a server refuses to start with. */
Test(manifest, fatal_conditions)
{
    static const char *const fatal[] = {
        "",
        "\n",
        BASE "\n",
        BASE "\nfile i seq 1 type i\n",
        "file a seq 1 type b", /* no line feed */
        BASE "file i seq 1 type i",
        "file a seq 0 type b\n",
        "file a seq x type b\n",
        "file a seq -1 type b\n",
        "file a seq 1x type b\n",
        "file a seq 18446744073709551616 type b\n",
        "file a seq 9223372036854775808 type b\n", /* a server counts in signed numbers */
        "seq 1 type b\n",
        "file a type b\n",
        "file a seq 1\n",
        "file a seq 1 type\n",
        "file a seq 1 type x\n",
        "file a seq 1 type bb\n",
        "file a seq 1 type \"\"\n",
        "file\n",
        "x\n",
        "file a seq 1 type b more\n",
        BASE "file b seq 2 type b\n",
        "file i seq 1 type i\nfile j seq 1 type i\n",
        "file i seq 2 type i\nfile j seq 1 type i\n",
        "file a/b seq 1 type b\n",
        "file ../b seq 1 type b\n",
        "file /etc/passwd seq 1 type b\n",
    };
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        expect_refused(fatal[i]);
}

/* A line has at most 1024 bytes, its line feed among them. */
Test(manifest, the_longest_line)
{
    for (size_t len = 1020; len < 1030; len++) {
        struct buffer text = {0};
        rf_error error;
        char line[1100];
        size_t head = (size_t)sprintf(line, "type b seq 1 file ");
        memset(line + head, 'x', len - head);
        line[len - 1] = '\n';
        cr_expect_eq(parse(slice_of(line, len), &text, &error), len <= 1024 ? RF_OK : RF_E_CORRUPT, "%zu",
                     len);
        line[0] = '#';
        memcpy(line + len, BASE, sizeof BASE);
        cr_expect_eq(parse(slice_of(line, len + sizeof BASE - 1), &text, &error),
                     len <= 1024 ? RF_OK : RF_E_CORRUPT, "%zu", len);
        buffer_free(&text);
    }
}

Test(manifest, bytes_of_every_kind)
{
    for (unsigned c = 0; c < 256; c++) {
        char line[] = "file a? seq 1 type b\n";
        struct buffer text = {0};
        rf_error error;
        line[6] = (char)c;
        parse(slice_of(line, sizeof line - 1), &text, &error);
        line[0] = (char)c;
        parse(slice_of(line, sizeof line - 1), &text, &error);
        buffer_free(&text);
    }
}

/* --- printed ----------------------------------------------------------------------------------------- */

static void expect_printed(const char *name, const char *expected)
{
    struct buffer text = {0}, again = {0};
    rf_error error;
    char copy[64];
    snprintf(copy, sizeof copy, "%s", name);
    cr_assert(manifest_print(&text, &(struct manifest_file){.name = copy, .seq = 12, .type = 'i'}));
    cr_expect(slice_equal(buffer_slice(&text), slice_of(expected, strlen(expected))), "%.*s", (int)text.len,
              (const char *)text.data);
    cr_expect_eq(parse(buffer_slice(&text), &again, &error), RF_OK);
    struct buffer wanted = {0};
    record_bytes(&wanted, slice_of(name, strlen(name)));
    record_text(&wanted, " 12 i\n");
    cr_expect_str_eq((const char *)again.data, record_end(&wanted));
    buffer_free(&wanted);
    buffer_free(&text);
    buffer_free(&again);
}

Test(manifest, printed_so_that_it_reads_the_same)
{
    expect_printed("appendonly.aof.1.incr.aof", "file appendonly.aof.1.incr.aof seq 12 type i\n");
    expect_printed("my file", "file \"my file\" seq 12 type i\n");
    expect_printed("a\"b\\c", "file \"a\\\"b\\\\c\" seq 12 type i\n");
    expect_printed("it's", "file \"it's\" seq 12 type i\n");
    expect_printed("\xc3\xa4\n\x7f", "file \"\\xc3\\xa4\\x0a\\x7f\" seq 12 type i\n");
    expect_printed("#x", "file #x seq 12 type i\n");
}
