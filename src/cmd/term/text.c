/* SPDX-License-Identifier: MIT */
/* Formats sizes and bytes for people. */
#include "cmd/term/text.h"
#include "cmd/term/utf8.h"
#include <stdio.h>
#include <string.h>

const char *text_size(uint64_t bytes, char out[SIZE_TEXT])
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
    double number = (double)bytes;
    size_t unit = 0;
    while (number >= 999.5) {
        number /= 1000;
        unit++;
    }
    snprintf(out, SIZE_TEXT, "%.*f %s", unit > 0 && number < 9.95, number, units[unit]);
    return out;
}

const char *text_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

const char *text_type(rf_type type)
{
    static const char *const names[] = {
#define TYPE_NAME(name, text) text,
        RF_TYPES(TYPE_NAME)
#undef TYPE_NAME
    };

    return type < RF_TYPE_COUNT ? names[type] : "?";
}

/* Writes the first character of `bytes` to `out`, or its first byte as \xNN. Returns how many bytes it
 * consumed. */
static size_t put_character(rf_slice bytes, char out[CHARACTER_TEXT])
{
    uint32_t character;
    size_t length = utf8_next(bytes, &character);
    if (length == 0 || utf8_is_control(character)) {
        snprintf(out, CHARACTER_TEXT, "\\x%02x", *bytes.ptr);
        return 1;
    }
    memcpy(out, bytes.ptr, length);
    out[length] = '\0';
    return length;
}

void text_put(FILE *out, const char *text)
{
    rf_slice left = {(const uint8_t *)text, strlen(text)};
    while (left.len > 0) {
        char character[CHARACTER_TEXT];
        size_t length = put_character(left, character);
        fputs(character, out);
        left.ptr += length;
        left.len -= length;
    }
}

void text_escape(rf_slice bytes, char *out, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    const char *end = out + size - sizeof "\\xNN...";
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.ptr[i];
        if (out > end) {
            strcpy(out, "...");
            return;
        }
        if (byte >= ' ' && byte <= '~' && byte != '\\') {
            *out++ = (char)byte;
        } else {
            *out++ = '\\';
            *out++ = 'x';
            *out++ = hex[byte >> 4];
            *out++ = hex[byte & 15];
        }
    }
    *out = '\0';
}

size_t text_character(rf_slice bytes, char out[CHARACTER_TEXT])
{
    if (*bytes.ptr != '\\')
        return put_character(bytes, out);
    strcpy(out, "\\x5c");
    return 1;
}

const char *text_readable(rf_slice bytes, char *out, size_t size)
{
    char *to = out;
    const char *end = out + size - CHARACTER_TEXT - sizeof "...";
    while (bytes.len > 0) {
        size_t length;
        if (to > end) {
            strcpy(to, "...");
            return out;
        }
        length = text_character(bytes, to);
        to += strlen(to);
        bytes.ptr += length;
        bytes.len -= length;
    }
    *to = '\0';
    return out;
}
