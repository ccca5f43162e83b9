/* SPDX-License-Identifier: MIT */
/* The uses of a value: a reader begins and ends it, in between it is skipped, walked, held or taken. Copying,
 * which may re-encode, is value_copy.c. */
#ifndef RDB_VALUE_H
#define RDB_VALUE_H

#include "rdb/walk.h"

#define VALUE_NO_RECORD UINT64_MAX

/* Makes `value` that of `key` at the window's position. `record`: the offset at which the record of the key
 * begins, or VALUE_NO_RECORD. */
static inline void value_begin(struct rf_value *value, const struct rdb_type *type, int64_t db, rf_slice key,
                               uint64_t record)
{
    const struct window *w = value->stream;
    bool here = record != VALUE_NO_RECORD && record >= w->segment_offset;
    value->type = type;
    value->record = here ? w->segment_start + (record - w->segment_offset) : NULL;
    value->offset = window_offset(w);
    value->used = value->held = value->changed = value->is_plain = false;
    value->shift_ms = 0;
    value->leave_out_ms = INT64_MIN;
    value->contradiction = NULL;
    value->empty_nodes = 0;
    value->db = db;
    value->key = key;
}

/* False for a hash whose field names are in a template, and for a hash or a set whose elements' expiry is
 * shifted, or with excluded elements: its bytes differ from the result of a walk. */
static inline bool value_is_complete(const struct rf_value *value)
{
    return value->type->copied_type == value->type->encoding.number && !value->changed;
}

/* False for values that are re-encoded when they are copied: also for a stream, whose counters are
 * corrected. */
static inline bool value_copied_as_stored(const struct rf_value *value)
{
    return value_is_complete(value) && value->type->encoding.type != RF_STREAM;
}

/* Whether a copy is likely to represent an expiry that is shifted: Dragonfly's types have whole seconds, in a
 * range that is not checked here. */
static inline bool value_copy_keeps_expiry(const struct rf_value *value)
{
    return !value->changed || value->is_plain || value->type->encoding.dialect != RF_DRAGONFLY ||
           value->shift_ms % 1000 == 0;
}

/* Frees what belongs to this key. */
static inline void value_end(struct rf_value *value)
{
    if (UNLIKELY(value->held))
        spool_free(&value->spool);
    value->held = false;
}

/* Frees what is kept for all keys. */
static inline void value_close(struct rf_value *value)
{
    value_end(value);
    buffer_free(&value->rewind_buffer);
    dup_set_free(value->dup_set);
    value->dup_set = NULL;
}

/* Whether the value's type is rare and servers reject such values for reasons that a copy does not detect: an
 * old zipmap, or one with the expiry of fields or members. */
bool value_is_always_checked(const struct rf_value *value);

/* Copies the whole record of the value's key, from the first byte of its prefix. Requires value->record, and
 * that the value was not consumed. */
rf_code value_copy_record(struct rf_value *value, rf_bytes_fn fn, void *ctx, rf_error *error);

/* Copies the bytes after type byte and key as they are. */
rf_code value_copy_stored(struct rf_value *value, rf_bytes_fn fn, void *ctx, rf_error *error);

typedef rf_code value_use_fn(struct walk *k, void *arg);

/* Runs `use` over the value's bytes, wherever they are: a walk without a visitor. */
rf_code value_skip_raw(struct rf_value *value, value_use_fn *use, void *arg, rf_error *error);

/* Appends the value's raw bytes to `into`, if there are no more than `most`, their framing is intact and they
 * match the result of a walk, and consumes it, unless it is held. Otherwise *taken is false and the value is
 * unchanged. The only errors are those of memory. */
rf_code value_take(struct rf_value *value, struct buffer *into, size_t most, bool *taken, rf_error *error);

/* rf_value_check() of a value whose bytes were obtained by value_take(). An error does not affect the
 * reader. */
rf_code value_check_taken(struct rf_value *value, rf_slice bytes, uint64_t *elements, rf_error *error);

#endif
