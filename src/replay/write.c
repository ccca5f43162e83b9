/* SPDX-License-Identifier: MIT */
/* Encodes keys as requests that are executed atomically.
 *
 *   SET key value [NX] [PXAT ms]                 or a batch (strings.h)
 *   RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME s | FREQ n]
 *   [MULTI]   [UNLINK staging]   ... staging ...   [BLESS SET staging NO-EVICT]   [PEXPIREAT staging ms]
 *             RENAME | RENAMENX staging key   [EXEC]
 *
 * Values for which the server version has no single command are written by the third method; in a transaction
 * if there is more than one command before the last, so that none is executed if one is rejected. */
#include "base/bytes.h"
#include "base/fail.h"
#include "rdb/detail.h"
#include "rdb/dump_payload.h"
#include "rdb/rdb_format.h"
#include "rdb/value.h"
#include "replay/commands.h"
#include "replay/internal.h"
#include "replay/modules.h"
#include "replay/staging_key.h"
#include "replay/write_method.h"
#include "resp/resp_write.h"

static bool expires(const rf_entry *entry)
{
    return entry->expire_ms != RF_NO_EXPIRY;
}

/* Whether a staging key needs more commands than those of its value. */
static bool has_attributes(const rf_entry *entry)
{
    return expires(entry) || entry->no_evict;
}

/* --- requests ------------------------------------------------------------------------------------------ */

enum { ONE_COMMAND = 4096 }; /* raw bytes of a value that probably fits in one command */

struct key_write {
    rf_replay *r;
    rf_entry *entry;
    struct pipeline *pipeline;
    struct request *request;
    uint32_t replies, multi; /* number of replies up to that of MULTI */
    uint64_t elements;       /* of a payload */
    char module[10];         /* module of the value; "": none */
    bool transaction;
    rf_code code;   /* of what was done while a string was visited: */
    rf_error error; /* from the visitor it would count as an error of the input */
};

static rf_code name_staging_key(struct key_write *w, rf_error *error)
{
    if (staging_key_make(w->entry->key, w->r->options.run, &w->r->name))
        return RF_OK;
    pipeline_cancel(w->pipeline);
    return fail(error, RF_E_MEMORY, "out of memory for a key of %zu bytes", w->entry->key.len);
}

/* An earlier run may have left the staging key, even if it used another method. */
static rf_code remove_staging_key(struct key_write *w, rf_error *error)
{
    TRY(name_staging_key(w, error));
    write_unlink(w->r, &w->pipeline->out, buffer_slice(&w->r->name));
    w->replies++;
    return RF_OK;
}

/* Between the query and the write the key may have moved to another node, which is then queried. */
static rf_code choose_pipeline(struct key_write *w, rf_error *error)
{
    const char *why;
    if (LIKELY(!*w->module))
        return pipeline_for_key(w->r, w->entry->key, w->entry->db, &w->pipeline, error);
    const struct node *node;
    do {
        TRY(modules_learn_with_retry(w->r, w->entry->key, error));
        TRY(pipeline_for_key(w->r, w->entry->key, w->entry->db, &w->pipeline, error));
        node = w->pipeline->owner;
    } while (!node->modules_asked);
    return modules_allow(node, w->module, &why)
               ? RF_OK
               : fail(error, RF_E_INCOMPATIBLE, "%s: %s", node->base.name, why);
}

static rf_code begin_request(struct key_write *w, enum write_method method, rf_error *error)
{
    TRY(choose_pipeline(w, error));
    TRY(pipeline_begin(w->pipeline, &w->request, error));
    struct request *request = w->request;
    request->kind = REQUEST_KEY;
    request->method = (uint8_t)method;
    request->seq = w->r->current.seq;
    request->position = w->r->current.position;
    request->db = (int32_t)w->entry->db;
    request->expire_ms = w->entry->expire_ms;
    request->ends_ms = w->r->current.ends_ms;
    request->without = w->r->current.without;
    request->no_evict = w->entry->no_evict;
    request->maybe_applied = write_maybe_applied(w->r);
    request->module = *w->module != '\0';
    w->replies = 0;
    return UNLIKELY(request->maybe_applied) && method != METHOD_STAGED ? remove_staging_key(w, error) : RF_OK;
}

static rf_code end_request(struct key_write *w, rf_error *error)
{
    TRY(pipeline_end(w->pipeline, w->replies, error));
    return pipeline_flush_if_full(w->r, w->pipeline, error);
}

/* --- with a staging key -------------------------------------------------------------------------------- */

/* Begins a request for the staging key, whose name is in r->name. What may be left of it is removed in the
 * transaction, see resend(). */
static rf_code begin_staging(struct key_write *w, rf_error *error)
{
    const bool maybe_applied = write_maybe_applied(w->r);
    TRY(begin_request(w, METHOD_STAGED, error));
    w->transaction |= maybe_applied && w->r->can.transact;
    if (w->transaction) {
        command_put(&w->pipeline->out, (const rf_slice[]){SLICE("MULTI")}, 1);
        w->multi = ++w->replies;
    }
    return maybe_applied ? remove_staging_key(w, error) : name_staging_key(w, error);
}

static rf_code end_staging(struct key_write *w, rf_error *error)
{
    rf_slice staging_key = buffer_slice(&w->r->name);
    w->replies += write_attributes(&w->pipeline->out, staging_key, w->entry);
    write_rename(w->r, &w->pipeline->out, staging_key, w->entry->key);
    w->replies++;
    if (w->transaction) {
        command_put(&w->pipeline->out, (const rf_slice[]){SLICE("EXEC")}, 1);
        w->request->transaction = true;
        w->request->queued = w->replies++ - w->multi;
    }
    return end_request(w, error);
}

/* Writes the encoder's commands for the staging key. */
static rf_code encode_staging(struct key_write *w, rf_error *error)
{
    rf_replay *r = w->r;
    rf_slice key = w->entry->key;
    w->entry->key = buffer_slice(&r->name);
    r->current.by_restore = false;
    rf_code code = encoder_put_value(&r->encoder, &w->pipeline->out, w->entry, error);
    w->entry->key = key;
    if (code != RF_OK && *error->key)
        error_key(error, w->entry->db, key);
    if (code == RF_OK && r->encoder.batch.commands > 1 && !w->transaction) {
        pipeline_cancel(w->pipeline);
        if (!r->can.transact)
            return large_value_write(r, w->entry, error);
        w->transaction = true;
        TRY(begin_staging(w, error));
        return encode_staging(w, error);
    }
    if (code == RF_OK && r->encoder.elements > 0 && !r->encoder.dropped) {
        w->request->without |= r->encoder.without;
        w->replies += (uint32_t)r->encoder.batch.commands;
        w->request->restored = r->current.by_restore;
        return end_staging(w, error);
    }
    pipeline_cancel(w->pipeline);
    if (code == RF_OK && r->encoder.dropped)
        write_unsayable(r, w->entry, r->current.drop_reason);
    else if (code == RF_OK)
        r->counts.empty++; /* the encoder has reported it */
    return code;
}

/* --- SET ----------------------------------------------------------------------------------------------- */

static rf_code put_large_string(struct key_write *w, rf_slice value, rf_error *error)
{
    if (value.len <= w->r->limits.longest)
        return large_value_write_string(w->r, w->entry, value, error);
    write_tell_unsayable(w->r, w->entry, "string exceeds the server's proto-max-bulk-len");
    return RF_OK;
}

static rf_code put_set(struct key_write *w, rf_slice value, rf_error *error)
{
    TRY(begin_request(w, METHOD_SET, error));
    struct outbuf *out = &w->pipeline->out;
    bool only_new = !write_replaces(w->r), until = expires(w->entry);
    resp_array(out, 3u + only_new + 2u * until);
    outbuf_put(out, "$3\r\nSET\r\n", 9);
    resp_bulk(out, w->entry->key);
    resp_bulk(out, value);
    if (only_new)
        outbuf_put(out, "$2\r\nNX\r\n", 8);
    if (until) {
        outbuf_put(out, "$4\r\nPXAT\r\n", 10);
        resp_bulk_i64(out, w->entry->expire_ms);
    }
    w->replies++;
    return end_request(w, error);
}

static rf_code put_string(void *ctx, rf_slice value)
{
    struct key_write *w = ctx;
    if (UNLIKELY(value.len > w->r->options.big_key || value.len > w->r->limits.longest))
        w->code = put_large_string(w, value, &w->error);
    else if (LIKELY(strings_accept(w->r, w->entry, value)))
        w->code = strings_put(w->r, w->entry, value, &w->error);
    else
        w->code = put_set(w, value, &w->error);
    return RF_OK;
}

static rf_code write_set(struct key_write *w, rf_error *error)
{
    static const rf_visitor visitor = {.string = put_string};
    TRY(rf_value_walk(w->entry->value, &visitor, w, error));
    if (UNLIKELY(w->code != RF_OK))
        *error = w->error;
    return w->code;
}

/* --- RESTORE ------------------------------------------------------------------------------------------- */

static void put_usage(struct outbuf *out, const rf_entry *entry)
{
    if (entry->idle < 0 && entry->freq < 0)
        return;
    resp_bulk(out, entry->idle >= 0 ? SLICE("IDLETIME") : SLICE("FREQ"));
    resp_bulk_i64(out, entry->idle >= 0 ? entry->idle : entry->freq);
}

static void put_restore(struct key_write *w, rf_slice payload)
{
    struct outbuf *out = &w->pipeline->out;
    const rf_entry *entry = w->entry;
    bool until = expires(entry), used = w->r->can.restore_until && (entry->idle >= 0 || entry->freq >= 0);
    resp_array(out, 4u + write_replaces(w->r) + until + 2u * used);
    resp_bulk(out, SLICE("RESTORE"));
    resp_bulk(out, entry->key);
    resp_bulk_i64(out, until ? entry->expire_ms : 0);
    resp_bulk(out, payload);
    if (write_replaces(w->r))
        resp_bulk(out, SLICE("REPLACE"));
    if (until)
        resp_bulk(out, SLICE("ABSTTL"));
    if (used)
        put_usage(out, entry);
    w->replies++;
}

static rf_code restore_staging(struct key_write *w, rf_slice payload, rf_error *error)
{
    w->transaction = has_attributes(w->entry);
    TRY(begin_staging(w, error));
    w->request->restored = true;
    command_put(&w->pipeline->out,
                (const rf_slice[]){SLICE("RESTORE"), buffer_slice(&w->r->name), SLICE("0"), payload}, 4);
    w->replies++;
    return end_staging(w, error);
}

/* Without a staging key. */
static bool restores_at_once(const rf_replay *r, const rf_entry *entry)
{
    return (!expires(entry) || r->can.restore_until) && (!write_replaces(r) || r->can.restore_replace) &&
           !entry->no_evict;
}

static rf_code write_restore(struct key_write *w, rf_slice payload, rf_error *error)
{
    const rf_replay *r = w->r;
    if (payload.len > r->limits.longest) {
        write_unsayable(w->r, w->entry, "payload exceeds the server's proto-max-bulk-len");
        return RF_OK;
    }
    if (!restores_at_once(r, w->entry))
        return restore_staging(w, payload, error);
    TRY(begin_request(w, METHOD_RESTORE, error));
    w->request->restored = true;
    put_restore(w, payload);
    return end_request(w, error);
}

static rf_code append_bytes(void *ctx, rf_slice bytes)
{
    return buffer_append(ctx, bytes) ? RF_OK : RF_E_MEMORY;
}

/* Creates the payload of a verified value in r->payload. *made is false if it has more than `most` bytes. */
static rf_code make_payload(struct key_write *w, uint64_t most, bool *made, rf_error *error)
{
    struct buffer *payload = &w->r->payload;
    uint64_t size;
    payload->len = 0;
    TRY(dump_payload_take(w->entry, most, payload, &w->elements, made, error));
    if (*made)
        return RF_OK;
    TRY(dump_payload_size(w->entry, &size, error));
    *made = size <= most;
    if (!*made)
        return RF_OK;
    TRY(rf_value_check(w->entry->value, &w->elements, error));
    rf_code code = dump_payload_put(w->entry, append_bytes, payload, error);
    return code == RF_E_MEMORY
               ? fail(error, code, "out of memory for a value of %llu bytes", (unsigned long long)size)
               : code;
}

/* --- commands ------------------------------------------------------------------------------------------ */

/* Without RENAME the whole value is written in one transaction, of limited size. */
static rf_code write_in_transaction(struct key_write *w, uint64_t size, rf_error *error)
{
    if (size <= w->r->options.big_key)
        return large_value_transact(w->r, w->entry, error);
    write_unsayable(w->r, w->entry, method_too_large);
    return RF_OK;
}

/* Values that are too large to be kept are streamed; so are those that need a transaction, if none is
 * available. */
static rf_code write_commands(struct key_write *w, rf_error *error)
{
    const rf_replay *r = w->r;
    uint64_t size;
    const char *obstacle = method_obstacle(&r->info.abilities, r->options.on_exists, w->entry);
    if (UNLIKELY(obstacle != NULL)) {
        write_unsayable(w->r, w->entry, obstacle);
        return RF_OK;
    }
    if (method_is_set(&r->info.abilities, w->entry))
        return write_set(w, error);
    TRY(rf_value_hold(w->entry->value, &size, error));
    if (UNLIKELY(!r->can.rename))
        return write_in_transaction(w, size, error);
    bool large = size > r->options.big_key && w->entry->type != RF_STRING;
    w->transaction = has_attributes(w->entry) || size > ONE_COMMAND;
    if (large || nodes_of_key(r, w->entry->key)->evicts || (w->transaction && !r->can.transact))
        return large_value_write(w->r, w->entry, error);
    TRY(begin_staging(w, error));
    return encode_staging(w, error);
}

/* --- choosing the method ------------------------------------------------------------------------------- */

/* Values that commands cannot represent. */
static bool needs_restore(const rf_entry *entry)
{
    return entry->type == RF_MODULE || entry->metadata.len > 0;
}

static bool wants_restore(const rf_replay *r, const rf_entry *entry)
{
    return r->options.mode == RF_REPLAY_RESTORE || needs_restore(entry) ||
           (r->options.mode == RF_REPLAY_AUTO && entry->type != RF_STRING) ||
           UNLIKELY(!method_has_commands(&r->info.abilities, entry->type));
}

/* Directly, or with a staging key. */
static bool can_restore(const rf_replay *r, const rf_entry *entry)
{
    return method_can_restore(&r->info.abilities) &&
           (restores_at_once(r, entry) || (r->can.rename && (!has_attributes(entry) || r->can.transact)));
}

/* Stands for the current entry if nothing is sent for it. */
static struct request unsent_request(const struct key_write *w)
{
    return (struct request){
        .seq = w->r->current.seq, .position = w->r->current.position, .db = (int32_t)w->entry->db};
}

/* Servers do not store collections without elements. */
static rf_code write_payload(struct key_write *w, rf_error *error)
{
    const rf_entry *entry = w->entry;
    if (w->elements > 0 || rf_may_be_empty(entry->type))
        return write_restore(w, buffer_slice(&w->r->payload), error);
    const struct request request = unsent_request(w);
    outcome_empty(w->r, &request, entry->key);
    return RF_OK;
}

/* *missing: the server lacks the module, and the key has failed. */
static rf_code check_module(struct key_write *w, bool *missing, rf_error *error)
{
    const char *why;
    *missing = false;
    if (LIKELY(w->entry->type != RF_MODULE))
        return RF_OK;
    TRY(rf_value_module(w->entry->value, w->module, error));
    TRY(modules_learn_with_retry(w->r, w->entry->key, error));
    *missing = !modules_allow(nodes_of_key(w->r, w->entry->key), w->module, &why);
    if (*missing)
        write_unsayable(w->r, w->entry, why);
    return RF_OK;
}

static void drop_metadata(struct key_write *w)
{
    if (!w->r->options.drop_detail ||
        (dump_payload_accepted(w->entry, w->r->info.server) && can_restore(w->r, w->entry)))
        return;
    w->entry->metadata.len = 0;
    w->r->current.without |= DETAIL_BIT(METADATA);
}

/* False: the server does not have the attribute, and the key has failed. */
static bool handle_no_evict(struct key_write *w)
{
    if (server_can(w->r->info.server, CAN_NO_EVICT))
        return true;
    if (!w->r->options.drop_detail) {
        write_unsayable(w->r, w->entry, detail_lacking(DETAIL_BIT(NO_EVICT)));
        return false;
    }
    w->entry->no_evict = false;
    w->r->current.without |= DETAIL_BIT(NO_EVICT);
    return true;
}

static rf_code write_value(struct key_write *w, rf_error *error)
{
    rf_replay *r = w->r;
    if (UNLIKELY(w->entry->metadata.len > 0))
        drop_metadata(w);
    if (UNLIKELY(w->entry->no_evict) && !handle_no_evict(w))
        return RF_OK;
    bool made = false, may_be_commands = r->options.mode != RF_REPLAY_RESTORE && !needs_restore(w->entry);
    if (!wants_restore(r, w->entry))
        return write_commands(w, error);
    bool restores = can_restore(r, w->entry);
    if (restores && dump_payload_accepted(w->entry, r->info.server)) {
        bool missing;
        TRY(check_module(w, &missing, error));
        if (missing)
            return RF_OK;
        uint64_t most = r->options.big_key < r->limits.longest ? r->options.big_key : r->limits.longest;
        TRY(make_payload(w, needs_restore(w->entry) ? SIZE_MAX / 2 : most, &made, error));
        if (made)
            return write_payload(w, error);
        may_be_commands = true;
    }
    if (may_be_commands)
        return write_commands(w, error);
    write_unsayable(r, w->entry,
                    restores ? "the server does not support this payload format" : method_needs_restore);
    return RF_OK;
}

/* The damage is within the value, so the reader can continue after it. */
static bool is_damage(const rf_entry *entry, rf_code code)
{
    return rf_code_is_input(code) && entry->value->sticky->code == RF_OK;
}

/* If all elements had expired, the staging key would be removed with the last of them. */
static rf_code drop_expired_elements(rf_replay *r, rf_entry *entry, rf_error *error)
{
    rf_field_expiry expiry;
    TRY(rf_value_field_expiry(entry->value, &expiry, error));
    int64_t end_ms = rf_fields_end(&expiry);
    rf_value_leave_out_expired(entry->value, &expiry, write_now_ms(r));
    if (end_ms != RF_NO_EXPIRY && (!expires(entry) || end_ms < entry->expire_ms))
        r->current.ends_ms = end_ms;
    return RF_OK;
}

static rf_code write_live_key(struct key_write *w, rf_error *error)
{
    rf_replay *r = w->r;
    r->current.key = w->entry->key;
    r->current.ends_ms = w->entry->expire_ms;
    if ((w->entry->type == RF_HASH || w->entry->type == RF_SET) && !r->import.on)
        TRY(drop_expired_elements(r, w->entry, error));
    if (UNLIKELY(r->current.ends_ms != RF_NO_EXPIRY) && write_has_expired(r, r->current.ends_ms)) {
        const struct request request = unsent_request(w);
        outcome_expired(r, &request, w->entry->key);
        return RF_OK;
    }
    return write_value(w, error);
}

rf_code write_key(rf_replay *r, rf_entry *entry, rf_error *error)
{
    struct key_write w = {.r = r, .entry = entry};
    rf_code code = write_live_key(&w, error);
    if (is_damage(entry, code)) {
        write_fail_damaged(r, entry, error);
        return RF_OK;
    }
    if (code != RF_OK && !*error->key)
        error_key(error, entry->db, entry->key);
    return code;
}
