/* SPDX-License-Identifier: MIT */
/* A JSON printer. */
#include "base/json.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include <inttypes.h>
#include <string.h>

/* Beyond U+FFFF as a pair of surrogates. */
static void put_escape(FILE *out, uint32_t character)
{
    if (character > 0xffff) {
        fprintf(out, "\\u%04x", 0xd7c0 + (character >> 10));
        character = 0xdc00 + (character & 0x3ff);
    }
    fprintf(out, "\\u%04x", character);
}

static void put_string(FILE *out, const char *text)
{
    rf_slice left = {(const uint8_t *)text, strlen(text)};
    putc('"', out);
    while (left.len > 0) {
        uint32_t character;
        size_t length = utf8_next(left, &character);
        if (length == 0) {
            put_escape(out, 0xfffd);
            length = 1;
        } else if (utf8_is_control(character)) {
            put_escape(out, character);
        } else {
            if (*left.ptr == '"' || *left.ptr == '\\')
                putc('\\', out);
            fwrite(left.ptr, 1, length, out);
        }
        left.ptr += length;
        left.len -= length;
    }
    putc('"', out);
}

static void new_line(struct json *json)
{
    if (!json->one_line)
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
        fputs(json->one_line ? ":" : ": ", json->out);
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

void json_bytes(struct json *json, const char *name, rf_slice bytes)
{
    bool is_valid = utf8_is_valid(bytes);
    begin_value(json, name);
    putc('"', json->out);
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.ptr[i];
        if (byte < ' ' || byte == 0x7f || (byte >= 0x80 && !is_valid)) {
            put_escape(json->out, byte);
        } else {
            if (byte == '"' || byte == '\\')
                putc('\\', json->out);
            putc(byte, json->out);
        }
    }
    putc('"', json->out);
}

void json_base64(struct json *json, const char *name, rf_slice bytes)
{
    enum { PART = 3 * 256 };
    begin_value(json, name);
    putc('"', json->out);
    for (size_t done = 0; done < bytes.len; done += PART) {
        uint8_t text[PART / 3 * 4];
        size_t part = bytes.len - done < PART ? bytes.len - done : PART;
        const uint8_t *end = base64_print(text, bytes.ptr + done, part);
        fwrite(text, 1, (size_t)(end - text), json->out);
    }
    putc('"', json->out);
}

void json_made(struct json *json, const char *text)
{
    begin_value(json, NULL);
    fputs(text, json->out);
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

void json_bool(struct json *json, const char *name, bool value)
{
    begin_value(json, name);
    fputs(value ? "true" : "false", json->out);
}

void json_numbers(struct json *json, const char *name, const uint64_t *numbers, size_t count)
{
    begin_value(json, name);
    putc('[', json->out);
    for (size_t i = 0; i < count; i++)
        fprintf(json->out, "%s%" PRIu64, i ? ", " : "", numbers[i]);
    putc(']', json->out);
}

void json_seconds(struct json *json, const char *name, double seconds)
{
    begin_value(json, name);
    fprintf(json->out, "%.3f", seconds);
}
