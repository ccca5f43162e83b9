/* SPDX-License-Identifier: MIT */
/* The internals of a value, and the definitions shared by the walk functions.
 *
 * A walk function decodes one value type sequentially over a window. With a visitor it reports the elements;
 * without one it skips as cheaply as possible, which serves both skipping and copying (the window's tap
 * receives the bytes). */
#ifndef RDB_VALUE_H
#define RDB_VALUE_H

#include "base/buffer.h"
#include "base/fail.h"
#include "io/spool.h"
#include "io/window.h"
#include "rdb/dup_set.h"
#include "rdb/hash_template.h"
#include "rdb/rdb_format.h"
#include <rdbferry/notice.h>
#include <rdbferry/reader.h>
#include <rdbferry/value.h>

struct walk {
    struct window *w;
    const rf_visitor *visitor; /* NULL: skip */
    void *ctx;
    struct rf_value *value;
    struct dup_set *dup_set; /* NULL: do not check for duplicates */
    uint64_t dup_left;       /* number of members still to be checked */
    bool frame_only;         /* without a visitor: only determine the value's end */
};

typedef rf_code walk_fn(struct walk *k);

/* A row of types.def. */
struct rdb_type {
    rf_encoding encoding;
    walk_fn *walk;       /* NULL: unknown type */
    uint8_t copied_type; /* see rf_value_copied_type() */
};

enum { RDB_TYPE_COUNT = 64 };

/* The types of a dialect, indexed by type bytes below RDB_TYPE_COUNT, the only valid ones. */
const struct rdb_type *rdb_types(rf_dialect dialect);

struct rf_value {
    const struct rdb_type *type;
    const struct hash_templates *templates;
    const struct hash_template *template; /* of a value in a DUMP payload; NULL: it is in `templates` */
    struct window *stream;                /* the reader's, positioned at the value until it is consumed */
    const uint8_t *record; /* the start of the key's record, if it is in the same segment; or NULL */
    uint64_t offset;
    bool used, held;
    bool changed;                /* its fields are shifted by shift_ms, or some are excluded */
    bool is_plain;               /* none of the remaining fields expires */
    bool resume;                 /* see rf_reader_next() */
    struct buffer rewind_buffer; /* the bytes that a walk has consumed, to rewind */
    bool rewind_lost;            /* there were too many to keep */
    struct spool spool;
    rf_slice bytes;    /* of a held value */
    int64_t expire_ms; /* of the key, from its record */
    int64_t shift_ms;
    int64_t leave_out_ms; /* fields that expire until then, before shifting, are excluded; INT64_MIN: none */
    int64_t db;           /* for errors and notices */
    rf_slice key;
    const char *input;
    const rf_reader_info *info; /* of the containing file; NULL: a DUMP payload */
    rf_error *sticky;           /* receives the reader's permanent error */
    const rf_notify *notify;
    bool unguarded; /* known not to be covered by a checksum, or everything has to be checked anyway */
    bool trusted;   /* this value or an earlier one was passed on unchecked, relying on the checksum */
    struct dup_set *dup_set;   /* NULL until needed by a walk */
    const char *contradiction; /* how a stream's metadata contradicts its entries; NULL: not found */
    uint64_t empty_nodes;      /* of a stream, as found by a walk */
};

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

/* False for a hash whose field names are in a template, whose fields' expiry is shifted, or with excluded
 * fields: its bytes differ from the result of a walk. */
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
 * old zipmap, or a hash with field expiry. */
bool value_is_always_checked(const struct rf_value *value);

/* Copies the whole record of the value's key, from the first byte of its prefix. Requires value->record, and
 * that the value was not consumed. */
rf_code value_copy_record(struct rf_value *value, rf_bytes_fn fn, void *ctx, rf_error *error);

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

void value_notice(const struct rf_value *value, rf_notice_code code, const char *detail);

/* A stream's counters are inconsistent with its entries: sends a notice, once per key. */
void value_contradicts(struct rf_value *value, const char *detail);

/* In value_unique.c: the error for a duplicate `what`, or a failed check. */
rf_code walk_not_unique(struct walk *k, enum dup_set_result answer, const char *what, rf_slice name);

/* RF_E_DUPLICATE if `name` has occurred before in its space, if duplicates are checked. */
static inline rf_code walk_unique(struct walk *k, uint64_t space, const char *what, rf_slice name)
{
    if (!k->dup_set || k->dup_left == 0)
        return RF_OK;
    k->dup_left--;
    enum dup_set_result answer = dup_set_add(k->dup_set, space, name);
    return LIKELY(answer == DUP_SET_NEW) ? RF_OK : walk_not_unique(k, answer, what, name);
}

/* A field's expiry as a number: 0 if it is out of range for Redis. */
static inline int64_t field_expiry(uint64_t ms)
{
    return ms >> RDB_FIELD_EXPIRE_BITS ? 0 : (int64_t)ms;
}

/* Fails, naming the field. */
rf_code walk_expiry_out_of_range(struct walk *k, rf_slice field);

/* Checks the minimum field expiry that a hash stores after its fields. */
rf_code walk_smallest_expiry(struct walk *k, uint64_t ms);

/* Walks with a visitor that requires unique members. */
rf_code walk_unique_members(struct walk *k);

/* Walks with a visitor. */
static inline rf_code walk_with_visitor(struct walk *k)
{
    return UNLIKELY(k->visitor->unique && k->value->type->encoding.type != RF_STRING)
               ? walk_unique_members(k)
               : k->value->type->walk(k);
}

/* Calls a visitor's member, if it is not NULL. */
#define VISIT(k, member, ...) ((k)->visitor->member ? (k)->visitor->member((k)->ctx, __VA_ARGS__) : RF_OK)

#define CORRUPT(k, ...) window_fail((k)->w, RF_E_CORRUPT, __VA_ARGS__)

/* Damage that does not affect the position of the value's end. */
#define WRONG(k, ...) ((k)->frame_only ? RF_OK : CORRUPT(k, __VA_ARGS__))

/* In value_module.c: skips (opcode, value) pairs up to the closing 0. */
rf_code module_skip_items(struct window *w);
/* Skips a KEY_META record, after its opcode. */
rf_code module_skip_key_metadata(struct window *w);
/* The nine letters of a module ID, NUL-terminated. */
void module_name(uint64_t id, char name[10]);
/* "auxiliary data of module 'graphdata'", for messages about such an entry. */
enum { MODULE_AUX_TEXT = 64 };
const char *module_aux_text(const rf_entry *entry, char text[MODULE_AUX_TEXT]);
/* False for a value of a module that is built into the server that wrote it, but not into `target`; any
 * server may have modules that are installed by users. */
bool value_module_fits(const struct rf_value *value, rf_server target, const char name[10]);

/* clang-format off */
#define TYPE(number, dialect, since, encoding, logical, walk) walk_fn walk;
#include "rdb/types.def"
#undef TYPE
/* clang-format on */

#endif
