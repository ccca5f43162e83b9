/* SPDX-License-Identifier: MIT */
/* The first line of a function library: words separated by white space, of which the first is "#!" and the
 * engine, and another "name=" and the name. (Valkey src/functions.c: functionExtractLibMetaData) */
#include "base/bytes.h"
#include <ctype.h>
#include <rdbferry/entry.h>
#include <strings.h>

static rf_slice first_line(rf_slice code)
{
    const uint8_t *end = code.len > 0 ? memchr(code.ptr, '\n', code.len) : NULL;
    return slice_of(code.ptr, end ? (size_t)(end - code.ptr) : code.len);
}

/* Removes the next word from the line; it is empty at the end. */
static rf_slice next_word(rf_slice *line)
{
    const uint8_t *p = line->ptr, *end = p + line->len;
    while (p < end && isspace(*p))
        p++;
    const uint8_t *start = p;
    while (p < end && !isspace(*p))
        p++;
    *line = slice_of(p, (size_t)(end - p));
    return slice_of(start, (size_t)(p - start));
}

bool rf_function_header(rf_slice code, rf_slice *engine, rf_slice *name)
{
    static const char mark[] = "name=";
    const size_t size = sizeof mark - 1;
    rf_slice line = first_line(code);
    *engine = *name = (rf_slice){0};
    if (line.len == 0)
        return false;
    bool has_mark = line.len > 2 && memcmp(line.ptr, "#!", 2) == 0;
    rf_slice word = next_word(&line);
    if (has_mark)
        *engine = slice_of(word.ptr + 2, word.len - 2);
    while (!name->ptr && (word = next_word(&line)).len > 0)
        if (word.len >= size && strncasecmp((const char *)word.ptr, mark, size) == 0)
            *name = slice_of(word.ptr + size, word.len - size);
    return engine->len > 0 && name->len > 0;
}

rf_slice rf_function_name(rf_slice code)
{
    rf_slice engine, name;
    rf_function_header(code, &engine, &name);
    return name.ptr ? name : first_line(code);
}
