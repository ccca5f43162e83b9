/* SPDX-License-Identifier: MIT */
/* Writes values that are too large to be kept until they are acknowledged: their commands are streamed to the
 * staging key, which is renamed when all of them have been executed.
 *
 *   UNLINK staging   RPUSH staging ...   RPUSH staging ...   |   [PEXPIREAT]   RENAME   WAIT
 *
 * If RENAME is not available, everything is sent in one transaction, which fails if another client creates
 * the key in the meantime:
 *
 *   WATCH key   EXISTS key   |   MULTI   RPUSH key ...   [PEXPIREAT key]   EXEC
 *   MULTI   DEL key   RPUSH key ...   [PEXPIREAT key]   EXEC                          if keys are replaced
 *
 * The value is held, so that it can be streamed again. Nothing else is in the pipeline meanwhile. */
#include "base/bytes.h"
#include "base/fail.h"
#include "rdb/detail.h"
#include "replay/beside.h"
#include "replay/commands.h"
#include "replay/replay.h"
#include <stdlib.h>

enum { UNSENT_MAX = 1024 * 1024, WAIT_MS = 100 };

struct big {
    rf_replay *r;
    rf_entry *entry;
    struct pipe *pipe;
    struct node *node;
    struct parcel label; /* describes the entry; it is not in a pipeline */
    rf_slice key, beside;
    rf_slice string;             /* the value, if it is a string; otherwise it is held in the entry */
    bool transacts;              /* without a staging key */
    bool empty;                  /* the value has no elements */
    const char *cannot;          /* why the encoder does not support the value; NULL: it does */
    bool again;                  /* not the first attempt */
    bool may_be_ours;            /* a RENAME without a reply, or an earlier run, may have written the key */
    const struct node *equal_at; /* the node where the key exists with the right value; replicas may not have
                                    it yet */
    int64_t since_ms;
    int64_t evicted; /* number of keys the node had evicted when the attempt began */
};

/* --- streaming ----------------------------------------------------------------------------------------- */

/* Errors of the run are reported when the whole value has been streamed. */
void big_block(struct pipe *pipe)
{
    rf_replay *r = ((struct node *)pipe->owner)->replay;
    rf_code code = loop_serve(r, pipe, &r->streamed.error);
    while (code == RF_OK && !pipe->lost && pipe_unsent(pipe) > UNSENT_MAX)
        code = loop_gather(r, &r->streamed.error);
    pipe->lost |= code != RF_OK;
}

/* Waits until all replies have arrived. RF_E_TARGET: the connection is lost. */
static rf_code await(struct big *b, rf_error *error)
{
    rf_replay *r = b->r;
    pipe_mark_ready(b->pipe);
    while (!b->pipe->lost && r->streamed.replies < r->streamed.expected)
        TRY(loop_turn(r, WAIT_MS, error));
    if (!b->pipe->lost && pipe_unsent(b->pipe) > 0)
        return fail(error, RF_E_TARGET, "%s: unexpected reply", b->node->name);
    bool garbled = r->streamed.verdict == VERDICT_REFUSED && answer_was_garbled(r->streamed.said);
    if (!b->pipe->lost || garbled)
        return RF_OK;
    if (r->streamed.error.code != RF_OK) {
        *error = r->streamed.error;
        return error->code;
    }
    return fail(error, RF_E_TARGET, "%s: connection lost", b->node->name);
}

/* The pipeline of the key's node, after all its replies. */
static rf_code take_pipe(struct big *b, rf_error *error)
{
    rf_replay *r = b->r;
    do {
        TRY(room_for_key(r, b->key, b->entry->db, &b->pipe, error));
        b->node = b->pipe->owner;
        if (b->node->evicts)
            TRY(node_count_evicted(b->node, &b->evicted, error));
        while (b->pipe->connection && b->pipe->head < b->pipe->tail) {
            TRY(room_guard_all(r, error));
            TRY(loop_turn(r, WAIT_MS, error));
        }
    } while (!b->pipe->connection || r->strays.first || nodes_of_key(r, b->key) != b->node);
    r->streamed = (struct streamed){.verdict = VERDICT_OK};
    pipe_stream(b->pipe, true);
    return RF_OK;
}

static rf_code encode(struct big *b, rf_slice name, struct outbuf *out, rf_error *error)
{
    struct encoder *encoder = &b->r->encoder;
    if (b->string.ptr) {
        command_put(out, (const rf_slice[]){SLICE("SET"), name, b->string}, 3);
        b->r->streamed.expected++;
        return RF_OK;
    }
    b->entry->key = name;
    b->r->streamed.encoding = true;
    rf_code code = encoder_put_value(encoder, out, b->entry, error);
    b->r->streamed.encoding = false;
    b->entry->key = b->key;
    b->r->streamed.expected += encoder->batch.commands;
    b->empty = encoder->elements == 0;
    b->cannot = encoder->dropped ? b->r->why_dropped : NULL;
    return code;
}

static rf_code stream(struct big *b, rf_error *error)
{
    write_removal(b->r, &b->pipe->out, b->beside);
    b->r->streamed.expected++;
    TRY(encode(b, b->beside, &b->pipe->out, error));
    if (b->entry->expire_ms != RF_NO_EXPIRY) {
        write_expiry(&b->pipe->out, b->beside, b->entry->expire_ms);
        b->r->streamed.expected++;
    }
    return await(b, error);
}

/* --- the last step ------------------------------------------------------------------------------------- */

enum outcome { OUTCOME_WRITTEN, OUTCOME_EXISTS, OUTCOME_FAILED, OUTCOME_EMPTY };

/* Waits for the replicas, with a time limit. */
static rf_code await_replicas(struct big *b, rf_error *error)
{
    enum { ATTEMPTS = 10 };
    const struct streamed *s = &b->r->streamed;
    for (int i = 0; b->node->guarded && i < ATTEMPTS; i++) {
        write_wait(b->node, &b->pipe->out);
        b->r->streamed.expected++;
        TRY(await(b, error));
        if (s->verdict == VERDICT_REFUSED || s->verdict == VERDICT_AGAIN)
            return fail(error, RF_E_TARGET, "%s: %s", b->node->name, s->said);
        if (s->verdict == VERDICT_OK && s->last.number >= (int64_t)b->node->replicas)
            return RF_OK;
        b->r->suspect = true;
        b->node->unguardable |= s->verdict == VERDICT_FATAL;
        b->node->guarded &= s->verdict != VERDICT_FATAL;
    }
    if (b->node->guarded)
        answer_fewer_replicas(b->node, s->last.number);
    b->r->streamed.verdict = VERDICT_OK;
    return RF_OK;
}

/* The key exists with the right value. WAIT counts from what was streamed now. */
static rf_code guard_equal(struct big *b, enum outcome *outcome, rf_error *error)
{
    if (*outcome != OUTCOME_EXISTS || b->equal_at != b->node)
        return RF_OK;
    *outcome = OUTCOME_WRITTEN;
    mend_clean_up(b->r, &b->label, b->key);
    return await_replicas(b, error);
}

/* If the staging key was evicted, later commands have created it again, incomplete. */
static rf_code check_eviction(struct big *b, rf_error *error)
{
    int64_t evicted;
    if (!b->node->evicts)
        return RF_OK;
    TRY(node_count_evicted(b->node, &evicted, error));
    return evicted == b->evicted
               ? RF_OK
               : fail(error, RF_E_TARGET, "%s: the server evicts keys while they are written", b->node->name);
}

static rf_code rename_it(struct big *b, enum outcome *outcome, rf_error *error)
{
    rf_replay *r = b->r;
    bool replaces = r->options.on_exists == RF_ON_EXISTS_REPLACE, doubtful = b->may_be_ours;
    b->may_be_ours = true;
    write_rename(r, &b->pipe->out, b->beside, b->key);
    b->r->streamed.expected++;
    TRY(await(b, error));
    b->may_be_ours = doubtful;
    if (r->streamed.verdict != VERDICT_OK)
        return RF_OK;
    *outcome = replaces || r->streamed.last.number > 0 ? OUTCOME_WRITTEN : OUTCOME_EXISTS;
    if (*outcome == OUTCOME_WRITTEN) {
        b->may_be_ours = true;
        TRY(await_replicas(b, error));
    }
    return RF_OK;
}

/* Determines the outcome; RF_E_TARGET: try again. */
static rf_code conclude(struct big *b, rf_error *error)
{
    rf_replay *r = b->r;
    enum verdict verdict = r->streamed.verdict;
    if (verdict == VERDICT_FATAL) {
        answer_fatal(r, b->node, r->streamed.said, b->entry->db, b->key);
        return replay_ended(r, error);
    }
    if (verdict == VERDICT_OK || verdict == VERDICT_REFUSED || verdict == VERDICT_EXISTS)
        return RF_OK;
    return fail(error, RF_E_TARGET, "%s: %s", b->node->name, r->streamed.said);
}

/* RF_E_TARGET: try again. */
static rf_code attempt(struct big *b, enum outcome *outcome, rf_error *error)
{
    rf_replay *r = b->r;
    TRY(stream(b, error));
    *outcome = OUTCOME_EMPTY;
    if (b->empty && !b->cannot)
        return RF_OK;
    *outcome = OUTCOME_FAILED;
    if (b->cannot)
        return RF_OK;
    TRY(check_eviction(b, error));
    if (r->streamed.verdict == VERDICT_OK)
        TRY(rename_it(b, outcome, error));
    return conclude(b, error);
}

/* --- without a staging key ----------------------------------------------------------------------------- */

static void put_word(struct big *b, rf_slice word)
{
    command_put(&b->pipe->out, (const rf_slice[]){word}, 1);
    b->r->streamed.expected++;
}

static void put_of_key(struct big *b, rf_slice command)
{
    command_put(&b->pipe->out, (const rf_slice[]){command, b->key}, 2);
    b->r->streamed.expected++;
}

/* From here on the transaction fails if another client creates the key. An existing key that may be ours is
 * compared with the value, which is written under a staging key. */
static rf_code watch(struct big *b, bool *exists, rf_error *error)
{
    const struct streamed *s = &b->r->streamed;
    put_of_key(b, SLICE("WATCH"));
    put_of_key(b, SLICE("EXISTS"));
    TRY(await(b, error));
    *exists = s->verdict == VERDICT_OK && s->last.number > 0;
    if (!*exists)
        return RF_OK;
    put_word(b, SLICE("UNWATCH"));
    return b->may_be_ours ? stream(b, error) : await(b, error);
}

static rf_code put_transaction(struct big *b, rf_error *error)
{
    put_word(b, SLICE("MULTI"));
    if (b->r->options.on_exists == RF_ON_EXISTS_REPLACE)
        put_of_key(b, SLICE("DEL"));
    TRY(encode(b, b->key, &b->pipe->out, error));
    if (b->entry->expire_ms != RF_NO_EXPIRY) {
        write_expiry(&b->pipe->out, b->key, b->entry->expire_ms);
        b->r->streamed.expected++;
    }
    put_word(b, b->empty || b->cannot ? SLICE("DISCARD") : SLICE("EXEC"));
    return await(b, error);
}

/* A key is removed if not all of its commands were executed. */
static rf_code take_transaction(struct big *b, enum outcome *outcome, rf_error *error)
{
    const struct streamed *s = &b->r->streamed;
    *outcome = b->empty && !b->cannot ? OUTCOME_EMPTY : OUTCOME_FAILED;
    if (b->empty || b->cannot)
        return RF_OK;
    if (s->verdict == VERDICT_REFUSED && s->executed)
        mend_remove(b->r, &b->label, b->key);
    TRY(conclude(b, error));
    if (s->verdict != VERDICT_OK)
        return RF_OK;
    if (!s->executed)
        return fail(error, RF_E_TARGET, "%s: another client has created the key", b->node->name);
    *outcome = OUTCOME_WRITTEN;
    return await_replicas(b, error);
}

static rf_code attempt_transaction(struct big *b, enum outcome *outcome, rf_error *error)
{
    bool exists = false, doubtful = b->may_be_ours;
    *outcome = OUTCOME_EXISTS;
    if (b->r->options.on_exists != RF_ON_EXISTS_REPLACE)
        TRY(watch(b, &exists, error));
    if (exists || b->r->streamed.verdict != VERDICT_OK) {
        *outcome = exists ? OUTCOME_EXISTS : OUTCOME_FAILED;
        return conclude(b, error);
    }
    b->may_be_ours = true;
    TRY(put_transaction(b, error));
    b->may_be_ours = doubtful;
    rf_code code = take_transaction(b, outcome, error);
    b->may_be_ours |= *outcome == OUTCOME_WRITTEN;
    return code;
}

/* --- outcomes ------------------------------------------------------------------------------------------ */

struct letter {
    struct outbuf out;
    rf_replay *r;
    uint8_t block[OUTBUF_ROOM_MAX];
};

static void next_piece(struct outbuf *out)
{
    const struct letter *letter = (const struct letter *)out;
    rf_slice piece = slice_of(out->start, (size_t)(out->pos - out->start));
    if (piece.len > 0)
        letter->r->options.dead_letter(letter->r->options.ctx, piece);
    out->pos = out->start;
}

/* Encodes the value again, for the dead-letter file. */
static rf_code write_letter(struct big *b, rf_error *error)
{
    if (!b->r->options.dead_letter)
        return RF_OK;
    struct letter *letter = malloc(sizeof *letter);
    if (!letter)
        return fail(error, RF_E_MEMORY, "out of memory for a dead letter");
    letter->r = b->r;
    letter->out = (struct outbuf){.start = letter->block,
                                  .pos = letter->block,
                                  .end = letter->block + sizeof letter->block,
                                  .next = next_piece};
    settle_begin_letter(b->r, b->entry->db);
    rf_slice name = b->transacts ? b->key : b->beside;
    rf_code code = encode(b, name, &letter->out, error);
    if (b->entry->expire_ms != RF_NO_EXPIRY)
        write_expiry(&letter->out, name, b->entry->expire_ms);
    if (!b->transacts)
        write_rename(b->r, &letter->out, b->beside, b->key);
    next_piece(&letter->out);
    free(letter);
    return code;
}

static rf_code settle_there(struct big *b, rf_error *error)
{
    struct comparison found = {.first = true, .there = true, .known = true};
    if (b->may_be_ours)
        TRY(doubt_compare(b->r, b->node, b->entry->db, b->beside, b->key, &found, error));
    if (!found.there || !found.first)
        return fail(error, RF_E_TARGET, "%s: an existing key has disappeared", b->node->name);
    if (found.equal && b->node->guarded) {
        b->equal_at = b->node;
        return fail(error, RF_E_TARGET, "%s: the replicas may not have the key", b->node->name);
    }
    mend_clean_up(b->r, &b->label, b->key);
    if (found.equal) {
        settle_written(b->r, b->node, &b->label);
        return RF_OK;
    }
    if (found.known)
        settle_exists(b->r, &b->label, b->key, (rf_slice){0});
    else
        settle_failed(b->r, &b->label, RF_FAILURE_DOUBTFUL,
                      "already exists, and cannot be compared with the value to write", b->key,
                      (rf_slice){0});
    return b->r->options.on_exists == RF_ON_EXISTS_FAIL ? write_letter(b, error) : RF_OK;
}

static rf_code settle_refused(struct big *b, rf_error *error)
{
    rf_replay *r = b->r;
    mend_clean_up(r, &b->label, b->key);
    if (b->cannot) {
        write_unsayable(r, b->entry, b->cannot);
        return RF_OK;
    }
    if (answer_has_gone(r, r->streamed.said, b->label.ends_ms)) {
        r->counts.expired++;
        return RF_OK;
    }
    settle_failed(r, &b->label, RF_FAILURE_REFUSED, r->streamed.said, b->key, (rf_slice){0});
    return write_letter(b, error);
}

static rf_code settle(struct big *b, enum outcome outcome, rf_error *error)
{
    switch (outcome) {
    case OUTCOME_WRITTEN: settle_written(b->r, b->node, &b->label); return RF_OK;
    case OUTCOME_EXISTS: return settle_there(b, error);
    case OUTCOME_FAILED: return settle_refused(b, error);
    case OUTCOME_EMPTY: break;
    }
    b->r->counts.empty++;
    return RF_OK;
}

/* --- attempts ------------------------------------------------------------------------------------------ */

/* A connection with replies pending, or with an incomplete command, cannot be used any more. */
static void give_back(struct big *b, rf_code code, const rf_error *error)
{
    struct pipe *pipe = b->pipe;
    const struct streamed *s = &b->r->streamed;
    bool clean = !pipe->lost && s->replies == s->expected && pipe_unsent(pipe) == 0;
    rf_error why;
    if (code == RF_OK)
        fail(&why, RF_E_TARGET, "%s: unexpected reply", b->node->name);
    else
        why = *error;
    if (!clean && pipe->connection)
        loop_lose(b->r, pipe, &why);
    pipe_stream(pipe, false);
    pipe_take_back(pipe);
}

static rf_code attempt_once(struct big *b, rf_error *error)
{
    enum outcome outcome = OUTCOME_FAILED;
    TRY(take_pipe(b, error));
    rf_code code = (b->transacts ? attempt_transaction : attempt)(b, &outcome, error);
    if (code == RF_OK)
        code = guard_equal(b, &outcome, error);
    b->equal_at = NULL;
    if (code == RF_OK && outcome == OUTCOME_WRITTEN && !b->string.ptr)
        detail_notify(&b->r->options.notify, b->entry, b->r->encoder.without);
    give_back(b, code, error);
    b->r->counts.resent += b->again;
    b->again = true;
    return code == RF_OK ? settle(b, outcome, error) : code;
}

static rf_code attempt_patiently(struct big *b, rf_error *error)
{
    for (;;) {
        rf_error why;
        rf_code code = attempt_once(b, &why);
        if (code == RF_OK)
            return RF_OK;
        if (b->r->error.code != RF_OK)
            return replay_ended(b->r, error);
        if (code != RF_E_TARGET) {
            *error = why;
            return code;
        }
        TRY(mend_wait(b->r, &b->since_ms, &why, error));
    }
}

static rf_code write_big(rf_replay *r, rf_entry *entry, rf_slice string, bool transacts, rf_error *error)
{
    struct buffer name = {0};
    struct big b = {.r = r,
                    .entry = entry,
                    .key = entry->key,
                    .string = string,
                    .transacts = transacts,
                    .label = {.kind = PARCEL_KEY,
                              .form = FORM_BESIDE,
                              .seq = r->seq,
                              .place = r->place,
                              .db = (int32_t)entry->db,
                              .expire_ms = entry->expire_ms,
                              .ends_ms = r->ends_ms},
                    .may_be_ours = write_is_doubtful(r)};
    if (!beside_name(entry->key, r->options.run, &name))
        return fail(error, RF_E_MEMORY, "out of memory for a key of %zu bytes", entry->key.len);
    b.beside = buffer_slice(&name);
    rf_code code = attempt_patiently(&b, error);
    if (code != RF_OK)
        mend_clean_up(r, &b.label, entry->key);
    buffer_free(&name);
    return code;
}

rf_code big_write_string(rf_replay *r, rf_entry *entry, rf_slice string, rf_error *error)
{
    return write_big(r, entry, string, false, error);
}

rf_code big_write(rf_replay *r, rf_entry *entry, rf_error *error)
{
    return write_big(r, entry, (rf_slice){NULL, 0}, false, error);
}

rf_code big_transact(rf_replay *r, rf_entry *entry, rf_error *error)
{
    return write_big(r, entry, (rf_slice){NULL, 0}, true, error);
}
