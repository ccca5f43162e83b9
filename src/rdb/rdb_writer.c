/* SPDX-License-Identifier: MIT */
/* Writes the records of an RDB file. (Valkey src/rdb.c: rdbSaveRio, rdbSaveKeyValuePair) */
#include "rdb/rdb_writer.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "codec/crc64.h"
#include "rdb/detail.h"
#include "rdb/notify.h"
#include "rdb/rdb_format.h"
#include "rdb/rdb_reencode.h"
#include "rdb/rdb_write.h"
#include "rdb/value_module.h"
#include <stdio.h>

static void put_byte(struct rdb_writer *w, uint8_t byte)
{
    outbuf_put(w->buf, &byte, 1);
}

static void put_length(struct rdb_writer *w, uint64_t n)
{
    struct outbuf *out = w->buf;
    out->pos += rdb_put_length(outbuf_reserve(out, RDB_LENGTH_MAX), n);
}

static void put_string(struct rdb_writer *w, rf_slice bytes)
{
    put_length(w, bytes.len);
    outbuf_put(w->buf, bytes.ptr, bytes.len);
}

/* --- the head --------------------------------------------------------------------------------------- */

static void put_aux(struct rdb_writer *w, const char *name, rf_slice text)
{
    put_byte(w, RDB_AUX);
    put_string(w, slice_of(name, strlen(name)));
    put_string(w, text);
}

static void put_aux_number(struct rdb_writer *w, const char *name, int64_t n)
{
    uint8_t text[NUMBER_TEXT_MAX];
    put_aux(w, name, (rf_slice){text, number_print_i64(text, n)});
}

static void put_magic(struct rdb_writer *w)
{
    char magic[16];
    bool own = w->target.dialect == RF_VALKEY && w->version > RDB_LAST_COMMON;
    int n = own ? snprintf(magic, sizeof magic, "VALKEY%03d", w->version)
                : snprintf(magic, sizeof magic, "REDIS%04d", w->version);
    outbuf_put(w->buf, magic, (size_t)n);
}

static void put_header_aux(struct rdb_writer *w, enum rdb_purpose purpose, int64_t saved_at)
{
    static const char *const flags[] = {
        [RDB_AOF_PREAMBLE] = "aof-preamble",
        [RDB_AOF_BASE] = "aof-base",
    };
    char version[32];
    snprintf(version, sizeof version, "%d.%d.0", w->target.major, w->target.minor);
    bool valkey = w->target.dialect == RF_VALKEY && w->target.major >= 8;
    bool dragonfly = w->target.dialect == RF_DRAGONFLY; /* its types are told by this field alone */
    put_aux(w,
            valkey      ? "valkey-ver"
            : dragonfly ? "df-ver"
                        : "redis-ver",
            slice_of(version, strlen(version)));
    put_aux_number(w, "redis-bits", 64);
    if (saved_at >= 0)
        put_aux_number(w, "ctime", saved_at);
    put_aux(w, "%rdbferry-ver", SLICE(RDBFERRY_VERSION));
    if (flags[purpose])
        put_aux_number(w, flags[purpose], 1);
}

static void open_over(struct rdb_writer *w, struct outbuf *buf, const rf_sink_options *options)
{
    *w = (struct rdb_writer){.buf = buf,
                             .target = options->target,
                             .version = rf_server_rdb_version(options->target),
                             .db = -1,
                             .has_checksum = options->rdb_compression == RF_PLAIN,
                             .drop_unsupported = options->drop_unsupported,
                             .drop_detail = options->drop_detail,
                             .json = options->json,
                             .notify = options->notify};
    w->selected = &w->databases[RDB_COUNTED_DATABASES];
}

void rdb_writer_open_part(struct rdb_writer *w, struct outbuf *buf, struct select_hook select,
                          const rf_sink_options *options)
{
    open_over(w, buf, options);
    w->select = select;
}

void rdb_writer_open(struct rdb_writer *w, struct output *out, enum rdb_purpose purpose,
                     const rf_sink_options *options)
{
    open_over(w, &out->buf, options);
    w->out = out;
    w->counts = w->version >= RDB_AUX_SINCE && output_can_patch(out);
    put_magic(w);
    if (w->version >= RDB_AUX_SINCE)
        put_header_aux(w, purpose, options->saved_at);
}

/* --- unsupported data ------------------------------------------------------------------------------- */

COLD static rf_code unsupported_unless(struct rdb_writer *w, const rf_entry *entry, const char *what,
                                       const char *unless, rf_error *error)
{
    char target[32];
    if (w->drop_unsupported) {
        notify_of(&w->notify, entry, RF_NOTICE_DROPPED, what);
        return RF_OK;
    }
    rf_server_format(w->target, target, sizeof target);
    fail(error, RF_E_INCOMPATIBLE, "the RDB format of %s (version %d) cannot represent %s%s", target,
         w->version, what, unless);
    if (entry->kind == RF_ENTRY_KEY)
        error_key(error, entry->db, entry->key);
    return RF_E_INCOMPATIBLE;
}

COLD static rf_code unsupported(struct rdb_writer *w, const rf_entry *entry, const char *what,
                                rf_error *error)
{
    return unsupported_unless(w, entry, what, "", error);
}

/* *stays: the key is written without these details; `details` may be 0. */
static rf_code handle_details(struct rdb_writer *w, const rf_entry *entry, unsigned details, bool *kept,
                              rf_error *error)
{
    *kept = !details || w->drop_detail;
    if (*kept) {
        detail_notify(&w->notify, entry, details);
        return RF_OK;
    }
    return unsupported_unless(w, entry, detail_lacking(details), " (--drop-detail writes the key without it)",
                              error);
}

/* --- databases, and their key counts ---------------------------------------------------------------- */

enum { COUNTS_MAX = 2 * RDB_LENGTH_MAX };

/* The two lengths of RESIZEDB in full width, whatever the numbers; they are hints, and saturate. */
static size_t print_counts(uint8_t *p, int version, uint64_t keys, uint64_t expiring)
{
    if (version >= RDB_LONG_LENGTHS_SINCE) {
        p[0] = p[9] = 0x81;
        store_be64(p + 1, keys);
        store_be64(p + 10, expiring);
        return 18;
    }
    p[0] = p[5] = 0x80;
    store_be32(p + 1, keys < UINT32_MAX ? (uint32_t)keys : UINT32_MAX);
    store_be32(p + 6, expiring < UINT32_MAX ? (uint32_t)expiring : UINT32_MAX);
    return 10;
}

static void put_counts(struct rdb_writer *w, struct rdb_database *database)
{
    uint8_t zeros[COUNTS_MAX];
    size_t n = print_counts(zeros, w->version, 0, 0);
    put_byte(w, RDB_RESIZEDB);
    database->counts_at = output_offset(w->out);
    outbuf_put(w->buf, zeros, n);
}

COLD static void put_select(struct rdb_writer *w, int64_t db)
{
    bool is_counted = db < RDB_COUNTED_DATABASES;
    w->db = db;
    if (w->select.fn) {
        w->select.fn(w->select.ctx, db);
        return;
    }
    put_byte(w, RDB_SELECTDB);
    put_length(w, (uint64_t)db);
    w->selected = &w->databases[is_counted ? db : RDB_COUNTED_DATABASES];
    if (w->counts && is_counted && w->selected->counts_at == 0)
        put_counts(w, w->selected);
}

/* Patches one RESIZEDB. `end`: the length of the output covered by *crc, which is the checksum of the bytes
 * put in, and becomes that of the file. Checksums are linear: the difference is the checksum of the changed
 * bits, with zeros everywhere else. */
static rf_code patch_counts(struct rdb_writer *w, const struct rdb_database *database, uint64_t end,
                            uint64_t *crc, rf_error *error)
{
    uint8_t before[COUNTS_MAX], after[COUNTS_MAX], change[COUNTS_MAX];
    size_t n = print_counts(before, w->version, 0, 0);
    print_counts(after, w->version, database->keys, database->expiring);
    for (size_t i = 0; i < n; i++)
        change[i] = before[i] ^ after[i];
    *crc ^= crc64_zeros(crc64(0, change, n), end - database->counts_at - n);
    return output_patch(w->out, database->counts_at, (rf_slice){after, n}, error);
}

static rf_code patch_all_counts(struct rdb_writer *w, uint64_t *crc, rf_error *error)
{
    uint64_t end = output_offset(w->out);
    for (int i = 0; i < RDB_COUNTED_DATABASES; i++)
        if (w->databases[i].counts_at > 0)
            TRY(patch_counts(w, &w->databases[i], end, crc, error));
    return RF_OK;
}

/* --- keys --------------------------------------------------------------------------------------------- */

/* In whole seconds before RDB 3. */
static uint8_t *put_expiry(uint8_t *p, int version, int64_t expire_ms)
{
    if (version < RDB_EXPIRETIME_MS_SINCE) {
        *p++ = RDB_EXPIRETIME;
        store_le32(p, (uint32_t)(expire_ms / 1000));
        return p + 4;
    }
    *p++ = RDB_EXPIRETIME_MS;
    store_le64(p, (uint64_t)expire_ms);
    return p + 8;
}

/* Everything of a key but its value, in one step: all of it except key and metadata is short. */
static void put_key_head(struct rdb_writer *w, const rf_entry *entry, uint8_t type)
{
    enum { SHORT_PARTS = 9 + 1 + RDB_LENGTH_MAX + 1 };
    struct outbuf *out = w->buf;
    uint8_t *p = outbuf_reserve(out, SHORT_PARTS);
    if (entry->expire_ms != RF_NO_EXPIRY)
        p = put_expiry(p, w->version, entry->expire_ms);
    if (entry->idle >= 0 && w->version >= RDB_EVICTION_SINCE) {
        *p++ = RDB_IDLE;
        p += rdb_put_length(p, (uint64_t)entry->idle);
    } else if (entry->freq >= 0 && w->version >= RDB_EVICTION_SINCE) {
        *p++ = RDB_FREQ;
        *p++ = (uint8_t)entry->freq;
    }
    out->pos = p;
    if (UNLIKELY(entry->no_evict))
        put_byte(w, RDB_KEY_NO_EVICT);
    if (UNLIKELY(entry->metadata.len > 0)) {
        put_byte(w, RDB_KEY_META);
        outbuf_put(out, entry->metadata.ptr, entry->metadata.len);
    }
    put_byte(w, type);
    put_string(w, entry->key);
}

static rf_code put_bytes(void *ctx, rf_slice bytes)
{
    outbuf_put(ctx, bytes.ptr, bytes.len);
    return RF_OK;
}

/* A value whose type the target does not have is re-encoded in its best one. */
static bool target_has_type(const struct rdb_writer *w, const rf_entry *entry)
{
    const rf_encoding *encoding = entry->encoding;
    return value_is_complete(entry->value) &&
           rdb_known_to(w->target.dialect, w->version, encoding->since, encoding->dialect);
}

static bool target_has_expiry(const struct rdb_writer *w, const rf_entry *entry)
{
    return w->version >= RDB_EXPIRETIME_MS_SINCE || entry->expire_ms / 1000 <= INT32_MAX;
}

/* Whether the record can be copied: it matches the entry, and the target supports its format; this is the
 * usual case. */
static bool record_serves(const struct rdb_writer *w, const rf_entry *entry)
{
    const rf_value *value = entry->value;
    return value->record && !value->used && value_copied_as_stored(value) &&
           entry->key.ptr == value->key.ptr && entry->key.len == value->key.len &&
           entry->expire_ms == value->expire_ms && w->version >= RDB_EVICTION_SINCE;
}

/* Encodes the head and copies the value. */
static rf_code put_key_anew(struct rdb_writer *w, rf_entry *entry, rf_error *error)
{
    put_key_head(w, entry, entry->encoding->number);
    return rf_value_copy(entry->value, put_bytes, w->buf, error);
}

static inline void begin_key(struct rdb_writer *w, const rf_entry *entry)
{
    if (UNLIKELY(w->db != entry->db))
        put_select(w, entry->db);
    w->selected->keys++;
    w->selected->expiring += entry->expire_ms != RF_NO_EXPIRY;
}

/* A key whose value is copied as it is stored. */
static rf_code put_supported_key(struct rdb_writer *w, rf_entry *entry, rf_error *error)
{
    begin_key(w, entry);
    if (LIKELY(record_serves(w, entry)))
        return value_copy_record(entry->value, put_bytes, w->buf, error);
    return put_key_anew(w, entry, error);
}

static bool is_empty_collection(const rf_entry *entry, uint64_t elements)
{
    return elements == 0 && !rf_may_be_empty(entry->type);
}

COLD static rf_code skip_empty(struct rdb_writer *w, const rf_entry *entry)
{
    notify_of(&w->notify, entry, RF_NOTICE_EMPTY_KEY, "an empty collection");
    return RF_OK;
}

/* Checks the value as a server does on loading; an empty one is skipped, as servers do. */
COLD static rf_code put_checked_key(struct rdb_writer *w, rf_entry *entry, rf_error *error)
{
    uint64_t elements;
    TRY(rf_value_check(entry->value, &elements, error));
    return is_empty_collection(entry, elements) ? skip_empty(w, entry) : put_supported_key(w, entry, error);
}

/* A stream's counters are always corrected; its nodes have to be examined. */
static bool target_checks_type(const struct rdb_writer *w, const rf_entry *entry)
{
    return value_is_always_checked(entry->value) ||
           (entry->type == RF_STREAM &&
            rdb_known_to(w->target.dialect, w->version, RDB_STREAM_CHECKS_SINCE, RF_REDIS));
}

static inline rf_code put_copied_key(struct rdb_writer *w, rf_entry *entry, rf_error *error)
{
    if (UNLIKELY(entry->value->unguarded || target_checks_type(w, entry)))
        return put_checked_key(w, entry, error);
    entry->value->trusted = true;
    return put_supported_key(w, entry, error);
}

COLD static rf_code put_module_key(struct rdb_writer *w, rf_entry *entry, rf_error *error)
{
    char name[10];
    TRY(rf_value_module(entry->value, name, error));
    if (!value_module_fits(entry->value, w->target, name))
        return unsupported(w, entry, value_module_lacking(w->target), error);
    return entry->value->unguarded ? put_checked_key(w, entry, error) : put_supported_key(w, entry, error);
}

COLD static rf_code put_reencoded_key(struct rdb_writer *w, rf_entry *entry, rf_error *error)
{
    struct rdb_plan plan;
    bool kept;
    TRY(rdb_plan(entry->value, w->target.dialect, w->version, &plan, error));
    if (plan.beyond)
        return unsupported(w, entry, plan.beyond, error);
    if (is_empty_collection(entry, plan.survey.elements))
        return skip_empty(w, entry);
    TRY(handle_details(w, entry, plan.details, &kept, error));
    if (!kept)
        return RF_OK;
    begin_key(w, entry);
    put_key_head(w, entry, plan.type);
    if (plan.type == RDB_STREAM_WITHOUT_COUNTERS)
        notify_of(&w->notify, entry, RF_NOTICE_STREAM_COUNTERS,
                  "entries added, max-deleted ID, entries read");
    return rdb_reencode(entry->value, plan.type, &plan.survey, put_bytes, w->buf, error);
}

/* --- JSON documents ------------------------------------------------------------------------------------ */

/* As the module "ReJSON-RL" saves them, in its encoding version 3: a string item. (Dragonfly
 * src/server/rdb_load.cc: ReadRedisModule2) */
static rf_code put_json(void *ctx, rf_slice document)
{
    static const uint64_t id = UINT64_C(0x45e25238df912c03);
    enum { STRING_ITEM = 5, END_OF_ITEMS = 0 };
    struct rdb_writer *w = ctx;
    put_length(w, id);
    put_length(w, STRING_ITEM);
    put_string(w, document);
    put_length(w, END_OF_ITEMS);
    return RF_OK;
}

COLD static rf_code put_json_key(struct rdb_writer *w, rf_entry *entry, rf_error *error)
{
    static const rf_visitor json = {.string = put_json};
    struct rdb_survey survey;
    TRY(rdb_survey(entry->value, &survey, error));
    begin_key(w, entry);
    put_key_head(w, entry, RDB_MODULE);
    return rf_value_walk(entry->value, &json, w, error);
}

/* A value of a type that the target does not have. */
COLD static rf_code put_other_key(struct rdb_writer *w, rf_entry *entry, rf_error *error)
{
    bool is_json = entry->encoding->dialect == RF_DRAGONFLY && entry->type == RF_STRING;
    if (is_json && w->json)
        return put_json_key(w, entry, error);
    if (is_json)
        notify_of(&w->notify, entry, RF_NOTICE_JSON_STRING, NULL);
    return put_reencoded_key(w, entry, error);
}

static rf_code find_long_lengths(struct walk *k, void *found)
{
    k->w->long_lengths = false;
    TRY(k->value->type->walk(k));
    *(bool *)found = k->w->long_lengths;
    return RF_OK;
}

/* Types known to an old target may contain newer forms: 64-bit lengths, even of short data; short integers in
 * a ziplist that were added later. */
COLD static rf_code holds_newer_forms(const struct rdb_writer *w, rf_entry *entry, bool *newer,
                                      rf_error *error)
{
    enum { LIST_ZIPLIST = 10, ZSET_ZIPLIST = 12, HASH_ZIPLIST = 13 };
    uint8_t type = entry->encoding->number;
    *newer = w->version < RDB_SHORT_ZIPLIST_INTEGERS_SINCE &&
             (type == LIST_ZIPLIST || type == ZSET_ZIPLIST || type == HASH_ZIPLIST);
    if (*newer)
        return RF_OK;
    TRY(rf_value_hold(entry->value, NULL, error));
    return value_skip_raw(entry->value, find_long_lengths, newer, error);
}

COLD static rf_code put_key_before_long_lengths(struct rdb_writer *w, rf_entry *entry, rf_error *error)
{
    bool reencode = !target_has_type(w, entry);
    if (!target_has_expiry(w, entry))
        return unsupported(w, entry, "an expiry after the year 2038", error);
    if (entry->key.len > UINT32_MAX)
        return unsupported(w, entry, "a key of 4 GiB or more", error);
    if (!reencode)
        TRY(holds_newer_forms(w, entry, &reencode, error));
    if (reencode)
        return put_other_key(w, entry, error);
    return put_copied_key(w, entry, error);
}

static bool target_has_record(const struct rdb_writer *w, int since)
{
    return rdb_known_to(w->target.dialect, w->version, since, RF_REDIS);
}

/* What records before the type byte tell of a key. */
COLD static rf_code handle_attributes(struct rdb_writer *w, rf_entry *entry, bool *kept, rf_error *error)
{
    unsigned lost = 0;
    if (entry->metadata.len > 0 && !target_has_record(w, RDB_KEY_META_SINCE)) {
        entry->metadata.len = 0;
        lost |= DETAIL_BIT(METADATA);
    }
    if (entry->no_evict && !target_has_record(w, RDB_NO_EVICT_SINCE)) {
        entry->no_evict = false;
        lost |= DETAIL_BIT(NO_EVICT);
    }
    return handle_details(w, entry, lost, kept, error);
}

static rf_code put_key(struct rdb_writer *w, rf_entry *entry, rf_error *error)
{
    bool kept = true;
    if (UNLIKELY(entry->metadata.len > 0 || entry->no_evict))
        TRY(handle_attributes(w, entry, &kept, error));
    if (UNLIKELY(!kept))
        return RF_OK;
    if (UNLIKELY(w->version < RDB_LONG_LENGTHS_SINCE))
        return put_key_before_long_lengths(w, entry, error);
    if (UNLIKELY(!target_has_type(w, entry)))
        return put_other_key(w, entry, error);
    if (UNLIKELY(entry->type == RF_MODULE))
        return put_module_key(w, entry, error);
    return put_copied_key(w, entry, error);
}

/* --- other entries -------------------------------------------------------------------------------------- */

static void put_hint(struct rdb_writer *w, uint64_t n)
{
    put_length(w, n > UINT32_MAX && w->version < RDB_LONG_LENGTHS_SINCE ? UINT32_MAX : n);
}

/* The hints of the input. */
static rf_code put_key_counts(struct rdb_writer *w, const rf_entry *entry)
{
    if (w->version < RDB_AUX_SINCE || w->counts)
        return RF_OK;
    if (UNLIKELY(w->db != entry->db))
        put_select(w, entry->db);
    put_byte(w, RDB_RESIZEDB);
    put_hint(w, entry->keys);
    put_hint(w, entry->expiring);
    return RF_OK;
}

static rf_code put_function(struct rdb_writer *w, rf_entry *entry, rf_error *error)
{
    if (w->version < RDB_FUNCTION_SINCE || w->target.dialect == RF_DRAGONFLY)
        return unsupported(w, entry, "a function library", error);
    put_byte(w, RDB_FUNCTION2);
    put_string(w, entry->text);
    return RF_OK;
}

static rf_code put_module_aux(struct rdb_writer *w, rf_entry *entry, rf_error *error)
{
    char what[MODULE_AUX_TEXT];
    if (w->version < RDB_MODULE_AUX_SINCE || w->target.dialect == RF_DRAGONFLY || w->drop_unsupported)
        return unsupported(w, entry, module_aux_text(entry, what), error);
    put_byte(w, RDB_MODULE_AUX);
    outbuf_put(w->buf, entry->text.ptr, entry->text.len);
    return RF_OK;
}

static rf_code put_foreign(struct rdb_writer *w, const rf_entry *entry, rf_error *error)
{
    return detail_leave_out_foreign(&w->notify, entry, w->drop_unsupported || w->drop_detail, error);
}

rf_code rdb_writer_put(struct rdb_writer *w, rf_entry *entry, rf_error *error)
{
    switch (entry->kind) {
    case RF_ENTRY_KEY: return put_key(w, entry, error);
    case RF_ENTRY_KEY_COUNTS: return put_key_counts(w, entry);
    case RF_ENTRY_FUNCTION: return put_function(w, entry, error);
    case RF_ENTRY_MODULE_AUX: return put_module_aux(w, entry, error);
    case RF_ENTRY_COMMAND:
        return fail(
            error, RF_E_INCOMPATIBLE,
            "an RDB cannot hold AOF commands: use --server to evaluate them, or run BGREWRITEAOF first");
    case RF_ENTRY_FOREIGN:
    case RF_ENTRY_FOREIGN_DETAIL: return put_foreign(w, entry, error);
    case RF_ENTRY_AUX: break;
    }
    return RF_OK;
}

void rdb_writer_append(struct rdb_writer *w, int64_t db, uint64_t keys, uint64_t expiring, rf_slice records)
{
    if (UNLIKELY(w->db != db))
        put_select(w, db);
    w->selected->keys += keys;
    w->selected->expiring += expiring;
    outbuf_put(w->buf, records.ptr, records.len);
}

rf_code rdb_writer_end(struct rdb_writer *w, rf_error *error)
{
    uint64_t crc = 0;
    uint8_t trailer[8];
    put_byte(w, RDB_END);
    if (w->version < RDB_CHECKSUM_SINCE)
        return RF_OK;
    if (w->has_checksum) {
        TRY(output_crc(w->out, &crc, error));
        TRY(patch_all_counts(w, &crc, error));
    }
    store_le64(trailer, crc);
    outbuf_put(w->buf, trailer, sizeof trailer);
    return RF_OK;
}
