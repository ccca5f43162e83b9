/* SPDX-License-Identifier: MIT */
/* The inside of a value, and what the walk functions share.
 *
 * A walk function decodes one value type, straight through, over a window. With a visitor it tells the
 * elements; without one it passes by as cheaply as it can, which serves both skipping and copying (the
 * window's tap sees the bytes go by). */
#ifndef RDB_VALUE_H
#define RDB_VALUE_H

#include "base/buffer.h"
#include "base/fail.h"
#include "io/spool.h"
#include "io/window.h"
#include "rdb/hash_template.h"
#include "rdb/members.h"
#include "rdb/rdb_format.h"
#include <rdbferry/notice.h>
#include <rdbferry/reader.h>
#include <rdbferry/value.h>

struct walk {
    struct window *w;
    const rf_visitor *visitor; /* NULL: nobody listens, pass by */
    void *ctx;
    struct rf_value *value;
    struct members *members; /* NULL: what occurs twice does not matter */
    uint64_t members_left;   /* so many more are compared */
    bool frame_only;         /* without a visitor: only the value's end is looked for */
};

typedef rf_code walk_fn(struct walk *k);

/* A row of types.def. */
struct rdb_type {
    rf_encoding encoding;
    walk_fn *walk;       /* NULL: no such type */
    uint8_t copied_type; /* see rf_value_copied_type() */
};

enum { RDB_TYPE_COUNT = 64 };

/* What the type bytes below RDB_TYPE_COUNT mean in a dialect; there are no others. */
const struct rdb_type *rdb_types(rf_dialect dialect);

struct rf_value {
    const struct rdb_type *type;
    const struct hash_templates *templates;
    const struct hash_template *template; /* of a value in a DUMP payload; NULL: it is one of `templates` */
    struct window *stream;                /* the reader's, standing at the value until it is used */
    const uint8_t *record; /* where the key's record begins, if that is in the same segment; or NULL */
    uint64_t offset;
    bool used, held;
    bool changed;      /* its fields expire shift_ms later than its bytes say, or some are left out */
    bool is_plain;     /* none of the fields that are left expires */
    bool resume;       /* see rf_reader_next() */
    struct buffer way; /* what a walk has consumed, to go back */
    bool way_is_lost;  /* it was too much to keep */
    struct spool spool;
    rf_slice bytes;    /* of a held value */
    int64_t expire_ms; /* of the key, as its record says */
    int64_t shift_ms;
    int64_t
        leave_out_ms; /* fields that expire until then, as their bytes say, are left out; INT64_MIN: none */
    int64_t db;       /* for errors and notices */
    rf_slice key;
    const char *input;
    const rf_reader_info *info; /* of the file it lies in; NULL: it is a DUMP payload */
    rf_error *sticky;           /* where the reader keeps an error for good */
    const rf_notify *notify;
    bool unguarded; /* no checksum is over it, as is known beforehand, or all is to be checked anyway */
    bool trusted;   /* this value or one before has been passed on without a look, as a checksum is over it */
    struct members *members;   /* NULL until a walk asks for them */
    const char *contradiction; /* what a stream says of itself that its entries do not; NULL: nothing found */
    uint64_t empty_nodes;      /* of a stream, as a walk has found */
};

#define VALUE_NO_RECORD UINT64_MAX

/* Makes `value` the one of `key` that stands at the window's position. `record`: the offset at which the
 * record of the key begins, or VALUE_NO_RECORD. */
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

/* False for a hash whose field names lie in a template, whose fields are to expire at other times, or of
 * which some are left out: its bytes do not say what a walk tells. */
static inline bool value_says_all(const struct rf_value *value)
{
    return value->type->copied_type == value->type->encoding.number && !value->changed;
}

/* False for what is put together anew where it is copied: also for a stream, which gets the totals that it
 * has. */
static inline bool value_copied_as_stored(const struct rf_value *value)
{
    return value_says_all(value) && value->type->encoding.type != RF_STREAM;
}

/* Frees what it held for this key. */
static inline void value_end(struct rf_value *value)
{
    if (UNLIKELY(value->held))
        spool_free(&value->spool);
    value->held = false;
}

/* Frees what it kept for all keys. */
static inline void value_close(struct rf_value *value)
{
    value_end(value);
    buffer_free(&value->way);
    members_free(value->members);
    value->members = NULL;
}

/* Whether the value is of a type that is rare and that servers refuse for other reasons than those a copy
 * sees: an old zipmap, or a hash whose fields may expire. */
bool value_is_always_checked(const struct rf_value *value);

/* Copies the whole record of the value's key, from the first byte of what belongs to it, where
 * value->record is known; the value has not been used. */
rf_code value_copy_record(struct rf_value *value, rf_bytes_fn fn, void *ctx, rf_error *error);

typedef rf_code value_use_fn(struct walk *k, void *arg);

/* Runs `use` over the value's bytes, where they are: a walk without a visitor. */
rf_code value_pass(struct rf_value *value, value_use_fn *use, void *arg, rf_error *error);

/* Appends the value's raw bytes to `into`, if they are no more than `most`, their frame is sound and they say
 * what a walk would tell, and uses it up, unless it is held. *taken is false where not: the value is as it
 * was. Errors are those of memory. */
rf_code value_take(struct rf_value *value, struct buffer *into, size_t most, bool *taken, rf_error *error);

/* rf_value_check() of a value of which value_take() has appended these bytes. An error is none of the
 * reader's. */
rf_code value_check_taken(struct rf_value *value, rf_slice bytes, uint64_t *elements, rf_error *error);

void value_notice(const struct rf_value *value, rf_notice_code code, const char *detail);

/* A stream's totals are not those of its entries: gives notice, once for each key. */
void value_contradicts(struct rf_value *value, const char *detail);

/* In value_unique.c: what is to be said of a `what` that is not new. */
rf_code walk_not_unique(struct walk *k, enum members_answer answer, const char *what, rf_slice name);

/* RF_E_DUPLICATE if `name` has been there before in its space, where anybody wants to know. */
static inline rf_code walk_unique(struct walk *k, uint64_t space, const char *what, rf_slice name)
{
    if (!k->members || k->members_left == 0)
        return RF_OK;
    k->members_left--;
    enum members_answer answer = members_add(k->members, space, name);
    return LIKELY(answer == MEMBERS_NEW) ? RF_OK : walk_not_unique(k, answer, what, name);
}

/* A field's expiry as a number: 0 where it is out of range for Redis. */
static inline int64_t field_expiry(uint64_t ms)
{
    return ms >> RDB_FIELD_EXPIRE_BITS ? 0 : (int64_t)ms;
}

/* Fails, naming the field. */
rf_code walk_expiry_out_of_range(struct walk *k, rf_slice field);

/* What a hash says to be the smallest of them, behind its fields. */
rf_code walk_smallest_expiry(struct walk *k, uint64_t ms);

/* Walks with a visitor that asks for what is unique. */
rf_code walk_unique_members(struct walk *k);

/* Walks with a visitor. */
static inline rf_code walk_with_visitor(struct walk *k)
{
    return UNLIKELY(k->visitor->unique && k->value->type->encoding.type != RF_STRING)
               ? walk_unique_members(k)
               : k->value->type->walk(k);
}

/* Calls a visitor's member, if it has it. */
#define VISIT(k, member, ...) ((k)->visitor->member ? (k)->visitor->member((k)->ctx, __VA_ARGS__) : RF_OK)

#define CORRUPT(k, ...) window_fail((k)->w, RF_E_CORRUPT, __VA_ARGS__)

/* What is wrong and does not hide where the value ends. */
#define WRONG(k, ...) ((k)->frame_only ? RF_OK : CORRUPT(k, __VA_ARGS__))

/* In value_module.c: passes (opcode, value) pairs up to the closing 0. */
rf_code module_skip_items(struct window *w);
/* Passes a KEY_META record, behind its opcode. */
rf_code module_skip_key_metadata(struct window *w);
/* The nine letters of a module id, NUL-terminated. */
void module_name(uint64_t id, char name[10]);
/* "what module 'graphdata' saved beside the keys", for messages about such an entry. */
enum { MODULE_AUX_TEXT = 64 };
const char *module_aux_text(const rf_entry *entry, char text[MODULE_AUX_TEXT]);
/* False for a value of a module that is built into the server that wrote it, and not into `target`; modules
 * that a user provides, any server may have. */
bool value_module_fits(const struct rf_value *value, rf_server target, const char name[10]);

/* clang-format off */
#define TYPE(number, dialect, since, encoding, logical, walk) walk_fn walk;
#include "rdb/types.def"
#undef TYPE
/* clang-format on */

#endif
