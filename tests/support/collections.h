/* SPDX-License-Identifier: MIT */
/* One collection in each of the encodings that its type has had. */
#ifndef TESTS_COLLECTIONS_H
#define TESTS_COLLECTIONS_H

#include "support/rdb_build.h"
#include <rdbferry/entry.h>

/* An item, a member or a field; below 64 bytes each. */
struct element {
    const char *name;
    const char *value; /* of a field */
    double score;
    int64_t expire_ms;
};

enum {
    FORM_OF_NUMBERS = 1, /* all names are integers, ascending */
    FORM_OF_NAMES = 2,   /* no name is empty */
    FORM_WITH_TTL = 4,   /* fields or members may expire; none may in the others */
    FORM_REVERSED = 8,   /* the elements come out backwards */
};

struct form {
    const char *name;
    rf_type type;
    const char *magic;
    uint8_t number;
    unsigned flags;
    void (*put)(struct build *b, const struct element *elements, size_t count);
    void (*before)(struct build *b, const struct element *elements, size_t count); /* the key; may be NULL */
};

extern const struct form forms[];
extern const size_t form_count;

/* The elements have to be in an order that all encodings of the type take: zsets by score and name, hashes
 * and sets by expiry, those without one (-1) last; then by the length of the name, then by name. */
void put_form(struct build *b, const struct form *form, const char *key, const struct element *elements,
              size_t count);

/* A string, compressed by LZF into nothing but literals. */
void put_lzf(struct build *b, rf_slice bytes);

#endif
