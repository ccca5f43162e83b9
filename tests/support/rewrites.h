/* SPDX-License-Identifier: MIT */
/* Rewrites for tests: made of text, asked one key at a time. */
#ifndef TESTS_REWRITES_H
#define TESTS_REWRITES_H

#include <rdbferry/rewrite.h>

/* Of rules as rf_rewrite_rules() takes them, which have to make sense. */
rf_rewrite *rewrite_of(const char *rules);

/* A place in a set of databases. */
struct location {
    int64_t db;
    rf_slice name;
};

/* Where a key comes out. Borrowed from the rewrite, until the next call. */
struct location rewritten(rf_rewrite *rewrite, int64_t db, rf_slice name, bool *ambiguous);

/* The rest of the numbers that tests draw follows from this; it is printed. */
uint64_t printed_seed(void);

/* Up to `longest` letters, into `out`, which has one byte more; returns it. */
char *random_letters(const char *letters, size_t longest, uint64_t *state, char *out);

#endif
