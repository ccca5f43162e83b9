/* SPDX-License-Identifier: MIT */
/* Searches for " name=" in the first line of a library. */
#include "rdb/function_name.h"
#include "base/bytes.h"
#include <rdbferry/entry.h>

rf_slice rf_function_name(rf_slice code)
{
    return function_name(code);
}

rf_slice function_name(rf_slice code)
{
    static const char mark[] = " name=";
    const uint8_t *line_end = code.len ? memchr(code.ptr, '\n', code.len) : NULL;
    size_t line = line_end ? (size_t)(line_end - code.ptr) : code.len;
    const uint8_t *found = line ? memmem(code.ptr, line, mark, sizeof mark - 1) : NULL;
    if (!found)
        return (rf_slice){code.ptr, line};
    const uint8_t *name = found + sizeof mark - 1;
    const uint8_t *end = memchr(name, ' ', (size_t)(code.ptr + line - name));
    return (rf_slice){name, (size_t)((end ? end : code.ptr + line) - name)};
}
