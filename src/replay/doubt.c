/* SPDX-License-Identifier: MIT */
/* Doubts: a key exists, and what was sent before, of which nobody has seen the answer, may be why.
 *
 * What was to be written is written under the temporary name, unless it is there already, and the server is
 * asked for both:
 *
 *   [UNLINK temporary   SET | RESTORE temporary ...]   DUMP temporary   DUMP key   PTTL temporary   PTTL key
 *
 * If the two are equal, the key is as it should be, whoever has written it. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "rdb/dump_payload.h"
#include "replay/beside.h"
#include "replay/commands.h"
#include "replay/replay.h"
#include <stdlib.h>

enum { TTL_TOLERANCE_MS = 100 }; /* time passes between the two questions */

/* What the server says of a key. */
struct found {
    bool there;
    rf_digest value;
    int64_t ttl_ms;
};

static rf_code call(struct node *node, const rf_slice *argv, size_t argc, struct reply *head, rf_error *error)
{
    rf_slice rest;
    TRY(client_put(node->asker, argv, argc, error));
    TRY(client_reply(node->asker, head, &rest, error));
    if (head->kind == REPLY_ERROR)
        return client_refused(node->asker, "a question about a key", *head, error);
    return RF_OK;
}

rf_code doubt_select(struct node *node, int64_t db, rf_error *error)
{
    uint8_t text[NUMBER_TEXT_MAX];
    struct reply head;
    struct client *client;
    TRY(node_fence(node, error));
    TRY(node_ask(node, &client, error));
    if (node->asker_db == db)
        return RF_OK;
    TRY(call(node, (const rf_slice[]){SLICE("SELECT"), {text, number_print_i64(text, db)}}, 2, &head, error));
    node->asker_db = db;
    return RF_OK;
}

static rf_code digest_payload(rf_replay *r, rf_slice payload, rf_slice key, struct found *found,
                              rf_error *error)
{
    struct dump_payload dump;
    rf_entry entry;
    rf_key_digest digest;
    TRY(dump_payload_open(&dump, payload, 0, key, "DUMP", &entry, error));
    rf_code code = rf_digest_key(r->digester, &entry, &digest, error);
    dump_payload_close(&dump);
    found->value = digest.value;
    return code;
}

static rf_code look_at(rf_replay *r, struct node *node, rf_slice key, struct found *found, rf_error *error)
{
    struct reply head;
    *found = (struct found){.there = false};
    TRY(call(node, (const rf_slice[]){SLICE("DUMP"), key}, 2, &head, error));
    if (head.kind != REPLY_STRING)
        return RF_OK;
    TRY(digest_payload(r, head.text, key, found, error));
    TRY(call(node, (const rf_slice[]){SLICE("PTTL"), key}, 2, &head, error));
    found->ttl_ms = head.number;
    found->there = head.number != -2;
    return RF_OK;
}

rf_code doubt_compare(rf_replay *r, struct node *node, int64_t db, rf_slice a, rf_slice b, bool *there,
                      bool *equal, rf_error *error)
{
    struct found first, second;
    TRY(doubt_select(node, db, error));
    TRY(look_at(r, node, a, &first, error));
    TRY(look_at(r, node, b, &second, error));
    int64_t apart = first.ttl_ms > second.ttl_ms ? first.ttl_ms - second.ttl_ms
                                                 : second.ttl_ms - first.ttl_ms;
    *there = second.there;
    *equal = first.there && second.there && first.value.low == second.value.low &&
             first.value.high == second.value.high && (first.ttl_ms < 0) == (second.ttl_ms < 0) &&
             apart <= TTL_TOLERANCE_MS;
    return RF_OK;
}

/* SET and RESTORE say it for the temporary name, without minding whether it is there. */
static rf_code write_beside(rf_replay *r, struct node *node, const struct stray *stray, rf_slice beside,
                            rf_error *error)
{
    struct command command;
    struct reply head;
    rf_slice rest = buffer_slice(&stray->bytes), argv[COMMAND_ARGS];
    size_t argc = 0;
    if (stray->parcel.form == FORM_BESIDE)
        return RF_OK;
    while (command_take(&rest, &command)) /* the last one */
        ;
    for (size_t i = 0; i < command.argc; i++)
        if (i < 3 || !slice_equal(command.argv[i], SLICE("NX")))
            argv[argc++] = i == 1 ? beside : command.argv[i];
    if (stray->parcel.form == FORM_SET)
        argv[0] = SLICE("SET"); /* it may be SETNX */
    TRY(call(node, (const rf_slice[]){write_removing(r), beside}, 2, &head, error));
    return call(node, argv, argc, &head, error);
}

/* Settles it, or makes a stray of it where there is no such key any more. */
static void conclude(rf_replay *r, struct node *node, struct stray *stray, bool there, bool equal)
{
    struct parcel *parcel = &stray->parcel;
    rf_slice commands = buffer_slice(&stray->bytes), key = command_key(commands);
    if (!there) {
        parcel->doubtful = false;
        strays_append(&r->strays, stray);
        return;
    }
    mend_clean_up(r, parcel, key);
    if (equal)
        settle_written(r, node, parcel);
    else if (parcel->torn)
        settle_failed(r, parcel, RF_FAILURE_DOUBTFUL, "it exists, and may be half written", key, commands);
    else
        settle_exists(r, parcel, key, commands);
    stray_free(stray);
}

static rf_code settle_one(rf_replay *r, struct node *node, struct stray *stray, rf_error *error)
{
    bool there, equal;
    rf_slice key = command_key(buffer_slice(&stray->bytes));
    if (!beside_name(key, &r->name))
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_slice beside = buffer_slice(&r->name);
    TRY(doubt_select(node, stray->parcel.db, error));
    TRY(write_beside(r, node, stray, beside, error));
    TRY(doubt_compare(r, node, stray->parcel.db, beside, key, &there, &equal, error));
    conclude(r, node, stray, there, equal);
    return RF_OK;
}

/* Slots that move, and all that passes: the whole way again. */
static rf_code defer(rf_replay *r, struct node *node, struct stray *stray, const rf_error *why,
                     rf_error *error)
{
    rf_code code = mend_patience(r, stray->parcel.since_ms, why->message, error);
    node_stop_asking(node);
    r->stale = r->pause = true;
    strays_append(&r->strays, stray);
    return code;
}

rf_code doubt_settle(rf_replay *r, rf_error *error)
{
    struct stray *stray;
    while (r->error.code == RF_OK && (stray = strays_take(&r->doubts))) {
        rf_error why;
        struct node *node = nodes_of_key(r, command_key(buffer_slice(&stray->bytes)));
        rf_code code = settle_one(r, node, stray, &why);
        if (code != RF_OK)
            TRY(defer(r, node, stray, &why, error));
        TRY(loop_tick(r, error));
    }
    return RF_OK;
}
