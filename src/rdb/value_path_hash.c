/* SPDX-License-Identifier: MIT */
/* Path hashes (Valkey 9.2): paths, which are strings, each with fields of its own.
 *
 *   len paths   (string path   len fields >= 1   (string field  string value)*fields)*paths
 *
 * (Valkey src/rdb.c: rdbLoadObject) */
#include "rdb/rdb_read.h"
#include "rdb/walk.h"

/* The path is copied, as it must outlive the bytes it was read from. */
static rf_code keep_path(struct walk *k, struct buffer *kept)
{
    rf_slice path;
    TRY(rdb_string(k->w, &path));
    TRY(walk_unique(k, 0, "path", path));
    kept->len = 0;
    return buffer_append(kept, path)
               ? RF_OK
               : window_fail(k->w, RF_E_MEMORY, "out of memory for a path of %zu bytes", path.len);
}

/* `space`: of the names of this path's fields. */
static rf_code path_field(struct walk *k, uint64_t space, rf_slice path)
{
    rf_slice field, value;
    TRY(rdb_string(k->w, &field));
    TRY(walk_unique(k, space, "field", field));
    TRY(rdb_string(k->w, &value));
    return VISIT(k, path_field, path, field, value);
}

static rf_code skip_field(struct walk *k)
{
    TRY(rdb_skip_string(k->w));
    return rdb_skip_string(k->w);
}

static rf_code walk_paths(struct walk *k, struct buffer *path)
{
    uint64_t paths, fields;
    TRY(rdb_length(k->w, &paths));
    for (uint64_t i = 1; i <= paths; i++) {
        window_release(k->w);
        TRY(k->visitor ? keep_path(k, path) : rdb_skip_string(k->w));
        TRY(rdb_length(k->w, &fields));
        if (fields == 0)
            TRY(WRONG(k, "a path without fields"));
        for (; fields > 0; fields--) {
            window_release(k->w);
            TRY(k->visitor ? path_field(k, i, buffer_slice(path)) : skip_field(k));
        }
    }
    return RF_OK;
}

rf_code walk_path_hash(struct walk *k)
{
    struct buffer path = {0};
    rf_code code = walk_paths(k, &path);
    buffer_free(&path);
    return code;
}
