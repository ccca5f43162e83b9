/* SPDX-License-Identifier: MIT */
/* Reading HASH_TEMPLATE records into a hash table: servers write them in no particular order. (Redis
 * src/rdb.c, 8.10) */
#include "rdb/hash_template.h"

#include "base/buffer.h"
#include "codec/listpack.h"
#include "rdb/rdb_read.h"
#include <stdlib.h>
#include <xxhash.h>

static bool has_id(const void *entry, const void *id)
{
    return ((const struct hash_template *)entry)->id == *(const uint64_t *)id;
}

static uint64_t hash_of(const struct hash_templates *templates, uint64_t id)
{
    return XXH3_64bits_withSeed(&id, sizeof id, templates->table.seed);
}

const struct hash_template *hash_templates_find(const struct hash_templates *templates, uint64_t id)
{
    return hash_table_find(&templates->table, hash_of(templates, id), has_id, &id);
}

static bool insert(struct hash_templates *templates, struct hash_template template)
{
    bool was_there;
    if (templates->table.entry_size == 0)
        hash_table_init(&templates->table, sizeof template, SIZE_MAX);
    struct hash_template *entry = hash_table_add(&templates->table, hash_of(templates, template.id), has_id,
                                                 &template.id, &was_there);
    if (!entry)
        return false;
    entry->id = template.id;
    entry->count = template.count;
    entry->fields = template.fields;
    return true;
}

/* Whether `field` may follow the name at the end of `bytes`: they ascend by length, then by bytes, so there
 * are no duplicates. */
static bool ascends(const struct buffer *bytes, size_t length, rf_slice field)
{
    if (length != field.len || length == 0)
        return length < field.len;
    return memcmp(bytes->data + bytes->len - length, field.ptr, length) < 0;
}

/* Names in the order read. */
struct names {
    struct buffer bytes, ends;
    size_t length; /* of the last one */
};

static rf_code add_name(struct window *w, struct names *names, rf_slice field)
{
    if (names->ends.len > 0 && !ascends(&names->bytes, names->length, field))
        return window_fail(w, RF_E_CORRUPT, "hash template: fields out of order");
    names->length = field.len;
    bool kept = buffer_append(&names->bytes, field) &&
                buffer_append(&names->ends, slice_of(&names->bytes.len, sizeof names->bytes.len));
    return kept ? RF_OK : window_fail(w, RF_E_MEMORY, "out of memory for a hash template");
}

/* len count, (string field)*count. The count is not trusted. */
static rf_code read_names(struct window *w, struct names *names)
{
    uint64_t count;
    TRY(rdb_length(w, &count));
    for (; count > 0; count--) {
        rf_slice field;
        window_release(w);
        TRY(rdb_string(w, &field));
        TRY(add_name(w, names, field));
    }
    return RF_OK;
}

/* A string that is a listpack of the fields. */
static rf_code read_packed_names(struct window *w, struct names *names)
{
    rf_slice bytes;
    struct listpack cursor;
    struct packed name;
    uint8_t text[NUMBER_TEXT_MAX];
    TRY(rdb_string(w, &bytes));
    enum packed_step step = listpack_open(&cursor, bytes) ? PACKED_ELEMENT : PACKED_DAMAGED;
    while (step == PACKED_ELEMENT && (step = listpack_next(&cursor, &name)) == PACKED_ELEMENT)
        TRY(add_name(w, names, packed_slice(&name, text)));
    return step == PACKED_END ? RF_OK : window_fail(w, RF_E_CORRUPT, "%s", cursor.fault);
}

/* One allocation: the array of slices, followed by the bytes. */
static rf_code make_template(struct window *w, const struct names *names, struct hash_template *out)
{
    size_t count = names->ends.len / sizeof(size_t), start = 0;
    if (count == 0)
        return window_fail(w, RF_E_CORRUPT, "hash template: no fields");
    rf_slice *fields = malloc(count * sizeof *fields + names->bytes.len);
    if (!fields)
        return window_fail(w, RF_E_MEMORY, "out of memory for a hash template");
    uint8_t *copy = (uint8_t *)(fields + count);
    if (names->bytes.len)
        memcpy(copy, names->bytes.data, names->bytes.len);
    for (size_t i = 0; i < count; i++) {
        size_t end;
        memcpy(&end, names->ends.data + i * sizeof end, sizeof end);
        fields[i] = (rf_slice){copy + start, end - start};
        start = end;
    }
    *out = (struct hash_template){.count = count, .fields = fields};
    return RF_OK;
}

static rf_code read_template(struct window *w, rf_code (*read)(struct window *, struct names *),
                             struct hash_template *out)
{
    struct names names = {0};
    rf_code code = read(w, &names);
    if (code == RF_OK)
        code = make_template(w, &names, out);
    buffer_free(&names.bytes);
    buffer_free(&names.ends);
    return code;
}

rf_code hash_templates_read(struct hash_templates *templates, struct window *w)
{
    uint64_t id;
    struct hash_template template = {0};
    TRY(rdb_length(w, &id));
    if (hash_templates_find(templates, id))
        return window_fail(w, RF_E_CORRUPT, "hash template %llu is defined twice", (unsigned long long)id);
    TRY(read_template(w, read_names, &template));
    template.id = id;
    if (insert(templates, template))
        return RF_OK;
    free(template.fields);
    return window_fail(w, RF_E_MEMORY, "out of memory for a hash template");
}

rf_code hash_template_read_dumped(struct hash_template *template, struct window *w)
{
    enum { PACKED, ONE_BY_ONE };
    uint64_t form;
    TRY(rdb_length(w, &form));
    if (form > ONE_BY_ONE)
        return window_fail(w, RF_E_CORRUPT, "hash template: unknown form %llu", (unsigned long long)form);
    return read_template(w, form == PACKED ? read_packed_names : read_names, template);
}

void hash_templates_free(struct hash_templates *templates)
{
    size_t position = 0;
    for (struct hash_template *each; (each = hash_table_next(&templates->table, &position));)
        free(each->fields);
    hash_table_free(&templates->table);
}
