/* SPDX-License-Identifier: MIT */
/* Keys with plain strings: neighbouring records that stay as they are, are copied as one. */
#include "base/bytes.h"
#include "rdb/rdb_write.h"
#include "rdb/rdb_writer.h"
#include "rdb/strings.h"

/* What precedes the name. */
enum { HEAD_MOST = 1 + 8 + 1 + RDB_LENGTH_MAX };

enum { VALUE_FEW = 64, RECORD_FEW = 128 };

static inline uint8_t *put_head(uint8_t *p, const rf_string *key)
{
    if (key->expire_ms != RF_NO_EXPIRY) {
        *p++ = RDB_EXPIRETIME_MS;
        store_le64(p, (uint64_t)key->expire_ms);
        p += 8;
    }
    *p++ = RDB_STRING;
    return p + rdb_put_length(p, key->key.len);
}

COLD static void put_long(struct outbuf *out, const rf_string *key)
{
    out->pos = put_head(outbuf_reserve(out, HEAD_MOST), key);
    outbuf_put(out, key->key.ptr, key->key.len);
    outbuf_put(out, key->stored.ptr, key->stored.len);
}

/* A key whose name or expiry has changed. */
static inline void put_anew(struct outbuf *out, const rf_string *key, const uint8_t *end)
{
    const size_t rest = key->key.len + key->stored.len;
    if (UNLIKELY(rest > OUTBUF_RESERVE_MAX - HEAD_MOST)) {
        put_long(out, key);
        return;
    }
    uint8_t *p = put_head(outbuf_reserve(out, HEAD_MOST + rest), key);
    bytes_copy(p, key->key.ptr, key->key.len);
    out->pos = p + key->key.len;
    outbuf_put_few(out, key->stored.ptr, key->stored.len, end, VALUE_FEW);
}

void rdb_writer_put_strings(struct rdb_writer *w, const rf_strings *strings)
{
    const rf_string *const last = strings->keys + strings->count - 1;
    const uint8_t *const end = last->stored.ptr + last->stored.len;
    const uint8_t *from = NULL, *to = NULL; /* records that are to be copied */
    uint64_t expiring = 0;
    strings->value->trusted |= !strings->value->unguarded;
    for (const rf_string *key = strings->keys; key <= last; key++)
        expiring += key->expire_ms != RF_NO_EXPIRY;
    rdb_writer_append(w, strings->db, strings->count, expiring, (rf_slice){0});
    for (const rf_string *key = strings->keys; key <= last; key++) {
        if (key->record != to) {
            if (from)
                outbuf_put_few(w->buf, from, (size_t)(to - from), end, RECORD_FEW);
            from = to = key->record;
        }
        if (key->record)
            to += key->size;
        else
            put_anew(w->buf, key, end);
    }
    outbuf_put(w->buf, from, (size_t)(to - from));
}
