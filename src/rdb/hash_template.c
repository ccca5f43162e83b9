/* SPDX-License-Identifier: MIT */
/* Reading HASH_TEMPLATE records into a sorted table. (Redis src/rdb.c, 8.10) */
#include "rdb/hash_template.h"

#include "base/buffer.h"
#include "rdb/rdb_read.h"
#include <stdlib.h>

/* The place of `id`: where it is or would be. */
static size_t place_of(const struct hash_templates *templates, uint64_t id)
{
    size_t low = 0, high = templates->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (templates->all[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct hash_template *hash_templates_find(const struct hash_templates *templates, uint64_t id)
{
    size_t i = place_of(templates, id);
    return i < templates->count && templates->all[i].id == id ? &templates->all[i] : NULL;
}

static bool insert(struct hash_templates *templates, struct hash_template template)
{
    if (templates->count == templates->cap) {
        size_t cap = templates->cap ? 2 * templates->cap : 16;
        struct hash_template *all = realloc(templates->all, cap * sizeof *all);
        if (!all)
            return false;
        templates->all = all;
        templates->cap = cap;
    }
    size_t i = place_of(templates, template.id);
    memmove(templates->all + i + 1, templates->all + i, (templates->count - i) * sizeof *templates->all);
    templates->all[i] = template;
    templates->count++;
    return true;
}

/* Field names ascend by length, then by bytes; so none occurs twice. */
static bool ascends(rf_slice before, rf_slice field)
{
    return before.len != field.len ? before.len < field.len : slice_compare(before, field) < 0;
}

/* Reads the names one after another into `bytes`, their ends into `ends`: the count is not believed. */
static rf_code read_fields(struct window *w, uint64_t count, struct buffer *bytes, struct buffer *ends)
{
    size_t start = 0; /* of the name before */
    for (; count > 0; count--) {
        rf_slice field;
        window_release(w);
        TRY(rdb_string(w, &field));
        if (ends->len > 0 && !ascends(slice_of(bytes->data + start, bytes->len - start), field))
            return window_fail(w, RF_E_CORRUPT, "hash template with fields out of order");
        start = bytes->len;
        bool kept = buffer_append(bytes, field) &&
                    buffer_append(ends, slice_of(&bytes->len, sizeof bytes->len));
        if (!kept)
            return window_fail(w, RF_E_MEMORY, "out of memory for a hash template");
    }
    return RF_OK;
}

/* One allocation: the array of slices, the bytes behind it. */
static bool make_template(uint64_t id, const struct buffer *bytes, const struct buffer *ends,
                          struct hash_template *out)
{
    size_t count = ends->len / sizeof(size_t), start = 0;
    rf_slice *fields = malloc(count * sizeof *fields + bytes->len);
    if (!fields)
        return false;
    uint8_t *copy = (uint8_t *)(fields + count);
    if (bytes->len)
        memcpy(copy, bytes->data, bytes->len);
    for (size_t i = 0; i < count; i++) {
        size_t end;
        memcpy(&end, ends->data + i * sizeof end, sizeof end);
        fields[i] = (rf_slice){copy + start, end - start};
        start = end;
    }
    *out = (struct hash_template){id, count, fields};
    return true;
}

rf_code hash_templates_read(struct hash_templates *templates, struct window *w)
{
    uint64_t id, count;
    struct hash_template template;
    struct buffer bytes = {0}, ends = {0};
    TRY(rdb_length(w, &id));
    TRY(rdb_length(w, &count));
    if (count == 0)
        return window_fail(w, RF_E_CORRUPT, "hash template without fields");
    if (hash_templates_find(templates, id))
        return window_fail(w, RF_E_CORRUPT, "hash template %llu is defined twice", (unsigned long long)id);
    rf_code code = read_fields(w, count, &bytes, &ends);
    if (code == RF_OK) {
        bool kept = make_template(id, &bytes, &ends, &template);
        if (kept && !insert(templates, template)) {
            free(template.fields);
            kept = false;
        }
        if (!kept)
            code = window_fail(w, RF_E_MEMORY, "out of memory for a hash template");
    }
    buffer_free(&bytes);
    buffer_free(&ends);
    return code;
}

void hash_templates_free(struct hash_templates *templates)
{
    for (size_t i = 0; i < templates->count; i++)
        free(templates->all[i].fields);
    free(templates->all);
    *templates = (struct hash_templates){0};
}
