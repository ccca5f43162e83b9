/* SPDX-License-Identifier: MIT */
/* Errors of the program itself, in the form of the library's. */
#ifndef CMD_TERM_FAILURE_H
#define CMD_TERM_FAILURE_H

#include <rdbferry/error.h>

/* Fills the error and returns `code`, for `return failure(...)`. With an empty message, the text of the code
 * is used. */
rf_code failure(rf_error *error, rf_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
