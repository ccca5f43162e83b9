/* SPDX-License-Identifier: MIT */
/* The methods by which a key can be written, determined by the encoder itself, with its output discarded. */
#include "base/fail.h"
#include "command/encoder.h"
#include "rdb/dump_payload.h"
#include "rdb/rdb_format.h"
#include "rdb/value.h"
#include <stdlib.h>

/* What every server supports; true for most keys. */
static bool is_plain(const rf_entry *key)
{
    static const bool plain_types[RF_TYPE_COUNT] = {
        [RF_STRING] = true, [RF_LIST] = true, [RF_SET] = true, [RF_ZSET] = true, [RF_HASH] = true};
    bool may_expire = key->type == RF_HASH && key->encoding->since > RDB_LAST_COMMON;
    return plain_types[key->type] && !may_expire && key->metadata.len == 0;
}

static void throw_away(struct outbuf *out)
{
    out->pos = out->start;
}

struct said {
    bool nothing, by_restore;
};

static void note(void *ctx, const rf_notice *notice)
{
    struct said *said = ctx;
    said->nothing |= notice->code == RF_NOTICE_DROPPED;
    said->by_restore |= notice->code == RF_NOTICE_BY_RESTORE;
}

static rf_code say(rf_server server, rf_entry *key, bool in_part, struct said *said, rf_error *error)
{
    struct encoder encoder;
    const struct encoder_options options = {
        .target = server, .drop_unsupported = true, .drop_detail = in_part, .notify = {note, said}};
    uint8_t *block = malloc(OUTBUF_ROOM_MAX);
    if (!block)
        return fail(error, RF_E_MEMORY, "out of memory");
    struct outbuf out = {.start = block, .pos = block, .end = block + OUTBUF_ROOM_MAX, .next = throw_away};
    encoder_open(&encoder, &out, &options);
    rf_code code = encoder_put_value(&encoder, &out, key, error);
    encoder_close(&encoder);
    free(block);
    return code;
}

/* No commands create a module value. */
static rf_code take_module(rf_server server, rf_entry *key, unsigned *ways, rf_error *error)
{
    char module[10];
    TRY(rf_value_module(key->value, module, error));
    *ways &= value_module_fits(key->value, server, module) ? RF_BY_RESTORE : 0u;
    return RF_OK;
}

rf_code rf_server_takes(rf_server server, rf_entry *key, unsigned *ways, rf_error *error)
{
    struct said said = {false, false}, in_part = {false, false};
    *ways = dump_payload_accepted(key, server) ? RF_BY_RESTORE : 0u;
    if (key->type == RF_MODULE)
        return take_module(server, key, ways, error);
    if (!is_plain(key)) {
        TRY(rf_value_hold(key->value, NULL, error));
        TRY(say(server, key, false, &said, error));
    }
    if (said.nothing)
        TRY(say(server, key, true, &in_part, error));
    if (said.nothing && !in_part.nothing)
        *ways |= RF_IN_PART;
    *ways |= said.nothing || said.by_restore ? 0u : RF_BY_COMMANDS;
    return RF_OK;
}
