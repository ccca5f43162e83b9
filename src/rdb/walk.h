/* SPDX-License-Identifier: MIT */
/* What the walk functions share: a value, and a walk over its bytes.
 *
 * A walk function decodes one value type sequentially over a window. With a visitor it reports the elements;
 * without one it skips as cheaply as possible, which serves both skipping and copying (the window's tap
 * receives the bytes). */
#ifndef RDB_WALK_H
#define RDB_WALK_H

#include "base/buffer.h"
#include "base/fail.h"
#include "io/spool.h"
#include "io/window.h"
#include "rdb/dup_set.h"
#include "rdb/hash_template.h"
#include "rdb/rdb_format.h"
#include "rdb/rdb_read.h"
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
    bool changed;                /* its elements are shifted by shift_ms, or some are excluded */
    bool is_plain;               /* none of the remaining elements expires */
    bool resume;                 /* see rf_reader_next() */
    struct buffer rewind_buffer; /* the bytes that a walk has consumed, to rewind */
    bool rewind_lost;            /* there were too many to keep */
    struct spool spool;
    rf_slice bytes;    /* of a held value */
    int64_t expire_ms; /* of the key, from its record */
    int64_t shift_ms;
    /* elements that expire until then, before shifting, are excluded; INT64_MIN: none */
    int64_t leave_out_ms;
    int64_t db; /* for errors and notices */
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

/* A stream's counters are inconsistent with its entries: sends a notice, once per key. */
void value_contradicts(struct rf_value *value, const char *detail);

/* The error for a duplicate `what`, or a failed check. */
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

/* The number of a collection's members, before the first one. */
static inline rf_code walk_count(struct walk *k, uint64_t *n)
{
    TRY(rdb_length(k->w, n));
    if (k->dup_set)
        dup_set_reserve(k->dup_set, *n < k->dup_left ? *n : k->dup_left);
    return RF_OK;
}

/* A field's expiry as a number: 0 if it is out of range for Redis. */
static inline int64_t field_expiry(uint64_t ms)
{
    return ms >> RDB_FIELD_EXPIRE_BITS ? 0 : (int64_t)ms;
}

/* Fails, naming the field. */
rf_code walk_expiry_out_of_range(struct walk *k, rf_slice field);

/* Reads a member that is unique, or, without a visitor, skips it. */
static inline rf_code walk_read_member(struct walk *k, rf_slice *member)
{
    if (!k->visitor)
        return rdb_skip_string(k->w);
    TRY(rdb_string(k->w, member));
    return walk_unique(k, 0, "member", *member);
}

/* Checks the minimum expiry that a hash or a set stores, after its elements. */
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

/* clang-format off */
#define TYPE(number, dialect, since, encoding, logical, walk) walk_fn walk;
#include "rdb/types.def"
#undef TYPE
/* clang-format on */

#endif
