/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "io/source.h"
#include "support/exact.h"
#include "support/scratch.h"
#include "support/stream.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const size_t steps[] = {1, 2, 3, 7, 4096};

#define MARK "0123456789abcdef0123456789abcdef01234567"

/* Reads `input` from memory in blocks of `step`. */
static rf_code decode(rf_slice input, size_t step, struct buffer *out, char layers[64], rf_error *error)
{
    rf_source *source;
    rf_code code = rf_source_open_memory(input.ptr, input.len, "input", &source, error);
    layers[0] = '\0';
    if (code == RF_OK) {
        snprintf(layers, 64, "%s", rf_source_layers(source));
        code = source_read_all(source, step, out, error);
    }
    rf_source_close(source);
    return code;
}

static rf_code decode_dribble(rf_slice input, size_t step, struct buffer *out, rf_error *error)
{
    rf_source *source;
    rf_code code = source_open_dribble(input, step, &source, error);
    if (code == RF_OK)
        code = source_read_all(source, 4096, out, error);
    rf_source_close(source);
    return code;
}

static void expect_bytes(struct buffer *out, rf_slice expected)
{
    cr_assert_eq(out->len, expected.len, "%zu bytes: %.*s", out->len, (int)out->len, (char *)out->data);
    cr_assert(slice_equal(buffer_slice(out), expected));
    buffer_free(out);
}

/* Whatever the sizes of reads above and below, `input` is `expected` under `layers`. */
static void expect_decoded(rf_slice input, const char *layers, rf_slice expected)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct buffer out = {0};
        rf_error error = {0};
        char found[64];
        cr_assert_eq(decode(input, steps[i], &out, found, &error), RF_OK, "%s", error.message);
        cr_assert_str_eq(found, layers);
        expect_bytes(&out, expected);
        cr_assert_eq(decode_dribble(input, steps[i], &out, &error), RF_OK, "%s", error.message);
        expect_bytes(&out, expected);
    }
}

static void expect_failure(rf_slice input, rf_code expected)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct buffer out = {0};
        rf_error error = {0};
        char layers[64];
        cr_assert_eq(decode(input, steps[i], &out, layers, &error), expected, "%s", error.message);
        cr_assert_eq(error.code, expected);
        cr_assert_str_eq(error.input, "input");
        cr_assert_eq(error.offset, (int64_t)out.len);
        cr_assert_geq(error.file_offset, 0);
        cr_assert_leq(error.file_offset, (int64_t)input.len);
        buffer_free(&out);
    }
}

/* Every cut of at least `from` bytes is an error. */
static void expect_cuts_fail(rf_slice input, size_t from)
{
    for (size_t len = from; len < input.len; len++) {
        struct buffer out = {0};
        rf_error error = {0};
        char layers[64];
        rf_code code = decode(slice_of(input.ptr, len), 4096, &out, layers, &error);
        cr_assert(code == RF_E_TRUNCATED || code == RF_E_COMPRESSED, "cut at %zu of %zu: %d", len, input.len,
                  code);
        buffer_free(&out);
    }
}

static void append(struct buffer *out, const char *text)
{
    cr_assert(buffer_append(out, slice_of(text, strlen(text))));
}

static void append_slice(struct buffer *out, rf_slice bytes)
{
    cr_assert(buffer_append(out, bytes));
}

/* --- files ------------------------------------------------------------------------------------------- */

Test(source, plain_data_has_no_layers)
{
    const char *const plain[] = {"", "R", "REDIS0011", "*1\r\n$4\r\nPING\r\n", "#TS:1\r\n", "\x1f", "\n\n"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        expect_decoded(slice_of(plain[i], strlen(plain[i])), "", slice_of(plain[i], strlen(plain[i])));
}

Test(source, reads_a_file)
{
    struct scratch scratch;
    struct buffer out = {0};
    rf_source *source;
    rf_error error;
    rf_slice bytes = sample_bytes(300000, 1);
    scratch_make(&scratch);
    scratch_write(&scratch, "in", bytes);
    const char *path = scratch_path(&scratch, "in");
    cr_assert_eq(rf_source_open(path, &source, &error), RF_OK);
    cr_assert_eq(rf_source_size(source), 300000);
    cr_assert_str_eq(source_name(source), path);
    cr_assert_eq(source_read_all(source, 5000, &out, &error), RF_OK);
    cr_assert_eq(source_file_position(source), 300000);
    expect_bytes(&out, bytes);
    rf_source_close(source);
    scratch_remove(&scratch);
    exact_free(bytes);
}

/* The reader asks for it while the bytes are read ahead. */
Test(source, end_is_accessible_after_reading)
{
    struct buffer out = {0};
    rf_source *source;
    rf_error error;
    uint8_t tail[4];
    cr_assert_eq(rf_source_open_memory("0123456789", 10, "input", &source, &error), RF_OK);
    cr_assert_eq(source_read_all(source, 4096, &out, &error), RF_OK);
    cr_assert(source_tail(source, tail, sizeof tail));
    cr_expect_arr_eq(tail, "6789", sizeof tail);
    expect_bytes(&out, SLICE("0123456789"));
    rf_source_close(source);
}

Test(source, errors_name_the_input)
{
    rf_source *source;
    rf_error error;
    cr_assert_eq(rf_source_open("/nonexistent/dump.rdb", &source, &error), RF_E_READ);
    cr_assert_null(source);
    cr_assert_str_eq(error.input, "/nonexistent/dump.rdb");
    cr_assert(strstr(error.message, strerror(ENOENT)));
    cr_assert_eq(rf_source_open("/", &source, &error), RF_E_READ);
    cr_assert_null(source);
    cr_assert(strstr(error.message, strerror(EISDIR)));
    cr_assert_eq(rf_source_open_fd(-1, "stdin", &source, &error), RF_E_READ);
    cr_assert_str_eq(error.input, "stdin");
}

Test(source, stop_ends_a_wait, .timeout = 20)
{
    rf_source *source;
    rf_error error;
    uint8_t byte[16];
    size_t n;
    int fds[2];
    cr_assert_eq(pipe(fds), 0);
    cr_assert_eq(write(fds[1], "REDIS0011", 9), 9);
    cr_assert_eq(rf_source_open_fd(fds[0], "pipe", &source, &error), RF_OK);
    cr_assert_eq(rf_source_size(source), -1);
    cr_assert_eq(source_read(source, byte, sizeof byte, &n, &error), RF_OK);
    cr_assert_eq(n, 9);
    source_stop(source);
    cr_assert_eq(source_read(source, byte, sizeof byte, &n, &error), RF_E_READ);
    rf_source_close(source);
    close(fds[0]);
    close(fds[1]);
}

/* --- gzip -------------------------------------------------------------------------------------------- */

Test(source, gzip_members)
{
    rf_slice bytes = sample_bytes(5000, 2);
    struct buffer packed = {0};
    gzip_append(&packed, slice_of(bytes.ptr, 3000));
    expect_cuts_fail(buffer_slice(&packed), 3);
    expect_decoded(buffer_slice(&packed), "gzip", slice_of(bytes.ptr, 3000));
    size_t first = packed.len;
    gzip_append(&packed, slice_of(bytes.ptr, 0));
    gzip_append(&packed, slice_of(bytes.ptr + 3000, 2000));
    expect_decoded(buffer_slice(&packed), "gzip", bytes);
    expect_failure(slice_of(packed.data, first + 1), RF_E_TRUNCATED);
    append_slice(&packed, slice_of("\0\0\0\0\0", 5));
    expect_decoded(buffer_slice(&packed), "gzip", bytes);
    append(&packed, "x");
    expect_failure(buffer_slice(&packed), RF_E_COMPRESSED);
    buffer_free(&packed);
    exact_free(bytes);
}

Test(source, gzip_damage)
{
    rf_slice bytes = sample_bytes(3000, 3);
    struct buffer packed = {0};
    gzip_append(&packed, bytes);
    packed.data[packed.len - 6] ^= 1; /* in its checksum */
    expect_failure(buffer_slice(&packed), RF_E_COMPRESSED);
    buffer_free(&packed);
    exact_free(bytes);
}

/* --- lz4 --------------------------------------------------------------------------------------------- */

Test(source, lz4_frames)
{
    rf_slice bytes = sample_bytes(5000, 4);
    struct buffer packed = {0};
    lz4_append(&packed, slice_of(bytes.ptr, 3000));
    expect_cuts_fail(buffer_slice(&packed), 4);
    expect_decoded(buffer_slice(&packed), "lz4", slice_of(bytes.ptr, 3000));
    lz4_append_skippable(&packed, SLICE("what some tool has to say"));
    lz4_append_skippable(&packed, SLICE(""));
    lz4_append(&packed, slice_of(bytes.ptr, 0));
    lz4_append(&packed, slice_of(bytes.ptr + 3000, 2000));
    expect_decoded(buffer_slice(&packed), "lz4", bytes);
    append(&packed, "garbage");
    expect_failure(buffer_slice(&packed), RF_E_COMPRESSED);
    buffer_free(&packed);
    exact_free(bytes);
}

Test(source, lz4_skippable_frame_first)
{
    rf_slice bytes = sample_bytes(2000, 5);
    struct buffer packed = {0};
    lz4_append_skippable(&packed, SLICE("skipped"));
    size_t skippable = packed.len;
    expect_cuts_fail(buffer_slice(&packed), 4);
    lz4_append(&packed, bytes);
    expect_cuts_fail(buffer_slice(&packed), skippable + 1);
    expect_decoded(buffer_slice(&packed), "lz4", bytes);
    packed.data[packed.len - 1] ^= 1;
    expect_failure(buffer_slice(&packed), RF_E_COMPRESSED);
    buffer_free(&packed);
    exact_free(bytes);
}

/* --- zstd -------------------------------------------------------------------------------------------- */

Test(source, zstd_frames)
{
    rf_slice bytes = sample_bytes(5000, 4);
    struct buffer packed = {0};
    zstd_append(&packed, slice_of(bytes.ptr, 3000));
    expect_cuts_fail(buffer_slice(&packed), 4);
    expect_decoded(buffer_slice(&packed), "zstd", slice_of(bytes.ptr, 3000));
    lz4_append_skippable(&packed, SLICE("skipped"));
    zstd_append(&packed, slice_of(bytes.ptr, 0));
    zstd_append(&packed, slice_of(bytes.ptr + 3000, 2000));
    expect_decoded(buffer_slice(&packed), "zstd", bytes);
    packed.data[packed.len - 1] ^= 1;
    expect_failure(buffer_slice(&packed), RF_E_COMPRESSED);
    packed.data[packed.len - 1] ^= 1;
    append(&packed, "garbage");
    expect_failure(buffer_slice(&packed), RF_E_COMPRESSED);
    buffer_free(&packed);
    exact_free(bytes);
}

/* More than a block of the decoder in few bytes: output remains when the input has ended. */
Test(source, zstd_expands)
{
    enum { SIZE = 3000000 };
    uint8_t *zeros = calloc(1, SIZE);
    struct buffer packed = {0}, out = {0};
    rf_error error;
    char layers[64];
    zstd_append(&packed, slice_of(zeros, SIZE));
    cr_assert_lt(packed.len, 1000);
    cr_assert_eq(decode(buffer_slice(&packed), 1000, &out, layers, &error), RF_OK);
    expect_bytes(&out, slice_of(zeros, SIZE));
    buffer_free(&packed);
    free(zeros);
}

/* As pzstd writes it; lz4 allows the same. */
Test(source, zstd_skippable_frame_first)
{
    rf_slice bytes = sample_bytes(2000, 5);
    struct buffer packed = {0};
    lz4_append_skippable(&packed, SLICE("skipped"));
    lz4_append_skippable(&packed, SLICE(""));
    zstd_append(&packed, bytes);
    expect_decoded(buffer_slice(&packed), "zstd", bytes);
    buffer_free(&packed);
    exact_free(bytes);
}

/* More than is examined at first: the frame after them says what it is. */
Test(source, large_skippable_frames_first)
{
    static void (*const appends[])(struct buffer * out, rf_slice bytes) = {zstd_append, lz4_append};
    static const char *const names[] = {"zstd", "lz4"};
    enum { LARGE = 70000 };
    rf_slice bytes = sample_bytes(2000, 5), skipped = sample_bytes(LARGE, 6);
    for (size_t i = 0; i < 2; i++) {
        struct buffer packed = {0};
        lz4_append_skippable(&packed, SLICE("small"));
        for (size_t j = 0; j < 3; j++)
            lz4_append_skippable(&packed, skipped);
        expect_failure(slice_of(packed.data, packed.len - 1), RF_E_TRUNCATED);
        expect_decoded(buffer_slice(&packed), "", slice_of(bytes.ptr, 0));
        appends[i](&packed, bytes);
        expect_decoded(buffer_slice(&packed), names[i], bytes);
        buffer_free(&packed);
    }
    struct buffer plain = {0};
    lz4_append_skippable(&plain, skipped);
    append(&plain, "REDIS0009");
    expect_failure(buffer_slice(&plain), RF_E_COMPRESSED);
    buffer_free(&plain);
    exact_free(bytes);
    exact_free(skipped);
}

/* --- the envelope of Valkey -------------------------------------------------------------------------- */

enum { ENVELOPE = 7 };

static void append_envelope(struct buffer *out, uint8_t codec)
{
    const uint8_t envelope[ENVELOPE] = {'V', 'C', 'S', 1, codec, 0, 1};
    append_slice(out, slice_of(envelope, ENVELOPE));
}

static const struct {
    uint8_t codec;
    void (*append)(struct buffer *out, rf_slice bytes);
} codecs[] = {{1, lz4_append}, {2, zstd_append}};

static bool replaces_checksum(rf_slice input)
{
    rf_source *source;
    rf_error error;
    cr_assert_eq(rf_source_open_memory(input.ptr, input.len, "input", &source, &error), RF_OK);
    bool replaces = source_replaces_checksum(source);
    rf_source_close(source);
    return replaces;
}

/* What follows the frame is passed on, even another frame. */
Test(source, vcs)
{
    rf_slice bytes = sample_bytes(200000, 8);
    for (size_t i = 0; i < 2; i++) {
        struct buffer packed = {0}, expected = {0};
        append_envelope(&packed, codecs[i].codec);
        codecs[i].append(&packed, slice_of(bytes.ptr, 3000));
        expect_cuts_fail(buffer_slice(&packed), ENVELOPE);
        expect_decoded(buffer_slice(&packed), "vcs", slice_of(bytes.ptr, 3000));
        cr_assert(replaces_checksum(buffer_slice(&packed)));
        append_slice(&expected, slice_of(bytes.ptr, 3000));
        append(&packed, "*1\r\n$4\r\nPING\r\n");
        append(&expected, "*1\r\n$4\r\nPING\r\n");
        expect_decoded(buffer_slice(&packed), "vcs", buffer_slice(&expected));
        if (codecs[i].append == zstd_append) { /* whose header has no checksum of its own */
            packed.data[ENVELOPE + 4] &= ~4;
            cr_assert_not(replaces_checksum(buffer_slice(&packed)));
        }
        buffer_free(&packed);
        buffer_free(&expected);
    }
    exact_free(bytes);
}

Test(source, vcs_damage)
{
    rf_slice bytes = sample_bytes(3000, 9);
    for (size_t i = 0; i < 2; i++) {
        struct buffer packed = {0};
        append_envelope(&packed, codecs[i].codec);
        codecs[i].append(&packed, bytes);
        packed.data[packed.len - 1] ^= 1; /* in its checksum */
        expect_failure(buffer_slice(&packed), RF_E_COMPRESSED);
        buffer_free(&packed);
    }
    exact_free(bytes);
}

/* No byte of the envelope may have another value. */
Test(source, vcs_of_another_kind)
{
    static const uint8_t others[][2] = {{3, 0}, {3, 2}, {4, 0}, {4, 3}, {4, 255}, {5, 1}, {6, 0}, {6, 2}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct buffer packed = {0};
        append_envelope(&packed, 1);
        lz4_append(&packed, SLICE("REDIS0011"));
        packed.data[others[i][0]] = others[i][1];
        expect_failure(buffer_slice(&packed), RF_E_UNSUPPORTED);
        buffer_free(&packed);
    }
    for (size_t n = 1; n < ENVELOPE; n++)
        expect_decoded(slice_of("VCS\1\1\0\1", n), "", slice_of("VCS\1\1\0\1", n));
}

Test(source, vcs_in_a_capture)
{
    struct buffer frame = {0}, capture = {0};
    append_envelope(&frame, 2);
    zstd_append(&frame, SLICE("REDIS0011"));
    append(&capture, "$EOF:" MARK "\r\n");
    append_slice(&capture, buffer_slice(&frame));
    append(&capture, MARK "*1\r\n$4\r\nPING\r\n");
    expect_decoded(buffer_slice(&capture), "capture, vcs", SLICE("REDIS0011*1\r\n$4\r\nPING\r\n"));
    buffer_free(&frame);
    buffer_free(&capture);
}

/* --- replication captures ---------------------------------------------------------------------------- */

Test(source, capture_of_known_length)
{
    const char *const heads[] = {"$10\r\n", "\n\n\n$10\r\n", "+FULLRESYNC 8371b4 123\r\n\n\n$10\r\n",
                                 "\n+CONTINUE\r\n$10\r\n"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct buffer input = {0};
        append(&input, heads[i]);
        size_t head = input.len;
        append(&input, "REDIS00111");
        expect_decoded(buffer_slice(&input), "capture", SLICE("REDIS00111"));
        for (size_t len = head; len < input.len; len++)
            expect_failure(slice_of(input.data, len), RF_E_TRUNCATED);
        append(&input, "*1\r\n$4\r\nPING\r\n");
        expect_decoded(buffer_slice(&input), "capture", SLICE("REDIS00111*1\r\n$4\r\nPING\r\n"));
        buffer_free(&input);
    }
}

Test(source, capture_with_a_mark)
{
    rf_slice rdb = sample_bytes(300, 6);
    struct buffer input = {0}, expected = {0};
    append(&input, "+FULLRESYNC 8371b4 123\r\n\n$EOF:" MARK "\r\n");
    size_t head = input.len;
    append_slice(&input, rdb);
    append(&input, "0123456789abcdef0123"); /* the mark begins, but it is not */
    append(&input, MARK);
    expect_cuts_fail(buffer_slice(&input), head);
    append_slice(&expected, rdb);
    append(&expected, "0123456789abcdef0123");
    expect_decoded(buffer_slice(&input), "capture", buffer_slice(&expected));
    append(&input, "*1\r\n$4\r\nPING\r\n" MARK);
    append(&expected, "*1\r\n$4\r\nPING\r\n" MARK);
    expect_decoded(buffer_slice(&input), "capture", buffer_slice(&expected));
    buffer_free(&input);
    buffer_free(&expected);
    exact_free(rdb);
}

/* The mark at every place around the end of the layer's own block. */
Test(source, capture_mark_anywhere)
{
    enum { BLOCK = 128 * 1024 };
    rf_slice rdb = sample_bytes(BLOCK + 100, 7);
    for (size_t len = BLOCK - 50; len < BLOCK + 50; len += 3) {
        struct buffer input = {0}, out = {0};
        rf_error error;
        char layers[64];
        append(&input, "$EOF:" MARK "\r\n");
        append_slice(&input, slice_of(rdb.ptr, len));
        append(&input, MARK);
        cr_assert_eq(decode(buffer_slice(&input), 50000, &out, layers, &error), RF_OK);
        expect_bytes(&out, slice_of(rdb.ptr, len));
        buffer_free(&input);
    }
    exact_free(rdb);
}

Test(source, what_is_no_capture)
{
    const char *const inputs[] = {
        "$",       "$abc\r\nREDIS", "$-1\r\nREDIS", "$10\nREDIS0011x",    ("$EOF:" MARK),
        "+OK\r\n", "\n\nREDIS0011", "+OK\r\n*1",    "$EOF:0123\r\nREDIS", "$10\r"};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        expect_decoded(slice_of(inputs[i], strlen(inputs[i])), "", slice_of(inputs[i], strlen(inputs[i])));
}

/* --- stacks ------------------------------------------------------------------------------------------ */

Test(source, layers_are_stacked)
{
    struct buffer capture = {0}, frame = {0}, member = {0};
    append(&capture, "$9\r\nREDIS0011");
    lz4_append(&frame, buffer_slice(&capture));
    gzip_append(&member, buffer_slice(&frame));
    expect_decoded(buffer_slice(&member), "gzip, lz4, capture", SLICE("REDIS0011"));
    buffer_free(&capture);
    buffer_free(&frame);
    buffer_free(&member);
}

Test(source, stacks_have_a_limit)
{
    struct buffer packed = {0};
    append(&packed, "REDIS0011");
    for (int depth = 1; depth <= 5; depth++) {
        struct buffer next = {0};
        gzip_append(&next, buffer_slice(&packed));
        buffer_free(&packed);
        packed = next;
        if (depth == 4)
            expect_decoded(buffer_slice(&packed), "gzip, gzip, gzip, gzip", SLICE("REDIS0011"));
    }
    expect_failure(buffer_slice(&packed), RF_E_FORMAT);
    buffer_free(&packed);
}
