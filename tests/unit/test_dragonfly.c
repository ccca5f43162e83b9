/* SPDX-License-Identifier: MIT */
/* What only Dragonfly writes: its types, compressed blocks, values in chunks; and what others read of it. The
 * whole is also a sample of test_hostile.c. */
#include "rdb/dragonfly.h"
#include "support/exact.h"
#include "support/rdb_build.h"
#include "support/record.h"
#include "support/run.h"
#include "support/samples.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <lz4frame.h>
#include <rdbferry/measure.h>
#include <stdlib.h>
#include <zstd.h>

#define MAGIC "REDIS0009"
#define VER   "fa 0664662d766572 0776312e33362e30" /* df-ver v1.36.0 */
#define AUX   "aux df-ver v1.36.0\n"
#define KEY   "00 016b 0176"
#define TEXT  "key 0 k string\nstring v\n"

static void put_file(struct build *b, const char *hex)
{
    put_bytes(b, SLICE(MAGIC));
    put_hex(b, VER);
    put_hex(b, hex);
    put_end(b);
}

static void expect_text(rf_slice file, size_t block_size, const char *expected)
{
    struct buffer text = {0};
    rf_error error;
    rf_code code = run_read(file, block_size, &text, &error);
    cr_expect_eq(code, RF_OK, "%s", error.message);
    cr_expect_str_eq(record_end(&text), expected);
    buffer_free(&text);
}

static void expect_read(const char *hex, const char *expected)
{
    struct build b = {0};
    put_file(&b, hex);
    expect_text(built(&b), 0, expected);
    expect_text(built(&b), 1, expected);
    build_free(&b);
}

static void expect_refused(const char *hex, rf_code code, const char *message)
{
    struct build b = {0};
    struct buffer text = {0};
    rf_error error;
    put_file(&b, hex);
    cr_expect_eq(run_read(built(&b), 4096, &text, &error), code, "%s: %s", hex, error.message);
    cr_expect(strstr(error.message, message), "'%s' is not in '%s'", message, error.message);
    buffer_free(&text);
    build_free(&b);
}

/* --- types -------------------------------------------------------------------------------------------- */

Test(dragonfly, its_types)
{
    expect_read("1e 016a 027b7d", AUX "key 0 j string\nstring {}\n");
    expect_read("1f 0168 02 0166 0176 c000 0167 0177 c0ff",
                AUX "key 0 h hash\nfield f v @1675209600000\nfield g w\n");
    expect_read("1f 0168 01 0166 0176 0a34323934393637323935",
                AUX "key 0 h hash\nfield f v @5970176895000\n");
    expect_read("20 0173 02 0161 c007 0162 c0ff" KEY,
                AUX "key 0 s set\nmember a @1675209607000\nmember b\n" TEXT);
    expect_read("20 0173 01 0162 c0ff" KEY, AUX "key 0 s set\nmember b\n" TEXT);
    expect_refused("1f 0168 01 0166 0176 c0fe", RF_E_CORRUPT, "the expiry of field 'f' is out of range");
    expect_refused("1f 0168 01 0166 0176 0178", RF_E_CORRUPT, "out of range");
    expect_refused("1f 0168 01 0166 0176 0a34323934393637323936", RF_E_CORRUPT, "out of range");
    expect_refused("20 0173 01 0166 0178", RF_E_CORRUPT, "out of range");
}

Test(dragonfly, expiries_in_batches)
{
    struct build b = {0};
    struct buffer text = {0};
    rf_error error;
    put_file(&b, "00 0161 0176 00 0162 0176 20 0173 01 016d c007 00 0163 0176 00 0164 0176");
    cr_assert_eq(run_read_batches(built(&b), &text, &error), RF_OK, "%s", error.message);
    cr_expect_str_eq(record_end(&text),
                     AUX "key 0 a string\nstring v\nkey 0 b string\nstring v\nkey 0 s set\n"
                         "member m @1675209607000\nkey 0 c string\nstring v\n"
                         "key 0 d string\nstring v\n");
    buffer_free(&text);
    build_free(&b);
}

/* Only the AUX field says that they are its own, and only before the first key. */
Test(dragonfly, is_told_by_the_field)
{
    static const char *const types[] = {"1e 016a 027b7d", "1f 0168 01 0166 0176 c0ff",
                                        "20 0173 01 0162 c0ff"};
    for (size_t i = 0; i < 3; i++) {
        struct build plain = {0}, late = {0};
        rf_error error;
        put_bytes(&plain, SLICE(MAGIC));
        put_hex(&plain, types[i]);
        put_end(&plain);
        put_bytes(&late, SLICE(MAGIC));
        put_hex(&late, KEY VER);
        put_hex(&late, types[i]);
        put_end(&late);
        cr_expect_eq(run_read(built(&plain), 0, NULL, &error), RF_E_UNSUPPORTED);
        cr_expect_eq(run_read(built(&late), 0, NULL, &error), RF_E_UNSUPPORTED);
        build_free(&plain);
        build_free(&late);
    }
    expect_refused("14 016a 027b7d", RF_E_UNSUPPORTED, "JSON in the format of old Dragonfly");
    expect_refused("c8 0000000000000000", RF_E_UNSUPPORTED, "full sync");
    expect_refused("d2 01 0161", RF_E_UNSUPPORTED, "journal");
    expect_refused("d3 0000000000000000", RF_E_UNSUPPORTED, "replication");
    expect_refused("26 016a 00", RF_E_CORRUPT, "0x26");
    expect_refused("18 016a 00", RF_E_CORRUPT, "0x18");
    expect_refused("dc 04000000" KEY, RF_E_UNSUPPORTED, "unknown key flags");
}

Test(dragonfly, the_writer)
{
    struct build b = {0};
    rf_reader_info info;
    rf_error error;
    put_file(&b, "");
    cr_assert_eq(run_info(built(&b), &info, &error), RF_OK);
    cr_expect_eq(info.dialect, RF_DRAGONFLY);
    cr_expect_eq(info.writer.dialect, RF_DRAGONFLY);
    cr_expect_eq(info.writer.major, 1);
    cr_expect_eq(info.writer.minor, 36);
    cr_expect_str_eq(info.product, "Dragonfly");
    build_free(&b);
}

Test(dragonfly, an_unknown_writer)
{
    static const char *const files[] = {"REDIS0009\xfa\6df-ver\3dev", "REDIS0013\xfa\6df-ver\3dev",
                                        "REDIS0013\xfa\6df-ver\0030.1"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct build b = {0};
        rf_reader_info info;
        rf_error error;
        put_bytes(&b, slice_of(files[i], strlen(files[i])));
        put_end(&b);
        cr_assert_eq(run_info(built(&b), &info, &error), RF_OK, "%s", error.message);
        cr_expect_eq(info.writer.dialect, RF_DRAGONFLY, "file %zu", i);
        cr_expect_eq(info.writer.major, 1, "file %zu", i);
        build_free(&b);
    }
}

Test(dragonfly, sketches_are_skipped)
{
    expect_read("22 0163 00 0000000000000040 7b14ae47e17a843f 00 01 05 01 03 04 02 aabb 02 ccdd" KEY,
                AUX "foreign 0 c Dragonfly: a Bloom filter\n" TEXT);
    expect_refused("22 0163 00 0000000000000040 7b14ae47e17a843f 00 01 05 01 03 04 02 aabb 03 ccddee" KEY,
                   RF_E_CORRUPT, "invalid size");
    expect_refused("23 0164 00 01 05", RF_E_CORRUPT, "invalid size");
    expect_refused("23 0164 80ffffffff 80ffffffff 05", RF_E_CORRUPT, "invalid size");
    expect_refused("23 0164 810000000100000000 01 05", RF_E_CORRUPT, "invalid size");
    expect_refused("25 0166 02 05 01 02 03 00 01 04 00", RF_E_CORRUPT, "invalid size");
}

/* --- chunks ------------------------------------------------------------------------------------------- */

#define FIRST "e0 01000000 09000000 04 0168 02 0161 0162 00" /* has one byte too many */

Test(dragonfly, chunks)
{
    expect_read("e0 01000000 08000000 04 0168 02 0161 0162 " KEY "e0 01000000 04000000 0163 0164",
                AUX TEXT "key 0 h hash\nfield a b\nfield c d\n");
    expect_read("e0 01000000 0e000000 05 017a 01 0161 000000000000f83f", AUX "key 0 z zset\nscored a 1.5\n");
    expect_read("e0 01000000 0b000000 dc 01000000 02 0173 01 0161 e0 07000000 04000000 02 0174 00",
                AUX "key 0 s set (Dragonfly: a sticky key)\nmember a\nkey 0 t set\n");
    expect_refused(FIRST, RF_E_CORRUPT, "a chunk ends inside of an element");
    expect_refused("e0 01000000 07000000 04 0168 01 0161 01", RF_E_CORRUPT, "a chunk ends inside");
    expect_refused("e0 01000000 09000000 04 0168 01 0161 0162 00", RF_E_CORRUPT,
                   "data after the last element");
    expect_refused("e0 00000000 01000000 00", RF_E_CORRUPT, "chunk: invalid number");
    expect_refused("e0 01000000 00000000", RF_E_CORRUPT, "chunk: invalid size");
    expect_refused("e0 01000000 08000000 04 0168 02 0161 0162", RF_E_TRUNCATED, "stored in chunks");
    expect_refused("e0 01000000 05000000 00 016b 0176", RF_E_UNSUPPORTED, "type 0 of Dragonfly in chunks");
    expect_refused("e0 01000000 05000000 22 016b 0176", RF_E_UNSUPPORTED, "type 34 of Dragonfly in chunks");
    expect_refused("fc 0100000000000000 e0 01000000 05000000 02 0173 00", RF_E_CORRUPT,
                   "inside of the record");
}

Test(dragonfly, too_many_chunked_values)
{
    struct build b = {0};
    rf_error error;
    put_bytes(&b, SLICE(MAGIC));
    put_hex(&b, VER);
    for (uint8_t id = 1; id <= 65; id++) {
        put_hex(&b, "e0");
        put_u8(&b, id);
        put_hex(&b, "000000 06000000 02 0173 02 0161");
    }
    put_end(&b);
    cr_expect_eq(run_read(built(&b), 0, NULL, &error), RF_E_UNSUPPORTED);
    build_free(&b);
}

/* More than is kept in memory: sets of 1 MiB and one byte. */
Test(dragonfly, large_chunked_values)
{
    enum { KEYS = 40, LARGE = 1 << 20 };
    uint8_t *member = calloc(LARGE, 1);
    cr_assert(member);
    struct build b = {0};
    rf_error error;
    put_bytes(&b, SLICE(MAGIC));
    put_hex(&b, VER);
    for (uint8_t id = 1; id <= KEYS; id++) {
        put_hex(&b, "e0");
        put_u8(&b, id);
        put_hex(&b, "000000 09001000 02 0173 02 80 00100000");
        put_bytes(&b, slice_of(member, LARGE));
    }
    free(member);
    for (uint8_t id = 1; id <= KEYS; id++) {
        put_hex(&b, "e0");
        put_u8(&b, id);
        put_hex(&b, "000000 02000000 0161");
    }
    put_end(&b);
    cr_expect_eq(run_read(built(&b), 0, NULL, &error), RF_OK, "%s", error.message);
    build_free(&b);
}

/* --- compressed blocks -------------------------------------------------------------------------------- */

enum codec { ZSTD = 0xc9, LZ4 = 0xca };

static void put_block(struct build *b, enum codec codec, rf_slice content, const char *after)
{
    const LZ4F_preferences_t preferences = {.frameInfo = {.contentSize = content.len}};
    size_t cap = LZ4F_compressFrameBound(content.len, &preferences) + ZSTD_compressBound(content.len);
    uint8_t *frame = malloc(cap + 8);
    cr_assert(frame);
    size_t n = codec == LZ4 ? LZ4F_compressFrame(frame, cap, content.ptr, content.len, &preferences)
                            : ZSTD_compress(frame, cap, content.ptr, content.len, 3);
    cr_assert_lt(n, cap);
    memcpy(frame + n, after, strlen(after));
    n += strlen(after);
    put_u8(b, (uint8_t)codec);
    put_u8(b, 0x80);
    for (int shift = 24; shift >= 0; shift -= 8)
        put_u8(b, (uint8_t)(n >> shift));
    put_bytes(b, slice_of(frame, n));
    free(frame);
}

static void put_hex_block(struct build *b, enum codec codec, const char *hex)
{
    struct build content = {0};
    put_hex(&content, hex);
    put_block(b, codec, built(&content), "");
    build_free(&content);
}

#define IN_BLOCK                                                                                            \
    "fe03 00 016b 0176 fc 0102000000000000 04 0168 01 0161 0162 20 0173 01 0161 c007 1f 0169 01 0166 0176 " \
    "c005"
#define IN_BLOCK_TEXT                                                                                      \
    "key 3 k string\nstring v\nkey 3 h hash expire 513\nfield a b\nkey 3 s set\nmember a @1675209607000\n" \
    "key 3 i hash\nfield f v @1675209605000\n"

/* A key, a block, a key, another block with a chunk, the rest of the chunked value. */
static void put_blocks(struct build *b)
{
    put_bytes(b, SLICE(MAGIC));
    put_hex(b, VER KEY);
    put_hex_block(b, LZ4, IN_BLOCK);
    put_hex(b, "00 016d 0176");
    put_hex_block(b, ZSTD, IN_BLOCK "e0 01000000 08000000 04 0168 02 0161 0162");
    put_hex_block(b, ZSTD, "e0 01000000 04000000 0163 0164");
    put_hex(b, "00 016e 0176");
    put_end(b);
}

static const char blocks_text[] = AUX TEXT IN_BLOCK_TEXT
    "key 3 m string\nstring v\n" IN_BLOCK_TEXT
    "key 3 h hash\nfield a b\nfield c d\nkey 3 n string\nstring v\n";

Test(dragonfly, blocks)
{
    static const size_t sizes[] = {0, 1, 2, 3, 7, 64, 4096};
    struct build b = {0};
    put_blocks(&b);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        expect_text(built(&b), sizes[i], blocks_text);
    build_free(&b);
}

Test(dragonfly, blocks_cut_anywhere)
{
    struct build b = {0};
    put_blocks(&b);
    for (size_t length = 0; length < b.bytes.len; length++) {
        struct buffer text = {0};
        rf_error error;
        rf_code code = run_read(slice_of(b.bytes.data, length), 64, &text, &error);
        cr_expect(code == RF_E_TRUNCATED || code == RF_E_FORMAT, "cut at %zu: %s", length, error.message);
        buffer_free(&text);
    }
    build_free(&b);
}

/* The checksum of the file covers the compressed bytes. */
Test(dragonfly, blocks_damaged_anywhere)
{
    struct build b = {0};
    put_blocks(&b);
    for (size_t at = 9; at < b.bytes.len; at++) {
        for (int bit = 0; bit < 8; bit++) {
            struct buffer text = {0};
            rf_error error;
            b.bytes.data[at] ^= (uint8_t)(1 << bit);
            rf_code code = run_read(built(&b), 4096, &text, &error);
            cr_expect(code != RF_OK && code != RF_E_MEMORY, "bit %d at %zu", bit, at);
            b.bytes.data[at] ^= (uint8_t)(1 << bit);
            buffer_free(&text);
        }
    }
    build_free(&b);
}

/* Entries lie before the end of the input, and the bytes of a value between its entry and the next. */
static void expect_offsets(rf_slice file)
{
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    rf_error error;
    rf_code code;
    uint64_t end = 0, decoded, read;
    cr_assert_eq(rf_source_open_memory(file.ptr, file.len, "input", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &(rf_reader_options){.block_size = 64}, &reader, &error), RF_OK);
    while ((code = rf_reader_next(reader, &entry, &error)) == RF_OK) {
        rf_measure measure = {.stored = 1};
        cr_expect_geq(entry.offset, end);
        if (entry.kind == RF_ENTRY_KEY)
            cr_assert_eq(rf_measure_key(&entry, &measure, &error), RF_OK);
        cr_expect(measure.stored > 0 && measure.stored < 1000, "stored: %llu",
                  (unsigned long long)measure.stored);
        end = entry.offset;
    }
    cr_assert_eq(code, RF_END, "%s", error.message);
    rf_reader_position(reader, &decoded, &read);
    cr_expect_gt(decoded, end);
    cr_expect_eq(read, file.len);
    rf_reader_close(reader);
}

Test(dragonfly, offsets)
{
    static const char *const hex[] = {
        "e0 01000000 08000000 04 0168 02 0161 0162 " KEY KEY KEY "e0 01000000 04000000 0163 0164 " KEY,
        "e0 01000000 13000000 02 0173 03 0161 0c616161616161616161616161 " KEY KEY KEY KEY KEY KEY KEY
        "e0 01000000 02000000 0162 " KEY};
    struct build b = {0};
    put_blocks(&b);
    expect_offsets(built(&b));
    build_free(&b);
    for (size_t i = 0; i < 2; i++) {
        put_file(&b, hex[i]);
        expect_offsets(built(&b));
        build_free(&b);
    }
}

static void expect_bad_block(enum codec codec, rf_slice content, const char *after, const char *more,
                             const char *message)
{
    struct build b = {0};
    struct buffer text = {0};
    rf_error error;
    put_bytes(&b, SLICE(MAGIC));
    put_hex(&b, VER);
    put_block(&b, codec, content, after);
    put_hex(&b, more);
    put_end(&b);
    rf_code code = run_read(built(&b), 0, &text, &error);
    cr_expect(code == RF_E_CORRUPT || code == RF_E_COMPRESSED, "%s: %s", message, error.message);
    cr_expect(strstr(error.message, message), "'%s' is not in '%s'", message, error.message);
    buffer_free(&text);
    build_free(&b);
}

Test(dragonfly, blocks_that_are_refused)
{
    static const enum codec codecs[] = {ZSTD, LZ4};
    for (size_t i = 0; i < 2; i++) {
        struct build nested = {0};
        expect_bad_block(codecs[i], slice_of("\0\1k\3v", 5), "", "7878" KEY, "crosses the end");
        expect_bad_block(codecs[i], slice_of("\0\1k\1v", 5), "x", KEY, "data after its frame");
        put_hex_block(&nested, codecs[i], KEY);
        expect_bad_block(codecs[i], built(&nested), "", KEY, "inside of another one");
        build_free(&nested);
        size_t large = (size_t)65 << 20;
        uint8_t *zeros = calloc(1, large);
        cr_assert(zeros);
        expect_bad_block(codecs[i], slice_of(zeros, large), "", KEY, "expands to more than 64 MiB");
        free(zeros);
    }
    expect_refused("c9 05 28b52ffd00", RF_E_COMPRESSED, "compressed block: ");
    expect_refused("ca 00", RF_E_COMPRESSED, "compressed block: truncated");
    expect_refused("ca 08 0000000000000000", RF_E_COMPRESSED, "compressed block: lz4");
}

/* Batches of keys end where a block does. */
Test(dragonfly, many_blocks)
{
    struct build b = {0}, content = {0};
    struct buffer text = {0};
    rf_error error;
    put_bytes(&b, SLICE(MAGIC));
    put_hex(&b, VER);
    for (int i = 0; i < 300; i++) {
        content.bytes.len = 0;
        for (int j = 0; j < 20; j++) {
            char name[32];
            snprintf(name, sizeof name, "key:%d:%d", i, j);
            put_u8(&content, 0);
            put_str(&content, name);
            put_str(&content, "value value value value");
        }
        put_block(&b, i % 2 ? ZSTD : LZ4, built(&content), "");
        put_hex(&b, i % 3 ? "" : "fe00");
    }
    put_end(&b);
    cr_assert_eq(run_read(built(&b), 0, &text, &error), RF_OK, "%s", error.message);
    size_t keys = 0;
    for (const char *at = record_end(&text); (at = strstr(at, "key 0 ")); at++)
        keys++;
    cr_expect_eq(keys, 6000);
    buffer_free(&text);
    build_free(&content);
    build_free(&b);
}

/* --- for others --------------------------------------------------------------------------------------- */

static void expect_commands(const char *hex, const struct encoder_options *options, const char *expected)
{
    struct build b = {0};
    struct buffer out = {0}, text = {0};
    rf_error error;
    put_file(&b, hex);
    rf_code code = run_encode(built(&b), 0, options, &out, &error);
    cr_assert_eq(code, RF_OK, "%s", error.message);
    resp_as_text(buffer_slice(&out), &text);
    cr_assert(buffer_append(&text, slice_of("", 1)));
    cr_expect_str_eq((const char *)text.data, expected);
    buffer_free(&out);
    buffer_free(&text);
    build_free(&b);
}

Test(dragonfly, json_as_commands)
{
    const struct encoder_options redis = {.target = {RF_REDIS, 7, 4}},
                                 with_module = {.target = {RF_REDIS, 7, 4}, .json = true},
                                 dragonfly = {.target = {RF_DRAGONFLY, 1, 0}};
    expect_commands("1e 016a 027b7d", &redis, "SELECT 0\nSET j {}\n");
    expect_commands("1e 016a 027b7d", &with_module, "SELECT 0\nJSON.SET j $ {}\n");
    expect_commands("1e 016a 027b7d", &dragonfly, "SELECT 0\nJSON.SET j $ {}\n");
    expect_commands("1f 0168 01 0166 0176 c005", &redis,
                    "SELECT 0\nHMSET h f v\nHPEXPIREAT h 1675209605000 FIELDS 1 f\n");
}

/* Converts to an RDB, and reads that. */
static rf_code convert(const char *hex, const rf_sink_options *options, struct buffer *text, rf_error *error)
{
    struct scratch scratch;
    struct build b = {0};
    rf_sink *sink;
    scratch_make(&scratch);
    put_file(&b, hex);
    cr_assert_eq(rf_sink_open_rdb(scratch_path(&scratch, "out"), false, options, &sink, error), RF_OK);
    rf_code code = run_sink(built(&b), 0, sink, error);
    if (code == RF_OK) {
        rf_slice out = scratch_read(&scratch, "out");
        cr_assert_eq(run_read(out, 0, text, error), RF_OK, "%s", error->message);
        record_end(text);
        exact_free(out);
    }
    build_free(&b);
    scratch_remove(&scratch);
    return code;
}

static void expect_converted(const char *hex, const rf_sink_options *options, const char *expected)
{
    struct buffer text = {0};
    rf_error error;
    cr_assert_eq(convert(hex, options, &text, &error), RF_OK, "%s", error.message);
    cr_expect(strstr((const char *)text.data, expected), "'%s' is not in '%s'", expected,
              (const char *)text.data);
    buffer_free(&text);
}

static void expect_not_converted(const char *hex, const rf_sink_options *options, const char *message)
{
    struct buffer text = {0};
    rf_error error;
    cr_expect_eq(convert(hex, options, &text, &error), RF_E_INCOMPATIBLE, "%s", hex);
    cr_expect(strstr(error.message, message), "'%s' is not in '%s'", message, error.message);
    buffer_free(&text);
}

#define HASH      "1f 0168 02 0166 0176 c005 0167 0177 c0ff"
#define SET       "20 0173 02 0161 c007 0162 c0ff"
#define SET_TEXT  "key 0 s set\nmember a @1675209607000\nmember b\n"
#define HASH_TEXT "key 0 h hash\nfield f v @1675209605000\nfield g w\n"

Test(dragonfly, to_other_servers)
{
    const rf_sink_options redis = {.target = {RF_REDIS, 7, 4}, .saved_at = -1},
                          module = {.target = {RF_REDIS, 7, 4}, .saved_at = -1, .json = true},
                          old = {.target = {RF_REDIS, 6, 2}, .saved_at = -1},
                          valkey = {.target = {RF_VALKEY, 9, 0}, .saved_at = -1},
                          newest = {.target = {RF_REDIS, 8, 12}, .saved_at = -1},
                          own = {.target = {RF_DRAGONFLY, 1, 0}, .saved_at = -1};
    expect_converted(HASH, &redis, HASH_TEXT);
    expect_converted(HASH, &valkey, HASH_TEXT);
    expect_converted(HASH, &own, HASH_TEXT);
    expect_not_converted(HASH, &old, "hash field expiry");
    expect_converted("1e 016a 027b7d", &redis, "key 0 j string\nstring {}\n");
    expect_converted("1e 016a 027b7d", &own, "key 0 j string\nstring {}\n");
    expect_converted("1e 016a 027b7d", &module, "key 0 j module\nmodule ReJSON-RL 3\n");
    expect_converted(SET, &own, SET_TEXT);
    expect_not_converted(SET, &redis, "set member expiry");
    expect_not_converted(SET, &valkey, "set member expiry");
    expect_converted(SET, &newest, SET_TEXT);
    expect_not_converted("23 0164 01 01 05 0100000000000000", &redis, "a count-min sketch of Dragonfly");
}

/* Byte for byte what Redis Stack has saved of this document. */
Test(dragonfly, json_is_that_of_the_module)
{
    static const char saved[] = "\x07\x08json-str\x81\x45\xe2\x52\x38\xdf\x91\x2c\x03\x05\x07\"hello\"";
    const rf_sink_options options = {.target = {RF_REDIS, 7, 2}, .saved_at = -1, .json = true};
    struct scratch scratch;
    struct build b = {0};
    rf_sink *sink;
    rf_error error;
    scratch_make(&scratch);
    put_file(&b, "1e 08 6a736f6e2d737472 07 2268656c6c6f22");
    cr_assert_eq(rf_sink_open_rdb(scratch_path(&scratch, "out"), false, &options, &sink, &error), RF_OK);
    cr_assert_eq(run_sink(built(&b), 0, sink, &error), RF_OK, "%s", error.message);
    rf_slice out = scratch_read(&scratch, "out");
    cr_expect(memmem(out.ptr, out.len, saved, sizeof saved)); /* the NUL is the end of its items */
    exact_free(out);
    build_free(&b);
    scratch_remove(&scratch);
}

static rf_code to_dragonfly(const char *magic, const char *hex, rf_error *error)
{
    static const rf_sink_options own = {.target = {RF_DRAGONFLY, 1, 0}, .saved_at = -1};
    struct scratch scratch;
    struct build b = {0};
    rf_sink *sink;
    scratch_make(&scratch);
    put_bytes(&b, slice_of(magic, strlen(magic)));
    put_hex(&b, hex);
    put_end(&b);
    cr_assert_eq(rf_sink_open_rdb(scratch_path(&scratch, "out"), false, &own, &sink, error), RF_OK);
    rf_code code = run_sink(built(&b), 0, sink, error);
    if (code == RF_OK) {
        rf_slice out = scratch_read(&scratch, "out");
        cr_expect_eq(memcmp(out.ptr, "REDIS0012\xfa\6df-ver", 17), 0);
        exact_free(out);
    }
    build_free(&b);
    scratch_remove(&scratch);
    return code;
}

/* What its loader refuses, or skips without a word. */
Test(dragonfly, from_other_servers)
{
    rf_error error;
    cr_expect_eq(to_dragonfly("REDIS0009", "fd 02000000" KEY, &error), RF_OK);
    cr_expect_eq(to_dragonfly("REDIS0010", "f5 0a 23216c7561206e3d310a", &error), RF_E_INCOMPATIBLE);
    cr_expect_eq(to_dragonfly("REDIS0009", "f7 81bde72da2bb1eb400 02 01 00", &error), RF_E_INCOMPATIBLE);
    cr_expect_eq(to_dragonfly("REDIS0009", "07 016d 81bde72da2bb1eb400 00", &error), RF_E_INCOMPATIBLE);
    cr_expect(strstr(error.message, "a module value other than JSON"), "%s", error.message);
    cr_expect_eq(to_dragonfly("REDIS0009", "07 016d 8145e25238df912c03 05 027b7d 00", &error), RF_OK);
    /* seconds from 2023-02-01 are expressed, others not */
    cr_expect_eq(to_dragonfly("VALKEY080", "16 0168 01 0166 0176 00d8c32cbb030000", &error), RF_OK, "%s",
                 error.message);
    cr_expect_eq(to_dragonfly("VALKEY080", "16 0168 01 0166 0176 01d8c32cbb030000", &error),
                 RF_E_INCOMPATIBLE);
    cr_expect_eq(to_dragonfly("REDIS0015", "1c 0161 01 00 00 01 05", &error), RF_E_INCOMPATIBLE);
}
