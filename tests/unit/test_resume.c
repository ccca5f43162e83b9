/* SPDX-License-Identifier: MIT */
/* Going on behind a damaged value: each damage once, all other entries as they are, the checksum as it is. */
#include "support/damages.h"
#include "support/exact.h"
#include "support/record.h"
#include "support/stream.h"
#include <criterion/criterion.h>
#include <rdbferry/digest.h>

/* --- a run over an input ----------------------------------------------------------------------------- */

enum { FAULTS_MAX = 8 };

struct run {
    struct buffer good; /* the keys that are sound, with their elements */
    rf_error faults[FAULTS_MAX];
    size_t fault_count;
    rf_code end;
    rf_error error; /* the last one */
};

static void take_key(struct run *run, rf_entry *entry)
{
    struct buffer text = {0};
    rf_error error = {0};
    record_bytes(&text, entry->key);
    record_text(&text, ":\n");
    rf_code code = rf_value_walk(entry->value, &recorder, &text, &error);
    if (code == RF_OK)
        cr_assert(buffer_append(&run->good, buffer_slice(&text)));
    else
        run->faults[run->fault_count++ % FAULTS_MAX] = error;
    buffer_free(&text);
}

static void expect_sticky(rf_reader *reader, const struct run *run)
{
    rf_entry entry;
    for (int i = 0; i < 2; i++) {
        rf_error again = {0};
        cr_expect_eq(rf_reader_next(reader, &entry, &again), run->end);
        cr_expect_str_eq(again.message, run->error.message);
        cr_expect_eq(again.offset, run->error.offset);
    }
}

static void run_source(rf_source *source, size_t block_size, bool resume, struct run *run)
{
    const rf_reader_options options = {.block_size = block_size, .resume = resume};
    rf_reader *reader;
    rf_entry entry;
    *run = (struct run){.end = RF_OK};
    cr_assert_eq(rf_reader_open(source, &options, &reader, &run->error), RF_OK, "%s", run->error.message);
    while ((run->end = rf_reader_next(reader, &entry, &run->error)) == RF_OK)
        if (entry.kind == RF_ENTRY_KEY)
            take_key(run, &entry);
    if (run->end != RF_END)
        expect_sticky(reader, run);
    record_end(&run->good);
    rf_reader_close(reader);
}

static void run_bytes(rf_slice file, size_t block_size, bool resume, struct run *run)
{
    rf_slice exact = exact_copy(file.ptr, file.len);
    rf_source *source;
    cr_assert_eq(rf_source_open_memory(exact.ptr, exact.len, "file", &source, &run->error), RF_OK);
    run_source(source, block_size, resume, run);
    exact_free(exact);
}

/* --- each damage ------------------------------------------------------------------------------------- */

static const size_t block_sizes[] = {1, 2, 3, 7, 64, 4096};
enum { BLOCK_SIZES = sizeof block_sizes / sizeof *block_sizes };

#define BEFORE_TEXT "first:\nstring v\n"
#define AFTER_TEXT  "h:\nfield f v\nfield g w\nl:\nitem a\nitem -5\n"
#define LAST_TEXT   "last:\nscored m 1.5\n"

/* The same damage twice, between sound keys. *places: where the first damaged value begins and ends. */
static void build_damaged(struct build *b, const struct damage *damage, size_t offsets[2])
{
    const struct one_value *value = &damage->value;
    const char *magic = value->magic ? value->magic : "REDIS0015";
    put_bytes(b, slice_of(magic, strlen(magic)));
    put_hex(b, value->before ? value->before : "");
    put_hex(b, "00 056669727374 0176");
    put_key(b, value->type, "k");
    offsets[0] = b->bytes.len;
    put_hex(b, value->hex);
    offsets[1] = b->bytes.len;
    put_hex(b, "04 0168 02 0166 0176 0167 0177 01 016c 02 0161 c0fb");
    put_key(b, value->type, "again");
    put_hex(b, value->hex);
    put_hex(b, "05 046c617374 01 016d 000000000000f83f");
    put_end(b);
}

/* What is tried, for the messages of what fails. */
static char about[160];

#define EXPECT(condition) cr_expect(condition, "%s: %s", about, #condition)

static void expect_fault(const char *message, const rf_error *fault, const char *key)
{
    EXPECT(fault->code == RF_E_CORRUPT);
    cr_expect(strstr(fault->message, message), "%s: '%s'", about, fault->message);
    cr_expect_str_eq(fault->key, key, "%s", about);
    EXPECT(fault->db == 0);
    cr_expect_str_eq(fault->input, "file", "%s", about);
    EXPECT(fault->file_offset == fault->offset);
}

static void expect_offset(const struct run *run, const size_t offsets[2])
{
    EXPECT(run->faults[0].offset >= (int64_t)offsets[0]);
    EXPECT(run->faults[0].offset <= (int64_t)offsets[1]);
}

/* Nothing is read behind the first fault. */
static void expect_end(const struct run *run)
{
    EXPECT(run->fault_count == 1);
    EXPECT(run->end == RF_E_CORRUPT);
    cr_expect_str_eq(run->error.message, run->faults[0].message, "%s", about);
    EXPECT(run->error.offset == run->faults[0].offset);
    cr_expect_str_eq(run->error.key, "k", "%s", about);
    cr_expect_str_eq((const char *)run->good.data, BEFORE_TEXT, "%s", about);
}

static void expect_all(const char *message, const struct run *run, rf_code end)
{
    EXPECT(run->fault_count == 2);
    expect_fault(message, &run->faults[1], "again");
    cr_expect_str_eq((const char *)run->good.data, BEFORE_TEXT AFTER_TEXT LAST_TEXT, "%s", about);
    cr_expect_eq(run->end, end, "%s: %s", about, run->error.message);
}

static void try_damage(const struct damage *damage, size_t block_size, bool resume)
{
    struct build b = {0};
    struct run run;
    size_t offsets[2];
    build_damaged(&b, damage, offsets);
    for (int turn = 0; turn < 2; turn++) {
        snprintf(about, sizeof about, "type %u, %.80s, blocks of %zu", damage->value.type, damage->value.hex,
                 block_size);
        run_bytes(built(&b), block_size, resume, &run);
        expect_fault(damage->message, &run.faults[0], "k");
        expect_offset(&run, offsets);
        if (resume && damage->frame == FRAMED)
            expect_all(damage->message, &run, turn == 0 ? RF_END : RF_E_CHECKSUM);
        else
            expect_end(&run);
        buffer_free(&run.good);
        b.bytes.data[b.bytes.len - 1] ^= 1;
    }
    build_free(&b);
}

Test(resume, goes_on_where_the_frame_is_sound)
{
    for (size_t i = 0; i < damage_count; i++)
        for (size_t j = 0; j < BLOCK_SIZES; j++)
            try_damage(&damages[i], block_sizes[j], true);
}

Test(resume, has_to_be_asked_for)
{
    for (size_t i = 0; i < damage_count; i++)
        for (size_t j = 0; j < BLOCK_SIZES; j += 3)
            try_damage(&damages[i], block_sizes[j], false);
}

/* --- large values ------------------------------------------------------------------------------------ */

#define BAD_LZF "c3 02 05 2000"

static void put_text(struct build *b, size_t i)
{
    char text[64];
    snprintf(text, sizeof text, "a text of a few words, number %06zu", i);
    put_str(b, text);
}

static void put_text_or_damage(struct build *b, size_t i, bool damaged)
{
    if (damaged)
        put_hex(b, BAD_LZF);
    else
        put_text(b, i);
}

static void put_pair(struct build *b, size_t i, bool damaged)
{
    put_text(b, i);
    put_text_or_damage(b, i, damaged);
}

static void put_scored(struct build *b, size_t i, bool damaged)
{
    put_text(b, i);
    put_hex(b, damaged ? "000000000000f87f" : "000000000000f83f");
}

static void put_scored_text(struct build *b, size_t i, bool damaged)
{
    put_text(b, i);
    put_hex(b, damaged ? "03 312c35" : "03 312e35");
}

static void put_expiring(struct build *b, size_t i, bool damaged)
{
    put_hex(b, damaged ? "81 0001000000000000" : "05");
    put_text(b, i);
    put_text(b, i);
}

static void put_expiring_valkey(struct build *b, size_t i, bool damaged)
{
    put_text(b, i);
    put_text(b, i);
    put_hex(b, damaged ? "feffffffffffffff" : "ffffffffffffffff");
}

static void put_slot(struct build *b, size_t i, bool damaged)
{
    put_len(b, damaged ? UINT64_MAX : 2 * i);
    put_u8(b, 0);
    put_text(b, i);
}

static void put_listpack_node(struct build *b, size_t i, bool damaged)
{
    const char *const texts[] = {"a text of a few words", "and another one", NULL};
    (void)i;
    put_u8(b, 2);
    put_listpack(b, texts);
    if (damaged)
        b->bytes.data[b->bytes.len - 1] = 0;
}

static void put_unknown_node(struct build *b, size_t i, bool damaged)
{
    put_u8(b, damaged ? 9 : 1);
    put_text(b, i);
}

static void put_ziplist_node(struct build *b, size_t i, bool damaged)
{
    struct pack p;
    (void)i;
    ziplist_begin(&p);
    ziplist_text(&p, "a text of a few words");
    ziplist_text(&p, "and another one");
    put_blob(b, ziplist_end(&p));
    if (damaged)
        b->bytes.data[b->bytes.len - 1] = 0;
    pack_free(&p);
}

/* Of an entry each. */
static void put_stream_node(struct build *b, size_t i, bool damaged)
{
    static const char *const texts[] = {"1", "0", "1", "field", "0", "2", "0", "0", "a text of a few words",
                                        "4", NULL};
    put_u8(b, 16);
    put_id(b, i + 1, 0);
    put_listpack(b, damaged ? texts + 1 : texts);
}

static void put_nothing(struct build *b, size_t n)
{
    (void)b, (void)n;
}

static void put_stream_end(struct build *b, size_t n)
{
    put_len(b, n);
    put_len(b, n);
    put_hex(b, "00 00");
}

static void put_no_insert_index(struct build *b, size_t n)
{
    (void)n;
    put_u8(b, 0);
}

static void put_template(struct build *b, size_t n)
{
    put_hex(b, "f2 05");
    put_len(b, n);
    for (size_t i = 0; i < n; i++)
        put_text(b, i);
}

static void put_template_id(struct build *b, size_t n)
{
    b->bytes.len -= n < 64 ? 1 : n < 16384 ? 2 : 5; /* the count, which such a hash has not */
    put_u8(b, 5);
}

static const struct large {
    const char *magic;
    uint8_t type;
    const char *message;
    void (*put)(struct build *b, size_t i, bool damaged);
    void (*before)(struct build *b, size_t n); /* the key */
    void (*head)(struct build *b, size_t n);   /* behind the number of elements */
    void (*tail)(struct build *b, size_t n);
} larges[] = {
    {"REDIS0015", 1, "LZF", put_text_or_damage, put_nothing, put_nothing, put_nothing},
    {"REDIS0015", 2, "LZF", put_text_or_damage, put_nothing, put_nothing, put_nothing},
    {"REDIS0015", 3, "invalid score", put_scored_text, put_nothing, put_nothing, put_nothing},
    {"REDIS0015", 4, "LZF", put_pair, put_nothing, put_nothing, put_nothing},
    {"REDIS0015", 5, "NaN", put_scored, put_nothing, put_nothing, put_nothing},
    {"REDIS0015", 14, "missing end byte", put_ziplist_node, put_nothing, put_nothing, put_nothing},
    {"REDIS0015", 15, "stream node", put_stream_node, put_nothing, put_nothing, put_stream_end},
    {"REDIS0015", 18, "missing end byte", put_listpack_node, put_nothing, put_nothing, put_nothing},
    {"REDIS0015", 18, "unknown node kind 9", put_unknown_node, put_nothing, put_nothing, put_nothing},
    {"REDIS0015", 22, "out of range", put_expiring, put_nothing, put_nothing, put_nothing},
    {"REDIS0015", 28, "out of range", put_slot, put_nothing, put_no_insert_index, put_nothing},
    {"REDIS0015", 32, "LZF", put_text_or_damage, put_template, put_template_id, put_nothing},
    {"VALKEY080", 22, "out of range", put_expiring_valkey, put_nothing, put_nothing, put_nothing},
};

/* All elements from `from` on are damaged, but one is told. */
static void put_large(struct build *b, const struct large *large, const char *key, size_t n, size_t from)
{
    put_key(b, large->type, key);
    put_len(b, n);
    large->head(b, n);
    for (size_t i = 0; i < n; i++)
        large->put(b, i, i >= from);
    large->tail(b, n);
}

static void try_large(const struct large *large, size_t n, size_t from, const size_t *blocks, size_t count)
{
    struct build b = {0};
    struct run run;
    put_bytes(&b, slice_of(large->magic, strlen(large->magic)));
    large->before(&b, n);
    put_hex(&b, "00 056669727374 0176");
    put_large(&b, large, "k", n, from);
    put_hex(&b, "04 0168 02 0166 0176 0167 0177 01 016c 02 0161 c0fb");
    put_large(&b, large, "again", n, n - 1);
    put_hex(&b, "05 046c617374 01 016d 000000000000f83f");
    put_end(&b);
    for (size_t i = 0; i < count; i++) {
        snprintf(about, sizeof about, "type %u, %zu of %zu, blocks of %zu", large->type, from, n, blocks[i]);
        run_bytes(built(&b), blocks[i], true, &run);
        expect_fault(large->message, &run.faults[0], "k");
        expect_all(large->message, &run, RF_END);
        buffer_free(&run.good);
    }
    build_free(&b);
}

Test(resume, goes_on_behind_a_value_of_many_blocks)
{
    enum { FEW = 30, MANY = 1500 };
    static const size_t large_blocks[] = {100, 4096, 65536};
    for (size_t i = 0; i < sizeof larges / sizeof *larges; i++)
        for (size_t half = 0; half < 3; half++) {
            try_large(&larges[i], FEW, half * (FEW - 1) / 2, block_sizes, BLOCK_SIZES);
            try_large(&larges[i], MANY, half * (MANY - 1) / 2, large_blocks, 3);
        }
}

/* Of how far it has come into a value the reader keeps 16 MiB. */
Test(resume, goes_back_so_far_and_no_further)
{
    enum { MIB = 1024 * 1024 };
    uint8_t *text = malloc(MIB);
    cr_assert(text);
    memset(text, 'a', MIB);
    for (size_t n = 15; n <= 17; n += 2) {
        struct build b = {0};
        struct run run;
        put_bytes(&b, SLICE("REDIS0009"));
        put_hex(&b, "00 056669727374 0176");
        put_key(&b, 1, "k");
        put_len(&b, n);
        for (size_t i = 0; i + 1 < n; i++)
            put_blob(&b, slice_of(text, MIB));
        put_hex(&b, BAD_LZF);
        put_hex(&b, "04 0168 02 0166 0176 0167 0177 01 016c 02 0161 c0fb 01 05616761696e 01" BAD_LZF
                    "05 046c617374 01 016d 000000000000f83f");
        put_end(&b);
        snprintf(about, sizeof about, "%zu MiB", n);
        run_bytes(built(&b), 0, true, &run);
        expect_fault("LZF", &run.faults[0], "k");
        if (n <= 16)
            expect_all("LZF", &run, RF_END);
        else
            expect_end(&run);
        buffer_free(&run.good);
        build_free(&b);
    }
    free(text);
}

/* --- where there is more wrong than a value ---------------------------------------------------------- */

/* A list that is damaged, and whose end is not there. */
Test(resume, ends_where_the_input_ends)
{
    static const char *const files[] = {
        ("01 016b 05 0161 " BAD_LZF "0162"),
        ("01 016b 05 " BAD_LZF),
        "0a 016b 0f 10000000",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (size_t j = 0; j < BLOCK_SIZES; j++) {
            struct build b = {0};
            struct run run;
            put_bytes(&b, SLICE("REDIS0009"));
            put_hex(&b, files[i]);
            snprintf(about, sizeof about, "%s, blocks of %zu", files[i], block_sizes[j]);
            run_bytes(built(&b), block_sizes[j], true, &run);
            EXPECT(run.fault_count == 1);
            EXPECT(run.end == (i < 2 ? RF_E_CORRUPT : RF_E_TRUNCATED));
            cr_expect_str_eq(run.error.message, run.faults[0].message, "%s", about);
            build_free(&b);
            buffer_free(&run.good);
        }
}

/* What cannot be unpacked cannot be passed by either. */
Test(resume, ends_where_a_compressed_stream_is_damaged)
{
    enum { PARTS = 40 };
    struct build b = {0};
    struct buffer packed = {0};
    put_bytes(&b, SLICE("REDIS0009"));
    put_large(&b, &larges[0], "k", 3000, 3000);
    put_hex(&b, "00 046c617374 0176");
    put_end(&b);
    gzip_append(&packed, built(&b));
    for (size_t part = 1; part < PARTS; part++) {
        rf_source *source;
        rf_error error;
        struct run run;
        size_t len = packed.len * part / PARTS;
        cr_assert_eq(rf_source_open_memory(packed.data, len, "file", &source, &error), RF_OK, "%s",
                     error.message);
        run_source(source, 1000, true, &run);
        cr_expect_eq(run.fault_count, 1, "%zu", part);
        cr_expect_eq(run.end, run.faults[0].code, "%zu: %s", part, run.error.message);
        cr_expect_eq(run.end, RF_E_TRUNCATED, "%zu: %s", part, run.error.message);
        buffer_free(&run.good);
    }
    buffer_free(&packed);
    build_free(&b);
}

/* --- what is not the input's fault ------------------------------------------------------------------- */

static rf_code refuse(void *ctx, rf_slice item)
{
    (void)item;
    *(rf_error *)ctx = (rf_error){
        .code = RF_E_WRITE, .offset = -1, .file_offset = -1, .db = -1, .message = "no"};
    return RF_E_WRITE;
}

Test(resume, goes_on_where_a_visitor_has_ended_the_walk)
{
    static const rf_visitor visitor = {.item = refuse};
    struct build b = {0};
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    rf_error error;
    put_bytes(&b, SLICE("REDIS0009"));
    put_large(&b, &larges[0], "k", 100, 100);
    put_large(&b, &larges[0], "again", 100, 100);
    put_end(&b);
    cr_assert_eq(rf_source_open_memory(b.bytes.data, b.bytes.len, "file", &source, &error), RF_OK);
    cr_assert_eq(
        rf_reader_open(source, &(rf_reader_options){.block_size = 7, .resume = true}, &reader, &error),
        RF_OK);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
        cr_expect_eq(rf_value_walk(entry.value, &visitor, &error, &error), RF_E_WRITE);
        cr_expect_str_eq(error.message, "no");
        cr_expect_str_eq(error.key, i == 0 ? "k" : "again");
        cr_expect_eq(rf_value_walk(entry.value, &visitor, &error, &error), RF_E_ARGUMENT, "it has gone by");
    }
    cr_expect_eq(rf_reader_next(reader, &entry, &error), RF_END);
    rf_reader_close(reader);
    build_free(&b);
}

/* Of a module value the parts are looked at by those who listen to them. */
Test(resume, goes_on_behind_a_part_of_a_module)
{
    struct build b = {0};
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    rf_error error;
    rf_key_digest digest;
    rf_digester *digester = rf_digester_new(RF_DIGEST_PUBLISHED, false);
    put_bytes(&b, SLICE("REDIS0009"));
    put_hex(&b, "07 016b 4400 02 05 05" BAD_LZF "05 0161 00 00 046c617374 0176");
    put_end(&b);
    cr_assert_eq(rf_source_open_memory(b.bytes.data, b.bytes.len, "file", &source, &error), RF_OK);
    cr_assert_eq(
        rf_reader_open(source, &(rf_reader_options){.block_size = 2, .resume = true}, &reader, &error),
        RF_OK);
    cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
    cr_expect_eq(rf_digest_key(digester, &entry, &digest, &error), RF_E_CORRUPT);
    cr_expect_str_eq(error.message, "corrupt LZF data");
    cr_assert_eq(rf_reader_next(reader, &entry, &error), RF_OK);
    cr_expect(slice_equal(entry.key, SLICE("last")));
    cr_expect_eq(rf_digest_key(digester, &entry, &digest, &error), RF_OK, "%s", error.message);
    cr_expect_eq(rf_reader_next(reader, &entry, &error), RF_END);
    rf_digester_free(digester);
    rf_reader_close(reader);
    build_free(&b);
}
