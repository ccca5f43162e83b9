/* SPDX-License-Identifier: MIT */
/* Writes values that are too large to be kept until they are acknowledged: their commands are streamed to the
 * staging key, which is renamed when all of them have been executed.
 *
 *   UNLINK staging   RPUSH staging ...   PEXPIRE   RPUSH staging ...   PERSIST   |   [BLESS]   [PEXPIREAT]
 *   RENAME   WAIT
 *
 * The staging key has an expiry until it is complete, which is extended from time to time, so that it
 * disappears if this process is killed. It cannot expire unnoticed: PERSIST then returns 0, also if later
 * commands have created it again.
 *
 * If RENAME is not available, everything is sent in one transaction, which fails if another client creates
 * the key in the meantime:
 *
 *   WATCH key   EXISTS key   |   MULTI   RPUSH key ...   [BLESS]   [PEXPIREAT key]   EXEC
 *   MULTI   DEL key   RPUSH key ...   [BLESS]   [PEXPIREAT key]   EXEC                if keys are replaced
 *
 * The value is held, so that it can be streamed again. Nothing else is in the pipeline meanwhile. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/number.h"
#include "replay/commands.h"
#include "replay/large_value.h"
#include <stdio.h>

enum {
    UNSENT_MAX = 1024 * 1024,
    STAGING_MS = 5 * 60 * 1000, /* expiry of an incomplete staging key */
    EXTEND_MS = 60 * 1000,
};

/* --- streaming ----------------------------------------------------------------------------------------- */

static bool is_sent(void *ctx)
{
    const struct pipeline *pipeline = ctx;
    return pipeline->lost || pipeline_unsent(pipeline) <= UNSENT_MAX;
}

/* Errors of the run are reported when the whole value has been streamed. */
void large_value_on_block(struct pipeline *pipeline)
{
    rf_replay *r = ((struct node *)pipeline->owner)->replay;
    rf_code code = loop_pipeline_io(r, pipeline, &r->stream.error);
    if (code == RF_OK)
        code = replay_wait_until(r, &(struct wait){.is_over = is_sent, .ctx = pipeline, .batched = true},
                                 &r->stream.error);
    pipeline->lost |= code != RF_OK;
}

static bool is_answered(void *ctx)
{
    const struct large_write *b = ctx;
    return b->pipeline->lost || b->r->stream.replies >= b->r->stream.expected;
}

/* Waits until all replies have arrived. RF_E_TARGET: the connection is lost. */
static rf_code await_replies(struct large_write *b, rf_error *error)
{
    rf_replay *r = b->r;
    pipeline_mark_ready(b->pipeline);
    TRY(replay_wait_until(r, &(struct wait){.is_over = is_answered, .ctx = b}, error));
    if (!b->pipeline->lost && pipeline_unsent(b->pipeline) > 0)
        return fail(error, RF_E_TARGET, "%s: unexpected reply", b->node->base.name);
    bool garbled = r->stream.result == RESULT_REJECTED && is_protocol_error(r->stream.error_text);
    if (!b->pipeline->lost || garbled)
        return RF_OK;
    if (r->stream.error.code != RF_OK) {
        *error = r->stream.error;
        return error->code;
    }
    return fail(error, RF_E_UNAVAILABLE, "%s: connection lost", b->node->base.name);
}

static bool is_released_or_lost(void *ctx)
{
    const struct pipeline *pipeline = ctx;
    return !pipeline->connection || pipeline->head == pipeline->tail;
}

/* The pipeline of the key's node, after all its replies. */
rf_code large_acquire_pipeline(struct large_write *b, rf_error *error)
{
    rf_replay *r = b->r;
    do {
        TRY(pipeline_for_key(r, b->key, b->entry->db, &b->pipeline, error));
        b->node = b->pipeline->owner;
        if (b->node->evicts)
            TRY(node_count_evicted(b->node, &b->evicted, error));
        const struct wait wait = {.is_over = is_released_or_lost, .ctx = b->pipeline, .batched = true};
        TRY(replay_wait_until(r, &wait, error));
    } while (!b->pipeline->connection || r->retry.queue.first || nodes_of_key(r, b->key) != b->node);
    r->stream = (struct stream_state){.result = RESULT_OK};
    pipeline_stream(b->pipeline, true);
    return RF_OK;
}

rf_code large_encode(struct large_write *b, rf_slice name, struct outbuf *out, rf_error *error)
{
    struct encoder *encoder = &b->r->encoder;
    if (b->string.ptr) {
        command_put(out, (const rf_slice[]){SLICE("SET"), name, b->string}, 3);
        b->r->stream.expected++;
        return RF_OK;
    }
    b->entry->key = name;
    b->r->stream.encoding = true;
    rf_code code = encoder_put_value(encoder, out, b->entry, error);
    b->r->stream.encoding = false;
    b->entry->key = b->key;
    if (code != RF_OK && *error->key)
        error_key(error, b->entry->db, b->key);
    b->r->stream.expected += encoder->batch.commands;
    b->empty = encoder->elements == 0;
    b->unsupported_reason = encoder->dropped ? b->r->current.drop_reason : NULL;
    return code;
}

/* --- the expiry of the staging key --------------------------------------------------------------------- */

static void put_persist(struct large_write *b, struct outbuf *out)
{
    struct stream_state *s = &b->r->stream;
    command_put(out, (const rf_slice[]){SLICE("PERSIST"), b->staging_key}, 2);
    s->expected++;
    s->persist = stream_expected(b->r);
}

/* Called before each command for the staging key, which exists after the first one. */
static void extend_expiry(void *ctx, struct outbuf *out)
{
    struct large_write *b = ctx;
    const struct stream_state *s = &b->r->stream;
    uint8_t text[NUMBER_TEXT_MAX];
    int64_t now = clock_monotonic_ms();
    bool first = b->expiry_ms == 0;
    if (b->r->encoder.batch.commands == 0 ||
        (!first && (now - b->expiry_ms < EXTEND_MS || s->replies < s->persist)))
        return;
    if (!first)
        put_persist(b, out);
    rf_slice ms = {text, number_print_i64(text, STAGING_MS)};
    command_put(out, (const rf_slice[]){SLICE("PEXPIRE"), b->staging_key, ms}, 3);
    b->r->stream.expected++;
    b->expiry_ms = now;
}

static rf_code encode_expiring(struct large_write *b, rf_error *error)
{
    struct batch *batch = &b->r->encoder.batch;
    b->expiry_ms = 0;
    if (!b->r->can.expire_staging || b->node->evicts_expiring || b->string.ptr)
        return large_encode(b, b->staging_key, &b->pipeline->out, error);
    batch->between = extend_expiry;
    batch->ctx = b;
    rf_code code = large_encode(b, b->staging_key, &b->pipeline->out, error);
    batch->between = NULL;
    if (code != RF_OK || b->expiry_ms == 0)
        return code;
    put_persist(b, &b->pipeline->out);
    return await_replies(b, error);
}

/* If all fields of a hash have expired, so has the key. */
static rf_code check_vanished(struct large_write *b, rf_error *error)
{
    struct stream_state *s = &b->r->stream;
    if (!s->vanished || s->result != RESULT_OK)
        return RF_OK;
    s->result = RESULT_REJECTED;
    snprintf(s->error_text, sizeof s->error_text, "ERR no such key");
    return is_expired_staging_key(b->r, s->error_text, b->request.ends_ms)
               ? RF_OK
               : fail(error, RF_E_UNAVAILABLE, "%s: the staging key has expired", b->node->base.name);
}

static rf_code stream(struct large_write *b, rf_error *error)
{
    write_unlink(b->r, &b->pipeline->out, b->staging_key);
    b->r->stream.expected++;
    TRY(encode_expiring(b, error));
    b->r->stream.expected += write_attributes(&b->pipeline->out, b->staging_key, b->entry);
    return await_replies(b, error);
}

/* --- the last step ------------------------------------------------------------------------------------- */

/* Waits for the replicas, with a time limit. */
static rf_code wait_for_replicas(struct large_write *b, rf_error *error)
{
    enum { ATTEMPTS = 10 };
    const struct stream_state *s = &b->r->stream;
    for (int i = 0; b->node->wait_replicas && i < ATTEMPTS; i++) {
        write_wait(b->node, &b->pipeline->out);
        b->r->stream.expected++;
        TRY(await_replies(b, error));
        if (s->result == RESULT_REJECTED || s->result == RESULT_RETRY)
            return fail(error, RF_E_TARGET, "%s: %s", b->node->base.name, s->error_text);
        if (s->result == RESULT_OK && s->last.number >= (int64_t)b->node->replicas)
            return RF_OK;
        b->r->map.suspect = true;
        b->node->wait_unsupported |= s->result == RESULT_FATAL;
        b->node->wait_replicas &= s->result != RESULT_FATAL;
    }
    if (b->node->wait_replicas)
        reduce_replicas(b->node, s->last.number);
    b->r->stream.result = RESULT_OK;
    return RF_OK;
}

/* The key exists with the right value. WAIT counts from what was streamed now. */
rf_code large_wait_for_confirmed(struct large_write *b, enum large_outcome *outcome, rf_error *error)
{
    if (*outcome != OUTCOME_EXISTS || b->confirmed_on != b->node)
        return RF_OK;
    *outcome = OUTCOME_WRITTEN;
    retry_delete_staging_key(b->r, &b->request, b->key);
    return wait_for_replicas(b, error);
}

/* If the staging key was evicted, later commands have created it again, incomplete. */
static rf_code check_eviction(struct large_write *b, rf_error *error)
{
    int64_t evicted;
    if (!b->node->evicts)
        return RF_OK;
    TRY(node_count_evicted(b->node, &evicted, error));
    return evicted == b->evicted
               ? RF_OK
               : fail(error, RF_E_TARGET, "%s: the server evicts keys while they are written",
                      b->node->base.name);
}

static rf_code rename_key(struct large_write *b, enum large_outcome *outcome, rf_error *error)
{
    rf_replay *r = b->r;
    bool replaces = write_replaces(r), maybe_applied = b->maybe_applied;
    b->maybe_applied = true;
    write_rename(r, &b->pipeline->out, b->staging_key, b->key);
    b->r->stream.expected++;
    TRY(await_replies(b, error));
    b->maybe_applied = maybe_applied;
    if (r->stream.result != RESULT_OK)
        return RF_OK;
    *outcome = replaces || r->stream.last.number > 0 ? OUTCOME_WRITTEN : OUTCOME_EXISTS;
    if (*outcome == OUTCOME_WRITTEN) {
        b->maybe_applied = true;
        TRY(wait_for_replicas(b, error));
    }
    return RF_OK;
}

/* Determines the outcome; RF_E_TARGET: try again. */
static rf_code check_result(struct large_write *b, rf_error *error)
{
    rf_replay *r = b->r;
    enum request_result result = r->stream.result;
    if (result == RESULT_FATAL) {
        replay_fail(r, b->node, r->stream.error_text, b->entry->db, b->key);
        return replay_ended(r, error);
    }
    if (result == RESULT_OK || result == RESULT_REJECTED || result == RESULT_EXISTS)
        return RF_OK;
    return fail(error, RF_E_TARGET, "%s: %s", b->node->base.name, r->stream.error_text);
}

/* RF_E_TARGET: try again. */
rf_code large_attempt(struct large_write *b, enum large_outcome *outcome, rf_error *error)
{
    rf_replay *r = b->r;
    TRY(stream(b, error));
    *outcome = OUTCOME_EMPTY;
    if (b->empty && !b->unsupported_reason)
        return RF_OK;
    *outcome = OUTCOME_FAILED;
    if (b->unsupported_reason)
        return RF_OK;
    TRY(check_eviction(b, error));
    TRY(check_vanished(b, error));
    if (r->stream.result == RESULT_OK)
        TRY(rename_key(b, outcome, error));
    return check_result(b, error);
}

/* --- without a staging key ----------------------------------------------------------------------------- */

static void put_word(struct large_write *b, rf_slice word)
{
    command_put(&b->pipeline->out, (const rf_slice[]){word}, 1);
    b->r->stream.expected++;
}

static void put_key_command(struct large_write *b, rf_slice command)
{
    command_put(&b->pipeline->out, (const rf_slice[]){command, b->key}, 2);
    b->r->stream.expected++;
}

/* From here on the transaction fails if another client creates the key. An existing key that may be ours is
 * compared with the value, which is written under a staging key. */
static rf_code watch(struct large_write *b, bool *exists, rf_error *error)
{
    const struct stream_state *s = &b->r->stream;
    put_key_command(b, SLICE("WATCH"));
    put_key_command(b, SLICE("EXISTS"));
    TRY(await_replies(b, error));
    *exists = s->result == RESULT_OK && s->last.number > 0;
    if (!*exists)
        return RF_OK;
    put_word(b, SLICE("UNWATCH"));
    return b->maybe_applied ? stream(b, error) : await_replies(b, error);
}

static rf_code put_transaction(struct large_write *b, rf_error *error)
{
    put_word(b, SLICE("MULTI"));
    if (write_replaces(b->r))
        put_key_command(b, SLICE("DEL"));
    TRY(large_encode(b, b->key, &b->pipeline->out, error));
    b->r->stream.expected += write_attributes(&b->pipeline->out, b->key, b->entry);
    put_word(b, b->empty || b->unsupported_reason ? SLICE("DISCARD") : SLICE("EXEC"));
    return await_replies(b, error);
}

/* A key is removed if not all of its commands were executed. */
static rf_code finish_transaction(struct large_write *b, enum large_outcome *outcome, rf_error *error)
{
    const struct stream_state *s = &b->r->stream;
    *outcome = b->empty && !b->unsupported_reason ? OUTCOME_EMPTY : OUTCOME_FAILED;
    if (b->empty || b->unsupported_reason)
        return RF_OK;
    if (s->result == RESULT_REJECTED && s->exec_done)
        retry_delete_key(b->r, &b->request, b->key);
    TRY(check_result(b, error));
    if (s->result != RESULT_OK)
        return RF_OK;
    if (!s->exec_done)
        return fail(error, RF_E_TARGET, "%s: another client has created the key", b->node->base.name);
    *outcome = OUTCOME_WRITTEN;
    return wait_for_replicas(b, error);
}

rf_code large_attempt_transaction(struct large_write *b, enum large_outcome *outcome, rf_error *error)
{
    bool exists = false, maybe_applied = b->maybe_applied;
    *outcome = OUTCOME_EXISTS;
    if (!write_replaces(b->r))
        TRY(watch(b, &exists, error));
    if (exists || b->r->stream.result != RESULT_OK) {
        *outcome = exists ? OUTCOME_EXISTS : OUTCOME_FAILED;
        return check_result(b, error);
    }
    b->maybe_applied = true;
    TRY(put_transaction(b, error));
    b->maybe_applied = maybe_applied;
    rf_code code = finish_transaction(b, outcome, error);
    b->maybe_applied |= *outcome == OUTCOME_WRITTEN;
    return code;
}
