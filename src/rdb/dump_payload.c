/* SPDX-License-Identifier: MIT */
/* Making DUMP payloads out of raw values. */
#include "rdb/dump_payload.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "codec/crc64.h"
#include "rdb/rdb_format.h"
#include "rdb/value.h"

enum {
    OLDEST_VERSION = 6, /* of Redis 2.6, the first to have DUMP */
    FOOTER_SIZE = 10,
};

static int payload_version(const rf_entry *key)
{
    int since = value_copied_as_stored(key->value) ? key->encoding->since : 0;
    int version = since > OLDEST_VERSION ? since : OLDEST_VERSION;
    return key->metadata.len && version < RDB_KEY_META_SINCE ? RDB_KEY_META_SINCE : version;
}

bool dump_payload_accepted(const rf_entry *key, rf_server target)
{
    rf_dialect dialect = key->metadata.len ? RF_REDIS : key->encoding->dialect;
    return rdb_known_to(target.dialect, rf_server_rdb_version(target), payload_version(key), dialect);
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

/* Passes pieces on and adds up their checksum. */
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
    store_le16(footer, (uint16_t)payload_version(key));
    s.crc = crc64(s.crc, footer, 2);
    store_le64(footer + 2, s.crc);
    return fn(ctx, (rf_slice){footer, sizeof footer});
}
