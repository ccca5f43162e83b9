/* SPDX-License-Identifier: MIT */
/* Errors without a position. */
#include "cmd/term/failure.h"
#include <stdarg.h>
#include <stdio.h>

rf_code failure(rf_error *error, rf_code code, const char *format, ...)
{
    va_list args;

    *error = (rf_error){.code = code, .offset = -1, .file_offset = -1, .db = -1};
    va_start(args, format);
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    return code;
}
