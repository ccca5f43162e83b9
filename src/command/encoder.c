/* SPDX-License-Identifier: MIT */
/* Encodes one entry at a time: chooses the method, and writes what comes before and after its value. */
#include "command/encoder.h"

#include "base/double_text.h"
#include "base/fail.h"
#include "rdb/detail.h"
#include "rdb/dump_payload.h"
#include "rdb/notify.h"
#include "rdb/rdb_format.h"
#include "rdb/value.h"
#include "rdb/value_module.h"
#include <rdbferry/command.h>
#include <stdio.h>

void encoder_open(struct encoder *e, struct outbuf *out, const struct encoder_options *options)
{
    *e = (struct encoder){.out = out, .options = *options, .db = -1, .batch.out = out};
}

void encoder_close(struct encoder *e)
{
    buffer_free(&e->batch.opening);
    buffer_free(&e->group);
    buffer_free(&e->consumer);
}

static rf_code unsupported_unless(struct encoder *e, const char *what, const char *unless, rf_error *error)
{
    char target[32];
    if (e->options.drop_unsupported) {
        notify_of(&e->options.notify, e->entry, RF_NOTICE_DROPPED, what);
        e->dropped = true;
        return RF_OK;
    }
    rf_server_format(e->options.target, target, sizeof target);
    return fail(error, RF_E_INCOMPATIBLE, "%s commands cannot represent %s%s", target, what, unless);
}

rf_code encoder_unsupported(struct encoder *e, const char *what, rf_error *error)
{
    return unsupported_unless(e, what, "", error);
}

rf_code encoder_leave_out(struct encoder *e, unsigned details, bool *kept, rf_error *error)
{
    *kept = e->options.drop_detail;
    if (!*kept)
        return unsupported_unless(e, detail_lacking(details), " (--drop-detail writes the key without it)",
                                  error);
    e->without |= details;
    detail_notify(&e->options.notify, e->entry, details);
    return RF_OK;
}

/* --- RESTORE ---------------------------------------------------------------------------------------- */

static rf_code put_bytes(void *ctx, rf_slice bytes)
{
    outbuf_put(ctx, bytes.ptr, bytes.len);
    return RF_OK;
}

bool encoder_restores(const struct encoder *e, const rf_entry *entry)
{
    return !e->options.no_restore && dump_payload_accepted(entry, e->options.target);
}

rf_code encode_restore(struct encoder *e, rf_entry *entry, const char *why, rf_error *error)
{
    uint64_t elements, size;
    if (e->options.no_restore)
        return encoder_unsupported(e, "a value that only RESTORE can write, which the target does not accept",
                                   error);
    if (!dump_payload_accepted(entry, e->options.target))
        return encoder_unsupported(e, why, error);
    TRY(rf_value_check(entry->value, &elements, error));
    if (elements == 0 && !rf_may_be_empty(entry->type))
        return RF_OK; /* RESTORE does not accept an empty collection */
    TRY(dump_payload_size(entry, &size, error));
    encoder_command(e, 4);
    resp_bulk(e->out, SLICE("RESTORE"));
    resp_bulk(e->out, entry->key);
    resp_bulk(e->out, SLICE("0"));
    e->out->pos = resp_print_header(outbuf_reserve(e->out, RESP_HEADER_MAX), '$', size);
    TRY(dump_payload_put(entry, put_bytes, e->out, error));
    outbuf_put(e->out, "\r\n", 2);
    e->elements++;
    notify_of(&e->options.notify, e->entry, RF_NOTICE_BY_RESTORE, why);
    return RF_OK;
}

/* --- strings and collections ------------------------------------------------------------------------ */

/* "*3", the command's name, the key, and space for one more bulk string of n bytes. */
#define PUT_KEY_COMMAND(e, name, n) \
    put_key_command(e, "*3\r\n" name "\r\n", sizeof("*3\r\n" name "\r\n") - 1, n)

static inline void put_key_command(struct encoder *e, const char *head, size_t head_len, size_t n)
{
    struct outbuf *out = e->out;
    rf_slice key = e->entry->key;
    e->batch.commands++;
    size_t total = head_len + key.len + n + 2 * BULK_EXTRA;
    if (UNLIKELY(total > OUTBUF_RESERVE_MAX)) {
        outbuf_put(out, head, head_len);
        resp_bulk(out, key);
        return;
    }
    uint8_t *p = outbuf_reserve(out, total);
    memcpy(p, head, head_len);
    out->pos = resp_print_bulk(p + head_len, key);
}

bool encoder_fits(struct encoder *e, rf_slice string, rf_code *code)
{
    if (LIKELY(e->options.longest == 0 || string.len <= e->options.longest))
        return true;
    *code = e->dropped ? RF_OK
                       : encoder_unsupported(e, "an element longer than the server accepts", e->error);
    return false;
}

static rf_code put_string(void *ctx, rf_slice value)
{
    struct encoder *e = ctx;
    rf_code code = RF_OK;
    if (!encoder_fits(e, value, &code))
        return code;
    PUT_KEY_COMMAND(e, "$3\r\nSET", value.len);
    resp_bulk(e->out, value);
    e->elements++;
    return RF_OK;
}

static rf_code put_item(void *ctx, rf_slice item)
{
    struct encoder *e = ctx;
    rf_code code = RF_OK;
    uint8_t *p = batch_reserve(&e->batch, item.len + BULK_EXTRA);
    e->elements++;
    if (LIKELY(p != NULL)) {
        batch_add(&e->batch, resp_print_bulk(p, item));
    } else if (encoder_fits(e, item, &code)) {
        batch_single(&e->batch);
        resp_bulk(e->out, item);
    }
    return code;
}

static inline rf_code put_pair(struct encoder *e, rf_slice first, rf_slice second)
{
    rf_code code = RF_OK;
    uint8_t *p = batch_reserve(&e->batch, first.len + second.len + 2 * BULK_EXTRA);
    e->elements++;
    if (LIKELY(p != NULL)) {
        batch_add(&e->batch, resp_print_bulk(resp_print_bulk(p, first), second));
    } else if (encoder_fits(e, first, &code) && encoder_fits(e, second, &code)) {
        batch_single(&e->batch);
        resp_bulk(e->out, first);
        resp_bulk(e->out, second);
    }
    return code;
}

static rf_code put_scored(void *ctx, rf_slice member, double score)
{
    uint8_t text[DOUBLE_TEXT_MAX];
    rf_slice printed = {text, double_print(text, score)};
    return put_pair(ctx, printed, member);
}

/* Redis needs one command for a field and one for its expiry; Valkey has one command for both. */
static void put_expiring_field(struct encoder *e, rf_slice field, rf_slice value, int64_t expire_ms)
{
    bool at_once = e->options.target.dialect == RF_VALKEY;
    batch_end(&e->batch);
    if (!at_once) {
        batch_single(&e->batch);
        resp_bulk(e->out, field);
        resp_bulk(e->out, value);
    }
    encoder_command(e, at_once ? 8 : 6);
    resp_bulk(e->out, at_once ? SLICE("HSETEX") : SLICE("HPEXPIREAT"));
    resp_bulk(e->out, e->entry->key);
    if (at_once)
        resp_bulk(e->out, SLICE("PXAT"));
    resp_bulk_i64(e->out, expire_ms);
    resp_bulk(e->out, SLICE("FIELDS"));
    resp_bulk(e->out, SLICE("1"));
    resp_bulk(e->out, field);
    if (at_once)
        resp_bulk(e->out, value);
}

static rf_code put_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    struct encoder *e = ctx;
    rf_code code = RF_OK;
    if (LIKELY(expire_ms == RF_NO_EXPIRY) || e->without & DETAIL_BIT(FIELD_EXPIRY))
        return put_pair(e, field, value);
    e->elements++;
    if (encoder_fits(e, field, &code) && encoder_fits(e, value, &code))
        put_expiring_field(e, field, value, expire_ms);
    return code;
}

static void put_arguments(struct encoder *e, const rf_slice *arguments, size_t count)
{
    encoder_command(e, count);
    for (size_t i = 0; i < count; i++)
        resp_bulk(e->out, arguments[i]);
}

#define PUT_ARGUMENTS(e, ...)                         \
    put_arguments(e, (const rf_slice[]){__VA_ARGS__}, \
                  sizeof((const rf_slice[]){__VA_ARGS__}) / sizeof(rf_slice))

/* One member in a command, as in a server's own rewrite. */
static rf_code put_member(void *ctx, rf_slice member, int64_t expire_ms)
{
    struct encoder *e = ctx;
    rf_code code = RF_OK;
    if (LIKELY(expire_ms == RF_NO_EXPIRY) || e->without & DETAIL_BIT(MEMBER_EXPIRY))
        return put_item(e, member);
    e->elements++;
    if (!encoder_fits(e, member, &code))
        return code;
    uint8_t text[NUMBER_TEXT_MAX];
    const rf_slice ms = {text, number_print_i64(text, expire_ms)};
    batch_end(&e->batch);
    PUT_ARGUMENTS(e, SLICE("SADDEX"), e->entry->key, SLICE("PXAT"), ms, SLICE("MEMBERS"), SLICE("1"), member);
    return RF_OK;
}

static rf_code put_slot(void *ctx, uint64_t index, rf_slice value)
{
    uint8_t text[NUMBER_TEXT_MAX];
    rf_slice printed = {text, number_print_u64(text, index)};
    return put_pair(ctx, printed, value);
}

static rf_code put_array(void *ctx, bool has_insert_index, uint64_t insert_index)
{
    struct encoder *e = ctx;
    e->has_insert_index = has_insert_index;
    e->insert_index = insert_index;
    return RF_OK;
}

/* One field in a command, as in a server's own rewrite. */
static rf_code put_path_field(void *ctx, rf_slice path, rf_slice field, rf_slice value)
{
    struct encoder *e = ctx;
    rf_code code = RF_OK;
    e->elements++;
    if (!encoder_fits(e, path, &code) || !encoder_fits(e, field, &code) || !encoder_fits(e, value, &code))
        return code;
    PUT_ARGUMENTS(e, SLICE("PHSET"), e->entry->key, path, SLICE("FIELDS"), SLICE("1"), field, value);
    return RF_OK;
}

static const rf_visitor visitor = {
    .unique = RF_UNIQUE_FIRST,
    .string = put_string,
    .item = put_item,
    .member = put_member,
    .scored = put_scored,
    .field = put_field,
    .slot = put_slot,
    .array = put_array,
    .path_field = put_path_field,
};

/* The command for a type's elements, and the number of arguments per element. */
static const struct {
    rf_slice command;
    unsigned item_args;
} batches[RF_TYPE_COUNT] = {
    [RF_LIST] = {{(const uint8_t *)"RPUSH", 5}, 1},   [RF_SET] = {{(const uint8_t *)"SADD", 4}, 1},
    [RF_ZSET] = {{(const uint8_t *)"ZADD", 4}, 2},    [RF_HASH] = {{(const uint8_t *)"HMSET", 5}, 2},
    [RF_ARRAY] = {{(const uint8_t *)"ARMSET", 6}, 2},
};

static rf_code encode_elements(struct encoder *e, rf_entry *entry, rf_error *error)
{
    unsigned item_args = batches[entry->type].item_args;
    if (!batch_prepare(&e->batch, batches[entry->type].command, entry->key, item_args))
        return fail(error, RF_E_MEMORY, "out of memory for a key of %zu bytes", entry->key.len);
    TRY(rf_value_walk(entry->value, &visitor, e, error));
    batch_end(&e->batch);
    return RF_OK;
}

static rf_code put_json(void *ctx, rf_slice document)
{
    struct encoder *e = ctx;
    rf_code code = RF_OK;
    if (!encoder_fits(e, document, &code))
        return code;
    encoder_command(e, 4);
    resp_bulk(e->out, SLICE("JSON.SET"));
    resp_bulk(e->out, e->entry->key);
    resp_bulk(e->out, SLICE("$"));
    resp_bulk(e->out, document);
    e->elements++;
    return RF_OK;
}

COLD static rf_code encode_json(struct encoder *e, rf_entry *entry, rf_error *error)
{
    static const rf_visitor json = {.string = put_json};
    if (e->options.json || e->options.target.dialect == RF_DRAGONFLY)
        return rf_value_walk(entry->value, &json, e, error);
    notify_of(&e->options.notify, entry, RF_NOTICE_JSON_STRING, NULL);
    return rf_value_walk(entry->value, &visitor, e, error);
}

static rf_code encode_string(struct encoder *e, rf_entry *entry, rf_error *error)
{
    if (UNLIKELY(entry->encoding->dialect == RF_DRAGONFLY))
        return encode_json(e, entry, error);
    return rf_value_walk(entry->value, &visitor, e, error);
}

static rf_code encode_array(struct encoder *e, rf_entry *entry, rf_error *error)
{
    if (!server_can(e->options.target, CAN_ARRAYS))
        return encoder_unsupported(e, ability_text(CAN_ARRAYS), error);
    TRY(encode_elements(e, entry, error));
    if (e->has_insert_index) {
        encoder_command(e, 3);
        resp_bulk(e->out, SLICE("ARSEEK"));
        resp_bulk(e->out, entry->key);
        resp_bulk_u64(e->out, e->insert_index + 1);
    }
    return RF_OK;
}

static rf_code encode_path_hash(struct encoder *e, rf_entry *entry, rf_error *error)
{
    if (!server_can(e->options.target, CAN_PATH_HASHES))
        return encoder_unsupported(e, ability_text(CAN_PATH_HASHES), error);
    return rf_value_walk(entry->value, &visitor, e, error);
}

/* --- elements that expire ------------------------------------------------------------------------------ */

static const struct {
    enum ability ability;
    unsigned detail;
    const char *beyond;
} expiring[RF_TYPE_COUNT] = {
    [RF_SET] = {CAN_MEMBER_EXPIRY, DETAIL_BIT(MEMBER_EXPIRY), "a member expiry beyond what commands accept"},
    [RF_HASH] = {CAN_FIELD_EXPIRY, DETAIL_BIT(FIELD_EXPIRY), "a field expiry beyond what commands accept"},
};

/* Commands of Redis do not accept the full range of an RDB. */
static rf_code encode_expiring(struct encoder *e, rf_entry *entry, rf_error *error)
{
    rf_field_expiry expiry;
    bool kept = true;
    TRY(rf_value_field_expiry(entry->value, &expiry, error));
    if (expiry.expiring > 0 && !server_can(e->options.target, expiring[entry->type].ability))
        TRY(encoder_leave_out(e, expiring[entry->type].detail, &kept, error));
    else if (e->options.target.dialect == RF_REDIS && expiry.last_ms >> RDB_FIELD_EXPIRE_COMMAND_BITS > 0)
        return encode_restore(e, entry, expiring[entry->type].beyond, error);
    return kept ? encode_elements(e, entry, error) : RF_OK;
}

/* --- keys ------------------------------------------------------------------------------------------- */

static rf_code encode_module(struct encoder *e, rf_entry *entry, rf_error *error)
{
    char name[10];
    TRY(rf_value_module(entry->value, name, error));
    if (!value_module_fits(entry->value, e->options.target, name))
        return encoder_unsupported(e, value_module_lacking(e->options.target), error);
    return encode_restore(e, entry, "a module value", error);
}

typedef rf_code encode_fn(struct encoder *e, rf_entry *entry, rf_error *error);

static encode_fn *const encoders[RF_TYPE_COUNT] = {
    [RF_STRING] = encode_string, [RF_LIST] = encode_elements, [RF_SET] = encode_expiring,
    [RF_ZSET] = encode_elements, [RF_HASH] = encode_expiring, [RF_STREAM] = encode_stream,
    [RF_MODULE] = encode_module, [RF_ARRAY] = encode_array,   [RF_PATH_HASH] = encode_path_hash,
};

COLD static void put_select(struct encoder *e, int64_t db)
{
    e->db = db;
    if (e->options.select.fn) {
        e->options.select.fn(e->options.select.ctx, db);
        return;
    }
    encoder_command(e, 2);
    resp_bulk(e->out, SLICE("SELECT"));
    resp_bulk_i64(e->out, db);
}

void encoder_append(struct encoder *e, int64_t db, rf_slice commands)
{
    if (UNLIKELY(e->db != db))
        put_select(e, db);
    outbuf_put(e->out, commands.ptr, commands.len);
}

static void put_expiry(struct encoder *e, const rf_entry *entry)
{
    PUT_KEY_COMMAND(e, "$9\r\nPEXPIREAT", NUMBER_TEXT_MAX);
    resp_bulk_i64(e->out, entry->expire_ms);
}

/* Before the expiry, which deletes a key if it has passed. */
COLD static void put_no_evict(struct encoder *e, const rf_entry *entry)
{
    PUT_ARGUMENTS(e, SLICE("BLESS"), SLICE("SET"), entry->key, SLICE("NO-EVICT"));
}

COLD static rf_code handle_metadata(struct encoder *e, rf_entry *entry, bool *kept, rf_error *error)
{
    if (encoder_restores(e, entry) || !e->options.drop_detail)
        return RF_OK;
    entry->metadata.len = 0;
    return encoder_leave_out(e, DETAIL_BIT(METADATA), kept, error);
}

COLD static rf_code handle_no_evict(struct encoder *e, rf_entry *entry, bool *kept, rf_error *error)
{
    if (server_can(e->options.target, CAN_NO_EVICT))
        return RF_OK;
    entry->no_evict = false;
    return encoder_leave_out(e, DETAIL_BIT(NO_EVICT), kept, error);
}

static rf_code encode_value(struct encoder *e, rf_entry *entry, rf_error *error)
{
    bool kept = true;
    if (UNLIKELY(entry->metadata.len > 0))
        TRY(handle_metadata(e, entry, &kept, error));
    if (UNLIKELY(kept && entry->no_evict))
        TRY(handle_no_evict(e, entry, &kept, error));
    if (UNLIKELY(!kept))
        return RF_OK;
    if (UNLIKELY(entry->metadata.len > 0 && entry->type != RF_MODULE))
        return encode_restore(e, entry, "module metadata attached to the key", error);
    if (UNLIKELY(e->options.prefer_restore && entry->type != RF_STRING && entry->type != RF_MODULE &&
                 dump_payload_accepted(entry, e->options.target)))
        return encode_restore(e, entry, "as requested", error);
    return encoders[entry->type](e, entry, error);
}

static rf_code encode_key_value(struct encoder *e, rf_entry *entry, rf_error *error)
{
    e->elements = 0;
    e->dropped = false;
    e->without = 0;
    rf_code code = encode_value(e, entry, error);
    if (UNLIKELY(code != RF_OK)) {
        error_key(error, entry->db, entry->key);
        return code;
    }
    if (UNLIKELY(e->elements == 0 && !e->dropped))
        notify_of(&e->options.notify, e->entry, RF_NOTICE_EMPTY_KEY, "an empty collection");
    return RF_OK;
}

static rf_code encode_key(struct encoder *e, rf_entry *entry, rf_error *error)
{
    if (UNLIKELY(e->db != entry->db))
        put_select(e, entry->db);
    TRY(encode_key_value(e, entry, error));
    if (UNLIKELY(entry->no_evict) && e->elements > 0)
        put_no_evict(e, entry);
    if (entry->expire_ms != RF_NO_EXPIRY && e->elements > 0)
        put_expiry(e, entry);
    return RF_OK;
}

rf_code encoder_put_value(struct encoder *e, struct outbuf *out, rf_entry *key, rf_error *error)
{
    e->out = e->batch.out = out;
    e->batch.commands = 0;
    e->entry = key;
    e->error = error;
    return encode_key_value(e, key, error);
}

/* --- other entries ------------------------------------------------------------------------------------ */

static rf_code encode_function(struct encoder *e, rf_entry *entry, rf_error *error)
{
    if (!server_can(e->options.target, CAN_FUNCTIONS))
        return encoder_unsupported(e, ability_text(CAN_FUNCTIONS), error);
    encoder_command(e, 3);
    resp_bulk(e->out, SLICE("FUNCTION"));
    resp_bulk(e->out, SLICE("LOAD"));
    resp_bulk(e->out, entry->text);
    return RF_OK;
}

static rf_code encode_module_aux(struct encoder *e, rf_entry *entry, rf_error *error)
{
    char what[MODULE_AUX_TEXT];
    return encoder_unsupported(e, module_aux_text(entry, what), error);
}

/* The first `printed` arguments, then the bytes of the log: the block may have too little space for them. */
static __attribute__((noinline)) void put_large_command(struct encoder *e, const rf_entry *entry,
                                                        size_t printed)
{
    resp_array(e->out, entry->argc + entry->rest_count);
    for (size_t i = 0; i < printed; i++)
        resp_bulk(e->out, entry->argv[i]);
    outbuf_put(e->out, entry->raw.ptr, entry->raw.len);
}

static __attribute__((noinline)) rf_code encode_command(struct encoder *e, rf_entry *entry, rf_error *error)
{
    struct outbuf *out = e->out;
    const size_t printed = entry->raw.len > 0 ? entry->raw_from : entry->argc;
    size_t size = RESP_HEADER_MAX + entry->raw.len;
    if (UNLIKELY(e->db != entry->db))
        put_select(e, entry->db);
    batch_count(&e->batch);
    for (size_t i = 0; i < printed; i++)
        size += entry->argv[i].len + BULK_EXTRA;
    if (LIKELY((size_t)(out->end - out->pos) >= size)) {
        uint8_t *p = resp_print_header(out->pos, '*', entry->argc + entry->rest_count);
        for (size_t i = 0; i < printed; i++)
            p = resp_print_bulk(p, entry->argv[i]);
        bytes_copy(p, entry->raw.ptr, entry->raw.len);
        out->pos = p + entry->raw.len;
    } else {
        put_large_command(e, entry, printed);
    }
    return UNLIKELY(entry->rest != NULL) ? rf_command_stream(entry, put_bytes, e->out, error) : RF_OK;
}

/* Anything but a command. */
static __attribute__((noinline)) rf_code encode_other(struct encoder *e, rf_entry *entry, rf_error *error)
{
    switch (entry->kind) {
    case RF_ENTRY_KEY: return encode_key(e, entry, error);
    case RF_ENTRY_FUNCTION: return encode_function(e, entry, error);
    case RF_ENTRY_MODULE_AUX: return encode_module_aux(e, entry, error);
    case RF_ENTRY_FOREIGN:
    case RF_ENTRY_FOREIGN_DETAIL:
        return detail_leave_out_foreign(&e->options.notify, entry,
                                        e->options.drop_unsupported || e->options.drop_detail, error);
    case RF_ENTRY_COMMAND:
    case RF_ENTRY_AUX:
    case RF_ENTRY_KEY_COUNTS: break;
    }
    return RF_OK;
}

rf_code encoder_put(struct encoder *e, rf_entry *entry, rf_error *error)
{
    e->entry = entry;
    e->error = error;
    return entry->kind == RF_ENTRY_COMMAND ? encode_command(e, entry, error) : encode_other(e, entry, error);
}
