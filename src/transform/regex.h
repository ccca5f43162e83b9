/* SPDX-License-Identifier: MIT */
/* Perl-compatible regular expressions over bytes (PCRE2, compiled to machine code where that is possible). Of
 * one thread at a time. */
#ifndef TRANSFORM_REGEX_H
#define TRANSFORM_REGEX_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>

struct regex;

/* RF_E_ARGUMENT where the pattern makes no sense: the message says what and where. */
rf_code regex_new(rf_slice pattern, bool caseless, struct regex **out, rf_error *error);

/* Looks for the first match at or behind `start`. RF_E_ARGUMENT where the search takes more than it may. With
 * `not_empty`, a match at `start` has to have bytes. */
rf_code regex_search(struct regex *regex, rf_slice text, size_t start, bool not_empty, bool *found,
                     rf_error *error);

/* Groups that the pattern has, the whole match (0) among them. */
size_t regex_group_count(const struct regex *regex);

/* A group of the last match that was found; ptr is NULL where it took no part. Borrowed from its text. */
rf_slice regex_group(const struct regex *regex, rf_slice text, size_t number);

/* NULL is let through. */
void regex_free(struct regex *regex);

#endif
