/* SPDX-License-Identifier: MIT */
/* What only Dragonfly writes: elements that expire in whole seconds, values that no other server has,
 * indexes, flags of keys, values in chunks, and records compressed as a block.
 *
 * (Dragonfly src/server/rdb_extensions.h, rdb_save.cc) */
#include "gen.h"

#include "base/number.h"
#include <lz4frame.h>
#include <stdlib.h>
#include <zstd.h>

/* --- elements that expire --------------------------------------------------------------------------------
 */

static void expiry(struct types *types, const struct item *item)
{
    uint8_t text[NUMBER_TEXT_MAX];
    int64_t seconds = item->expire_ms == NO_EXPIRY ? -1 : item->expire_ms / 1000 - DRAGONFLY_EXPIRY_BASE;
    gen_string(types, slice_of(text, number_print_i64(text, seconds)));
}

void gen_hash_seconds(struct types *types, const struct content *content)
{
    gen_length(types, content->count);
    for (size_t i = 0; i < content->count; i++) {
        gen_string(types, content->items[i].name);
        gen_string(types, content->items[i].value);
        expiry(types, &content->items[i]);
    }
}

void gen_set_seconds(struct types *types, const struct content *content)
{
    gen_length(types, content->count);
    for (size_t i = 0; i < content->count; i++) {
        gen_string(types, content->items[i].name);
        expiry(types, &content->items[i]);
    }
}

/* --- values that are skipped ------------------------------------------------------------------------------
 */

static void lengths(struct types *types, int n)
{
    for (; n > 0; n--)
        gen_length(types, rng_below(&types->rng, 70000));
}

static void bits(struct types *types)
{
    gen_plain_string(types, SLICE("\x01\x02\x04\x08"));
}

static void pieces(struct types *types)
{
    gen_length(types, 8);
    bits(types);
    bits(types);
}

static void bloom(struct types *types, void (*filter)(struct types *types))
{
    gen_length(types, 0);
    out_double(&types->out, 2);
    out_double(&types->out, 0.01);
    lengths(types, 3);
    gen_length(types, 2);
    for (int i = 0; i < 2; i++) {
        lengths(types, 1);
        filter(types);
    }
}

static void bloom_1(struct types *types)
{
    bloom(types, bits);
}

static void bloom_2(struct types *types)
{
    bloom(types, pieces);
}

static void count_min(struct types *types)
{
    enum { WIDTH = 3, DEPTH = 2 };
    gen_length(types, WIDTH);
    gen_length(types, DEPTH);
    lengths(types, 1);
    for (int i = 0; i < WIDTH * DEPTH; i++)
        out_u64le(&types->out, rng_next(&types->rng));
}

static void top_k(struct types *types)
{
    gen_length(types, 0);
    lengths(types, 3);
    out_double(&types->out, 0.9);
    gen_length(types, 1);
    gen_string(types, SLICE("item"));
    lengths(types, 1);
    bits(types);
}

static void cuckoo(struct types *types)
{
    lengths(types, 6);
    gen_length(types, 2);
    pieces(types);
    pieces(types);
}

void gen_sketches(struct types *types)
{
    static void (*const values[])(struct types * types) = {bloom_1, bloom_2, count_min, top_k, cuckoo};
    enum { FIRST = 33, COUNT = sizeof values / sizeof *values };
    for (uint8_t i = 0; i < COUNT; i++) {
        out_byte(&types->out, (uint8_t)(FIRST + i));
        gen_string(types, SLICE("a sketch"));
        values[i](types);
    }
}

/* --- indexes ----------------------------------------------------------------------------------------------
 */

static void vector_node(struct types *types, uint32_t id)
{
    enum { LEVEL = 1 };
    out_u32le(&types->out, id);
    out_u64le(&types->out, rng_next(&types->rng));
    out_u32le(&types->out, LEVEL);
    for (int level = 0; level <= LEVEL; level++) {
        out_u32le(&types->out, 1);
        out_u32le(&types->out, 1 - id);
    }
}

void gen_indexes(struct types *types)
{
    enum { VECTOR_INDEX = 222, DOCUMENT_INDEX = 223 };
    out_byte(&types->out, VECTOR_INDEX);
    gen_string(types, SLICE("index"));
    lengths(types, 1);
    gen_length(types, 2);
    vector_node(types, 0);
    vector_node(types, 1);
    out_byte(&types->out, DOCUMENT_INDEX);
    gen_length(types, 0);
    gen_string(types, SLICE("index"));
    gen_length(types, 1);
    gen_string(types, SLICE("document"));
    lengths(types, 1);
}

/* --- around keys ------------------------------------------------------------------------------------------
 */

void gen_key_flags(struct types *types)
{
    enum { KEY_FLAGS = 220, MEMCACHED = 2 };
    uint32_t flags = (uint32_t)rng_below(&types->rng, 4);
    out_byte(&types->out, KEY_FLAGS);
    out_u32le(&types->out, flags);
    if (flags & MEMCACHED)
        out_u32le(&types->out, 7);
}

/* What has been written since the last flush, from `start` on. */
static struct buffer take_back(struct rdb_out *out, size_t start)
{
    struct buffer bytes = {0};
    put(&bytes, slice_of(out->start + start, (size_t)(out->pos - out->start) - start));
    out->pos = out->start + start;
    return bytes;
}

void gen_chunk_of(struct types *types, size_t start)
{
    enum { CHUNK = 224 };
    struct buffer record = take_back(&types->out, start);
    out_byte(&types->out, CHUNK);
    out_u32le(&types->out, 1 + (uint32_t)rng_below(&types->rng, 1000));
    out_u32le(&types->out, (uint32_t)record.len);
    out_bytes(&types->out, record.data, record.len);
    buffer_free(&record);
}

static size_t pack_lz4(uint8_t *frame, size_t most, const struct buffer *content)
{
    const LZ4F_preferences_t preferences = {.frameInfo = {.contentSize = content->len}};
    return LZ4F_compressFrame(frame, most, content->data, content->len, &preferences);
}

void gen_block_of(struct types *types, size_t start)
{
    enum { ZSTD_BLOCK = 201, LZ4_BLOCK = 202, HEADS = 1024 };
    bool is_zstd = rng_below(&types->rng, 2);
    struct buffer content = take_back(&types->out, start);
    size_t most = LZ4F_compressFrameBound(content.len, NULL) + ZSTD_compressBound(content.len) + HEADS;
    uint8_t *frame = malloc(most);
    if (!frame)
        die("out of memory");
    size_t n = is_zstd ? ZSTD_compress(frame, most, content.data, content.len, 3)
                       : pack_lz4(frame, most, &content);
    if (is_zstd ? ZSTD_isError(n) : LZ4F_isError(n))
        die("cannot compress");
    out_byte(&types->out, is_zstd ? ZSTD_BLOCK : LZ4_BLOCK);
    gen_plain_string(types, slice_of(frame, n));
    free(frame);
    buffer_free(&content);
}
