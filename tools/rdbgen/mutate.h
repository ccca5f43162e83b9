/* SPDX-License-Identifier: MIT */
/* Damages inside of what is generated, with the lengths around them still right: a mutant is a value in which
 * one number, string, element or blob is not what it was, and everything else fits it.
 *
 * Whoever writes one of these comes by a point. A value is written twice: once to count the points, once with
 * something done at one of them. The random numbers for that are of their own: the rest stays the same. */
#ifndef RDBGEN_MUTATE_H
#define RDBGEN_MUTATE_H

#include "base/buffer.h"
#include "rng.h"

struct types;

struct mutation {
    struct rng rng;
    size_t passed; /* points */
    size_t at;     /* where something is done, counted from 1; 0: nowhere */
    struct buffer scratch;
};

/* What is written in place of it: itself, mostly. A string is borrowed until the next call. */
uint64_t mutate_number(struct types *types, uint64_t n);
rf_slice mutate_string(struct types *types, rf_slice s);

/* How often an element is written: 1, but for one that is left out or comes twice. */
size_t mutate_repeats(struct types *types);

/* The body of a finished blob, between a head of so many bytes and its end mark, or the head itself. Heads of
 * 6 (listpack) and 10 bytes (ziplist) say the new size afterwards. */
rf_slice mutate_blob(struct types *types, struct buffer *blob, size_t head);

/* Any bytes from `start` on. */
void mutate_bytes(struct mutation *mutation, struct buffer *bytes, size_t start, size_t end);

#endif
