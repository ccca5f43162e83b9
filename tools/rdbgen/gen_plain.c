/* SPDX-License-Identifier: MIT */
/* Lengths and strings in all their forms, and the types that are made of nothing else. */
#include "gen.h"

#include <math.h>
#include <stdio.h>

/* One in eight is longer than it need be. */
static void put_length(struct types *types, uint64_t n)
{
    static const int sizes[] = {1, 2, 5, 9};
    int longest = types->out.version >= 8 ? 3 : 2; /* 64 bits came with version 8 */
    int shortest = n < 64 ? 0 : n < 16384 ? 1 : n <= UINT32_MAX ? 2 : 3;
    int size = shortest;
    if (shortest < longest && rng_below(&types->rng, 8) == 0)
        size = (int)rng_between(&types->rng, (size_t)shortest, (size_t)longest);
    out_length_of_size(&types->out, n, sizes[size]);
}

void gen_length(struct types *types, uint64_t n)
{
    put_length(types, mutate_number(types, n));
}

void gen_plain_string(struct types *types, rf_slice s)
{
    put_length(types, s.len);
    out_bytes(&types->out, s.ptr, s.len);
}

/* Long ones are compressed mostly: the file is to stay small. */
void gen_string(struct types *types, rf_slice s)
{
    enum { INTEGER, COMPRESSED, AS_SERVERS_DO, PLAIN, LONG = 1000 };
    bool done = false;
    s = mutate_string(types, s);
    size_t form = rng_below(&types->rng, 4);
    if (s.len > LONG && rng_below(&types->rng, 256))
        form = COMPRESSED;
    if (form == INTEGER || form == AS_SERVERS_DO)
        done = out_integer_string(&types->out, s);
    if (!done && (form == COMPRESSED || form == AS_SERVERS_DO))
        done = out_lzf_string(&types->out, s);
    if (!done)
        gen_plain_string(types, s);
}

void gen_string_value(struct types *types, const struct content *content)
{
    gen_string(types, content->items->name);
}

void gen_strings(struct types *types, const struct content *content)
{
    gen_length(types, content->count);
    for (size_t i = 0; i < content->count; i++)
        gen_string(types, content->items[i].name);
}

/* --- zsets -------------------------------------------------------------------------------------------- */

rf_slice score_text(double score, char *text)
{
    int length = snprintf(text, SCORE_TEXT_MAX, "%.17g", score);
    return slice_of(text, (size_t)length);
}

static void text_score(struct types *types, double score)
{
    enum { PLUS_INFINITY = 254, MINUS_INFINITY };
    char text[SCORE_TEXT_MAX];
    if (isinf(score)) {
        out_byte(&types->out, score > 0 ? PLUS_INFINITY : MINUS_INFINITY);
        return;
    }
    rf_slice s = mutate_string(types, score_text(score, text));
    out_byte(&types->out, (uint8_t)s.len);
    out_bytes(&types->out, s.ptr, s.len);
}

void gen_zset_text(struct types *types, const struct content *content)
{
    gen_length(types, content->count);
    for (size_t i = 0; i < content->count; i++) {
        gen_string(types, content->items[i].name);
        text_score(types, content->items[i].score);
    }
}

static void double_score(struct types *types, double score)
{
    uint64_t bits;
    memcpy(&bits, &score, sizeof bits);
    out_u64le(&types->out, mutate_number(types, bits));
}

void gen_zset(struct types *types, const struct content *content)
{
    gen_length(types, content->count);
    for (size_t i = 0; i < content->count; i++) {
        gen_string(types, content->items[i].name);
        double_score(types, content->items[i].score);
    }
}

/* --- hashes ------------------------------------------------------------------------------------------- */

static void pair(struct types *types, const struct item *item)
{
    gen_string(types, item->name);
    gen_string(types, item->value);
}

void gen_hash(struct types *types, const struct content *content)
{
    gen_length(types, content->count);
    for (size_t i = 0; i < content->count; i++)
        pair(types, &content->items[i]);
}

int64_t smallest_expiry(const struct content *content)
{
    int64_t smallest = 0;
    for (size_t i = 0; i < content->count; i++) {
        int64_t expire = content->items[i].expire_ms;
        if (expire != NO_EXPIRY && (smallest == 0 || expire < smallest))
            smallest = expire;
    }
    return smallest;
}

static void hash_with_ttl(struct types *types, const struct content *content, int64_t base)
{
    gen_length(types, content->count);
    for (size_t i = 0; i < content->count; i++) {
        int64_t expire = content->items[i].expire_ms;
        gen_length(types, expire == NO_EXPIRY ? 0 : (uint64_t)(expire - base));
        pair(types, &content->items[i]);
    }
}

void gen_hash_ttl_prerelease(struct types *types, const struct content *content)
{
    hash_with_ttl(types, content, 0);
}

void gen_hash_ttl(struct types *types, const struct content *content)
{
    int64_t smallest = smallest_expiry(content);
    out_u64le(&types->out, (uint64_t)smallest);
    hash_with_ttl(types, content, smallest - 1);
}

void gen_set_ttl(struct types *types, const struct content *content)
{
    int64_t smallest = smallest_expiry(content);
    out_u64le(&types->out, (uint64_t)smallest);
    gen_length(types, content->count);
    for (size_t i = 0; i < content->count; i++) {
        int64_t expire = content->items[i].expire_ms;
        gen_length(types, expire == NO_EXPIRY ? 0 : (uint64_t)(expire - smallest) + 1);
        gen_string(types, content->items[i].name);
    }
}

void gen_hash_ttl_valkey(struct types *types, const struct content *content)
{
    gen_length(types, content->count);
    for (size_t i = 0; i < content->count; i++) {
        pair(types, &content->items[i]);
        out_u64le(&types->out, (uint64_t)content->items[i].expire_ms);
    }
}
