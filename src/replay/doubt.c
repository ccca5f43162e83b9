/* SPDX-License-Identifier: MIT */
/* Reconciles keys that exist, possibly because of an earlier request whose reply was lost.
 *
 * The value is written to the staging key, unless that exists already, and the server is queried for both
 * keys at once:
 *
 *   [UNLINK staging   SET | RESTORE staging ...]   DUMP staging   DUMP key   PTTL staging   PTTL key
 *
 * If the two are equal, the key has the right value. Replicas may not have it yet, and a replaced primary may
 * have it alone, so the request is sent once more, and the key counts as written when that is answered and
 * WAIT succeeds after it. (WAIT counts from the last write of its connection; removing the staging key is a
 * write even if the key exists.) */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/number.h"
#include "rdb/dump_payload.h"
#include "replay/beside.h"
#include "replay/commands.h"
#include "replay/suspect.h"

enum {
    TTL_TOLERANCE_MS = 100,   /* other clients may be served between the two queries */
    TOGETHER = 16,            /* keys queried at a time, */
    TOGETHER_BYTES = 1 << 20, /* unless they are large */
    SAID = 256,               /* maximum length of a server's error */
};

/* --- the server's replies ------------------------------------------------------------------------------ */

struct found {
    bool there, known;
    bool of_module; /* such values may be serialized differently each time */
    rf_digest value;
    int64_t ttl_ms;
};

static rf_code next_reply(struct node *node, struct reply *head, rf_error *error)
{
    rf_slice rest;
    return client_reply(node->asker, head, &rest, error);
}

/* Keeps the first error. */
static void note_refusal(struct reply head, char said[SAID])
{
    if (head.kind == REPLY_ERROR && !*said)
        reply_text(head, said, SAID);
}

/* A payload that cannot be decoded is not equal to anything. */
static rf_code take_dump(rf_replay *r, struct node *node, struct found *found, char said[SAID],
                         rf_error *error)
{
    struct dump_payload dump;
    struct reply head;
    rf_entry entry;
    rf_key_digest digest;
    rf_error ignored;
    *found = (struct found){.there = false};
    TRY(next_reply(node, &head, error));
    note_refusal(head, said);
    found->there = head.kind == REPLY_STRING;
    if (!found->there || dump_payload_open(&dump, head.text, 0, SLICE(""), "DUMP", &entry, &ignored) != RF_OK)
        return RF_OK;
    found->known = rf_digest_key(r->digester, &entry, &digest, &ignored) == RF_OK;
    found->of_module = entry.type == RF_MODULE;
    dump_payload_close(&dump);
    found->value = digest.keyed;
    return RF_OK;
}

static rf_code take_ttl(struct node *node, struct found *found, char said[SAID], rf_error *error)
{
    struct reply head;
    TRY(next_reply(node, &head, error));
    note_refusal(head, said);
    found->ttl_ms = head.number;
    found->there = found->there && head.kind == REPLY_NUMBER && head.number != -2;
    return RF_OK;
}

/* --- queries ------------------------------------------------------------------------------------------- */

rf_code doubt_select(struct node *node, int64_t db, rf_error *error)
{
    uint8_t text[NUMBER_TEXT_MAX];
    struct reply head;
    struct client *client;
    TRY(node_fence(node, error));
    TRY(node_ask(node, &client, error));
    if (node->asker_db == db)
        return RF_OK;
    rf_slice number = {text, number_print_i64(text, db)};
    TRY(client_put(client, (const rf_slice[]){SLICE("SELECT"), number}, 2, error));
    TRY(next_reply(node, &head, error));
    if (head.kind != REPLY_STATUS)
        return client_refused(client, "SELECT", head, error);
    node->asker_db = db;
    return RF_OK;
}

static rf_code put_questions(struct node *node, rf_slice a, rf_slice b, rf_error *error)
{
    const rf_slice dump = SLICE("DUMP"), ttl = SLICE("PTTL");
    TRY(client_put(node->asker, (const rf_slice[]){dump, a}, 2, error));
    TRY(client_put(node->asker, (const rf_slice[]){dump, b}, 2, error));
    TRY(client_put(node->asker, (const rf_slice[]){ttl, a}, 2, error));
    return client_put(node->asker, (const rf_slice[]){ttl, b}, 2, error);
}

/* Reads all replies, also after an error. */
static rf_code take_answers(rf_replay *r, struct node *node, struct comparison *out, char said[SAID],
                            rf_error *error)
{
    struct found a, b;
    TRY(take_dump(r, node, &a, said, error));
    TRY(take_dump(r, node, &b, said, error));
    TRY(take_ttl(node, &a, said, error));
    TRY(take_ttl(node, &b, said, error));
    int64_t apart = a.ttl_ms > b.ttl_ms ? a.ttl_ms - b.ttl_ms : b.ttl_ms - a.ttl_ms;
    out->first = a.there;
    out->there = b.there;
    out->known = a.known && b.known;
    out->equal = a.there && b.there && out->known && a.value.low == b.value.low &&
                 a.value.high == b.value.high && (a.ttl_ms < 0) == (b.ttl_ms < 0) &&
                 apart <= TTL_TOLERANCE_MS;
    out->known = out->known && (out->equal || !(a.of_module && b.of_module));
    return RF_OK;
}

rf_code doubt_compare(rf_replay *r, struct node *node, int64_t db, rf_slice a, rf_slice b,
                      struct comparison *out, rf_error *error)
{
    char said[SAID] = "";
    TRY(doubt_select(node, db, error));
    rf_code code = put_questions(node, a, b, error);
    if (code == RF_OK)
        code = take_answers(r, node, out, said, error);
    if (code == RF_OK && *said)
        code = fail(error, RF_E_TARGET, "%s: %s", node->name, said);
    if (code != RF_OK)
        node_stop_asking(node);
    return code;
}

/* --- reconciliation ------------------------------------------------------------------------------------ */

static struct command last_command(rf_slice commands)
{
    struct command command = {.argc = 0};
    while (command_take(&commands, &command))
        ;
    return command;
}

/* Writes the value to the staging key with SET or RESTORE, unconditionally. */
static rf_code put_beside(rf_replay *r, struct node *node, const struct stray *stray, rf_slice beside,
                          rf_error *error)
{
    struct command command = last_command(buffer_slice(&stray->bytes));
    rf_slice argv[COMMAND_ARGS];
    size_t argc = 0;
    for (size_t i = 0; i < command.argc; i++)
        if (i < 3 || !slice_equal(command.argv[i], SLICE("NX")))
            argv[argc++] = i == 1 ? beside : command.argv[i];
    TRY(client_put(node->asker, (const rf_slice[]){write_removing(r), beside}, 2, error));
    return client_put(node->asker, argv, argc, error);
}

static rf_code put_doubt(rf_replay *r, struct node *node, const struct stray *stray, rf_error *error)
{
    rf_slice key = command_key(buffer_slice(&stray->bytes));
    if (!beside_name(key, r->options.run, &r->name))
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_slice beside = buffer_slice(&r->name);
    if (stray->parcel.form != FORM_BESIDE)
        TRY(put_beside(r, node, stray, beside, error));
    return put_questions(node, beside, key, error);
}

/* Determines the outcome, or queues a retry: if the key does not exist any more, or replicas need it. */
static void conclude(rf_replay *r, struct node *node, struct stray *stray, const struct comparison *found)
{
    struct parcel *parcel = &stray->parcel;
    rf_slice commands = buffer_slice(&stray->bytes), key = command_key(commands);
    if (!found->there) {
        parcel->doubtful = false;
        strays_append(&r->strays, stray);
        if (parcel->form != FORM_BESIDE)
            mend_clean_up(r, parcel, key);
        return;
    }
    if (!found->first && !write_has_expired(r, parcel->ends_ms)) {
        strays_append(&r->strays, stray); /* it was on another node */
        return;
    }
    if (!found->first) {
        r->counts.expired++;
        stray_free(stray);
        return;
    }
    if (found->equal && node->guarded) {
        parcel->equal_at = node;
        strays_append(&r->strays, stray);
        return;
    }
    mend_clean_up(r, parcel, key);
    if (found->equal)
        settle_written(r, node, parcel);
    else if (found->known)
        settle_exists(r, parcel, key, commands);
    else
        settle_failed(r, parcel, RF_FAILURE_DOUBTFUL,
                      "already exists, and cannot be compared with the value to write", key, commands);
    stray_free(stray);
}

/* After a slot migration or another transient error the request is sent again. */
static rf_code defer(rf_replay *r, struct stray *stray, const char *why, rf_error *error)
{
    rf_code code = mend_patience(r, stray->parcel.since_ms, why, error);
    r->stale = r->pause = true;
    strays_append(&r->strays, stray);
    return code;
}

/* *placed: the retry item has been passed on. */
static rf_code take_doubt(rf_replay *r, struct node *node, struct stray *stray, bool *placed, rf_error *error)
{
    struct comparison found;
    char said[SAID] = "";
    for (int i = 0; stray->parcel.form != FORM_BESIDE && i < 2; i++) {
        struct reply head;
        TRY(next_reply(node, &head, error));
        note_refusal(head, said);
    }
    TRY(take_answers(r, node, &found, said, error));
    *placed = true;
    if (!*said) {
        conclude(r, node, stray, &found);
        return RF_OK;
    }
    struct node *named;
    const struct reply reply = {.kind = REPLY_ERROR, .text = slice_of(said, strlen(said))};
    if (answer_judge(r, node, reply, &named) == VERDICT_FATAL)
        answer_fatal(r, node, said, stray->parcel.db, command_key(buffer_slice(&stray->bytes)));
    return defer(r, stray, said, error);
}

/* The number of items at the front of r->doubts that can be queried together at one node. */
static size_t count_together(const rf_replay *r, struct node **node)
{
    size_t count = 0, bytes = 0;
    const struct stray *first = r->doubts.first;
    *node = nodes_of_key(r, command_key(buffer_slice(&first->bytes)));
    for (const struct stray *stray = first; stray && count < TOGETHER; stray = stray->next, count++) {
        bytes += stray->bytes.len;
        if (count > 0 && (suspect_goes_alone(&first->parcel) || suspect_goes_alone(&stray->parcel) ||
                          bytes > TOGETHER_BYTES || stray->parcel.db != first->parcel.db ||
                          nodes_of_key(r, command_key(buffer_slice(&stray->bytes))) != *node))
            break;
    }
    return count;
}

static rf_code ask_together(rf_replay *r, struct node *node, size_t count, rf_error *error)
{
    const struct stray *stray = r->doubts.first;
    TRY(doubt_select(node, stray->parcel.db, error));
    for (size_t i = 0; i < count; i++, stray = stray->next)
        TRY(put_doubt(r, node, stray, error));
    for (; count > 0; count--) {
        bool placed = false;
        r->hand = strays_take(&r->doubts);
        rf_code code = take_doubt(r, node, r->hand, &placed, error);
        if (!placed) {
            suspect_note_one(node, &r->hand->parcel);
            strays_append(&r->strays, r->hand);
        }
        r->hand = NULL;
        TRY(code);
    }
    return RF_OK;
}

rf_code doubt_settle(rf_replay *r, rf_error *error)
{
    while (r->error.code == RF_OK && r->doubts.first) {
        rf_error why;
        struct node *node;
        size_t count = count_together(r, &node);
        rf_code code = ask_together(r, node, count, &why);
        if (code == RF_E_TARGET && r->error.code == RF_OK) {
            node_stop_asking(node);
            struct stray *first = strays_take(&r->doubts);
            TRY(first ? defer(r, first, why.message, error) : RF_OK);
            r->stale = r->pause = true;
            return RF_OK;
        }
        if (code != RF_OK) {
            *error = why;
            return code;
        }
        TRY(loop_tick(r, error));
    }
    return RF_OK;
}
