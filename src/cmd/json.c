/* SPDX-License-Identifier: MIT */
/* A JSON printer. */
#include "json.h"
#include <inttypes.h>
#include <stddef.h>

/* Length of the UTF-8 sequence at `text`, 0 if there is none. Overlong forms, surrogates and what lies
 * beyond U+10FFFF are none. */
static size_t utf8_length(const unsigned char *text)
{
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = text[0];
    size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    unsigned long code = lead & (0xffu >> (length + 1));

    if (length == 1)
        return 1;
    if (lead < 0xc0 || lead > 0xf7)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    return length;
}

static void put_string(FILE *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    putc('"', out);
    while (*at) {
        size_t length = utf8_length(at);

        if (length == 0) {
            fputs("\\ufffd", out);
            length = 1;
        } else if (*at < ' ' || *at == 0x7f) {
            fprintf(out, "\\u%04x", *at);
        } else {
            if (*at == '"' || *at == '\\')
                putc('\\', out);
            fwrite(at, 1, length, out);
        }
        at += length;
    }
    putc('"', out);
}

static void new_line(struct json *json)
{
    fprintf(json->out, "\n%*s", 2 * json->depth, "");
}

static void begin_value(struct json *json, const char *name)
{
    if (json->filled)
        putc(',', json->out);
    if (json->depth > 0)
        new_line(json);
    if (name) {
        put_string(json->out, name);
        fputs(": ", json->out);
    }
    json->filled = true;
}

static void begin_group(struct json *json, const char *name, char bracket)
{
    begin_value(json, name);
    putc(bracket, json->out);
    json->depth++;
    json->filled = false;
}

static void end_group(struct json *json, char bracket)
{
    json->depth--;
    if (json->filled)
        new_line(json);
    putc(bracket, json->out);
    json->filled = true;
    if (json->depth == 0)
        putc('\n', json->out);
}

void json_object(struct json *json, const char *name)
{
    begin_group(json, name, '{');
}

void json_end_object(struct json *json)
{
    end_group(json, '}');
}

void json_array(struct json *json, const char *name)
{
    begin_group(json, name, '[');
}

void json_end_array(struct json *json)
{
    end_group(json, ']');
}

void json_string(struct json *json, const char *name, const char *text)
{
    begin_value(json, name);
    if (text)
        put_string(json->out, text);
    else
        fputs("null", json->out);
}

void json_number(struct json *json, const char *name, uint64_t number)
{
    begin_value(json, name);
    fprintf(json->out, "%" PRIu64, number);
}

void json_signed(struct json *json, const char *name, int64_t number)
{
    begin_value(json, name);
    fprintf(json->out, "%" PRId64, number);
}

void json_seconds(struct json *json, const char *name, double seconds)
{
    begin_value(json, name);
    fprintf(json->out, "%.3f", seconds);
}
