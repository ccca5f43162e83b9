/* SPDX-License-Identifier: MIT */
/* Falls back to commands when RESTORE turns out to be unavailable: the payloads of requests in flight are
 * decoded, and their values are written as if they were put again. */
#include "base/bytes.h"
#include "base/fail.h"
#include "rdb/dump_payload.h"
#include "replay/commands.h"
#include "replay/internal.h"
#include <stdio.h>

void fallback_enqueue(rf_replay *r, struct pipeline *pipeline, uint64_t number)
{
    struct node *node = pipeline->owner;
    uint32_t restore = UINT32_C(1) << RF_COMMAND_RESTORE;
    char text[400];
    struct retry_item *item = retry_enqueue(r, pipeline, number, &r->retry.fallback);
    if (r->info.abilities.refused & restore)
        return;
    r->info.abilities.refused |= restore;
    r->encoder.options.no_restore = true;
    snprintf(text, sizeof text, "%s: all values are written as commands from now on",
             item && item->request.error_text ? item->request.error_text : "RESTORE is not available");
    node_log(node, text);
}

static rf_slice find_payload(rf_slice commands)
{
    struct command command;
    while (command_take(&commands, &command))
        if (command.argc >= 4 && slice_equal(command.argv[0], SLICE("RESTORE")))
            return command.argv[3];
    return (rf_slice){0};
}

static rf_code write_item(rf_replay *r, const struct retry_item *item, rf_error *error)
{
    struct dump_payload dump;
    rf_entry entry;
    rf_slice commands = buffer_slice(&item->bytes), key = command_key(commands);
    TRY(dump_payload_open(&dump, find_payload(commands), item->request.db, key, "RESTORE", &entry, error));
    entry.expire_ms = item->request.expire_ms;
    entry.no_evict = item->request.no_evict;
    r->current.without = item->request.without;
    rf_code code = write_key(r, &entry, error);
    dump_payload_close(&dump);
    return code;
}

rf_code fallback_write(rf_replay *r, rf_error *error)
{
    const uint64_t seq = r->current.seq;
    const rf_position position = r->current.position;
    const bool put_in_progress = r->current.in_progress;
    rf_code code = RF_OK;
    for (struct retry_item *item; code == RF_OK && (item = retry_queue_pop(&r->retry.fallback));
         retry_item_free(item)) {
        r->current.seq = item->request.seq;
        r->current.position = item->request.position;
        r->current.in_progress = true;
        code = write_item(r, item, error);
    }
    if (code != RF_OK)
        return code;
    r->current.seq = seq;
    r->current.position = position;
    r->current.in_progress = put_in_progress;
    return RF_OK;
}
