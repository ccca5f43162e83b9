/* SPDX-License-Identifier: MIT */
/* Keys with plain strings: neighbouring records that stay as they are, are copied as one. */
#include "base/bytes.h"
#include "rdb/rdb_write.h"
#include "rdb/rdb_writer.h"
#include "rdb/strings.h"

/* A key whose name or expiry has changed. */
static void put_anew(struct outbuf *out, const rf_string *key)
{
    uint8_t *p = outbuf_reserve(out, 1 + 8 + 1 + RDB_LENGTH_MAX);
    if (key->expire_ms != RF_NO_EXPIRY) {
        *p++ = RDB_EXPIRETIME_MS;
        store_le64(p, (uint64_t)key->expire_ms);
        p += 8;
    }
    *p++ = RDB_STRING;
    out->pos = p + rdb_put_length(p, key->key.len);
    outbuf_put(out, key->key.ptr, key->key.len);
    outbuf_put(out, key->stored.ptr, key->stored.len);
}

static void put_between(struct outbuf *out, const uint8_t *from, const uint8_t *to)
{
    outbuf_put(out, from, (size_t)(to - from));
}

void rdb_writer_put_strings(struct rdb_writer *w, const rf_strings *strings)
{
    const rf_string *const end = strings->keys + strings->count;
    const uint8_t *from = NULL, *to = NULL; /* records that are to be copied */
    uint64_t expiring = 0;
    strings->value->trusted |= !strings->value->unguarded;
    for (const rf_string *key = strings->keys; key < end; key++)
        expiring += key->expire_ms != RF_NO_EXPIRY;
    rdb_writer_append(w, strings->db, strings->count, expiring, (rf_slice){0});
    for (const rf_string *key = strings->keys; key < end; key++) {
        if (key->record != to) {
            put_between(w->buf, from, to);
            from = to = key->record;
        }
        if (key->record)
            to += key->size;
        else
            put_anew(w->buf, key);
    }
    put_between(w->buf, from, to);
}
