/* SPDX-License-Identifier: MIT */
/* `bigkeys`: four keys of some hundred megabytes: a hash and a zset of five million members each, a list of
 * two million, a string of 200 MB. */
#include "bench_text.h"
#include <stdlib.h>

enum { STRING = 0, HASH = 4, ZSET_2 = 5, LIST_QUICKLIST_2 = 18 };

static void key(struct bench *bench, uint8_t type, const char *name)
{
    out_byte(&bench->out, type);
    out_string(&bench->out, slice_of(name, strlen(name)));
}

static void big_hash(struct bench *bench, size_t fields)
{
    key(bench, HASH, "big:hash");
    out_length(&bench->out, fields);
    for (size_t i = 0; i < fields; i++) {
        out_string(&bench->out, bench_name(bench, "field", i));
        out_string(&bench->out, bench_letters(bench, rng_between(&bench->rng, 8, 40)));
    }
}

/* Half are doubles of full precision; the rest are timestamps, counters and short decimals. */
static double score(struct rng *rng)
{
    switch (rng_below(rng, 6)) {
    case 0: return 1.7e9 + (double)rng_below(rng, 100000000);
    case 1: return (double)rng_below(rng, 100000);
    case 2: return (double)rng_below(rng, 100000) / 100;
    default: return (rng_fraction(rng) - 0.5) * 1e6;
    }
}

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Servers write the highest score first. */
static void big_zset(struct bench *bench, size_t members)
{
    double *scores = malloc(members * sizeof *scores);
    if (!scores)
        die("out of memory");
    for (size_t i = 0; i < members; i++)
        scores[i] = score(&bench->rng);
    qsort(scores, members, sizeof *scores, descending);

    key(bench, ZSET_2, "big:zset");
    out_length(&bench->out, members);
    for (size_t i = 0; i < members; i++) {
        out_string(&bench->out, bench_name(bench, "member", (uint32_t)(i * 2654435761u)));
        out_double(&bench->out, scores[i]);
    }
    free(scores);
}

/* About 8 KiB in each node, which is where servers start another one. */
static void big_list(struct bench *bench, size_t elements)
{
    enum { PER_NODE = 125, PACKED = 2 };
    key(bench, LIST_QUICKLIST_2, "big:list");
    out_length(&bench->out, (elements + PER_NODE - 1) / PER_NODE);
    for (size_t done = 0; done < elements;) {
        lp_start(&bench->pack);
        for (; done < elements && bench->pack.count < PER_NODE; done++) {
            bench_name(bench, "{\"event\":\"page-view\",\"user\"", done);
            put_text(&bench->text, ",\"token\":\"");
            put(&bench->text, bench_letters(bench, rng_between(&bench->rng, 4, 24)));
            lp_element(&bench->pack, buffer_slice(&bench->text));
        }
        out_length(&bench->out, PACKED);
        out_string(&bench->out, lp_finish(&bench->pack));
    }
}

static void big_string(struct bench *bench, size_t length)
{
    key(bench, STRING, "big:string");
    out_length(&bench->out, length);
    while (length > 0) {
        size_t n = length < BENCH_TEXT_MAX ? length : BENCH_TEXT_MAX;
        rf_slice piece = bench_letters(bench, n);
        out_bytes(&bench->out, piece.ptr, n);
        length -= n;
    }
}

void generate_bigkeys(const struct options *options)
{
    struct bench bench;
    bench_open(&bench, options, 4, 0);
    big_hash(&bench, bench_scaled(5000000, options->scale));
    big_zset(&bench, bench_scaled(5000000, options->scale));
    big_list(&bench, bench_scaled(2000000, options->scale));
    big_string(&bench, bench_scaled(200000000, options->scale));
    bench_close(&bench);
}
