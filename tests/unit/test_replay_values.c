/* SPDX-License-Identifier: MIT */
/* A value as one payload, taken out of the block it lies in, and as commands that are counted: both over all
 * types, with blocks of all sizes. */
#include "base/bytes.h"
#include "command/encoder.h"
#include "rdb/dump_payload.h"
#include "support/exact.h"
#include "support/record.h"
#include "support/run.h"
#include "support/samples.h"
#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(replay_values, .timeout = 120);

/* Calls `check` with every key of a sample, read in blocks of this size. */
static size_t for_each_key(size_t sample, size_t block_size, void (*check)(void *ctx, rf_entry *key),
                           void *ctx)
{
    struct build b = {0};
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    rf_error error;
    rf_code code;
    size_t keys = 0;
    put_sample(&b, &samples[sample]);
    rf_reader_options options = {.block_size = block_size};
    cr_assert_eq(rf_source_open_memory(built(&b).ptr, built(&b).len, "sample", &source, &error), RF_OK);
    cr_assert_eq(rf_reader_open(source, &options, &reader, &error), RF_OK);
    while ((code = rf_reader_next(reader, &entry, &error)) == RF_OK)
        if (entry.kind == RF_ENTRY_KEY) {
            check(ctx, &entry);
            keys++;
        }
    cr_assert_eq(code, RF_END, "%s: %s", samples[sample].name, error.message);
    rf_reader_close(reader);
    build_free(&b);
    return keys;
}

static const size_t block_sizes[] = {1, 2, 3, 7, 4096};

/* --- payloads ------------------------------------------------------------------------------------------- */

enum { PAYLOADS_MAX = 64 };

struct payloads {
    struct buffer put[PAYLOADS_MAX], text[PAYLOADS_MAX]; /* as dump_payload_put() has it; and what is in it */
    size_t count, at, taken;
    size_t most;
};

static rf_code append_bytes(void *ctx, rf_slice bytes)
{
    return buffer_append(ctx, bytes) ? RF_OK : RF_E_MEMORY;
}

static void put_payload(void *ctx, rf_entry *key)
{
    struct payloads *p = ctx;
    rf_error error;
    cr_assert_lt(p->count, PAYLOADS_MAX);
    cr_assert_eq(dump_payload_put(key, append_bytes, &p->put[p->count], &error), RF_OK, "%s", error.message);
    p->count++;
}

static void walk(void *ctx, rf_entry *key)
{
    struct payloads *p = ctx;
    rf_error error;
    cr_assert_eq(rf_value_walk(key->value, &recorder, &p->text[p->at++], &error), RF_OK, "%s", error.message);
}

/* Where it is not taken, the value can be used in whatever way. */
static void take_payload(void *ctx, rf_entry *key)
{
    struct payloads *p = ctx;
    const struct buffer *expected = &p->put[p->at];
    struct buffer payload = {0}, text = {0};
    rf_error error;
    bool taken;
    uint64_t elements;
    cr_assert(buffer_append(&payload, SLICE("before")));
    cr_assert_eq(dump_payload_take(key, p->most, &payload, &elements, &taken, &error), RF_OK, "%s",
                 error.message);
    if (taken) {
        p->taken++;
        cr_expect(slice_equal(slice_of(payload.data + 6, payload.len - 6), buffer_slice(expected)),
                  "type %u, at most %zu", key->encoding->number, p->most);
        cr_expect_leq(payload.len - 6, p->most + 11 + (key->metadata.len ? 1 + key->metadata.len : 0));
    } else if (p->at % 2) {
        cr_expect_eq(payload.len, 6);
        cr_assert_eq(rf_value_walk(key->value, &recorder, &text, &error), RF_OK, "%s", error.message);
        cr_expect(slice_equal(buffer_slice(&text), buffer_slice(&p->text[p->at])));
    } else {
        cr_expect_eq(payload.len, 6);
        payload.len = 0;
        cr_assert_eq(dump_payload_put(key, append_bytes, &payload, &error), RF_OK, "%s", error.message);
        cr_expect(slice_equal(buffer_slice(&payload), buffer_slice(expected)));
    }
    cr_expect_eq(memcmp(payload.data, taken ? "before" : (const char *)payload.data, 6), 0);
    p->at++;
    buffer_free(&payload);
    buffer_free(&text);
}

Test(replay_values, taken_payloads_are_those_that_are_put)
{
    static const size_t mosts[] = {0, 1, 2, 5, 10, 20, 50, 100, 1000, 1 << 20};
    size_t taken = 0, all = 0;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct payloads p = {.count = 0};
        size_t keys = for_each_key(i, 4096, put_payload, &p);
        for_each_key(i, 4096, walk, &p);
        cr_assert_eq(p.at, keys);
        for (size_t j = 0; j < sizeof block_sizes / sizeof *block_sizes; j++)
            for (size_t k = 0; k < sizeof mosts / sizeof *mosts; k++) {
                p.at = p.taken = 0;
                p.most = mosts[k];
                cr_assert_eq(for_each_key(i, block_sizes[j], take_payload, &p), keys);
                if (mosts[k] == 0)
                    cr_expect_eq(p.taken, 0);
                if (mosts[k] == 1 << 20) {
                    taken += p.taken;
                    all += keys;
                }
            }
        for (size_t j = 0; j < p.count; j++) {
            buffer_free(&p.put[j]);
            buffer_free(&p.text[j]);
        }
    }
    printf("%zu of %zu payloads were taken\n", taken, all);
    cr_expect_gt(taken, all / 2);
}

/* --- commands ------------------------------------------------------------------------------------------- */

static void collect(struct outbuf *out);

struct counting {
    struct outbuf out; /* comes first */
    struct encoder encoder;
    struct buffer resp;
    size_t keys, dropped;
    uint8_t block[OUTBUF_RESERVE_MAX];
};

static void collect(struct outbuf *out)
{
    struct counting *c = (struct counting *)out;
    cr_assert(buffer_append(&c->resp, slice_of(out->start, (size_t)(out->pos - out->start))));
    out->pos = out->start;
}

static void start(struct counting *c, rf_server target, uint64_t longest)
{
    memset(c, 0, sizeof *c);
    c->out = (struct outbuf){
        .start = c->block, .pos = c->block, .end = c->block + sizeof c->block, .next = collect};
    const struct encoder_options options = {.target = target, .drop_unsupported = true, .longest = longest};
    encoder_open(&c->encoder, NULL, &options);
}

static void finish(struct counting *c)
{
    encoder_close(&c->encoder);
    buffer_free(&c->resp);
}

/* Commands in these bytes; *longest: of their arguments. */
static uint64_t count_commands(rf_slice resp, size_t *longest)
{
    const char *p = (const char *)resp.ptr, *end = p + resp.len;
    uint64_t count = 0;
    for (; p < end; count++) {
        char *after;
        cr_assert_eq(*p, '*');
        for (unsigned long args = strtoul(p + 1, &after, 10); args > 0; args--) {
            cr_assert_eq(memcmp(after, "\r\n$", 3), 0);
            size_t length = strtoul(after + 3, &after, 10);
            cr_assert_lt(length, (size_t)(end - after));
            after += 2 + length;
            *longest = length > *longest ? length : *longest;
        }
        cr_assert_eq(memcmp(after, "\r\n", 2), 0);
        p = after + 2;
    }
    cr_assert(p == end);
    return count;
}

static void count_key(void *ctx, rf_entry *key)
{
    struct counting *c = ctx;
    rf_error error;
    size_t longest = 0;
    c->resp.len = 0;
    c->out.pos = c->out.start;
    cr_assert_eq(encoder_put_value(&c->encoder, &c->out, key, &error), RF_OK, "%s", error.message);
    collect(&c->out);
    c->keys++;
    if (c->encoder.dropped) {
        c->dropped++;
        return;
    }
    cr_expect_eq(c->encoder.batch.commands, count_commands(buffer_slice(&c->resp), &longest), "type %u",
                 key->encoding->number);
    if (c->encoder.options.longest)
        cr_expect(key->type == RF_MODULE || longest <= c->encoder.options.longest + 8, "type %u: %zu",
                  key->encoding->number, longest);
}

Test(replay_values, commands_are_counted)
{
    static const rf_server targets[] = {{RF_REDIS, 8, 10}, {RF_REDIS, 7, 2}, {RF_REDIS, 6, 2},
                                        {RF_REDIS, 3, 2},  {RF_REDIS, 2, 8}, {RF_VALKEY, 9, 0}};
    static struct counting c;
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t j = 0; j < sizeof targets / sizeof *targets; j++)
            for (size_t k = 0; k < sizeof block_sizes / sizeof *block_sizes; k++) {
                start(&c, targets[j], 0);
                for_each_key(i, block_sizes[k], count_key, &c);
                finish(&c);
            }
}

/* --- too long ------------------------------------------------------------------------------------------- */

static void put_text(struct build *b, size_t length)
{
    static char text[101 * 1024];
    memset(text, 'x', length);
    text[length] = '\0';
    put_str(b, text);
}

/* A key of each type with one element of this length. */
static void put_types(struct build *b, size_t length)
{
    put_key(b, 0, "string");
    put_text(b, length);
    put_key(b, 1, "list");
    put_len(b, 2);
    put_text(b, 1);
    put_text(b, length);
    put_key(b, 2, "set");
    put_len(b, 2);
    put_text(b, length);
    put_text(b, 1);
    put_key(b, 5, "zset");
    put_len(b, 1);
    put_text(b, length);
    put_double(b, 1);
    put_key(b, 4, "field");
    put_len(b, 1);
    put_text(b, length);
    put_text(b, 1);
    put_key(b, 4, "value");
    put_len(b, 1);
    put_text(b, 1);
    put_text(b, length);
}

/* As long as it may be, and one byte longer. */
Test(replay_values, elements_that_are_too_long_drop_the_key)
{
    enum { LONGEST = 100 * 1024 }; /* as small as servers let it be is larger */
    static struct counting c;
    for (size_t length = LONGEST; length <= LONGEST + 1; length++) {
        struct build b = {0};
        rf_source *source;
        rf_reader *reader;
        rf_entry entry;
        rf_error error;
        start(&c, (rf_server){RF_REDIS, 7, 2}, LONGEST);
        put_bytes(&b, SLICE("REDIS0011"));
        put_types(&b, length);
        put_end(&b);
        cr_assert_eq(rf_source_open_memory(built(&b).ptr, built(&b).len, "file", &source, &error), RF_OK);
        cr_assert_eq(rf_reader_open(source, &(rf_reader_options){0}, &reader, &error), RF_OK);
        while (rf_reader_next(reader, &entry, &error) == RF_OK)
            count_key(&c, &entry);
        cr_expect_eq(c.keys, 6);
        cr_expect_eq(c.dropped, length > LONGEST ? 6 : 0, "%zu: %zu", length, c.dropped);
        rf_reader_close(reader);
        build_free(&b);
        finish(&c);
    }
}
