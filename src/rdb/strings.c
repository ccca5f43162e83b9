/* SPDX-License-Identifier: MIT */
/* Finds the borders of keys with plain strings, in one pass over the window:
 *
 *     [FC expiry]  00  length name  length bytes
 *
 * Everything else ends the run: other records, names and values that are long, compressed, in an unusual form
 * or not in the window as a whole. */
#include "rdb/strings.h"
#include "rdb/rdb_format.h"

/* What must be in the window so that the head of a record can be looked at: up to the first two bytes of the
 * value. */
enum { HEAD_MOST = 1 + 8 + 1 + 1 + STRINGS_LONGEST_KEY + 2 };

/* The next record, from `at` on; false: it is another one. */
static inline bool read_string(const uint8_t *at, const uint8_t *end, rf_string *key)
{
    const uint8_t *p = at;
    if (end - p < HEAD_MOST)
        return false;
    key->expire_ms = RF_NO_EXPIRY;
    if (*p == RDB_EXPIRETIME_MS) {
        key->expire_ms = (int64_t)load_le64(p + 1);
        p += 9;
        if (UNLIKELY(key->expire_ms == RF_NO_EXPIRY))
            return false;
    }
    if (p[0] != RDB_STRING || p[1] > STRINGS_LONGEST_KEY)
        return false;
    key->key = (rf_slice){p + 2, p[1]};
    p += 2 + key->key.len;
    const size_t size = strings_stored_size(p);
    if (UNLIKELY(size == 0 || (size_t)(end - p) < size))
        return false;
    key->stored = (rf_slice){p, size};
    key->record = at;
    key->size = (size_t)(p + size - at);
    key->slot = -1;
    key->tag_at = key->tag_length = 0;
    return true;
}

/* Whether the reader stands between two records, and not in one of a kind that has more to be checked. */
static bool is_between_keys(const struct rdb_reader *r)
{
    return (!r->value.type || r->value.used) && r->block_end == 0 && !r->chunked;
}

void rdb_strings_next(struct rdb_reader *r, rf_string *keys, size_t most, rf_strings *strings)
{
    struct window *w = r->w;
    strings->count = 0;
    if (!is_between_keys(r) || rdb_reader_end_key(r) != RF_OK || r->has_prefix)
        return;
    window_release(w);
    uint64_t offset = window_offset(w);
    for (rf_string *key = keys; key < keys + most && read_string(w->pos, w->end, key); key++) {
        key->offset = offset;
        offset += key->size;
        w->pos += key->size;
        strings->count++;
    }
    if (strings->count > 0)
        rdb_reader_keep_name(r, keys[strings->count - 1].key);
    strings->db = r->db;
    strings->encoding = &r->types[RDB_STRING].encoding;
    strings->value = &r->value;
    strings->keys = keys;
}

size_t rdb_strings_skip(struct window *w, const uint8_t *end, const uint8_t **name)
{
    size_t count = 0;
    for (rf_string key; w->pos < end && read_string(w->pos, w->end, &key); count++) {
        w->pos += key.size;
        *name = key.key.ptr - 1;
    }
    return count;
}
