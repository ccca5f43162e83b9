/* SPDX-License-Identifier: MIT */
/* Measures a key: a visitor that counts elements. */
#include "base/fail.h"
#include "base/number.h"
#include "measure/measure_nodes.h"
#include "measure/memory_model.h"
#include "rdb/rdb_read.h"

static inline void count(struct shape *s, size_t len)
{
    s->bytes += len;
    if (len > s->longest)
        s->longest = len;
}

/* Notes whether an element is an integer. */
static inline void note_number(struct shape *s, rf_slice element)
{
    int64_t n;
    if (!number_parse_i64(element, &n))
        s->not_numbers++;
    else if (s->widest < 8)
        s->widest = n != (int32_t)n ? 8 : n != (int16_t)n && s->widest < 4 ? 4 : s->widest ? s->widest : 2;
}

static rf_code on_item(void *ctx, rf_slice item)
{
    struct shape *s = ctx;
    s->elements++;
    count(s, item.len);
    nodes_add_item(s, item);
    return RF_OK;
}

/* Counts an element as an allocation of its own, and, while there are few, as an entry of a listpack. */
static inline void count_packable(struct shape *s, rf_slice element)
{
    count(s, element.len);
    s->apart += memory_of_string(element.len);
    if (s->elements <= LISTPACK_ENTRIES)
        s->packed += packed_string_size(element);
}

static rf_code on_member(void *ctx, rf_slice member, int64_t expire_ms)
{
    struct shape *s = ctx;
    s->elements++;
    count_packable(s, member);
    s->expiring += expire_ms != RF_NO_EXPIRY;
    if (s->elements <= LISTPACK_ENTRIES)
        s->packed_expiries += packed_integer_size(expire_ms == RF_NO_EXPIRY ? 0 : expire_ms);
    if (s->not_numbers == 0 && s->elements <= INTSET_ENTRIES)
        note_number(s, member);
    return RF_OK;
}

static rf_code on_scored(void *ctx, rf_slice member, double score)
{
    struct shape *s = ctx;
    s->elements++;
    count_packable(s, member);
    if (s->elements <= LISTPACK_ENTRIES)
        s->packed += packed_score_size(score);
    return RF_OK;
}

static rf_code on_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    struct shape *s = ctx;
    s->elements++;
    count_packable(s, field);
    count_packable(s, value);
    s->expiring += expire_ms != RF_NO_EXPIRY;
    return RF_OK;
}

static rf_code on_slot(void *ctx, uint64_t index, rf_slice value)
{
    enum { FITS_IN_SLOT = 7 };
    struct shape *s = ctx;
    (void)index;
    s->elements++;
    count(s, value.len);
    s->apart += value.len > FITS_IN_SLOT ? memory_of_string(value.len) : 0;
    return RF_OK;
}

static rf_code on_path_field(void *ctx, rf_slice path, rf_slice field, rf_slice value)
{
    struct shape *s = ctx;
    s->elements++;
    count(s, path.len);
    count(s, field.len);
    count(s, value.len);
    s->apart += memory_of_string(path.len) + memory_of_string(field.len) + memory_of_string(value.len);
    return RF_OK;
}

static rf_code on_module_part(void *ctx, const rf_module_part *part)
{
    struct shape *s = ctx;
    count(s, part->bytes.ptr ? part->bytes.len : sizeof part->number);
    return RF_OK;
}

/* --- streams ----------------------------------------------------------------------------------------- */

static rf_code on_stream_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs)
{
    struct shape *s = ctx;
    s->elements++;
    for (size_t i = 0; i < 2 * pairs; i++)
        count(s, fields_values[i].len);
    nodes_add_entry(s, id, fields_values, pairs);
    return RF_OK;
}

enum { GROUP_STRUCT = 40, CONSUMER_STRUCT = 24, PENDING_STRUCT = 24 };

/* A group's own tree of pending entries is assumed to have as many nodes as those of its consumers. */
static void end_consumer(struct shape *s)
{
    if (s->pending.ids > 0)
        s->group_memory += 2 * memory_of_tree(&s->pending);
    s->pending = (struct id_tree){0};
}

static rf_code on_group(void *ctx, const rf_group *group)
{
    struct shape *s = ctx;
    end_consumer(s);
    s->group_memory += GROUP_STRUCT + group->pending * PENDING_STRUCT;
    if (group->pending == 0)
        s->group_memory += memory_of_tree(&(struct id_tree){0});
    return RF_OK;
}

static rf_code on_consumer(void *ctx, const rf_consumer *consumer)
{
    struct shape *s = ctx;
    end_consumer(s);
    s->group_memory += CONSUMER_STRUCT + consumer->name.len;
    if (consumer->pending == 0)
        s->group_memory += memory_of_tree(&(struct id_tree){0});
    return RF_OK;
}

static rf_code on_pending(void *ctx, const rf_pending *pending)
{
    struct shape *s = ctx;
    id_tree_add(&s->pending, pending->id);
    return RF_OK;
}

/* --- a key ------------------------------------------------------------------------------------------- */

static const rf_visitor visitor = {
    .item = on_item,
    .member = on_member,
    .scored = on_scored,
    .field = on_field,
    .slot = on_slot,
    .path_field = on_path_field,
    .stream_entry = on_stream_entry,
    .group = on_group,
    .consumer = on_consumer,
    .pending = on_pending,
    .module_part = on_module_part,
};

static rf_code on_string(void *ctx, rf_slice value)
{
    rf_measure *out = ctx;
    int64_t n;
    out->elements = 1;
    out->longest = out->bytes = value.len;
    out->memory = number_parse_i64(value, &n) ? memory_of_number() : memory_of_text(value.len);
    return RF_OK;
}

static rf_code measure_string(const rf_entry *key, rf_measure *out, rf_error *error)
{
    static const rf_visitor strings = {.string = on_string};
    return rf_value_walk(key->value, &strings, out, error);
}

/* The length at a distance from the window's position, which does not move; *at: its end. */
static rf_code peek_length(struct window *w, size_t *at, uint64_t *n)
{
    struct window head;
    TRY(window_need(w, *at + 1));
    const size_t size = rdb_length_size(w->pos[*at]);
    TRY(window_need(w, *at + size));
    window_open_memory(&head, slice_of(w->pos + *at, size));
    head.error = w->error;
    rf_code code = rdb_length(&head, n);
    window_close(&head);
    *at += size;
    return code;
}

/* The uncompressed length of the string at the window's position. */
static rf_code length_of_next_string(struct window *w, uint64_t *n)
{
    enum { COMPRESSED = 0xc3 };
    size_t at = 1;
    TRY(window_need(w, 1));
    if (*w->pos == COMPRESSED)
        TRY(peek_length(w, &at, n));
    else
        at = 0;
    return peek_length(w, &at, n);
}

static rf_code measure_others(const rf_entry *key, rf_measure *out, rf_error *error)
{
    enum { ZSET_LISTPACK = 17 };
    struct shape s = {.value = key->value};
    key->value->stream->error = error;
    if (key->encoding->number == ZSET_LISTPACK && !key->value->held &&
        length_of_next_string(key->value->stream, &s.blob) != RF_OK)
        s.blob = 0; /* the walk fails as well, or it is an integer */
    nodes_begin(&s);
    TRY(rf_value_walk(key->value, &visitor, &s, error));
    nodes_end(&s);
    end_consumer(&s);
    *out = (rf_measure){
        .elements = s.elements,
        .longest = s.longest,
        .bytes = s.bytes,
        .memory = memory_of_value(key, &s),
    };
    return RF_OK;
}

rf_code rf_measure_key(const rf_entry *key, rf_measure *out, rf_error *error)
{
    TRY((LIKELY(key->type == RF_STRING) ? measure_string : measure_others)(key, out, error));
    out->stored = window_offset(key->value->stream) - key->offset;
    out->memory += memory_of_key(key->key) + (key->no_evict ? memory_of_no_evict(key->key) : 0);
    return RF_OK;
}
