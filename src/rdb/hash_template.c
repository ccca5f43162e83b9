/* SPDX-License-Identifier: MIT */
/* Reading HASH_TEMPLATE records into an open-addressing table: servers write them in no order.
 * (Redis src/rdb.c, 8.10) */
#include "rdb/hash_template.h"

#include "base/buffer.h"
#include "rdb/rdb_read.h"
#include <stdlib.h>
#include <xxhash.h>

/* The place of `id`: where it is or would be. Seeded by where the table lies, so that ids cannot be chosen to
 * collide. */
static struct hash_template *place_of(struct hash_template *all, size_t cap, uint64_t id)
{
    size_t i = XXH3_64bits_withSeed(&id, sizeof id, (uintptr_t)all) & (cap - 1);
    while (all[i].fields && all[i].id != id)
        i = (i + 1) & (cap - 1);
    return &all[i];
}

const struct hash_template *hash_templates_find(const struct hash_templates *templates, uint64_t id)
{
    const struct hash_template *place = templates->cap ? place_of(templates->all, templates->cap, id) : NULL;
    return place && place->fields ? place : NULL;
}

static bool grow(struct hash_templates *templates)
{
    size_t cap = templates->cap ? 2 * templates->cap : 16;
    struct hash_template *all = calloc(cap, sizeof *all);
    if (!all)
        return false;
    for (size_t i = 0; i < templates->cap; i++)
        if (templates->all[i].fields)
            *place_of(all, cap, templates->all[i].id) = templates->all[i];
    free(templates->all);
    templates->all = all;
    templates->cap = cap;
    return true;
}

static bool insert(struct hash_templates *templates, struct hash_template template)
{
    if (4 * (templates->count + 1) > 3 * templates->cap && !grow(templates))
        return false;
    *place_of(templates->all, templates->cap, template.id) = template;
    templates->count++;
    return true;
}

/* Whether `field` may follow the name at the end of `bytes`: they ascend by length, then by bytes. So none
 * occurs twice. */
static bool ascends(const struct buffer *bytes, size_t length, rf_slice field)
{
    if (length != field.len || length == 0)
        return length < field.len;
    return memcmp(bytes->data + bytes->len - length, field.ptr, length) < 0;
}

/* Reads the names one after another into `bytes`, their ends into `ends`: the count is not believed. */
static rf_code read_fields(struct window *w, uint64_t count, struct buffer *bytes, struct buffer *ends)
{
    size_t length = 0; /* of the name before */
    for (; count > 0; count--) {
        rf_slice field;
        window_release(w);
        TRY(rdb_string(w, &field));
        if (ends->len > 0 && !ascends(bytes, length, field))
            return window_fail(w, RF_E_CORRUPT, "hash template with fields out of order");
        length = field.len;
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
    for (size_t i = 0; i < templates->cap; i++)
        free(templates->all[i].fields);
    free(templates->all);
    *templates = (struct hash_templates){0};
}
