/* SPDX-License-Identifier: MIT */
#include "support/exact.h"
#include "support/one_value.h"
#include "support/record.h"
#include <criterion/criterion.h>

/* One entry, 1000-1 f=v, as servers write it. */
#define NODE                                 \
    "01 10 00000000000003e80000000000000001" \
    " 1d 1d000000 0a00 0101 0001 0101 816602 0001 0201 0001 0001 817602 0401 ff"
#define NODE_TEXT "entry 1000-1 f=v\n"
#define LENGTH    "01 43e8 01" /* and last id */
#define COUNTERS  "43e8 01 0000 01"
#define ID        "00000000000003e80000000000000001"
#define TIME      "facbb0f8a1010000"
#define PEL       "01" ID TIME "03"
#define SEEN      "fbcbb0f8a1010000"

#define GROUP_TEXT    "group g 1000-1 1 1 1\n"
#define CONSUMER_TEXT "consumer c 1795173698554 "
#define PENDING_TEXT  "pending 1000-1 1795173698554 3\n"

static void expect_told(const struct one_value *value, const char *expected)
{
    struct buffer text = {0};
    rf_error error;
    rf_code code = walk_value(value, &text, &error);
    cr_expect_eq(code, RF_OK, "type %u: %s", value->type, error.message);
    cr_expect_str_eq(record_end(&text), expected, "type %u", value->type);
    buffer_free(&text);
}

/* --- what is told ------------------------------------------------------------------------------------ */

Test(stream, each_layout_with_all_it_has)
{
    expect_told(
        &(struct one_value){.type = 15, .hex = NODE LENGTH "01 0167 43e8 01" PEL "01 0163" TIME "01" ID},
        NODE_TEXT "stream 1 1000-1 1000-1 0-0 1 1\n"
                  "group g 1000-1 -1 1 1\n" CONSUMER_TEXT "1795173698554 1\n" PENDING_TEXT);
    expect_told(
        &(struct one_value){.type = 19,
                            .hex = NODE LENGTH COUNTERS "01 0167 43e8 01 01" PEL "01 0163" TIME "01" ID},
        NODE_TEXT "stream 1 1000-1 1000-1 0-0 1 1\n" GROUP_TEXT CONSUMER_TEXT
                  "1795173698554 1\n" PENDING_TEXT);
    expect_told(
        &(struct one_value){.type = 21,
                            .hex = NODE LENGTH COUNTERS "01 0167 43e8 01 01" PEL "01 0163" TIME SEEN "01" ID},
        NODE_TEXT "stream 1 1000-1 1000-1 0-0 1 1\n" GROUP_TEXT CONSUMER_TEXT
                  "1795173698555 1\n" PENDING_TEXT);
    expect_told(&(struct one_value){.type = 26,
                                    .hex = NODE LENGTH COUNTERS
                                    "01 0167 43e8 01 01" PEL "01 0163" TIME SEEN "01" ID
                                    "3c 4100 02 0170 02 026931 43e8 01 026932 43e8 01 0171 00 02 05"},
                NODE_TEXT "stream 1 1000-1 1000-1 0-0 1 1\n" GROUP_TEXT CONSUMER_TEXT
                          "1795173698555 1\n" PENDING_TEXT
                          "producers 60 256 2\nrecord p i1 1000-1\nrecord p i2 1000-1\n");
    expect_told(&(struct one_value){.type = 27,
                                    .hex = NODE LENGTH COUNTERS "01 0167 43e8 01 01" PEL "01 0163" TIME SEEN
                                                                "00 01" ID "4064 4064 00 00 00"},
                NODE_TEXT "stream 1 1000-1 1000-1 0-0 1 1\n" GROUP_TEXT CONSUMER_TEXT
                          "1795173698555 0\nunowned 1000-1 1795173698554 3\nproducers 100 100 0\n");
}

Test(stream, without_entries)
{
    static const char told[] = "stream 0 5-1 0-0 0-0 1 0\n";
    expect_told(&(struct one_value){.type = 15, .hex = "00 00 0501 00"}, "stream 0 5-1 0-0 0-0 0 0\n");
    expect_told(&(struct one_value){.type = 19, .hex = "00 00 0501 0000 0000 01 00"}, told);
    expect_told(&(struct one_value){.type = 21, .hex = "00 00 0501 0000 0000 01 00"}, told);
    expect_told(&(struct one_value){.magic = "VALKEY080", .type = 21, .hex = "00 00 0501 0000 0000 01 00"},
                told);
}

Test(stream, deleted_entries_other_fields_and_negative_deltas)
{
    expect_told(
        &(struct one_value){
            .type = 15,
            .hex = "01 10 00000000000003e80000000000000005 4043 43000000 1800 0201 0101 0101 816602"
                   "0001 0201 0001 0001 82763103 0401 0301 0001 0101 846465616405 0401 0001 0501"
                   "dffe02 0201 816602 817802 816702 817902 0801 ff 02 43ed 03 00"},
        "entry 1000-5 f=v1\nentry 1005-3 f=x g=y\nstream 2 1005-3 1000-5 0-0 2 0\n");
}

Test(stream, a_group_that_never_read_says_so)
{
    expect_told(&(struct one_value){.type = 19,
                                    .hex = "00 00 0501 0000 0000 01 01 0167 0000 81 ffffffffffffffff 00 00"},
                "stream 0 5-1 0-0 0-0 1 1\ngroup g 0-0 -1 0 0\n");
}

/* Servers do not ask for an order when they read them. */
Test(stream, pending_entries_in_any_order)
{
    expect_told(&(struct one_value){.type = 15,
                                    .hex = "00 00 0901 01 0167 0901 02"
                                           "00000000000000020000000000000000 0100000000000000 01"
                                           "00000000000000010000000000000000 0200000000000000 05"
                                           "02 0161 0300000000000000 01 00000000000000010000000000000000"
                                           "   0162 0400000000000000 01 00000000000000020000000000000000"},
                "stream 0 9-1 0-0 0-0 0 1\ngroup g 9-1 -1 2 2\nconsumer a 3 3 1\npending 1-0 2 5\n"
                "consumer b 4 4 1\npending 2-0 1 1\n");
}

/* --- what a length says and what there is ------------------------------------------------------------ */

Test(stream, entries_are_counted_anew)
{
    struct opened o;
    struct buffer text = {0};
    open_value(&o, &(struct one_value){.type = 15, .hex = NODE "05 43e8 01 00"});
    cr_assert_eq(rf_value_hold(o.entry.value, NULL, &o.error), RF_OK);
    cr_assert_eq(rf_value_walk(o.entry.value, &recorder, &text, &o.error), RF_OK);
    cr_expect_str_eq(record_end(&text), NODE_TEXT "stream 1 1000-1 1000-1 0-0 1 0\n");
    cr_expect_eq(o.notices[RF_NOTICE_STREAM_LENGTH], 1);

    /* Whoever wants the entries alone is not told. */
    rf_visitor entries = {.stream_entry = recorder.stream_entry};
    cr_assert_eq(rf_value_walk(o.entry.value, &entries, &text, &o.error), RF_OK);
    cr_expect_eq(o.notices[RF_NOTICE_STREAM_LENGTH], 1);
    buffer_free(&text);
    close_value(&o);
}

Test(stream, as_many_were_added_as_there_are)
{
    expect_told(&(struct one_value){.type = 19, .hex = NODE LENGTH "43e8 01 0000 00 00"},
                NODE_TEXT "stream 1 1000-1 1000-1 0-0 1 0\n");
}

/* --- damage ------------------------------------------------------------------------------------------ */

/* A type 15 stream of one node with the master id 5-0 and these elements, NULL-terminated. */
static rf_code walk_node(const char *const *elements, rf_error *error)
{
    struct build b = {0};
    struct buffer text = {0};
    char hex[2048] = "";
    put_hex(&b, "01 10");
    put_id(&b, 5, 0);
    put_listpack(&b, elements);
    put_hex(&b, "02 0900 00"); /* length 2, last 9-0, no groups */
    for (size_t i = 0; i < b.bytes.len; i++)
        sprintf(hex + 2 * i, "%02x", b.bytes.data[i]);
    rf_code code = walk_value(&(struct one_value){.type = 15, .hex = hex}, &text, error);
    build_free(&b);
    buffer_free(&text);
    return code;
}

#define MASTER       "2", "0", "1", "f", "0"
#define SAME(ms, sq) "2", ms, sq, "v", "4"

static const struct {
    const char *elements[32], *message;
} nodes[] = {
    {{MASTER, SAME("0", "0"), SAME("0", "1")}, NULL},
    {{"1", "1", "1", "f", "0", SAME("0", "0"), "3", "0", "1", "v", "4"}, NULL},
    {{"2", "0", "0", "0", "0", "0", "0", "1", "a", "b", "6", "0", "0", "1", "1", "a", "b", "6"}, NULL},
    {{NULL}, "truncated entry"},
    {{"2", "0", "1", "f"}, "truncated entry"},
    {{"2", "0", "99", "f", "0"}, "more fields than fit into it"},
    {{"2", "0", "-1", "f", "0"}, "more fields"},
    {{"2", "0", "9223372036854775807", "f", "0"}, "more fields"},
    {{"-2", "0", "1", "f", "0"}, "negative count"},
    {{"2", "-1", "1", "f", "0"}, "negative count"},
    {{"x", "0", "1", "f", "0"}, "expected a number"},
    {{"2", "0", "1", "f", "1"}, "not terminated"},
    {{MASTER, SAME("0", "0")}, "fewer entries"},
    {{MASTER, SAME("0", "0"), SAME("0", "1"), SAME("0", "2")}, "more entries"},
    {{MASTER, SAME("0", "0"), "3", "0", "1", "v", "4"}, "more entries"},
    {{MASTER, SAME("0", "1"), SAME("0", "1")}, "out of order"},
    {{MASTER, SAME("0", "1"), SAME("0", "0")}, "out of order"},
    {{MASTER, SAME("1", "0"), SAME("0", "5")}, "out of order"},
    {{MASTER, SAME("-5", "0"), SAME("0", "1")}, "out of order"}, /* 0-0 */
    {{MASTER, "2", "0", "0", "v", "5"}, "entry size mismatch"},
    {{MASTER, "0", "0", "0", "1", "g", "v", "4"}, "entry size mismatch"},
    {{MASTER, "0", "0", "0", "99", "g", "v", "4"}, "more fields"},
    {{MASTER, "0", "0", "0", "-1", "g", "v", "4"}, "more fields"},
    {{MASTER, "x", "0", "0", "v", "4"}, "expected a number"},
    {{MASTER, "2", "x", "0", "v", "4"}, "expected a number"},
    {{MASTER, "2", "0", "x", "v", "4"}, "expected a number"},
    {{MASTER, "2", "0", "0", "v"}, "truncated entry"},
    {{MASTER, "0", "0", "0", "0", "4"}, "without fields"},
    {{"2", "0", "0", "0", "2", "0", "0", "3"}, "without fields"},
    {{MASTER, SAME("0", "0"), SAME("5", "0")}, "below that of its last entry"},
};

Test(stream, nodes_that_are_not_right)
{
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
        rf_error error;
        rf_code code = walk_node(nodes[i].elements, &error);
        const char *message = code == RF_OK ? "fine" : error.message;
        cr_expect_eq(code, nodes[i].message ? RF_E_CORRUPT : RF_OK, "node %zu: %s", i, message);
        if (nodes[i].message)
            cr_expect(strstr(message, nodes[i].message), "node %zu: %s", i, message);
    }
}

static const struct {
    uint8_t type;
    const char *hex, *message;
} damages[] = {
    {15, "01 0f 000000000000000000000000000000 00 00 0000 00", "invalid ID size (15 bytes)"},
    {15, "01 10 " ID " 00 00 0000 00", "listpack"},
    {15, NODE "01 43e7 01 00", "below that of its last entry"},
    {15, NODE "01 43e8 00 00", "below that of its last entry"},
    {19, NODE LENGTH "43e8 01 0000 81 8000000000000000 00", "out of range"},
    {19, NODE LENGTH COUNTERS "01 0167 43e8 01 81 fffffffffffffffe 00 00", "out of range"},
    {19, NODE LENGTH COUNTERS "01 0167 43e8 01 81 8000000000000000 00 00", "out of range"},
    {19, NODE LENGTH COUNTERS "01 0167 43e8 01 01 00 01 0163" TIME "01" ID, "not in its group"},
    {19, NODE LENGTH COUNTERS "01 0167 43e8 01 01" PEL "02 0163" TIME "01" ID "0164" TIME "01" ID,
     "owned twice"},
    {19, NODE LENGTH COUNTERS "01 0167 43e8 01 01" PEL "01 0163" TIME "02" ID ID, "owned twice"},
    {19, NODE LENGTH COUNTERS "01 0167 43e8 01 01" PEL "01 0163" TIME "00", "without owner"},
    {19, NODE LENGTH COUNTERS "01 0167 43e8 01 01" PEL "00", "without owner"},
    {19, NODE LENGTH COUNTERS "01 0167 43e8 01 01 02" ID TIME "01" ID TIME "01 00",
     "duplicate pending entry"},
    {27, NODE LENGTH COUNTERS "01 0167 43e8 01 01" PEL "00 00 4064 4064 00 00 00", "without owner"},
    {27, NODE LENGTH COUNTERS "01 0167 43e8 01 01" PEL "00 02" ID ID "4064 4064 00 00 00", "owned twice"},
};

Test(stream, what_comes_after_the_nodes_and_is_not_right)
{
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct one_value value = {.type = damages[i].type, .hex = damages[i].hex};
        struct buffer text = {0};
        rf_error error;
        cr_expect_eq(walk_value(&value, &text, &error), RF_E_CORRUPT, "%zu", i);
        cr_expect(strstr(error.message, damages[i].message), "%zu: %s", i, error.message);
        buffer_free(&text);
    }
}

/* --- many nodes -------------------------------------------------------------------------------------- */

static rf_code count_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
{
    (void)id, (void)fields_values;
    *(size_t *)ctx += pairs;
    return RF_OK;
}

/* Fields of an entry that has more of them than any before it in its node. */
Test(stream, entries_of_growing_width)
{
    struct pack p;
    struct build b = {0};
    enum { WIDTH = 40 };
    size_t pairs = 0;
    listpack_begin(&p);
    listpack_int(&p, WIDTH);
    listpack_int(&p, 0);
    listpack_int(&p, 0);
    listpack_int(&p, 0);
    for (int n = 1; n <= WIDTH; n++) {
        listpack_int(&p, 0);
        listpack_int(&p, n);
        listpack_int(&p, 0);
        listpack_int(&p, n);
        for (int i = 0; i < n; i++) {
            listpack_int(&p, 1000 * i);
            listpack_text(&p, "v");
        }
        listpack_int(&p, 2 * n + 4);
    }
    put_bytes(&b, SLICE("REDIS0009"));
    put_key(&b, 15, "k");
    put_hex(&b, "01 10");
    put_id(&b, 0, 0);
    put_blob(&b, listpack_end(&p));
    put_hex(&b, "28 3f00 00");
    put_end(&b);
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    rf_error error;
    cr_assert_eq(rf_source_open_memory(b.bytes.data, b.bytes.len, "file", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){.block_size = 64}, &reader, &error), RF_OK);
    cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
    rf_visitor visitor = {.stream_entry = count_entry};
    cr_expect_eq(rf_value_walk(entry.value, &visitor, &pairs, &error), RF_OK, "%s", error.message);
    cr_expect_eq(pairs, WIDTH * (WIDTH + 1) / 2);
    cr_expect_eq(rf_reader_next(reader, &entry, &error), RF_END);
    rf_reader_close(reader);
    pack_free(&p);
    build_free(&b);
}
