/* SPDX-License-Identifier: MIT */
/* Sizes, times, scores and bytes in readable form. */
#include "cmd/term/text.h"
#include "base/escape.h"
#include "base/utf8.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

double text_percent(uint64_t part, uint64_t total)
{
    return total ? 100.0 * (double)part / (double)total : 0;
}

const char *text_duration(uint64_t seconds, char out[DURATION_TEXT])
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{365 * 86400, "y"}, {86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    size_t unit = 0;
    while (unit < sizeof units / sizeof *units - 1 && seconds < 2 * units[unit].seconds)
        unit++;
    double number = (double)seconds / (double)units[unit].seconds;
    bool decimals = number < 9.95 && units[unit].seconds > 1;
    snprintf(out, DURATION_TEXT, "%.*f %s", decimals, number, units[unit].name);
    return out;
}

const char *text_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
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

void print_bytes(FILE *out, rf_slice bytes)
{
    putc('\'', out);
    for (size_t i = 0; i < bytes.len; i++) {
        char text[ESCAPED_BYTE];
        size_t length = escape_byte(bytes.ptr[i], text);
        fwrite(text, 1, length, out);
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
