/* SPDX-License-Identifier: MIT */
/* Filling an rf_error at the point of discovery, and propagating codes. */
#ifndef BASE_FAIL_H
#define BASE_FAIL_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>

/* Returns any code but RF_OK to the caller. */
#define TRY(expression)                              \
    do {                                             \
        rf_code try_code_ = (expression);            \
        if (__builtin_expect(try_code_ != RF_OK, 0)) \
            return try_code_;                        \
    } while (0)

/* Clears `error`, writes the message and returns `code`, for `return fail(...)`. Offsets are -1. */
rf_code fail(rf_error *error, rf_code code, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));

/* The same, with ": <text of errno>" after the message; errno is kept. */
rf_code fail_errno(rf_error *error, rf_code code, const char *format, ...)
    __attribute__((cold, format(printf, 3, 4)));

/* Adds the offsets to an error that has none yet, and is not about an output. */
void error_at(rf_error *error, int64_t offset, int64_t file_offset);

/* Sets the key an error concerns, escaped and shortened as by escape_name(). */
void error_key(rf_error *error, int64_t db, rf_slice key);

/* Sets the name of the input, unless the error is about an output. */
void error_input(rf_error *error, const char *name);

#endif
