/* SPDX-License-Identifier: MIT */
/* JSON that this program has written, read back: a list of its values, each with the way to it. */
#ifndef CMD_JSON_READ_H
#define CMD_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_value {
    char path[96];    /* "inputs.0.size" */
    const char *text; /* a string without its quotes; anything else as it stands */
};

struct json_values {
    struct json_value *all;
    size_t count;
};

/* Takes `text` apart, in place: the values lie in it. False: it is no JSON, or memory is out. In any case
 * json_values_free() frees it. */
bool json_read(char *text, struct json_values *out);
void json_values_free(struct json_values *values);

/* NULL: there is none. */
const char *json_text_at(const struct json_values *values, const char *path);

/* False: there is none, or it is no number from 0 on. */
bool json_number_at(const struct json_values *values, const char *path, uint64_t *number);

#endif
