/* SPDX-License-Identifier: MIT */
/* The inside of a value, and what the walk functions share.
 *
 * A walk function decodes one value type, straight through, over a window. With a visitor it tells the
 * elements; without one it passes by as cheaply as it can, which serves both skipping and copying (the
 * window's tap sees the bytes go by). */
#ifndef RDB_VALUE_H
#define RDB_VALUE_H

#include "base/fail.h"
#include "io/spool.h"
#include "io/window.h"
#include "rdb/hash_template.h"
#include <rdbferry/notice.h>
#include <rdbferry/value.h>

struct walk {
    struct window *w;
    const rf_visitor *visitor; /* NULL: nobody listens, pass by */
    void *ctx;
    const struct rf_value *value;
};

typedef rf_code walk_fn(struct walk *k);

/* A row of types.def. */
struct rdb_type {
    rf_encoding encoding;
    walk_fn *walk; /* NULL: no such type */
};

enum { RDB_TYPE_COUNT = 64 };

/* What the type bytes below RDB_TYPE_COUNT mean in a dialect; there are no others. */
const struct rdb_type *rdb_types(rf_dialect dialect);

struct rf_value {
    const struct rdb_type *type;
    const struct hash_templates *templates;
    struct window *stream; /* the reader's, standing at the value until it is used */
    uint64_t offset;
    bool used, held;
    struct spool spool;
    rf_slice bytes; /* of a held value */
    int64_t db;     /* for errors and notices */
    rf_slice key;
    const char *input;
    rf_error *sticky; /* where the reader keeps an error for good */
    const rf_notify *notify;
};

/* Makes `value` the one that stands at the window's position; ends it, freeing what it held. */
void value_begin(struct rf_value *value, const struct rdb_type *type);
void value_end(struct rf_value *value);

void value_notice(const struct rf_value *value, rf_notice_code code, const char *detail);

/* Calls a visitor's member, if it has it. */
#define VISIT(k, member, ...) ((k)->visitor->member ? (k)->visitor->member((k)->ctx, __VA_ARGS__) : RF_OK)

#define CORRUPT(k, ...) window_fail((k)->w, RF_E_CORRUPT, __VA_ARGS__)

/* In value_module.c: passes (opcode, value) pairs up to the closing 0. */
rf_code module_skip_items(struct window *w);
/* The nine letters of a module id, NUL-terminated. */
void module_name(uint64_t id, char name[10]);

/* clang-format off */
#define TYPE(number, dialect, since, encoding, logical, walk) walk_fn walk;
#include "rdb/types.def"
#undef TYPE
/* clang-format on */

#endif
