/* SPDX-License-Identifier: MIT */
/* Writes JSON to a stream, indented or on one line. In an object each value is preceded by its name; in an
 * array and at the top `name` is NULL. Write errors stay in the stream. (base/json_text.h writes JSON for
 * speed.) */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *out;
    bool one_line; /* without spaces */
    int depth;
    bool filled; /* this object or array already has a value */
};

void json_object(struct json *json, const char *name);
void json_end_object(struct json *json);
void json_array(struct json *json, const char *name);
void json_end_array(struct json *json);

/* Control characters are escaped; bytes that are not valid UTF-8 become U+FFFD. NULL writes null. */
void json_string(struct json *json, const char *name, const char *text);

/* A string: only ASCII control characters are escaped; if the bytes are not valid UTF-8, also each one from
 * 0x80 on, as \u00XX. */
void json_bytes(struct json *json, const char *name, rf_slice bytes);
void json_base64(struct json *json, const char *name, rf_slice bytes);

/* Adds a value that already is JSON, in an array. */
void json_made(struct json *json, const char *text);
void json_number(struct json *json, const char *name, uint64_t number);
void json_signed(struct json *json, const char *name, int64_t number);
void json_bool(struct json *json, const char *name, bool value);

/* An array of numbers, on one line. */
void json_numbers(struct json *json, const char *name, const uint64_t *numbers, size_t count);
void json_seconds(struct json *json, const char *name, double seconds);

#endif
