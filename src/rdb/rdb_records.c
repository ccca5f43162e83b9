/* SPDX-License-Identifier: MIT */
/* What follows the opcodes of Redis, Valkey, KeyDB and Redis Enterprise: one small function for each. */
#include "rdb/rdb_records.h"

#include "rdb/rdb_aux.h"
#include "rdb/rdb_format.h"
#include "rdb/rdb_read.h"
#include "rdb/value_module.h"
#include <rdbferry/slot.h>

/* --- records before a key --------------------------------------------------------------------------- */

rf_code read_select(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    uint64_t db;
    (void)entry, (void)ready;
    TRY(rdb_length(r->w, &db));
    if (db > INT32_MAX)
        return window_fail(r->w, RF_E_CORRUPT, "database number out of range");
    r->db = (int64_t)db;
    return RF_OK;
}

rf_code read_expire_seconds(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    (void)entry, (void)ready;
    TRY(window_need(r->w, 4));
    r->expire_ms = (int64_t)(int32_t)load_le32(r->w->pos) * 1000;
    r->w->pos += 4;
    return RF_OK;
}

rf_code read_expire_ms(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    (void)entry, (void)ready;
    uint64_t ms;
    TRY(rdb_u64le(r->w, &ms));
    r->expire_ms = (int64_t)ms;
    if (r->expire_ms == RF_NO_EXPIRY)
        r->record = VALUE_NO_RECORD;
    return RF_OK;
}

rf_code read_idle(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    (void)entry, (void)ready;
    uint64_t seconds;
    TRY(rdb_length(r->w, &seconds));
    r->idle = (int64_t)(seconds & INT64_MAX);
    return RF_OK;
}

rf_code read_freq(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    (void)entry, (void)ready;
    uint8_t freq;
    TRY(rdb_u8(r->w, &freq));
    r->freq = freq;
    return RF_OK;
}

rf_code read_no_evict(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    (void)entry, (void)ready;
    r->no_evict = true;
    return RF_OK;
}

/* A tap that keeps the bytes. */
static rf_code keep_bytes(void *ctx, rf_slice bytes)
{
    return buffer_append(ctx, bytes) ? RF_OK : RF_E_MEMORY;
}

/* Runs `pass` and keeps the raw bytes that it consumed. */
static rf_code keep_raw(struct rdb_reader *r, struct buffer *buffer, rf_code (*pass)(struct window *w))
{
    buffer->len = 0;
    window_tap_begin(r->w, keep_bytes, buffer);
    rf_code code = pass(r->w);
    rf_code tap_code = window_tap_end(r->w);
    if (code == RF_E_MEMORY || tap_code == RF_E_MEMORY)
        return window_fail(r->w, RF_E_MEMORY, "out of memory for module data");
    return code;
}

rf_code read_key_metadata(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    (void)entry, (void)ready;
    return keep_raw(r, &r->metadata, module_skip_key_metadata);
}

/* --- other entries ---------------------------------------------------------------------------------- */

/* KeyDB writes two AUX fields after a key for each member with an expiry: the member and the time. */
static void put_keydb_expiry(const struct rdb_reader *r, rf_entry *entry)
{
    entry->kind = RF_ENTRY_FOREIGN_DETAIL;
    entry->db = r->db;
    entry->key = r->value.key;
    entry->name = SLICE("KeyDB");
    entry->text = SLICE("a member expiry");
}

rf_code read_aux(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    entry->kind = RF_ENTRY_AUX;
    TRY(rdb_string(r->w, &entry->name));
    TRY(rdb_string(r->w, &entry->text));
    rdb_aux_learn(r, entry);
    if (slice_equal(entry->name, SLICE("keydb-subexpire-key")))
        put_keydb_expiry(r, entry);
    *ready = true;
    return RF_OK;
}

/* A number of keys, by which a server sizes its tables. */
static rf_code read_count(struct rdb_reader *r, uint64_t *count)
{
    TRY(rdb_length(r->w, count));
    return *count <= INT64_MAX ? RF_OK
                               : window_fail(r->w, RF_E_CORRUPT, "the number of keys %llu is out of range",
                                             (unsigned long long)*count);
}

rf_code read_key_counts(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    entry->kind = RF_ENTRY_KEY_COUNTS;
    entry->db = r->db;
    TRY(read_count(r, &entry->keys));
    TRY(read_count(r, &entry->expiring));
    *ready = true;
    return RF_OK;
}

rf_code read_function(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    entry->kind = RF_ENTRY_FUNCTION;
    TRY(rdb_string(r->w, &entry->text));
    *ready = true;
    return RF_OK;
}

static rf_code skip_module_aux(struct window *w)
{
    uint64_t id;
    TRY(rdb_length(w, &id));
    return module_skip_items(w); /* the first one indicates when it was saved */
}

/* The raw record is kept; its first length is the module's ID. */
rf_code read_module_aux(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    struct window record = {0};
    uint64_t id;
    TRY(keep_raw(r, &r->aux, skip_module_aux));
    window_open_memory(&record, buffer_slice(&r->aux));
    rf_code code = rdb_length(&record, &id);
    window_close(&record);
    TRY(code);
    module_name(id, r->module);
    entry->kind = RF_ENTRY_MODULE_AUX;
    entry->name = slice_of(r->module, 9);
    entry->text = buffer_slice(&r->aux);
    *ready = true;
    return RF_OK;
}

/* --- skipped records -------------------------------------------------------------------------------- */

/* A slot of a cluster. Servers have used it as an index without a check. */
static rf_code read_slot(struct rdb_reader *r, uint64_t *slot)
{
    TRY(rdb_length(r->w, slot));
    return *slot < RF_SLOTS
               ? RF_OK
               : window_fail(r->w, RF_E_CORRUPT, "slot %llu is out of range", (unsigned long long)*slot);
}

rf_code read_slot_info(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    uint64_t slot, keys, expiring;
    (void)entry, (void)ready;
    TRY(read_slot(r, &slot));
    TRY(read_count(r, &keys));
    return read_count(r, &expiring);
}

rf_code read_slot_import(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    uint64_t ranges, first, last;
    (void)entry, (void)ready;
    TRY(rdb_skip_string(r->w));
    TRY(rdb_length(r->w, &ranges));
    for (; ranges > 0; ranges--) {
        window_release(r->w);
        TRY(read_slot(r, &first));
        TRY(read_slot(r, &last));
        if (first > last)
            return window_fail(r->w, RF_E_CORRUPT, "a range from slot %llu to %llu",
                               (unsigned long long)first, (unsigned long long)last);
    }
    rdb_reader_notice(r, RF_NOTICE_SLOT_IMPORT, "a slot import was in progress");
    return RF_OK;
}

rf_code read_hash_template(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    (void)entry, (void)ready;
    return hash_templates_read(&r->templates, r->w);
}

rf_code read_foreign_number(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    uint64_t ignored;
    (void)entry, (void)ready;
    rdb_aux_learn_product(r, "Redis Enterprise");
    rdb_reader_notice(r, RF_NOTICE_FOREIGN_RECORD, "Redis Enterprise: eviction or slot data");
    return rdb_length(r->w, &ignored);
}

static rf_code skip_string_list(struct window *w)
{
    uint64_t n;
    TRY(rdb_length(w, &n));
    for (; n > 0; n--) {
        window_release(w);
        TRY(rdb_skip_string(w));
    }
    return RF_OK;
}

/* string key, string script, i64 start, i64 interval, len n string*n, len n string*n */
rf_code read_keydb_cron(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    TRY(rdb_reader_key_name(r));
    TRY(rdb_skip_string(r->w));
    TRY(window_skip(r->w, 16));
    TRY(skip_string_list(r->w));
    TRY(skip_string_list(r->w));
    rdb_aux_learn_product(r, "KeyDB");
    rdb_reader_put_foreign(r, entry, "KeyDB", "a cron job");
    *ready = true;
    return RF_OK;
}

/* --- the end --------------------------------------------------------------------------------------- */

rf_code read_end(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    uint64_t computed = window_crc(r->w), stored;
    (void)entry, (void)ready;
    if (r->chunks.first)
        return window_fail(r->w, RF_E_TRUNCATED, "the file ends inside of a value that is stored in chunks");
    if (r->info->rdb_version < RDB_CHECKSUM_SINCE)
        return RF_END;
    TRY(rdb_u64le(r->w, &stored));
    if (stored == 0 && r->has_other_checksum)
        return RF_END;
    if (stored == 0 && r->value.trusted)
        return window_fail(r->w, RF_E_CHECKSUM,
                           "no checksum, and values were copied unverified: use --check");
    if (stored == 0)
        rdb_reader_notice(r, RF_NOTICE_NO_CHECKSUM, "written with checksums disabled");
    else if (stored != computed)
        return window_fail(r->w, RF_E_CHECKSUM, "checksum mismatch: stored %016llx, computed %016llx",
                           (unsigned long long)stored, (unsigned long long)computed);
    return RF_END;
}
