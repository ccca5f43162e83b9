/* SPDX-License-Identifier: MIT */
/* The methods by which a key can be written, determined by the encoder itself, with its output discarded. */
#include "base/fail.h"
#include "command/encoder.h"
#include "rdb/dump_payload.h"
#include "rdb/rdb_format.h"
#include "rdb/value.h"
#include "rdb/value_module.h"
#include <stdlib.h>

/* What every server supports; true for most keys. */
static bool is_plain(const rf_entry *key)
{
    static const bool plain_types[RF_TYPE_COUNT] = {
        [RF_STRING] = true, [RF_LIST] = true, [RF_SET] = true, [RF_ZSET] = true, [RF_HASH] = true};
    bool may_expire = (key->type == RF_HASH || key->type == RF_SET) && key->encoding->since > RDB_LAST_COMMON;
    return plain_types[key->type] && !may_expire && key->metadata.len == 0;
}

static void discard(struct outbuf *out)
{
    out->pos = out->start;
}

struct encoding_result {
    bool nothing, by_restore;
};

static void note(void *ctx, const rf_notice *notice)
{
    struct encoding_result *full = ctx;
    full->nothing |= notice->code == RF_NOTICE_DROPPED;
    full->by_restore |= notice->code == RF_NOTICE_BY_RESTORE;
}

static rf_code try_encode(rf_server server, rf_entry *key, bool partial, struct encoding_result *full,
                          rf_error *error)
{
    struct encoder encoder;
    const struct encoder_options options = {
        .target = server, .drop_unsupported = true, .drop_detail = partial, .notify = {note, full}};
    uint8_t *block = malloc(OUTBUF_RESERVE_MAX);
    if (!block)
        return fail(error, RF_E_MEMORY, "out of memory");
    struct outbuf out = {.start = block, .pos = block, .end = block + OUTBUF_RESERVE_MAX, .next = discard};
    encoder_open(&encoder, &out, &options);
    rf_code code = encoder_put_value(&encoder, &out, key, error);
    encoder_close(&encoder);
    free(block);
    return code;
}

/* No commands create a module value. */
static rf_code module_modes(rf_server server, rf_entry *key, unsigned *modes, rf_error *error)
{
    char module[10];
    TRY(rf_value_module(key->value, module, error));
    *modes &= value_module_fits(key->value, server, module) ? RF_WRITE_RESTORE : 0u;
    return RF_OK;
}

/* Any method, and the server lacks the attribute then. */
static rf_code modes_without_no_evict(rf_server server, const rf_entry *key, unsigned *modes, rf_error *error)
{
    rf_entry plain = *key;
    plain.no_evict = false;
    TRY(rf_server_write_modes(server, &plain, modes, error));
    *modes = *modes ? RF_WRITE_PARTIAL : 0u;
    return RF_OK;
}

rf_code rf_server_write_modes(rf_server server, rf_entry *key, unsigned *modes, rf_error *error)
{
    struct encoding_result full = {false, false}, partial = {false, false};
    if (key->no_evict && !server_can(server, CAN_NO_EVICT))
        return modes_without_no_evict(server, key, modes, error);
    *modes = dump_payload_accepted(key, server) ? RF_WRITE_RESTORE : 0u;
    if (key->type == RF_MODULE)
        return module_modes(server, key, modes, error);
    if (!is_plain(key)) {
        TRY(rf_value_hold(key->value, NULL, error));
        TRY(try_encode(server, key, false, &full, error));
    }
    if (full.nothing)
        TRY(try_encode(server, key, true, &partial, error));
    if (full.nothing && !partial.nothing)
        *modes |= RF_WRITE_PARTIAL;
    *modes |= full.nothing || full.by_restore ? 0u : RF_WRITE_COMMANDS;
    return RF_OK;
}
