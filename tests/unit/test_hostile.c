/* SPDX-License-Identifier: MIT */
/* Whole inputs, however they arrive, cut anywhere, damaged at random. */
#include "support/exact.h"
#include "support/record.h"
#include "support/run.h"
#include "support/samples.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

static const rf_server newest = {RF_REDIS, 8, 12};

/* A server that can be told everything in a sample. */
static rf_server target_of(const struct sample *sample)
{
    return sample->magic && *sample->magic == 'V' ? (rf_server){RF_VALKEY, 9, 0} : newest;
}

static void tell(rf_slice input, size_t block_size, struct buffer *text)
{
    rf_error error;
    rf_code code = run_read(input, block_size, text, &error);
    cr_assert_eq(code, RF_OK, "%s", error.message);
    record_end(text);
}

/* --- in blocks of any size --------------------------------------------------------------------------- */

typedef rf_code open_fn(const char *path, const rf_sink_options *options, rf_sink **out, rf_error *error);

static rf_code open_rdb(const char *path, const rf_sink_options *options, rf_sink **out, rf_error *error)
{
    return rf_sink_open_rdb(path, true, options, out, error);
}

/* What a sink makes of it; the caller's to free with exact_free(). */
static rf_slice convert(rf_slice input, size_t block_size, open_fn *open, const rf_sink_options *options)
{
    struct scratch scratch;
    rf_sink *sink;
    rf_error error;
    scratch_make(&scratch);
    cr_assert_eq(open(scratch_path(&scratch, "out"), options, &sink, &error), RF_OK);
    cr_assert_eq(run_sink(input, block_size, sink, &error), RF_OK, "%s", error.message);
    rf_slice out = scratch_read(&scratch, "out");
    scratch_remove(&scratch);
    return out;
}

Test(hostile, the_size_of_blocks_changes_nothing)
{
    static const size_t block_sizes[] = {1, 2, 3, 7, 64, 4096};
    static open_fn *const sinks[] = {rf_sink_open_aof, open_rdb};
    for (size_t i = 0; i < SAMPLES; i++) {
        struct build b = {0};
        struct buffer whole = {0};
        put_sample(&b, &samples[i]);
        tell(built(&b), 0, &whole);
        for (size_t j = 0; j < sizeof block_sizes / sizeof *block_sizes; j++) {
            struct buffer text = {0};
            tell(built(&b), block_sizes[j], &text);
            cr_expect_str_eq((const char *)text.data, (const char *)whole.data, "%s, %zu", samples[i].name,
                             block_sizes[j]);
            buffer_free(&text);
        }
        for (size_t k = 0; k < 4; k++) {
            rf_sink_options options = {.target = target_of(&samples[i]),
                                       .saved_at = -1,
                                       .drop_unsupported = true,
                                       .prefer_restore = k >= 2};
            rf_slice out = convert(built(&b), 0, sinks[k % 2], &options);
            for (size_t j = 0; j < sizeof block_sizes / sizeof *block_sizes; j++) {
                rf_slice same = convert(built(&b), block_sizes[j], sinks[k % 2], &options);
                cr_expect(slice_equal(out, same), "%s, %zu", samples[i].name, block_sizes[j]);
                exact_free(same);
            }
            exact_free(out);
        }
        buffer_free(&whole);
        build_free(&b);
    }
}

/* Takes the lines out that tell how many keys there are: an RDB made of another has its own. */
static void forget_counts(char *text)
{
    char *line;
    while ((line = strstr(text, "\ncounts ")) != NULL) {
        const char *rest = strchr(line + 1, '\n');
        memmove(line, rest, strlen(rest) + 1);
    }
}

/* An RDB made of an RDB says the same of its keys. */
Test(hostile, an_rdb_reads_back_the_same)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        struct build b = {0};
        struct buffer whole = {0}, again = {0};
        if (!samples[i].magic || strstr(samples[i].hex, "f2 05"))
            continue; /* templates become plain hashes */
        if (strstr(samples[i].hex, "64662d766572"))
            continue; /* Dragonfly has values that no other server has */
        if (strcmp(samples[i].magic, "REDIS0003") == 0)
            continue; /* without a checksum all is looked into, and empty keys are left out */
        put_sample(&b, &samples[i]);
        rf_sink_options options = {.target = target_of(&samples[i]), .saved_at = -1};
        rf_slice out = convert(built(&b), 0, open_rdb, &options);
        tell(built(&b), 0, &whole);
        tell(out, 0, &again);
        forget_counts((char *)whole.data);
        forget_counts((char *)again.data);
        const char *expected = strstr((const char *)whole.data, "key "),
                   *found = strstr((const char *)again.data, "key ");
        cr_assert(expected && found);
        cr_expect_str_eq(found, expected, "%s", samples[i].name);
        exact_free(out);
        buffer_free(&whole);
        buffer_free(&again);
        build_free(&b);
    }
}

/* --- cut --------------------------------------------------------------------------------------------- */

/* Into a file, which must then not be there. */
static void expect_no_output(rf_slice cut, open_fn *open, const struct scratch *scratch)
{
    rf_sink *sink;
    rf_error error;
    rf_sink_options options = {.target = newest, .saved_at = -1, .drop_unsupported = true};
    cr_assert_eq(open(scratch_path(scratch, "out"), &options, &sink, &error), RF_OK);
    cr_expect_neq(run_sink(cut, 64, sink, &error), RF_OK);
    cr_expect_eq(scratch_count(scratch), 0);
}

/* A beginning; of that of an annotation there is nothing to tell. */
static bool is_prefix(const char *part, const char *whole)
{
    return strncmp(part, whole, strlen(part)) == 0 || strcmp(part, "notice no_data\n") == 0;
}

static void cut_everywhere(const struct sample *sample, const struct scratch *scratch)
{
    struct build b = {0};
    struct buffer whole = {0};
    put_sample(&b, sample);
    tell(built(&b), 0, &whole);
    for (size_t len = 0; len < b.bytes.len; len++) {
        rf_slice cut = slice_of(b.bytes.data, len);
        struct buffer text = {0};
        rf_error error;
        rf_code code = run_read(cut, 64, &text, &error);
        if (code == RF_OK) {
            cr_expect(sample->commands && is_prefix(record_end(&text), (const char *)whole.data),
                      "%s is taken for whole when it is cut at %zu", sample->name, len);
        } else {
            cr_expect(code == RF_E_TRUNCATED || code == RF_E_FORMAT, "%s, cut at %zu: %s", sample->name, len,
                      error.message);
            cr_expect(code == RF_E_FORMAT || error.offset >= 0, "%s, cut at %zu: no offset", sample->name,
                      len);
            cr_expect(error.offset <= (int64_t)len, "%s, cut at %zu: offset %lld", sample->name, len,
                      (long long)error.offset);
            cr_expect_eq(error.file_offset, error.offset);
            cr_expect_neq(run_read(cut, 4096, NULL, &error), RF_OK, "%s, cut at %zu, skipped", sample->name,
                          len);
            if (len % 16 == 0) {
                expect_no_output(cut, rf_sink_open_aof, scratch);
                expect_no_output(cut, open_rdb, scratch);
            }
        }
        buffer_free(&text);
    }
    buffer_free(&whole);
    build_free(&b);
}

Test(hostile, cut_anywhere)
{
    struct scratch scratch;
    scratch_make(&scratch);
    for (size_t i = 0; i < SAMPLES; i++)
        cut_everywhere(&samples[i], &scratch);
    scratch_remove(&scratch);
}

/* --- damaged ----------------------------------------------------------------------------------------- */

/* Overwrites, takes out or puts in a few bytes. */
static void damage(struct buffer *bytes, uint64_t *random)
{
    static const uint8_t wicked[] = {0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xf0, 0xfe, 0xff};
    for (uint64_t n = 1 + next_random(random) % 4; n > 0; n--) {
        size_t at = next_random(random) % bytes->len;
        uint8_t byte = next_random(random) % 2 ? wicked[next_random(random) % sizeof wicked]
                                               : (uint8_t)next_random(random);
        switch (next_random(random) % 4) {
        case 0:
            memmove(bytes->data + at, bytes->data + at + 1, bytes->len - at - 1);
            bytes->len--;
            break;
        case 1:
            cr_assert(buffer_append(bytes, slice_of("", 1)));
            memmove(bytes->data + at + 1, bytes->data + at, bytes->len - at - 1);
            bytes->data[at] = byte;
            break;
        default: bytes->data[at] = byte;
        }
    }
}

static rf_code check(rf_slice input, rf_error *error)
{
    rf_sink *sink;
    cr_assert_eq(rf_sink_open_null(&sink, error), RF_OK);
    return run_sink(input, 4096, sink, error);
}

/* Whatever is found is found alike by all who look at everything; nothing asks for the moon. */
static void read_damaged(rf_slice input)
{
    static const struct encoder_options all = {.target = {RF_REDIS, 8, 10}, .drop_unsupported = true},
                                        old = {.target = {RF_REDIS, 6, 0},
                                               .drop_unsupported = true,
                                               .prefer_restore = true};
    rf_error error, other;
    struct buffer text = {0};
    rf_code code = check(input, &error);
    cr_expect(code == RF_OK || code == RF_E_FORMAT || error.offset >= 0, "%s", error.message);
    cr_expect(code == RF_OK || error.offset <= (int64_t)input.len, "%s", error.message);
    cr_expect_neq(code, RF_E_MEMORY);
    const rf_code in_pieces = run_read(input, 7, &text, &other);
    if (code == RF_E_FORMAT) /* the first few bytes may not show what was done to it */
        cr_expect_neq(in_pieces, RF_OK);
    else if (code != RF_E_DUPLICATE) /* not everybody asks */
        cr_expect_eq(in_pieces, code, "%s", other.message);
    cr_expect_eq(run_encode(input, 4096, &all, NULL, &other) == RF_OK, code == RF_OK, "%s", other.message);
    run_encode(input, 4096, &old, NULL, &other);
    run_read(input, 4096, NULL, &other);
    buffer_free(&text);
}

Test(hostile, damaged_at_random)
{
    enum { ROUNDS = 300 };
    const char *chosen = getenv("HOSTILE_SEED");
    uint64_t seed = chosen ? strtoull(chosen, NULL, 10) : (uint64_t)time(NULL);
    fprintf(stderr, "HOSTILE_SEED=%llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < SAMPLES; i++) {
        struct build b = {0};
        uint64_t random = (seed + i) * 2 + 1;
        put_sample(&b, &samples[i]);
        for (int round = 0; round < ROUNDS; round++) {
            struct buffer bytes = {0};
            cr_assert(buffer_append(&bytes, built(&b)));
            damage(&bytes, &random);
            read_damaged(buffer_slice(&bytes));
            buffer_free(&bytes);
        }
        build_free(&b);
    }
}
