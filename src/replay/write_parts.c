/* SPDX-License-Identifier: MIT */
/* What the ways of writing a key have in common: the target's clock, and short commands. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/number.h"
#include "replay/commands.h"
#include "replay/internal.h"

int64_t write_now_ms(const rf_replay *r)
{
    return (clock_unix_us() + r->map.primaries.ahead_us) / 1000;
}

bool write_has_expired(const rf_replay *r, int64_t expire_ms)
{
    return !r->import.on && expire_ms != RF_NO_EXPIRY && expire_ms <= write_now_ms(r);
}

bool write_maybe_applied(const rf_replay *r)
{
    return r->options.resumed && rf_position_before(r->current.position, r->options.written_until);
}

rf_slice write_unlink_name(const rf_replay *r)
{
    return r->can.unlink ? SLICE("UNLINK") : SLICE("DEL");
}

void write_unlink(const rf_replay *r, struct outbuf *out, rf_slice key)
{
    command_put(out, (const rf_slice[]){write_unlink_name(r), key}, 2);
}

void write_wait(const struct node *node, struct outbuf *out)
{
    uint8_t text[NUMBER_TEXT_MAX];
    rf_slice replicas = {text, number_print_u64(text, node->replicas)};
    command_put(out, (const rf_slice[]){SLICE("WAIT"), replicas, SLICE("1000")}, 3);
}

uint32_t write_attributes(struct outbuf *out, rf_slice staging_key, const rf_entry *entry)
{
    bool expires = entry->expire_ms != RF_NO_EXPIRY;
    uint8_t text[NUMBER_TEXT_MAX];
    rf_slice ms = {text, number_print_i64(text, entry->expire_ms)};
    if (entry->no_evict)
        command_put(out, (const rf_slice[]){SLICE("BLESS"), SLICE("SET"), staging_key, SLICE("NO-EVICT")}, 4);
    if (expires)
        command_put(out, (const rf_slice[]){SLICE("PEXPIREAT"), staging_key, ms}, 3);
    return (uint32_t)expires + entry->no_evict;
}

void write_rename(const rf_replay *r, struct outbuf *out, rf_slice staging_key, rf_slice key)
{
    rf_slice rename = write_replaces(r) ? SLICE("RENAME") : SLICE("RENAMENX");
    command_put(out, (const rf_slice[]){rename, staging_key, key}, 3);
}
