/* SPDX-License-Identifier: MIT */
/* Similarity of words, for "did you mean ...?". Case is ignored, and '_' is the same as '-'. */
#ifndef CMD_OPTIONS_SIMILAR_H
#define CMD_OPTIONS_SIMILAR_H

#include <stdbool.h>
#include <stddef.h>

/* The number of characters to insert, remove or replace, or of neighbours to swap, that turns `a` into `b`.
 * Words of more than SIMILAR_MOST characters are not compared: the result is SIZE_MAX. */
enum { SIMILAR_MOST = 32 };
size_t similar_distance(const char *a, size_t a_length, const char *b);

/* The most similar of the words considered so far. */
struct similar {
    const char *given; /* need not end with a NUL */
    size_t length;
    size_t distance;  /* of `word` */
    const char *word; /* NULL: none is near enough */
};

/* Words that differ in more than `most` characters are ignored. `given` must outlive the result. */
struct similar similar_begin(const char *given, size_t length, size_t most);

/* The usual limit for a word of this length: none of one or two characters is like another. */
size_t similar_limit(size_t length);

/* Whether the word is more similar than those before it, and is now `word`. */
bool similar_consider(struct similar *similar, const char *word);

#endif
