/* SPDX-License-Identifier: MIT */
/* The one rule by which bytes are written as printable ASCII. */
#include "base/escape.h"
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static const char hex[] = "0123456789abcdef";

static inline size_t put_byte(uint8_t byte, bool quotes, char *out)
{
    if (byte >= ' ' && byte <= '~' && byte != '\\' && (byte != '\'' || !quotes)) {
        out[0] = (char)byte;
        return 1;
    }
    memcpy(out, (char[]){'\\', 'x', hex[byte >> 4], hex[byte & 15]}, ESCAPED_BYTE);
    return ESCAPED_BYTE;
}

size_t escape_byte(uint8_t byte, char out[ESCAPED_BYTE])
{
    return put_byte(byte, true, out);
}

static void escape(rf_slice bytes, bool quotes, char *out, size_t size)
{
    static const char ellipsis[] = "...";
    const char *limit = out + size - sizeof ellipsis;
    for (size_t i = 0; i < bytes.len; i++) {
        char text[ESCAPED_BYTE];
        size_t length = put_byte(bytes.ptr[i], quotes, text);
        if ((size_t)(limit - out) < length) {
            memcpy(out, ellipsis, sizeof ellipsis);
            return;
        }
        memcpy(out, text, length);
        out += length;
    }
    *out = '\0';
}

void escape_name(rf_slice name, char *out, size_t size)
{
    escape(name, true, out, size);
}

void escape_text(rf_slice text, char *out, size_t size)
{
    escape(text, false, out, size);
}

static unsigned hex_value(char letter)
{
    return (unsigned)(strchr(hex, tolower((unsigned char)letter)) - hex);
}

rf_slice unescape(char *text)
{
    uint8_t *to = (uint8_t *)text;
    for (const char *at = text; *at;) {
        if (at[0] == '\\' && at[1] == 'x' && isxdigit((unsigned char)at[2]) &&
            isxdigit((unsigned char)at[3])) {
            *to++ = (uint8_t)(hex_value(at[2]) << 4 | hex_value(at[3]));
            at += 4;
        } else {
            *to++ = (uint8_t)*at++;
        }
    }
    return (rf_slice){(uint8_t *)text, (size_t)(to - (uint8_t *)text)};
}
