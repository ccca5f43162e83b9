/* SPDX-License-Identifier: MIT */
/* `mixed`: 1 GB of everything that is common, in the encodings and sizes that a Redis 7.0 writes with its
 * default settings. */
#include "bench_text.h"

enum {
    STRING = 0,
    SET = 2,
    HASH = 4,
    ZSET_2 = 5,
    SET_INTSET = 11,
    HASH_LISTPACK = 16,
    ZSET_LISTPACK = 17,
    LIST_QUICKLIST_2 = 18,
    STREAM_LISTPACKS_2 = 19,
};

/* --- strings ----------------------------------------------------------------------------------------- */

static void small_string(struct bench *bench)
{
    struct rng *rng = &bench->rng;
    if (rng_below(rng, 4) == 0) {
        bench->text.len = 0;
        put_integer(&bench->text, (int64_t)rng_below(rng, 1000000));
        out_string(&bench->out, buffer_slice(&bench->text));
    } else {
        out_string(&bench->out, bench_letters(bench, rng_between(rng, 8, 80)));
    }
}

static void document(struct bench *bench)
{
    uint64_t id = rng_next(&bench->rng) >> 40;
    bench->text.len = 0;
    bench_document(bench, &bench->text, id, rng_between(&bench->rng, 1, 20));
    out_string(&bench->out, buffer_slice(&bench->text));
}

/* --- hashes ------------------------------------------------------------------------------------------ */

static void small_hash(struct bench *bench)
{
    static const char *const fields[] = {"name",      "email",   "city",   "language", "plan",
                                         "signed_up", "last_ip", "visits", "score",    "referrer"};
    struct pack *pack = &bench->pack;
    size_t count = rng_between(&bench->rng, 3, 10);
    lp_start(pack);
    for (size_t i = 0; i < count; i++) {
        lp_element(pack, slice_of(fields[i], strlen(fields[i])));
        if (i > 6)
            lp_integer(pack, (int64_t)rng_below(&bench->rng, 100000));
        else
            lp_element(pack, bench_letters(bench, rng_between(&bench->rng, 4, 32)));
    }
    out_string(&bench->out, lp_finish(pack));
}

static void large_hash(struct bench *bench)
{
    size_t count = rng_between(&bench->rng, 513, 3000);
    out_length(&bench->out, count);
    for (size_t i = 0; i < count; i++) {
        out_string(&bench->out, bench_name(bench, "item", i * 7919));
        out_string(&bench->out, bench_letters(bench, rng_between(&bench->rng, 4, 60)));
    }
}

/* --- lists ------------------------------------------------------------------------------------------- */

/* One node: documents until it has 8 KiB, or `elements` are there. Returns how many. */
static size_t list_node(struct bench *bench, size_t elements)
{
    enum { NODE_SIZE = 8192, PACKED = 2, DOCUMENT_MAX = 500 };
    struct pack *pack = &bench->pack;
    lp_start(pack);
    while (pack->count < elements && pack->bytes.len + DOCUMENT_MAX < NODE_SIZE) {
        bench->text.len = 0;
        bench_document(bench, &bench->text, pack->count, rng_below(&bench->rng, 3));
        lp_element(pack, buffer_slice(&bench->text));
    }
    out_length(&bench->out, PACKED);
    out_string(&bench->out, lp_finish(pack));
    return pack->count;
}

static void list(struct bench *bench)
{
    enum { PER_NODE_AT_MOST = 100 };
    size_t nodes = rng_between(&bench->rng, 1, 6);
    out_length(&bench->out, nodes);
    for (size_t i = 0; i < nodes; i++)
        list_node(bench, nodes == 1 ? rng_between(&bench->rng, 1, 10) : PER_NODE_AT_MOST);
}

/* --- sets -------------------------------------------------------------------------------------------- */

static void integer_set(struct bench *bench)
{
    size_t count = rng_between(&bench->rng, 5, 512);
    int64_t member = 0;
    is_start(&bench->pack, 0, INT32_MAX);
    for (size_t i = 0; i < count; i++) {
        member += (int64_t)rng_between(&bench->rng, 1, 4000000);
        is_member(&bench->pack, member);
    }
    out_string(&bench->out, is_finish(&bench->pack));
}

static void set_of(struct bench *bench, size_t count)
{
    out_length(&bench->out, count);
    for (size_t i = 0; i < count; i++) {
        bench_name(bench, "tag", i);
        put_byte(&bench->text, ':');
        put(&bench->text, bench_letters(bench, rng_between(&bench->rng, 1, 12)));
        out_string(&bench->out, buffer_slice(&bench->text));
    }
}

static void small_set(struct bench *bench)
{
    set_of(bench, rng_between(&bench->rng, 1, 60));
}

static void large_set(struct bench *bench)
{
    set_of(bench, rng_between(&bench->rng, 500, 4000));
}

/* --- zsets ------------------------------------------------------------------------------------------- */

static rf_slice hundredths(struct buffer *to, size_t n)
{
    to->len = 0;
    put_integer(to, (int64_t)(n / 100));
    if (n % 100)
        put_byte(to, '.');
    if (n % 100)
        put_byte(to, (uint8_t)('0' + n / 10 % 10));
    if (n % 10)
        put_byte(to, (uint8_t)('0' + n % 10));
    return buffer_slice(to);
}

static void small_zset(struct bench *bench)
{
    struct pack *pack = &bench->pack;
    size_t count = rng_between(&bench->rng, 2, 128), score = 0;
    bool whole = rng_below(&bench->rng, 2);
    lp_start(pack);
    for (size_t i = 0; i < count; i++) {
        score += whole ? 100 * rng_between(&bench->rng, 1, 5000) : rng_between(&bench->rng, 1, 5000);
        lp_element(pack, bench_name(bench, "player", i * 7919));
        lp_element(pack, hundredths(&bench->text, score));
    }
    out_string(&bench->out, lp_finish(pack));
}

static void large_zset(struct bench *bench)
{
    size_t count = rng_between(&bench->rng, 129, 4000);
    bool whole = rng_below(&bench->rng, 2);
    double score = 1.8e9;
    out_length(&bench->out, count);
    for (size_t i = 0; i < count; i++) {
        score -= whole ? (double)rng_below(&bench->rng, 1000) : rng_fraction(&bench->rng);
        out_string(&bench->out, bench_name(bench, "player", i * 7919));
        out_double(&bench->out, score);
    }
}

/* --- streams ----------------------------------------------------------------------------------------- */

struct stream {
    uint64_t ms, first_ms; /* every sequence number is 0 */
    size_t entries;
};

static void out_id(struct bench *bench, uint64_t ms)
{
    uint8_t id[16] = {0};
    store_be64(id, ms);
    out_bytes(&bench->out, id, sizeof id);
}

static void stream_entry(struct bench *bench, uint64_t ms_delta)
{
    enum { SAME_FIELDS = 2, FIELDS = 3 };
    static const char *const types[] = {"click", "view", "buy"};
    struct pack *pack = &bench->pack;
    lp_integer(pack, SAME_FIELDS);
    lp_integer(pack, (int64_t)ms_delta);
    lp_integer(pack, 0);
    const char *type = types[rng_below(&bench->rng, 3)];
    lp_element(pack, slice_of(type, strlen(type)));
    lp_integer(pack, (int64_t)rng_below(&bench->rng, 1000000));
    lp_element(pack, bench_letters(bench, rng_between(&bench->rng, 4, 24)));
    lp_integer(pack, FIELDS + 3);
}

/* A node has 100 entries, as many as servers put into one unless they are large. */
static void stream_node(struct bench *bench, struct stream *stream)
{
    enum { PER_NODE = 100, MASTER_ID = 16 };
    struct pack *pack = &bench->pack;
    uint64_t master = stream->ms;
    lp_start(pack);
    lp_integer(pack, PER_NODE);
    lp_integer(pack, 0);
    lp_integer(pack, 3);
    lp_element(pack, SLICE("type"));
    lp_element(pack, SLICE("user"));
    lp_element(pack, SLICE("page"));
    lp_integer(pack, 0);
    for (int i = 0; i < PER_NODE; i++) {
        stream_entry(bench, stream->ms - master);
        stream->ms += rng_between(&bench->rng, 1, 5000);
    }
    stream->entries += PER_NODE;
    out_length(&bench->out, MASTER_ID);
    out_id(bench, master);
    out_string(&bench->out, lp_finish(pack));
}

/* A group whose one consumer has the first entry pending. */
static void stream_group(struct bench *bench, const struct stream *stream)
{
    out_string(&bench->out, SLICE("workers"));
    out_length(&bench->out, stream->first_ms);
    out_length(&bench->out, 0);
    out_length(&bench->out, 1); /* entries read */
    out_length(&bench->out, 1); /* pending */
    out_id(bench, stream->first_ms);
    out_u64le(&bench->out, stream->first_ms + 1000);
    out_length(&bench->out, 1); /* times delivered */
    out_length(&bench->out, 1); /* consumers */
    out_string(&bench->out, SLICE("worker:1"));
    out_u64le(&bench->out, stream->first_ms + 1000);
    out_length(&bench->out, 1);
    out_id(bench, stream->first_ms);
}

static void stream(struct bench *bench)
{
    struct stream stream = {.ms = 1700000000000 + rng_below(&bench->rng, 1 << 30)};
    uint64_t last_ms = 0;
    size_t nodes = rng_between(&bench->rng, 1, 12), groups = rng_below(&bench->rng, 2);
    stream.first_ms = stream.ms;
    out_length(&bench->out, nodes);
    for (size_t i = 0; i < nodes; i++)
        stream_node(bench, &stream);
    last_ms = stream.ms;

    uint64_t tail[] = {stream.entries, last_ms, 0, stream.first_ms, 0, 0, 0, stream.entries, groups};
    for (size_t i = 0; i < sizeof tail / sizeof *tail; i++)
        out_length(&bench->out, tail[i]);
    if (groups)
        stream_group(bench, &stream);
}

/* --- all of them ------------------------------------------------------------------------------------- */

static const struct recipe {
    uint8_t type;
    unsigned weight; /* how many of the keys, in tenths of a percent; 1000 in all */
    const char *prefix;
    void (*write_value)(struct bench *bench);
} recipes[] = {
    {STRING, 380, "session", small_string},
    {STRING, 250, "order", document},
    {HASH_LISTPACK, 180, "user", small_hash},
    {HASH, 2, "catalogue", large_hash},
    {LIST_QUICKLIST_2, 30, "queue", list},
    {SET_INTSET, 40, "followers", integer_set},
    {SET, 60, "tags", small_set},
    {SET, 3, "index", large_set},
    {ZSET_LISTPACK, 40, "ranking", small_zset},
    {ZSET_2, 4, "leaderboard", large_zset},
    {STREAM_LISTPACKS_2, 11, "events", stream},
};

static const struct recipe *pick(struct rng *rng)
{
    size_t chance = rng_below(rng, 1000);
    const struct recipe *recipe = recipes;
    while (chance >= recipe->weight)
        chance -= recipe++->weight;
    return recipe;
}

void generate_mixed(const struct options *options)
{
    struct bench bench;
    size_t keys = bench_scaled(800000, options->scale);
    bench_open(&bench, options, keys, bench_keys_with_expiry(keys));
    for (size_t i = 0; i < keys; i++) {
        const struct recipe *recipe = pick(&bench.rng);
        bench_key(&bench, recipe->type, recipe->prefix, i);
        recipe->write_value(&bench);
    }
    bench_close(&bench);
}
