/* SPDX-License-Identifier: MIT */
/* The bottom of a source: a part in memory, then a record of the store, and so on. */
#include "scan/scan_stream.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "codec/crc64.h"
#include "rdb/rdb_format.h"
#include "rdb/rdb_write.h"
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_SIZE = 64 * 1024 };

struct stream {
    struct origin origin;
    const rf_scan *scan;
    struct buffer part; /* bytes before the current record */
    size_t part_read;
    uint64_t at, left; /* the rest of the current record in the store */
    uint64_t block_at; /* position of the block in the store */
    size_t block_size;
    uint8_t *block; /* BLOCK_SIZE bytes: most records are small, and follow one another */
    uint64_t next;  /* number of the next key */
    int64_t db;     /* selected; -1: none yet */
    uint64_t crc;
    bool ended;
};

/* --- parts --------------------------------------------------------------------------------------------- */

static bool put(struct stream *s, const void *bytes, size_t n)
{
    return buffer_append(&s->part, slice_of(bytes, n));
}

static bool put_byte(struct stream *s, uint8_t byte)
{
    return put(s, &byte, 1);
}

static bool put_aux(struct stream *s, const char *name, rf_slice text)
{
    return put_byte(s, RDB_AUX) && rdb_append_string(&s->part, slice_of(name, strlen(name))) &&
           rdb_append_string(&s->part, text);
}

static bool put_magic(struct stream *s)
{
    char magic[16];
    const rf_scan *scan = s->scan;
    bool own = scan->dialect == RF_VALKEY && scan->rdb_version > RDB_LAST_COMMON;
    int n = snprintf(magic, sizeof magic, own ? "VALKEY%03d" : "REDIS%04d", scan->rdb_version);
    return put(s, magic, (size_t)n);
}

static bool put_version(struct stream *s)
{
    char text[32];
    const struct primaries *primaries = &s->scan->live->map.primaries;
    rf_server server = primaries->server;
    if (primaries->assumed || server.major == 0)
        return true;
    int n = snprintf(text, sizeof text, "%d.%d.0", server.major, server.minor);
    bool valkey = server.dialect == RF_VALKEY && server.major >= 8;
    return put_aux(s, valkey ? "valkey-ver" : "redis-ver", slice_of(text, (size_t)n));
}

static bool put_head(struct stream *s)
{
    uint8_t text[NUMBER_TEXT_MAX];
    const rf_slice saved_at = {text, number_print_i64(text, s->scan->saved_at_ms / 1000)};
    const struct buffer *libraries = &s->scan->libraries;
    if (!put_magic(s))
        return false;
    if (s->scan->rdb_version >= RDB_AUX_SINCE && !(put_version(s) && put_aux(s, "ctime", saved_at)))
        return false;
    return put(s, libraries->data, libraries->len);
}

static bool put_key(struct stream *s, const struct scan_key *key)
{
    uint8_t db[RDB_LENGTH_MAX], expiry[8];
    if (key->db != s->db && !(put_byte(s, RDB_SELECTDB) && put(s, db, rdb_put_length(db, (uint64_t)key->db))))
        return false;
    s->db = key->db;
    store_le64(expiry, (uint64_t)key->expire_ms);
    if (key->expire_ms != RF_NO_EXPIRY && !(put_byte(s, RDB_EXPIRETIME_MS) && put(s, expiry, sizeof expiry)))
        return false;
    return !key->no_evict || put_byte(s, RDB_KEY_NO_EVICT);
}

static bool put_end(struct stream *s)
{
    uint8_t crc[8];
    if (!put_byte(s, RDB_END))
        return false;
    store_le64(crc, crc64(s->crc, s->part.data, s->part.len));
    s->ended = true;
    return s->scan->rdb_version < RDB_CHECKSUM_SINCE || put(s, crc, sizeof crc);
}

/* Goes on to the next key, or to the end. */
static bool next_part(struct stream *s)
{
    const struct scan_keys *keys = &s->scan->keys;
    s->part.len = s->part_read = 0;
    for (; s->next < keys->count; s->next++) {
        const struct scan_key *key = scan_keys_at(keys, s->next);
        if (key->pass == 0)
            continue;
        s->next++;
        s->at = key->offset;
        s->left = key->length;
        return put_key(s, key);
    }
    return put_end(s);
}

/* --- the origin ---------------------------------------------------------------------------------------- */

static bool is_in_block(const struct stream *s, size_t n)
{
    return s->at >= s->block_at && s->at + n <= s->block_at + s->block_size;
}

static rf_code read_store(struct stream *s, uint8_t *out, size_t n, rf_error *error)
{
    const struct scan_store *store = &s->scan->store;
    uint64_t left = store->written - s->at;
    if (n >= BLOCK_SIZE)
        return scan_store_read(store, s->at, out, n, error);
    if (!is_in_block(s, n)) {
        s->block_at = s->at;
        s->block_size = left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE;
        TRY(scan_store_read(store, s->at, s->block, s->block_size, error));
    }
    if (n > 0)
        memcpy(out, s->block + (s->at - s->block_at), n);
    return RF_OK;
}

/* Copies from the part, or reads from the store; *n is 0 at the end of both. */
static rf_code read_some(struct stream *s, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    size_t in_part = s->part.len - s->part_read;
    *n = in_part < cap ? in_part : cap;
    if (*n > 0) {
        memcpy(out, s->part.data + s->part_read, *n);
        s->part_read += *n;
        return RF_OK;
    }
    *n = s->left < cap ? (size_t)s->left : cap;
    TRY(read_store(s, out, *n, error));
    s->at += *n;
    s->left -= *n;
    return RF_OK;
}

static rf_code stream_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct stream *s = (struct stream *)layer;
    size_t some;
    for (*n = 0; *n < cap;) {
        TRY(read_some(s, out + *n, cap - *n, &some, error));
        if (some == 0 && s->ended)
            break;
        if (some == 0 && !next_part(s))
            return fail(error, RF_E_MEMORY, "out of memory");
        s->crc = crc64(s->crc, out + *n, some);
        *n += some;
    }
    atomic_fetch_add_explicit(&s->origin.position, *n, memory_order_relaxed);
    return RF_OK;
}

static void stream_close(struct layer *layer)
{
    struct stream *s = (struct stream *)layer;
    buffer_free(&s->part);
    free(s->block);
    free(s);
}

/* The size of the whole: a dry run without the records. */
static bool measure(struct stream *s)
{
    uint64_t size = s->part.len;
    while (!s->ended) {
        if (!next_part(s))
            return false;
        size += s->part.len + s->left;
        s->left = 0;
    }
    s->origin.size = (int64_t)size;
    return true;
}

static bool begin(struct stream *s)
{
    s->part.len = s->part_read = 0;
    s->next = 0;
    s->db = -1;
    s->ended = false;
    return put_head(s);
}

rf_code scan_stream_open(const rf_scan *scan, struct origin **out, rf_error *error)
{
    struct stream *s = calloc(1, sizeof *s);
    if (!s)
        return fail(error, RF_E_MEMORY, "out of memory");
    *s = (struct stream){.origin = {.layer = {.read = stream_read, .close = stream_close}}, .scan = scan};
    s->block = malloc(BLOCK_SIZE);
    if (!s->block || !begin(s) || !measure(s) || !begin(s)) {
        stream_close(&s->origin.layer);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    *out = &s->origin;
    return RF_OK;
}
