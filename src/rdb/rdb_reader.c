/* SPDX-License-Identifier: MIT */
/* The record loop: keys, and what precedes or follows them. The functions of opcodes.def are in rdb_records.c
 * and dragonfly.c. */
#include "rdb/rdb_reader.h"

#include "rdb/dragonfly.h"
#include "rdb/rdb_format.h"
#include "rdb/rdb_header.h"
#include "rdb/rdb_read.h"
#include "rdb/rdb_records.h"

/* Reads what follows an opcode. *ready: `entry` has been filled and is to be returned. */
typedef rf_code read_fn(struct rdb_reader *r, rf_entry *entry, bool *ready);

struct rdb_opcode {
    read_fn *read;
    bool is_passed, is_prefix;
    const char *kind, *refused; /* "type" or "opcode", and its description */
};

void rdb_reader_notice(const struct rdb_reader *r, rf_notice_code code, const char *detail)
{
    if (r->notify->fn)
        r->notify->fn(
            r->notify->ctx,
            &(rf_notice){.code = code, .offset = (int64_t)window_offset(r->w), .db = -1, .detail = detail});
}

static void clear_prefix(struct rdb_reader *r)
{
    r->has_prefix = false;
    r->expire_ms = RF_NO_EXPIRY;
    r->idle = r->freq = -1;
    r->no_evict = false;
    r->vendor_flags = NULL;
    r->metadata.len = 0;
}

void rdb_reader_put_foreign(struct rdb_reader *r, rf_entry *entry, const char *product, const char *what)
{
    clear_prefix(r);
    entry->kind = RF_ENTRY_FOREIGN;
    entry->db = r->db;
    entry->key = r->value.key = buffer_slice(&r->key);
    entry->name = slice_of(product, strlen(product));
    entry->text = slice_of(what, strlen(what));
}

/* --- keys ------------------------------------------------------------------------------------------ */

/* A key must outlive the bytes it was read from, so it is copied to r->key. */
COLD rf_code rdb_reader_key_name(struct rdb_reader *r)
{
    rf_slice key;
    TRY(rdb_string(r->w, &key));
    r->key.len = 0;
    return buffer_append(&r->key, key)
               ? RF_OK
               : window_fail(r->w, RF_E_MEMORY, "out of memory for a key of %zu bytes", key.len);
}

/* Short keys, the most frequent ones, are copied as one fixed-size block. */
enum { SHORT_KEY = 32, KEPT_NAME = 64 };

static inline bool is_short_key(const struct window *w)
{
    return w->end - w->pos > SHORT_KEY && *w->pos <= SHORT_KEY;
}

static inline size_t read_short_key_name(struct rdb_reader *r)
{
    const uint8_t *p = r->w->pos;
    size_t len = *p;
    memcpy(r->key.data, p + 1, SHORT_KEY);
    r->w->pos = p + 1 + len;
    return len;
}

static inline void keep_prefix(const struct rdb_reader *r, rf_entry *entry)
{
    entry->expire_ms = r->expire_ms;
    entry->idle = r->idle;
    entry->freq = r->freq;
    entry->no_evict = r->no_evict;
    entry->vendor_flags = r->vendor_flags;
    entry->metadata = buffer_slice(&r->metadata);
}

static inline void reject_prefix(rf_entry *entry)
{
    entry->expire_ms = RF_NO_EXPIRY;
    entry->idle = entry->freq = -1;
    entry->no_evict = false;
    entry->vendor_flags = NULL;
    entry->metadata.len = 0;
}

/* `at`: the offset of the type byte. */
static inline rf_code read_key(struct rdb_reader *r, rf_entry *entry, const struct rdb_type *type,
                               uint64_t at)
{
    size_t len;
    uint64_t record = r->has_prefix ? r->record : at;
    if (LIKELY(is_short_key(r->w))) {
        len = read_short_key_name(r);
    } else {
        TRY(rdb_reader_key_name(r));
        len = r->key.len;
        record = VALUE_NO_RECORD; /* the key may be stored in an unusual form */
    }
    const rf_slice key = {r->key.data, len};
    if (r->has_prefix)
        keep_prefix(r, entry);
    else
        reject_prefix(entry);
    entry->kind = RF_ENTRY_KEY;
    entry->type = type->encoding.type;
    entry->encoding = &type->encoding;
    entry->value = &r->value;
    entry->key = key;
    entry->slot = -1;
    entry->db = r->db;
    value_begin(&r->value, type, r->db, key, record);
    r->value.expire_ms = entry->expire_ms;
    return RF_OK;
}

/* --- opcodes.def as tables, one for each dialect ---------------------------------------------------- */

#define OPCODE(number, dialect, function) ROW_##dialect(number, .read = function)
#define PASSED(number, dialect, function) ROW_##dialect(number, .read = function, .is_passed = true)
#define PREFIX(number, dialect, function) \
    ROW_##dialect(number, .read = function, .is_passed = true, .is_prefix = true)
#define REFUSED(number, dialect, type_or_opcode, what) \
    ROW_##dialect(number, .kind = type_or_opcode, .refused = what)

#define ROW_COMMON(number, ...) [number] = {__VA_ARGS__},

#define ROW_REDIS(...) ROW_COMMON(__VA_ARGS__)
#define ROW_VALKEY(...)
#define ROW_DRAGONFLY(...)
static const struct rdb_opcode redis_opcodes[256] = {
#include "rdb/opcodes.def"
};

#undef ROW_REDIS
#undef ROW_VALKEY
#define ROW_REDIS(...)
#define ROW_VALKEY(...) ROW_COMMON(__VA_ARGS__)
static const struct rdb_opcode valkey_opcodes[256] = {
#include "rdb/opcodes.def"
};

#undef ROW_VALKEY
#undef ROW_DRAGONFLY
#define ROW_VALKEY(...)
#define ROW_DRAGONFLY(...) ROW_COMMON(__VA_ARGS__)
static const struct rdb_opcode dragonfly_opcodes[256] = {
#include "rdb/opcodes.def"
};

void rdb_reader_enter_dialect(struct rdb_reader *r, rf_dialect dialect)
{
    static const struct rdb_opcode *const opcodes[RF_DIALECTS] = {
        [RF_REDIS] = redis_opcodes, [RF_VALKEY] = valkey_opcodes, [RF_DRAGONFLY] = dragonfly_opcodes};
    r->info->dialect = dialect;
    r->types = rdb_types(dialect);
    r->opcodes = opcodes[dialect];
}

/* --- types and opcodes that are not read ------------------------------------------------------------- */

/* Types of Redis 8.10 and newer; development versions used the numbers for others. */
enum { FIRST_LATE_TYPE = 29, LATE_TYPES_SINCE = 15 };

/* Whether a known type has a different meaning in this file. Other types are read whatever the version, as
 * servers do. In files of this version old releases of Dragonfly have JSON in the place of a set. */
static inline bool is_of_other_server(const struct rdb_reader *r, uint8_t byte)
{
    return UNLIKELY(byte >= RDB_SET_LISTPACK && r->types[byte].encoding.since > r->info->rdb_version &&
                    (r->info->dialect == RF_DRAGONFLY ? byte == RDB_SET_LISTPACK : byte >= FIRST_LATE_TYPE));
}

/* `byte` was read last. */
COLD static rf_code refuse_byte(struct rdb_reader *r, uint8_t byte)
{
    const struct rdb_opcode *opcode = &r->opcodes[byte];
    bool is_late = byte >= FIRST_LATE_TYPE && byte < RDB_TYPE_COUNT && r->info->dialect == RF_REDIS &&
                   (r->types[byte].walk || (opcode->refused && r->info->rdb_version < LATE_TYPES_SINCE));
    r->w->pos--; /* report the error at the byte itself */
    if (r->info->dialect == RF_DRAGONFLY && byte == RDB_SET_LISTPACK)
        return window_fail(r->w, RF_E_UNSUPPORTED,
                           "type 20 is JSON in the format of old Dragonfly releases: not supported");
    if (is_late)
        return window_fail(r->w, RF_E_UNSUPPORTED,
                           "type %u does not exist in RDB version %d: written by an unreleased server or by "
                           "another vendor's",
                           byte, r->info->rdb_version);
    if (opcode->refused)
        return window_fail(r->w, RF_E_UNSUPPORTED, "%s %u is %s", opcode->kind, byte, opcode->refused);
    return window_fail(r->w, RF_E_CORRUPT, "unexpected byte 0x%02x (expected a type or an opcode)", byte);
}

/* `at`: the offset of the opcode. A key's record can be copied as a whole only if writing it anew would give
 * the same bytes, or the output would depend on how the input is divided into blocks: so the head must be the
 * usual one, with an expiry or nothing before the type, and a short key stored as it is. */
static rf_code read_opcode(struct rdb_reader *r, uint8_t byte, uint64_t at, rf_entry *entry, bool *ready)
{
    const struct rdb_opcode *opcode = &r->opcodes[byte];
    r->record = byte == RDB_EXPIRETIME_MS && !r->has_prefix ? at : VALUE_NO_RECORD;
    r->has_prefix |= opcode->is_prefix;
    if (LIKELY(opcode->read != NULL))
        return opcode->read(r, entry, ready);
    return refuse_byte(r, byte);
}

static inline bool is_type(const struct rdb_reader *r, uint8_t byte)
{
    return byte < RDB_TYPE_COUNT && r->types[byte].walk && !is_of_other_server(r, byte);
}

COLD rf_code rdb_reader_check_block(struct rdb_reader *r)
{
    uint64_t at = window_offset(r->w);
    if (r->chunked || at < r->block_end)
        return RF_OK;
    bool crossed = at > r->block_end;
    r->block_end = 0;
    return crossed ? window_fail(r->w, RF_E_CORRUPT, "a record crosses the end of a compressed block")
                   : RF_OK;
}

static bool is_beyond_block(const struct rdb_reader *r)
{
    return UNLIKELY(r->block_end > 0) && window_offset(r->w) > r->block_end;
}

bool rdb_reader_frame(struct rdb_reader *r)
{
    struct walk k = {.w = r->w, .value = &r->value, .frame_only = true};
    rf_entry ignored;
    bool ready = false;
    for (;;) {
        uint8_t byte;
        if (UNLIKELY(r->block_end > 0) && window_offset(r->w) >= r->block_end)
            return false;
        if (rdb_u8(r->w, &byte) != RF_OK)
            return false;
        if (is_type(r, byte)) {
            r->value.type = &r->types[byte];
            r->framed = r->w->pos;
            return rdb_skip_string(r->w) == RF_OK && r->value.type->walk(&k) == RF_OK && !is_beyond_block(r);
        }
        if (!r->opcodes[byte].is_passed || r->opcodes[byte].read(r, &ignored, &ready) != RF_OK)
            return false;
    }
}

rf_code rdb_reader_end_key(struct rdb_reader *r)
{
    if (!r->value.type)
        return RF_OK;
    if (UNLIKELY(r->chunked != NULL))
        r->w->error = r->input->error;
    if (!r->value.used)
        TRY(rf_value_skip(&r->value, r->w->error));
    value_end(&r->value);
    r->value.type = NULL;
    if (r->has_prefix)
        clear_prefix(r);
    return LIKELY(!r->chunked) ? RF_OK : dragonfly_leave_chunks(r);
}

void rdb_reader_restart(struct rdb_reader *r, int64_t db)
{
    value_end(&r->value);
    r->value.type = NULL;
    clear_prefix(r);
    r->db = db;
}

rf_code rdb_reader_next(struct rdb_reader *r, rf_entry *entry)
{
    bool ready = false;
    TRY(rdb_reader_end_key(r));
    uint64_t at = entry->offset = window_offset(r->w);
    for (; !ready; at = window_offset(r->w)) {
        uint8_t byte;
        if (UNLIKELY(r->block_end > 0))
            TRY(rdb_reader_check_block(r));
        window_release(r->w);
        TRY(rdb_u8(r->w, &byte));
        if (is_type(r, byte))
            return read_key(r, entry, &r->types[byte], at);
        TRY(read_opcode(r, byte, at, entry, &ready));
    }
    return RF_OK;
}

rf_code rdb_reader_open(struct rdb_reader *r, struct window *w, rf_reader_info *info, const char *input,
                        bool resume, rf_error *sticky, const rf_notify *notify)
{
    *r = (struct rdb_reader){.w = w, .info = info, .notify = notify};
    TRY(rdb_header_read(w, &info->dialect, &info->rdb_version));
    info->format = "rdb";
    info->writer = rf_server_of_rdb(info->dialect, info->rdb_version);
    rdb_reader_enter_dialect(r, info->dialect);
    r->value = (struct rf_value){.templates = &r->templates,
                                 .stream = w,
                                 .input = input,
                                 .info = info,
                                 .resume = resume,
                                 .sticky = sticky,
                                 .notify = notify};
    return rdb_reader_prepare(r) ? RF_OK : window_fail(w, RF_E_MEMORY, "out of memory");
}

bool rdb_reader_keep_name(struct rdb_reader *r, rf_slice name)
{
    r->key.len = 0;
    bool kept = buffer_append(&r->key, name);
    r->value.key = buffer_slice(&r->key);
    return kept;
}

bool rdb_reader_prepare(struct rdb_reader *r)
{
    clear_prefix(r);
    return buffer_reserve(&r->key, KEPT_NAME);
}

void rdb_reader_close(struct rdb_reader *r)
{
    value_close(&r->value);
    window_close(&r->assembled);
    chunked_key_free(r->chunked);
    chunks_free(&r->chunks);
    buffer_free(&r->block);
    buffer_free(&r->key);
    buffer_free(&r->metadata);
    buffer_free(&r->aux);
    hash_templates_free(&r->templates);
}
