/* SPDX-License-Identifier: MIT */
/* Sizes in units, bytes made printable. */
#include "text.h"
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

const char *text_type(rf_type type)
{
    static const char *const names[] = {
#define TYPE_NAME(name, text) text,
        RF_TYPES(TYPE_NAME)
#undef TYPE_NAME
    };

    return names[type];
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
