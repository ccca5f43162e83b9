/* SPDX-License-Identifier: MIT */
/* Keys that are not sent: unsupported by the target, or damaged. */
#include "base/bytes.h"
#include "base/number.h"
#include "rdb/dump_payload.h"
#include "rdb/value.h"
#include "replay/internal.h"
#include "resp/resp_write.h"
#include <stdio.h>

static rf_code dead_letter_write(void *ctx, rf_slice bytes)
{
    const rf_replay *r = ctx;
    return r->options.dead_letter(r->options.ctx, bytes);
}

/* Some other server may accept the payload unchanged, unless it is damaged. */
static void write_dead_letter(rf_replay *r, rf_entry *entry)
{
    bool expires = entry->expire_ms != RF_NO_EXPIRY;
    uint8_t text[NUMBER_TEXT_MAX], head[RESP_HEADER_MAX];
    uint64_t size, elements;
    rf_error ignored;
    struct buffer opening = {0};
    rf_slice key = entry->key, ttl = {text, number_print_i64(text, expires ? entry->expire_ms : 0)};
    if (!r->options.dead_letter || rf_value_check(entry->value, &elements, &ignored) != RF_OK ||
        dump_payload_size(entry, &size, &ignored) != RF_OK ||
        !buffer_reserve(&opening, key.len + ttl.len + 3 * BULK_EXTRA + 64))
        return;
    uint8_t *p = resp_print_bulk(resp_print_header(opening.data, '*', expires ? 5 : 4), SLICE("RESTORE"));
    p = resp_print_header(resp_print_bulk(resp_print_bulk(p, key), ttl), '$', size);
    outcome_select_dead_db(r, entry->db);
    dead_letter_write(r, slice_of(opening.data, (size_t)(p - opening.data)));
    dump_payload_put(entry, dead_letter_write, r, &ignored);
    p = resp_print_bulk(head, SLICE("ABSTTL"));
    dead_letter_write(r, SLICE("\r\n"));
    if (expires)
        dead_letter_write(r, slice_of(head, (size_t)(p - head)));
    const rf_slice bless[] = {SLICE("BLESS"), SLICE("SET"), key, SLICE("NO-EVICT")};
    if (entry->no_evict && resp_append_command(&opening, bless, 4))
        dead_letter_write(r, buffer_slice(&opening));
    buffer_free(&opening);
}

void write_tell_unsayable(rf_replay *r, const rf_entry *entry, const char *why)
{
    const struct request request = {
        .kind = REQUEST_KEY, .position = r->current.position, .db = (int32_t)entry->db};
    char server[32], reason[256];
    rf_server_format(r->info.server, server, sizeof server);
    snprintf(reason, sizeof reason, "not supported by %s: %s", server, why);
    outcome_failed(r, &request, RF_FAILURE_UNSUPPORTED, reason, entry->key, (rf_slice){0});
}

void write_unsayable(rf_replay *r, rf_entry *entry, const char *why)
{
    write_tell_unsayable(r, entry, why);
    write_dead_letter(r, entry);
}

void write_fail_damaged(rf_replay *r, const rf_entry *entry, const rf_error *error)
{
    const struct request request = {
        .kind = REQUEST_KEY, .position = r->current.position, .db = (int32_t)entry->db};
    char reason[sizeof error->message + 32];
    snprintf(reason, sizeof reason, "the value is damaged: %s", error->message);
    outcome_failed(r, &request, RF_FAILURE_DAMAGED, reason, entry->key, (rf_slice){0});
}
