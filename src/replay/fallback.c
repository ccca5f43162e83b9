/* SPDX-License-Identifier: MIT */
/* Falls back to commands when RESTORE turns out to be unavailable: the payloads of requests in flight are
 * decoded, and their values are written as if they were put again. */
#include "base/bytes.h"
#include "base/fail.h"
#include "rdb/dump_payload.h"
#include "replay/commands.h"
#include "replay/replay.h"
#include <stdio.h>

void fallback_take(rf_replay *r, struct pipe *pipe, uint64_t number)
{
    struct node *node = pipe->owner;
    uint32_t restore = UINT32_C(1) << RF_COMMAND_RESTORE;
    char text[400];
    struct stray *stray = mend_stray(r, pipe, number, &r->unread);
    if (r->info.abilities.refused & restore)
        return;
    r->info.abilities.refused |= restore;
    r->encoder.options.no_restore = true;
    snprintf(text, sizeof text, "%s: all values are written as commands from now on",
             stray && stray->parcel.said ? stray->parcel.said : "RESTORE is not available");
    nodes_tell(node, text);
}

static rf_slice find_payload(rf_slice commands)
{
    struct command command;
    while (command_take(&commands, &command))
        if (command.argc >= 4 && slice_equal(command.argv[0], SLICE("RESTORE")))
            return command.argv[3];
    return (rf_slice){0};
}

static rf_code write_stray(rf_replay *r, const struct stray *stray, rf_error *error)
{
    struct dump_payload dump;
    rf_entry entry;
    rf_slice commands = buffer_slice(&stray->bytes), key = command_key(commands);
    TRY(dump_payload_open(&dump, find_payload(commands), stray->parcel.db, key, "RESTORE", &entry, error));
    entry.expire_ms = stray->parcel.expire_ms;
    rf_code code = write_key(r, &entry, error);
    dump_payload_close(&dump);
    return code;
}

rf_code fallback_write(rf_replay *r, rf_error *error)
{
    const uint64_t seq = r->seq;
    const rf_place place = r->place;
    const bool putting = r->putting;
    rf_code code = RF_OK;
    for (struct stray *stray; code == RF_OK && (stray = strays_take(&r->unread)); stray_free(stray)) {
        r->seq = stray->parcel.seq;
        r->place = stray->parcel.place;
        r->putting = true;
        code = write_stray(r, stray, error);
    }
    if (code != RF_OK)
        return code;
    r->seq = seq;
    r->place = place;
    r->putting = putting;
    return RF_OK;
}
