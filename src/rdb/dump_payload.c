/* SPDX-License-Identifier: MIT */
/* Making DUMP payloads from raw values, and reading them. */
#include "rdb/dump_payload.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "codec/crc64.h"
#include "rdb/rdb_format.h"
#include "rdb/rdb_read.h"
#include "rdb/value.h"
#include "rdb/value_module.h"
#include <stdlib.h>

enum {
    OLDEST_VERSION = 6, /* of Redis 2.6, the first to have DUMP */
    FOOTER_SIZE = 10,
};

/* The type is that of the copy, as is the value. */
static int payload_version(const rf_entry *key)
{
    int since = rdb_types(key->encoding->dialect)[rf_value_copied_type(key->value)].encoding.since;
    int version = since > OLDEST_VERSION ? since : OLDEST_VERSION;
    return key->metadata.len && version < RDB_KEY_META_SINCE ? RDB_KEY_META_SINCE : version;
}

bool dump_payload_accepted(const rf_entry *key, rf_server target)
{
    rf_dialect dialect = key->metadata.len ? RF_REDIS : key->encoding->dialect;
    return value_copy_keeps_expiry(key->value) &&
           rdb_known_to(target.dialect, rf_server_rdb_version(target), payload_version(key), dialect);
}

static rf_code count_bytes(void *ctx, rf_slice bytes)
{
    *(uint64_t *)ctx += bytes.len;
    return RF_OK;
}

rf_code dump_payload_size(rf_entry *key, uint64_t *size, rf_error *error)
{
    *size = (key->metadata.len ? 1 + key->metadata.len : 0) + 1 + FOOTER_SIZE;
    TRY(rf_value_hold(key->value, NULL, error));
    return rf_value_copy(key->value, count_bytes, size, error);
}

/* Passes pieces on and computes their checksum. */
struct summing {
    rf_bytes_fn fn;
    void *ctx;
    uint64_t crc;
};

static rf_code put_summing(void *ctx, rf_slice bytes)
{
    struct summing *s = ctx;
    s->crc = crc64(s->crc, bytes.ptr, bytes.len);
    return s->fn(s->ctx, bytes);
}

static rf_code put_byte(struct summing *s, uint8_t byte)
{
    return put_summing(s, (rf_slice){&byte, 1});
}

static void put_footer(uint8_t footer[FOOTER_SIZE], int version, uint64_t crc)
{
    store_le16(footer, (uint16_t)version);
    store_le64(footer + 2, crc64(crc, footer, 2));
}

rf_code dump_payload_put(rf_entry *key, rf_bytes_fn fn, void *ctx, rf_error *error)
{
    struct summing s = {.fn = fn, .ctx = ctx};
    uint8_t footer[FOOTER_SIZE];
    if (key->metadata.len) {
        TRY(put_byte(&s, RDB_KEY_META));
        TRY(put_summing(&s, key->metadata));
    }
    TRY(put_byte(&s, rf_value_copied_type(key->value)));
    TRY(rf_value_copy(key->value, put_summing, &s, error));
    put_footer(footer, payload_version(key), s.crc);
    return fn(ctx, (rf_slice){footer, sizeof footer});
}

rf_code dump_payload_take(rf_entry *key, size_t most, struct buffer *into, uint64_t *elements, bool *taken,
                          rf_error *error)
{
    size_t start = into->len, metadata = key->metadata.len;
    *taken = false;
    if (!value_copied_as_stored(key->value))
        return RF_OK;
    if (!buffer_reserve(into, metadata + 2 + FOOTER_SIZE))
        return fail(error, RF_E_MEMORY, "out of memory for a DUMP payload");
    if (metadata > 0) {
        into->data[into->len++] = RDB_KEY_META;
        buffer_append(into, key->metadata);
    }
    into->data[into->len++] = rf_value_copied_type(key->value);
    size_t value = into->len;
    rf_code code = value_take(key->value, into, most, taken, error);
    if (code == RF_OK && *taken)
        code = value_check_taken(key->value, slice_of(into->data + value, into->len - value), elements,
                                 error);
    if (code == RF_OK && *taken && !buffer_reserve(into, FOOTER_SIZE))
        code = fail(error, RF_E_MEMORY, "out of memory for a DUMP payload");
    if (code != RF_OK || !*taken) {
        into->len = start;
        return code;
    }
    put_footer(into->data + into->len, payload_version(key), crc64(0, into->data + start, into->len - start));
    into->len += FOOTER_SIZE;
    return RF_OK;
}

/* --- reading ----------------------------------------------------------------------------------------- */

enum {
    VALKEY_VERSIONS = 80, /* and up */
    DUMPED_TEMPLATE_LISTPACK = 29,
    DUMPED_TEMPLATE_HASHTABLE = 31,
};

/* Checks and removes the version and the checksum. */
static rf_code check_footer(rf_slice *payload, rf_dialect *dialect, int *version, rf_error *error)
{
    if (payload->len <= FOOTER_SIZE)
        return fail(error, RF_E_CORRUPT, "DUMP payload: invalid size (%zu bytes)", payload->len);
    payload->len -= FOOTER_SIZE;
    const uint8_t *footer = payload->ptr + payload->len;
    uint64_t stored = load_le64(footer + 2);
    if (stored != 0 && stored != crc64(0, payload->ptr, payload->len + 2))
        return fail(error, RF_E_CHECKSUM, "DUMP payload: checksum mismatch");
    *version = load_le16(footer);
    *dialect = *version >= VALKEY_VERSIONS ? RF_VALKEY : RF_REDIS;
    return RF_OK;
}

static rf_code read_metadata(struct window *w, rf_slice *metadata)
{
    if (w->pos == w->end || *w->pos != RDB_KEY_META)
        return RF_OK;
    const uint8_t *start = ++w->pos;
    TRY(module_skip_key_metadata(w));
    *metadata = slice_of(start, (size_t)(w->pos - start));
    return RF_OK;
}

/* Reads what precedes the value. Types that occur only in payloads equal those of files except for their
 * template, which the payload contains. */
static rf_code read_type(struct dump_payload *p, rf_dialect dialect, const struct rdb_type **type)
{
    uint8_t number;
    TRY(rdb_u8(&p->w, &number));
    bool with_template = dialect == RF_REDIS &&
                         (number == DUMPED_TEMPLATE_LISTPACK || number == DUMPED_TEMPLATE_HASHTABLE);
    size_t row = number + (with_template ? 1u : 0u);
    *type = &rdb_types(dialect)[row < RDB_TYPE_COUNT ? row : 0];
    if (row >= RDB_TYPE_COUNT || !(*type)->walk)
        return window_fail(&p->w, RF_E_UNSUPPORTED, "DUMP payload: unknown type %u (RDB version %d)", number,
                           p->version);
    if (!with_template)
        return RF_OK;
    TRY(hash_template_read_dumped(&p->template, &p->w));
    p->value.template = &p->template;
    return RF_OK;
}

static rf_code begin_value(struct dump_payload *p, rf_dialect dialect, rf_entry *entry)
{
    const struct rdb_type *type;
    TRY(read_metadata(&p->w, &entry->metadata));
    TRY(read_type(p, dialect, &type));
    value_begin(&p->value, type, entry->db, entry->key, VALUE_NO_RECORD);
    p->value.expire_ms = RF_NO_EXPIRY;
    entry->type = type->encoding.type;
    entry->encoding = &type->encoding;
    entry->value = &p->value;
    return RF_OK;
}

rf_code dump_payload_open(struct dump_payload *p, rf_slice payload, int64_t db, rf_slice key,
                          const char *source, rf_entry *entry, rf_error *error)
{
    rf_dialect dialect = RF_REDIS;
    int version = 0;
    *p = (struct dump_payload){.no_listener = {NULL, NULL}};
    *entry = (rf_entry){
        .kind = RF_ENTRY_KEY, .db = db, .key = key, .expire_ms = RF_NO_EXPIRY, .idle = -1, .freq = -1};
    rf_code code = check_footer(&payload, &dialect, &version, error);
    if (code == RF_OK) {
        p->dialect = dialect;
        p->version = version;
        window_open_memory(&p->w, payload);
        p->w.error = error;
        p->value = (struct rf_value){.templates = &p->none,
                                     .stream = &p->w,
                                     .input = source,
                                     .sticky = &p->sticky,
                                     .notify = &p->no_listener};
        code = begin_value(p, dialect, entry);
    }
    if (code != RF_OK) {
        error_key(error, db, key);
        error_input(error, source);
        dump_payload_close(p);
    }
    return code;
}

rf_code dump_payload_finish(struct dump_payload *p, rf_error *error)
{
    size_t left = (size_t)(p->w.end - p->w.pos);
    if (left == 0 || p->value.held)
        return RF_OK;
    p->w.error = error;
    window_fail(&p->w, RF_E_CORRUPT, "DUMP payload: %zu bytes after the value", left);
    error_key(error, p->value.db, p->value.key);
    error_input(error, p->value.input);
    return RF_E_CORRUPT;
}

void dump_payload_close(struct dump_payload *p)
{
    value_close(&p->value);
    window_close(&p->w);
    free(p->template.fields);
    *p = (struct dump_payload){.no_listener = {NULL, NULL}};
}
