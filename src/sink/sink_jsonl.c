/* SPDX-License-Identifier: MIT */
/* JSON lines. One object per line, in the order of the input. Its members, in this order:
 *
 *   of a key
 *     "db"           number of the database
 *     "key"          TEXT
 *     "type"         "string", "list", "set", "zset", "hash", "stream", "array", "path-hash" or "module"
 *     "expire_ms"    expiry, Unix time in milliseconds; only if it has one
 *     "idle"         seconds since it was used; only if recorded in the input
 *     "freq"         LFU access frequency, 0 to 255; only if recorded in the input
 *     "no_evict"     true; only if a server must not evict it (Redis 8.12)
 *     "metadata"     {"base64": ...}: the raw record that modules attached to it; only if there is one
 *     "value"        by type:
 *       string       TEXT
 *       list, set    [TEXT, ...]
 *       zset         [[TEXT, score], ...]
 *       hash         {"field": TEXT, ...}; with base64 [[TEXT, TEXT], ...]
 *       stream       {"entries": [["ms-seq", [field, value, ...]], ...],
 *                     "last_id": "ms-seq", "max_deleted_id": "ms-seq", "entries_added": n,
 *                     "groups": [{"name": TEXT, "last_id": "ms-seq", "entries_read": n or null,
 *                                 "consumers": [{"name": TEXT, "seen_ms": ms, "active_ms": ms or null,
 *                                                "pending": [["ms-seq", ms, deliveries], ...]}, ...],
 *                                 "unowned": [as in "pending"]}, ...],
 *                     "producers": {"duration_s": n, "max_entries": n,
 *                                   "records": [[producer, iid, "ms-seq"], ...]}}
 *                    "unowned" only if a group has unowned pending entries (Redis 8.8),
 *                    "producers" only if the encoding supports them (Redis 8.6)
 *       array        {"insert_index": n or null, "slots": [[index, TEXT], ...]}, indexes ascending
 *       path-hash    [[path, field, TEXT], ...], the fields of a path one after the other
 *       module       {"module": name, "version": n, "parts": [number or TEXT, ...]}
 *     "field_expire_ms"    of a hash, in the form of its value: {"field": ms, ...}; only if any expires
 *     "member_expire_ms"   of a set, [[TEXT, ms], ...], the members that expire; only if any does
 *
 *   of a command                    "db", "type": "command", "argv": [TEXT, ...]
 *   of a function library           "type": "function", "code": TEXT
 *   of module auxiliary data        "type": "module_aux", "module": name, "base64": raw record
 *
 * Elements keep the order of the input. Integers are exact, also beyond 2^53. Scores and other doubles are
 * the shortest numbers that read back the same; infinities and NaN, which JSON cannot represent, are the
 * strings "inf", "-inf" and "nan".
 *
 * TEXT is a string. Valid UTF-8 is written as that string. Other bytes are
 *   with escape    a string in which each byte from 0x80 on is the character of that number, \u0080 to
 *                  \u00ff: readable, but ambiguous with the UTF-8 of these characters, so that even two
 *                  fields of a hash can get the same name
 *   with base64    {"base64": ...}, exact */
#include "base/fail.h"
#include "io/output.h"
#include "rdb/detail.h"
#include "rdb/notify.h"
#include "rdb/walk.h"
#include "sink/jsonl.h"
#include "sink/part.h"
#include "sink/sink.h"
#include "sink/surroundings.h"
#include <rdbferry/command.h>
#include <stdlib.h>

struct sink_jsonl {
    struct rf_sink sink;
    struct output output; /* none in a part */
    struct part part;     /* otherwise empty */
    rf_notify notify;
    struct jsonl json;
};

/* --- entries ----------------------------------------------------------------------------------------- */

/* ,"type":"..." */
static const rf_slice type_members[RF_TYPE_COUNT] = {
#define TYPE_MEMBER(name, text) \
    [RF_##name] = {(const uint8_t *)",\"type\":\"" text "\"", sizeof(",\"type\":\"" text "\"") - 1},
    RF_TYPES(TYPE_MEMBER)
#undef TYPE_MEMBER
};

static void put_prefix(struct jsonl *j, const rf_entry *entry)
{
    if (entry->expire_ms != RF_NO_EXPIRY) {
        JSON_PUT(j->out, ",\"expire_ms\"");
        json_put_i64(j->out, ':', entry->expire_ms);
    }
    if (entry->idle >= 0) {
        JSON_PUT(j->out, ",\"idle\"");
        json_put_i64(j->out, ':', entry->idle);
    }
    if (entry->freq >= 0) {
        JSON_PUT(j->out, ",\"freq\"");
        json_put_i64(j->out, ':', entry->freq);
    }
    if (UNLIKELY(entry->no_evict))
        JSON_PUT(j->out, ",\"no_evict\":true");
    if (UNLIKELY(entry->metadata.len > 0)) {
        JSON_PUT(j->out, ",\"metadata\"");
        json_put_base64_object(j->out, ':', entry->metadata);
    }
}

void jsonl_put_head(struct jsonl *j, const rf_entry *entry)
{
    rf_slice type = type_members[entry->type];
    JSON_PUT(j->out, "{\"db\"");
    json_put_i64(j->out, ':', entry->db);
    JSON_PUT(j->out, ",\"key\"");
    jsonl_put_text(j, ':', entry->key);
    outbuf_put(j->out, type.ptr, type.len);
    put_prefix(j, entry);
    JSON_PUT(j->out, ",\"value\"");
}

/* An empty collection is not a key in a server either. */
static rf_code put_key(struct jsonl *j, rf_entry *entry, const rf_notify *notify, rf_error *error)
{
    j->due = jsonl_is_collection(entry->type) ? entry : NULL;
    if (!j->due)
        jsonl_put_head(j, entry);
    TRY(jsonl_put_value(j, entry, error));
    if (j->due)
        notify_of(notify, entry, RF_NOTICE_EMPTY_KEY, "an empty collection");
    else
        JSON_PUT(j->out, "}\n");
    j->due = NULL;
    return RF_OK;
}

static rf_code put_command(struct jsonl *j, rf_entry *entry, rf_error *error)
{
    TRY(rf_command_hold(entry, error));
    JSON_PUT(j->out, "{\"db\"");
    json_put_i64(j->out, ':', entry->db);
    JSON_PUT(j->out, ",\"type\":\"command\",\"argv\"");
    jsonl_put_texts(j, ':', entry->argv, entry->argc);
    JSON_PUT(j->out, "}\n");
    return RF_OK;
}

static void put_function(struct jsonl *j, const rf_entry *entry)
{
    JSON_PUT(j->out, "{\"type\":\"function\",\"code\"");
    jsonl_put_text(j, ':', entry->text);
    JSON_PUT(j->out, "}\n");
}

static void put_module_aux(struct jsonl *j, const rf_entry *entry)
{
    JSON_PUT(j->out, "{\"type\":\"module_aux\",\"module\"");
    jsonl_put_text(j, ':', entry->name);
    JSON_PUT(j->out, ",\"base64\"");
    json_put_base64(j->out, ':', entry->text);
    JSON_PUT(j->out, "}\n");
}

/* The contents of such a record are vendor-specific. */
static void notice_foreign(const struct sink_jsonl *s, const rf_entry *entry)
{
    char what[DETAIL_FOREIGN_TEXT];
    notify_of(&s->notify, entry, RF_NOTICE_FOREIGN_RECORD, detail_foreign(entry, what));
}

static rf_code put_entry(struct sink_jsonl *s, rf_entry *entry, rf_error *error)
{
    struct jsonl *j = &s->json;
    switch (entry->kind) {
    case RF_ENTRY_KEY: return put_key(j, entry, &s->notify, error);
    case RF_ENTRY_COMMAND: return put_command(j, entry, error);
    case RF_ENTRY_FUNCTION: put_function(j, entry); break;
    case RF_ENTRY_MODULE_AUX: put_module_aux(j, entry); break;
    case RF_ENTRY_FOREIGN:
    case RF_ENTRY_FOREIGN_DETAIL: notice_foreign(s, entry); break;
    case RF_ENTRY_AUX:
    case RF_ENTRY_KEY_COUNTS: break;
    }
    return RF_OK;
}

/* --- the sink ---------------------------------------------------------------------------------------- */

static rf_code jsonl_put(rf_sink *sink, rf_entry *entry, rf_error *error)
{
    struct sink_jsonl *s = (struct sink_jsonl *)sink;
    TRY(put_entry(s, entry, error));
    return LIKELY(s->output.buf.code == RF_OK) ? RF_OK : output_failure(&s->output, error);
}

static rf_code jsonl_finish(rf_sink *sink, rf_error *error)
{
    return output_finish(&((struct sink_jsonl *)sink)->output, error);
}

static rf_code jsonl_commit(rf_sink *sink, rf_error *error)
{
    return output_commit(&((struct sink_jsonl *)sink)->output, error);
}

static bool jsonl_output(const rf_sink *sink, size_t index, rf_output_info *info)
{
    if (index > 0)
        return false;
    output_info(&((const struct sink_jsonl *)sink)->output, info);
    return true;
}

static void jsonl_close_sink(rf_sink *sink)
{
    struct sink_jsonl *s = (struct sink_jsonl *)sink;
    output_close(&s->output);
    free(s);
}

/* --- parts ------------------------------------------------------------------------------------------- */

static rf_code part_put(rf_sink *sink, rf_entry *entry, rf_error *error)
{
    struct sink_jsonl *s = (struct sink_jsonl *)sink;
    TRY(put_entry(s, entry, error));
    return LIKELY(s->part.buf.code == RF_OK) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

static void part_restart(rf_sink *sink)
{
    struct sink_jsonl *s = (struct sink_jsonl *)sink;
    part_clear(&s->part);
    s->json = (struct jsonl){.out = &s->part.buf, .base64 = s->json.base64};
}

static size_t part_bytes_put(const rf_sink *sink)
{
    return part_size(&((const struct sink_jsonl *)sink)->part);
}

static void part_free(rf_sink *sink)
{
    struct sink_jsonl *s = (struct sink_jsonl *)sink;
    part_close(&s->part);
    free(s);
}

static rf_code jsonl_open_part(rf_sink *sink, rf_notify notify, rf_sink **out, rf_error *error)
{
    static const struct sink_class class = {
        .put = part_put, .restart = part_restart, .size = part_bytes_put, .close = part_free};
    const struct sink_jsonl *whole = (const struct sink_jsonl *)sink;
    struct sink_jsonl *s = calloc(1, sizeof *s);
    if (!s || !part_open(&s->part)) {
        free(s);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    s->sink.class = &class;
    s->sink.check = whole->sink.check;
    s->notify = notify;
    s->json = (struct jsonl){.out = &s->part.buf, .base64 = whole->json.base64};
    *out = &s->sink;
    return RF_OK;
}

static rf_code jsonl_append(rf_sink *sink, rf_sink *part, rf_error *error)
{
    struct sink_jsonl *s = (struct sink_jsonl *)sink, *from = (struct sink_jsonl *)part;
    outbuf_put(&s->output.buf, from->part.buf.start, part_size(&from->part));
    return LIKELY(s->output.buf.code == RF_OK) ? RF_OK : output_failure(&s->output, error);
}

/* --- opening ----------------------------------------------------------------------------------------- */

rf_code sink_open_jsonl(const struct sink_location *location, rf_json_bytes bytes,
                        const rf_sink_options *options, rf_sink **out, rf_error *error)
{
    static const struct sink_class class = {.put = jsonl_put,
                                            .finish = jsonl_finish,
                                            .commit = jsonl_commit,
                                            .output = jsonl_output,
                                            .open_part = jsonl_open_part,
                                            .append = jsonl_append,
                                            .close = jsonl_close_sink};
    struct output_options output = sink_output_options(location, options);
    struct sink_jsonl *s = calloc(1, sizeof *s);
    if (!s)
        return fail(error, RF_E_MEMORY, "out of memory");
    s->sink.class = &class;
    s->sink.check = options->check;
    rf_code code = output_open(location->path, &output, &s->output, error);
    if (code != RF_OK) {
        free(s);
        return code;
    }
    s->notify = options->notify;
    s->json = (struct jsonl){.out = &s->output.buf, .base64 = bytes == RF_JSON_BASE64};
    *out = &s->sink;
    return RF_OK;
}

rf_code rf_sink_open_jsonl(const char *path, rf_json_bytes bytes, const rf_sink_options *options,
                           rf_sink **out, rf_error *error)
{
    TRY(surroundings_check_file(path, options, error));
    return sink_open_jsonl(&(struct sink_location){.path = path}, bytes, options, out, error);
}
