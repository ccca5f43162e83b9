/* SPDX-License-Identifier: MIT */
/* Appends records through a buffer. */
#include "scan/scan_store.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "io/anon_file.h"
#include "rdb/rdb_format.h"
#include "rdb/rdb_write.h"
#include "rdb/value.h"
#include <errno.h>
#include <unistd.h>

enum { PENDING_MAX = 1024 * 1024 };

rf_code scan_store_open(struct scan_store *store, rf_error *error)
{
    *store = (struct scan_store){.fd = -1};
    return anon_file_open(&store->fd, error);
}

rf_code scan_store_flush(struct scan_store *store, rf_error *error)
{
    TRY(anon_file_write(store->fd, buffer_slice(&store->pending), error));
    store->written += store->pending.len;
    store->pending.len = 0;
    return RF_OK;
}

/* An rf_bytes_fn. */
static rf_code put(void *ctx, rf_slice bytes)
{
    struct scan_store *store = ctx;
    if (store->pending.len + bytes.len > PENDING_MAX)
        TRY(scan_store_flush(store, store->error));
    if (bytes.len > PENDING_MAX) {
        TRY(anon_file_write(store->fd, bytes, store->error));
        store->written += bytes.len;
        return RF_OK;
    }
    return buffer_append(&store->pending, bytes) ? RF_OK : fail(store->error, RF_E_MEMORY, "out of memory");
}

static rf_code put_byte(struct scan_store *store, uint8_t byte)
{
    return put(store, slice_of(&byte, 1));
}

static rf_code put_name(struct scan_store *store, rf_slice name)
{
    uint8_t length[RDB_LENGTH_MAX];
    TRY(put(store, slice_of(length, rdb_put_length(length, name.len))));
    return put(store, name);
}

static uint64_t position(const struct scan_store *store)
{
    return store->written + store->pending.len;
}

rf_code scan_store_put(struct scan_store *store, rf_entry *key, struct scan_record *out, rf_error *error)
{
    store->error = error;
    out->offset = position(store);
    if (key->metadata.len > UINT32_MAX / 2)
        return fail(error, RF_E_UNSUPPORTED, "%zu bytes of module metadata", key->metadata.len);
    if (key->metadata.len) {
        TRY(put_byte(store, RDB_KEY_META));
        TRY(put(store, key->metadata));
    }
    TRY(put_byte(store, rf_value_copied_type(key->value)));
    out->name_at = (uint32_t)(position(store) - out->offset);
    TRY(put_name(store, key->key));
    TRY(value_is_complete(key->value) ? value_copy_stored(key->value, put, store, error)
                                      : rf_value_copy(key->value, put, store, error));
    out->length = position(store) - out->offset;
    return RF_OK;
}

rf_code scan_store_read(const struct scan_store *store, uint64_t offset, void *out, size_t n, rf_error *error)
{
    return anon_file_read_at(store->fd, out, n, offset, error);
}

/* The length as put_name() has written it. */
static size_t parse_length(const uint8_t *p, uint64_t *length)
{
    switch (p[0] >> 6) {
    case 0: *length = p[0]; return 1;
    case 1: *length = load_be16(p) & 0x3fff; return 2;
    default: *length = p[0] == 0x80 ? load_be32(p + 1) : load_be64(p + 1); return p[0] == 0x80 ? 5 : 9;
    }
}

rf_code scan_store_name(const struct scan_store *store, const struct scan_record *record, struct buffer *name,
                        rf_error *error)
{
    uint8_t head[RDB_LENGTH_MAX] = {0};
    uint64_t at = record->offset + record->name_at, left = record->length - record->name_at, length;
    TRY(scan_store_read(store, at, head, left < sizeof head ? left : sizeof head, error));
    size_t used = parse_length(head, &length);
    name->len = 0;
    if (!buffer_reserve(name, length + 1))
        return fail(error, RF_E_MEMORY, "out of memory");
    name->len = length;
    return scan_store_read(store, at + used, name->data, length, error);
}

void scan_store_close(struct scan_store *store)
{
    if (store->fd >= 0)
        close(store->fd);
    buffer_free(&store->pending);
}
