/* SPDX-License-Identifier: MIT */
/* Keys, names and texts for the benchmark files. Random letters are cut from one block of them: drawing
 * each anew would take longer than all the rest. */
#include "bench_text.h"

enum { POOL_SIZE = 1 << 20 };

static const int64_t EXPIRY = 4102444800000; /* the year 2100: nothing expires while it is measured */

static uint8_t pool[POOL_SIZE];

static void fill_pool(struct rng *rng)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < POOL_SIZE; i++)
        pool[i] = (uint8_t)letters[rng_below(rng, 64)];
}

size_t bench_scaled(size_t n, double scale)
{
    size_t scaled = (size_t)((double)n * scale);
    return scaled ? scaled : 1;
}

static bool has_expiry(size_t number)
{
    return number % 10 < 3;
}

size_t bench_keys_with_expiry(size_t keys)
{
    size_t rest = keys % 10;
    return keys / 10 * 3 + (rest < 3 ? rest : 3);
}

void bench_open(struct bench *bench, const struct options *options, size_t keys, size_t keys_with_expiry)
{
    *bench = (struct bench){.rng = {options->seed}};
    fill_pool(&bench->rng);
    out_open(&bench->out, options->output, RF_REDIS, 10);
    out_aux(&bench->out, "redis-ver", "7.0.15");
    out_aux(&bench->out, "redis-bits", "64");
    out_aux(&bench->out, "ctime", "1700000000");
    out_aux(&bench->out, "used-mem", "1048576");
    out_aux(&bench->out, "aof-base", "0");
    out_select(&bench->out, 0, keys, keys_with_expiry);
}

void bench_close(struct bench *bench)
{
    out_close(&bench->out);
    buffer_free(&bench->text);
    buffer_free(&bench->pack.bytes);
}

void bench_key(struct bench *bench, uint8_t type, const char *prefix, size_t number)
{
    if (has_expiry(number))
        out_expire_ms(&bench->out, EXPIRY + (int64_t)(rng_next(&bench->rng) >> 32));
    out_byte(&bench->out, type);
    out_string(&bench->out, bench_name(bench, prefix, number));
}

rf_slice bench_letters(struct bench *bench, size_t n)
{
    return slice_of(pool + rng_below(&bench->rng, POOL_SIZE - BENCH_TEXT_MAX), n);
}

rf_slice bench_name(struct bench *bench, const char *prefix, uint64_t number)
{
    bench->text.len = 0;
    put_text(&bench->text, prefix);
    put_byte(&bench->text, ':');
    put_integer(&bench->text, (int64_t)number);
    return buffer_slice(&bench->text);
}

/* --- a document ------------------------------------------------------------------------------------- */

static void put_member(struct buffer *to, const char *name, rf_slice value)
{
    put_text(to, name);
    put(to, value);
    put_byte(to, '"');
}

static void put_hundredths(struct buffer *to, uint64_t n)
{
    put_integer(to, (int64_t)(n / 100));
    put_byte(to, '.');
    put_byte(to, (uint8_t)('0' + n / 10 % 10));
    put_byte(to, (uint8_t)('0' + n % 10));
}

static void put_item(struct bench *bench, struct buffer *to)
{
    put_member(to, "{\"sku\":\"", bench_letters(bench, 10));
    put_text(to, ",\"quantity\":");
    put_integer(to, (int64_t)rng_between(&bench->rng, 1, 9));
    put_text(to, ",\"unit_price\":");
    put_hundredths(to, rng_below(&bench->rng, 100000));
    put_text(to, ",\"currency\":\"EUR\",\"in_stock\":true}");
}

void bench_document(struct bench *bench, struct buffer *to, uint64_t id, size_t items)
{
    static const char *const states[] = {"new", "paid", "shipped", "delivered", "returned"};
    put_text(to, "{\"id\":");
    put_integer(to, (int64_t)id);
    put_text(to, ",\"created_at\":");
    put_integer(to, 1700000000 + (int64_t)rng_below(&bench->rng, 30000000));
    put_text(to, ",\"status\":\"");
    put_text(to, states[rng_below(&bench->rng, 5)]);
    put_member(to, "\",\"customer\":{\"name\":\"", bench_letters(bench, rng_between(&bench->rng, 5, 20)));
    put_member(to, ",\"email\":\"", bench_letters(bench, rng_between(&bench->rng, 5, 12)));
    put_text(to, ",\"address\":{\"street\":\"12 Example Street\",\"city\":\"Example Town\"}},\"items\":[");
    for (size_t i = 0; i < items; i++) {
        if (i)
            put_byte(to, ',');
        put_item(bench, to);
    }
    put_text(to, "]}");
}
