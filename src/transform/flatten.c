/* SPDX-License-Identifier: MIT */
/* Prefixes that distinguish databases. */
#include "transform/flatten.h"
#include "base/list.h"
#include "base/number.h"
#include "transform/new_name.h"
#include <stdlib.h>

struct flatten {
    size_t number;      /* number of bytes of `text` before the database's number */
    struct buffer text; /* the template without its %d */
};

static rf_slice before_number(const struct flatten *flatten)
{
    return slice_of(flatten->text.data, flatten->number);
}

static rf_slice behind_number(const struct flatten *flatten)
{
    return slice_of(flatten->text.data + flatten->number, flatten->text.len - flatten->number);
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* The text has room for the whole template. False if it is invalid. */
static bool parse(struct flatten *flatten, rf_slice template)
{
    size_t numbers = 0;
    for (size_t i = 0; i < template.len; i++) {
        uint8_t c = template.ptr[i];
        if (c == '%' && ++i == template.len)
            return false;
        if (c == '%' && template.ptr[i] == 'd') {
            flatten->number = flatten->text.len;
            numbers++;
        } else if (c == '%' && template.ptr[i] != '%') {
            return false;
        } else {
            flatten->text.data[flatten->text.len++] = c;
        }
    }
    return numbers == 1;
}

rf_code flatten_new(rf_slice template, struct flatten **out, rf_error *error)
{
    struct flatten *flatten = calloc(1, sizeof *flatten);
    if (!flatten || !buffer_reserve(&flatten->text, template.len + 1)) {
        flatten_free(flatten);
        return fail(error, RF_E_MEMORY, "out of memory for a template of %zu bytes", template.len);
    }
    if (!parse(flatten, template)) {
        flatten_free(flatten);
        return fail(
            error, RF_E_ARGUMENT,
            "invalid database template '%.*s%s': it must contain one %%d, e.g. 'db%%d:'; use %%%% for a "
            "percent sign",
            QUOTED(template));
    }
    *out = flatten;
    return RF_OK;
}

void flatten_free(struct flatten *flatten)
{
    if (!flatten)
        return;
    buffer_free(&flatten->text);
    free(flatten);
}

rf_code flatten_prefix(const struct flatten *flatten, int64_t db, struct buffer *prefix, rf_error *error)
{
    uint8_t digits[NUMBER_TEXT_MAX];
    rf_slice number = slice_of(digits, number_print_i64(digits, db));
    prefix->len = 0;
    TRY(name_reserve(prefix, flatten->text.len + number.len, error));
    name_put(prefix, before_number(flatten));
    name_put(prefix, number);
    name_put(prefix, behind_number(flatten));
    return RF_OK;
}

/* If a byte that is not a digit follows the number, its end is unambiguous; so equal names have equal
 * numbers. */
bool flatten_mixes(const struct flatten *flatten)
{
    rf_slice rest = behind_number(flatten);
    return rest.len == 0 || is_digit(rest.ptr[0]);
}

static inline bool consume(rf_slice *name, rf_slice prefix)
{
    if (prefix.len == 0)
        return true;
    if (name->len < prefix.len || !bytes_equal(name->ptr, prefix.ptr, prefix.len))
        return false;
    *name = slice_of(name->ptr + prefix.len, name->len - prefix.len);
    return true;
}

bool flatten_made(const struct flatten *flatten, rf_slice name, int64_t *db)
{
    if (!consume(&name, before_number(flatten)))
        return false;
    rf_slice digits = {name.ptr, 0};
    while (digits.len < name.len && is_digit(name.ptr[digits.len]))
        digits.len++;
    return number_parse_i64(digits, db) && consume(&name, digits) && consume(&name, behind_number(flatten));
}

unsigned flatten_first_bytes(const struct flatten *flatten, unsigned *least)
{
    *least = flatten->number > 0 ? flatten->text.data[0] : '0';
    return flatten->number > 0 ? 1 : 10;
}
