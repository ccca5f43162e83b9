/* SPDX-License-Identifier: MIT */
/* Escapes and unescapes bytes; formats times. */
#include "cmd/term/format.h"
#include <ctype.h>
#include <inttypes.h>
#include <rdbferry/entry.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char hex[] = "0123456789abcdef";

void print_bytes(FILE *out, rf_slice bytes)
{
    putc('\'', out);
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.ptr[i];
        if (byte >= ' ' && byte <= '~' && byte != '\'' && byte != '\\')
            putc(byte, out);
        else
            fprintf(out, "\\x%c%c", hex[byte >> 4], hex[byte & 15]);
    }
    putc('\'', out);
}

void print_bytes_cut(FILE *out, rf_slice bytes, size_t most)
{
    bool cut = bytes.len > most;
    print_bytes(out, (rf_slice){bytes.ptr, cut ? most : bytes.len});
    if (cut)
        fputs("...", out);
}

const char *format_score(double score, char out[SCORE_TEXT])
{
    enum { FEW_DIGITS = 15, ALL_DIGITS = 17 };
    for (int digits = FEW_DIGITS; digits <= ALL_DIGITS; digits++) {
        snprintf(out, SCORE_TEXT, "%.*g", digits, score);
        if (strtod(out, NULL) == score)
            break;
    }
    return out;
}

static bool is_hex(char letter)
{
    return isxdigit((unsigned char)letter);
}

static unsigned hex_value(char letter)
{
    return (unsigned)(strchr(hex, tolower((unsigned char)letter)) - hex);
}

rf_slice unescape(char *text)
{
    uint8_t *to = (uint8_t *)text;
    for (const char *at = text; *at;) {
        if (at[0] == '\\' && at[1] == 'x' && is_hex(at[2]) && is_hex(at[3])) {
            *to++ = (uint8_t)(hex_value(at[2]) << 4 | hex_value(at[3]));
            at += 4;
        } else {
            *to++ = (uint8_t)*at++;
        }
    }
    return (rf_slice){(uint8_t *)text, (size_t)(to - (uint8_t *)text)};
}

const char *format_time(int64_t ms, char out[TIME_TEXT])
{
    int64_t fraction = (ms % 1000 + 1000) % 1000;
    time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
    struct tm when;
    size_t length;
    if (ms == RF_NO_EXPIRY)
        return strcpy(out, "none");
    if (!gmtime_r(&seconds, &when)) {
        snprintf(out, TIME_TEXT, "%" PRId64 " ms", ms);
        return out;
    }
    length = strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &when);
    snprintf(out + length, TIME_TEXT - length, ".%03dZ", (int)fraction);
    return out;
}
