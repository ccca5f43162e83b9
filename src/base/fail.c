/* SPDX-License-Identifier: MIT */
/* Errors: filled at the point of discovery, completed by callers, printed at the end. */
#include "base/fail.h"
#include "base/escape.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 0))) static void fill(rf_error *error, rf_code code, const char *format,
                                                       va_list args)
{
    *error = (rf_error){.code = code, .offset = -1, .file_offset = -1, .db = -1};
    vsnprintf(error->message, sizeof error->message, format, args);
}

rf_code fail(rf_error *error, rf_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(error, code, format, args);
    va_end(args);
    return code;
}

rf_code fail_errno(rf_error *error, rf_code code, const char *format, ...)
{
    int reason = errno; /* later calls may change it */
    va_list args;
    va_start(args, format);
    fill(error, code, format, args);
    va_end(args);

    char text[128];
    size_t used = strlen(error->message);
    snprintf(error->message + used, sizeof error->message - used, ": %s",
             strerror_r(reason, text, sizeof text));
    errno = reason;
    return code;
}

/* What could not be written is not at an offset of the input. */
static bool concerns_output(const rf_error *error)
{
    return error->code == RF_E_WRITE;
}

void error_at(rf_error *error, int64_t offset, int64_t file_offset)
{
    if (error->offset >= 0 || concerns_output(error))
        return;
    error->offset = offset;
    error->file_offset = file_offset;
}

void error_key(rf_error *error, int64_t db, rf_slice key)
{
    error->db = db > INT_MAX ? INT_MAX : (int)db;
    escape_name(key, error->key, sizeof error->key);
}

void error_input(rf_error *error, const char *name)
{
    if (!concerns_output(error))
        snprintf(error->input, sizeof error->input, "%s", name);
}

bool rf_code_is_input(rf_code code)
{
    return code >= RF_E_READ && code < RF_E_INCOMPATIBLE; /* two families of ten */
}

bool rf_code_is_target(rf_code code)
{
    return code == RF_E_TARGET || code == RF_E_UNAVAILABLE;
}

const char *rf_code_text(rf_code code)
{
    switch (code) {
#define CODE_TEXT(name, number, text) \
    case RF_##name: return text;
        RF_CODES(CODE_TEXT)
#undef CODE_TEXT
    }
    return "unknown error code";
}

/* Both offsets if they differ: the second one helps to locate the error in a compressed file. */
static void print_location(const rf_error *error, char *out, size_t size)
{
    out[0] = '\0';
    if (error->offset >= 0 && error->file_offset >= 0 && error->file_offset != error->offset)
        snprintf(out, size,
                 "offset 0x%" PRIx64 " (near 0x%" PRIx64 " in the file): ", (uint64_t)error->offset,
                 (uint64_t)error->file_offset);
    else if (error->offset >= 0)
        snprintf(out, size, "offset 0x%" PRIx64 ": ", (uint64_t)error->offset);
}

size_t rf_error_format(const rf_error *error, char *out, size_t size)
{
    char location[80], db[32] = "";
    bool has_key = error->db >= 0 || error->key[0]; /* an empty key is a valid key */

    print_location(error, location, sizeof location);
    if (error->db >= 0)
        snprintf(db, sizeof db, " (db %d)", error->db);
    int length = snprintf(out, size, "%s%s%s%s%s%s%s%s", error->input, error->input[0] ? ": " : "", location,
                          error->message[0] ? error->message : rf_code_text(error->code),
                          has_key ? " in key '" : "", error->key, has_key ? "'" : "", db);
    return length < 0 ? 0 : (size_t)length;
}
