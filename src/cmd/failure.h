/* SPDX-License-Identifier: MIT */
/* Errors that the program itself finds out, in the library's form. */
#ifndef CMD_FAILURE_H
#define CMD_FAILURE_H

#include <rdbferry/error.h>

/* Fills the error and returns `code`, for `return failure(...)`. An empty message leaves it to the code's. */
rf_code failure(rf_error *error, rf_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
