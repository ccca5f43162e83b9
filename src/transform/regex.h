/* SPDX-License-Identifier: MIT */
/* Perl-compatible regular expressions over bytes (PCRE2, compiled to machine code if possible). Must be used
 * by one thread at a time. */
#ifndef TRANSFORM_REGEX_H
#define TRANSFORM_REGEX_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>

struct regex;

/* RF_E_ARGUMENT if the pattern is invalid: the message has the reason and the position. */
rf_code regex_new(rf_slice pattern, bool caseless, struct regex **out, rf_error *error);

/* The same expression for another thread; `from` must outlive it. NULL: out of memory. */
struct regex *regex_share(const struct regex *from);

/* Searches for the first match at or after `start`. RF_E_ARGUMENT if the search exceeds its limits. With
 * `not_empty`, a match at `start` must not be empty. */
rf_code regex_search(struct regex *regex, rf_slice text, size_t start, bool not_empty, bool *found,
                     rf_error *error);

/* The number of groups of the pattern, including the whole match (0). */
size_t regex_group_count(const struct regex *regex);

/* A group of the last match; ptr is NULL if it did not participate. Points into the text. */
rf_slice regex_group(const struct regex *regex, rf_slice text, size_t number);

/* `regex` may be NULL. */
void regex_free(struct regex *regex);

#endif
