/* SPDX-License-Identifier: MIT */
/* Integers as decimal text and back. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMBER_TEXT_MAX = 20 }; /* "-9223372036854775808", "18446744073709551615" */

/* Write the shortest decimal text, no terminator; return its length. `out` has NUMBER_TEXT_MAX bytes. */
size_t number_print_u64(uint8_t *out, uint64_t n);
size_t number_print_i64(uint8_t *out, int64_t n);

/* The length of that text. */
size_t number_length_u64(uint64_t n);

/* Reads canonical decimal text, exactly as number_print_i64 writes it: "-5" but not "+5", "05", "-0" or "5 ".
 * False for any other text or if it does not fit. */
bool number_parse_i64(rf_slice text, int64_t *out);
bool number_parse_u64(rf_slice text, uint64_t *out);

/* Reads the number of a database: canonical, from 0 to INT32_MAX. */
bool number_parse_db(rf_slice text, int64_t *out);

/* Reads the digits at the start of a text, which may begin with zeros. Returns how many; 0: there is none, or
 * the number does not fit. */
size_t number_scan_u64(rf_slice text, uint64_t *out);

#endif
