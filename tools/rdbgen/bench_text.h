/* SPDX-License-Identifier: MIT */
/* What the benchmark files have in common: keys, values, expiries. */
#ifndef RDBGEN_BENCH_TEXT_H
#define RDBGEN_BENCH_TEXT_H

#include "pack.h"
#include "rdb_out.h"
#include "rdbgen.h"
#include "rng.h"

struct bench {
    struct rdb_out out;
    struct rng rng;
    struct buffer text; /* for whoever puts together a string */
    struct pack pack;
};

/* Opens the file and writes the AUX records and the head of database 0. */
void bench_open(struct bench *bench, const struct options *options, size_t keys, size_t keys_with_expiry);
void bench_close(struct bench *bench);

/* How many of n make `scale` of them, at least one. */
size_t bench_scaled(size_t n, double scale);

/* Writes [expiry] type key for the key of this number, as "prefix:number". Three keys of ten have an
 * expiry: those with a number that ends in 0, 1 or 2. */
void bench_key(struct bench *bench, uint8_t type, const char *prefix, size_t number);
size_t bench_keys_with_expiry(size_t keys);

/* Random letters and digits, borrowed; n is at most BENCH_TEXT_MAX. */
enum { BENCH_TEXT_MAX = 1 << 16 };
rf_slice bench_letters(struct bench *bench, size_t n);

/* `prefix` and a number, in the text buffer. */
rf_slice bench_name(struct bench *bench, const char *prefix, uint64_t number);

/* Appends a JSON document that looks like an order, about 200 bytes and 90 more for each item. */
void bench_document(struct bench *bench, struct buffer *to, uint64_t id, size_t items);

#endif
