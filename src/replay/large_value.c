/* SPDX-License-Identifier: MIT */
/* Values that are streamed: attempts, until there is an outcome. */
#include "replay/large_value.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "replay/staging_key.h"
#include <stdlib.h>

/* --- outcomes ------------------------------------------------------------------------------------------ */

struct dead_letter_writer {
    struct outbuf out;
    rf_replay *r;
    uint8_t block[OUTBUF_RESERVE_MAX];
};

static void flush_dead_letter(struct outbuf *out)
{
    const struct dead_letter_writer *writer = (const struct dead_letter_writer *)out;
    rf_slice chunk = slice_of(out->start, (size_t)(out->pos - out->start));
    if (chunk.len > 0)
        writer->r->options.dead_letter(writer->r->options.ctx, chunk);
    out->pos = out->start;
}

/* Encodes the value again, for the dead-letter file. */
static rf_code write_dead_letter(struct large_write *b, rf_error *error)
{
    if (!b->r->options.dead_letter)
        return RF_OK;
    struct dead_letter_writer *writer = malloc(sizeof *writer);
    if (!writer)
        return fail(error, RF_E_MEMORY, "out of memory for a dead letter");
    writer->r = b->r;
    writer->out = (struct outbuf){.start = writer->block,
                                  .pos = writer->block,
                                  .end = writer->block + sizeof writer->block,
                                  .next = flush_dead_letter};
    outcome_select_dead_db(b->r, b->entry->db);
    rf_slice name = b->in_transaction ? b->key : b->staging_key;
    rf_code code = large_encode(b, name, &writer->out, error);
    write_attributes(&writer->out, name, b->entry);
    if (!b->in_transaction)
        write_rename(b->r, &writer->out, b->staging_key, b->key);
    flush_dead_letter(&writer->out);
    free(writer);
    return code;
}

static rf_code finish_existing(struct large_write *b, rf_error *error)
{
    struct comparison found = {.first_exists = true, .second_exists = true, .decoded = true};
    if (b->maybe_applied)
        TRY(reconcile_compare(b->r, b->node, b->entry->db, b->staging_key, b->key, &found, error));
    if (!found.second_exists || !found.first_exists)
        return fail(error, RF_E_TARGET, "%s: an existing key has disappeared", b->node->base.name);
    if (found.equal && b->node->wait_replicas) {
        b->confirmed_on = b->node;
        return fail(error, RF_E_TARGET, "%s: the replicas may not have the key", b->node->base.name);
    }
    retry_delete_staging_key(b->r, &b->request, b->key);
    if (found.equal) {
        outcome_written(b->r, b->node, &b->request, b->key);
        return RF_OK;
    }
    if (found.decoded)
        outcome_exists(b->r, &b->request, b->key, (rf_slice){0});
    else
        outcome_failed(b->r, &b->request, RF_FAILURE_INDETERMINATE,
                       "already exists, and cannot be compared with the value to write", b->key,
                       (rf_slice){0});
    return b->r->options.on_exists == RF_ON_EXISTS_FAIL ? write_dead_letter(b, error) : RF_OK;
}

static rf_code finish_rejected(struct large_write *b, rf_error *error)
{
    rf_replay *r = b->r;
    retry_delete_staging_key(r, &b->request, b->key);
    if (b->unsupported_reason) {
        write_unsayable(r, b->entry, b->unsupported_reason);
        return RF_OK;
    }
    if (is_expired_staging_key(r, r->stream.error_text, b->request.ends_ms)) {
        outcome_expired(r, &b->request, b->key);
        return RF_OK;
    }
    outcome_failed(r, &b->request, RF_FAILURE_REFUSED, r->stream.error_text, b->key, (rf_slice){0});
    return write_dead_letter(b, error);
}

static rf_code report_outcome(struct large_write *b, enum large_outcome outcome, rf_error *error)
{
    switch (outcome) {
    case OUTCOME_WRITTEN: outcome_written(b->r, b->node, &b->request, b->key); return RF_OK;
    case OUTCOME_EXISTS: return finish_existing(b, error);
    case OUTCOME_FAILED: return finish_rejected(b, error);
    case OUTCOME_EMPTY: break;
    }
    b->r->counts.empty++;
    return RF_OK;
}

/* --- attempts ------------------------------------------------------------------------------------------ */

/* A connection with replies pending, or with an incomplete command, cannot be used any more. */
static void release_pipeline(struct large_write *b, rf_code code, const rf_error *error)
{
    struct pipeline *pipeline = b->pipeline;
    const struct stream_state *s = &b->r->stream;
    bool clean = !pipeline->lost && s->replies == s->expected && pipeline_unsent(pipeline) == 0;
    rf_error why;
    if (code == RF_OK)
        fail(&why, RF_E_TARGET, "%s: unexpected reply", b->node->base.name);
    else
        why = *error;
    if (!clean && pipeline->connection)
        loop_fail_pipeline(b->r, pipeline, &why);
    pipeline_stream(pipeline, false);
    pipeline_cancel(pipeline);
}

static rf_code attempt_once(struct large_write *b, rf_error *error)
{
    enum large_outcome outcome = OUTCOME_FAILED;
    TRY(large_acquire_pipeline(b, error));
    rf_code code = (b->in_transaction ? large_attempt_transaction : large_attempt)(b, &outcome, error);
    if (code == RF_OK)
        code = large_wait_for_confirmed(b, &outcome, error);
    b->confirmed_on = NULL;
    if (!b->string.ptr)
        b->request.without = b->r->current.without | b->r->encoder.without;
    release_pipeline(b, code, error);
    b->r->counts.resent += b->retrying;
    b->retrying = true;
    return code == RF_OK ? report_outcome(b, outcome, error) : code;
}

static rf_code attempt_with_retry(struct large_write *b, rf_error *error)
{
    for (;;) {
        rf_error why;
        rf_code code = attempt_once(b, &why);
        if (code == RF_OK)
            return RF_OK;
        if (b->r->error.code != RF_OK)
            return replay_ended(b->r, error);
        if (!rf_code_is_target(code)) {
            *error = why;
            return code;
        }
        TRY(retry_backoff(b->r, &b->since_ms, &why, error));
    }
}

static rf_code write_large(rf_replay *r, rf_entry *entry, rf_slice string, bool in_transaction,
                           rf_error *error)
{
    struct buffer name = {0};
    struct large_write b = {.r = r,
                            .entry = entry,
                            .key = entry->key,
                            .string = string,
                            .in_transaction = in_transaction,
                            .request = {.kind = REQUEST_KEY,
                                        .method = METHOD_STAGED,
                                        .seq = r->current.seq,
                                        .position = r->current.position,
                                        .db = (int32_t)entry->db,
                                        .expire_ms = entry->expire_ms,
                                        .ends_ms = r->current.ends_ms,
                                        .without = r->current.without},
                            .maybe_applied = write_maybe_applied(r)};
    if (!staging_key_make(entry->key, r->options.run, &name))
        return fail(error, RF_E_MEMORY, "out of memory for a key of %zu bytes", entry->key.len);
    b.staging_key = buffer_slice(&name);
    rf_code code = attempt_with_retry(&b, error);
    if (code != RF_OK)
        retry_delete_staging_key(r, &b.request, entry->key);
    buffer_free(&name);
    return code;
}

rf_code large_value_write_string(rf_replay *r, rf_entry *entry, rf_slice string, rf_error *error)
{
    return write_large(r, entry, string, false, error);
}

rf_code large_value_write(rf_replay *r, rf_entry *entry, rf_error *error)
{
    return write_large(r, entry, (rf_slice){NULL, 0}, false, error);
}

rf_code large_value_transact(rf_replay *r, rf_entry *entry, rf_error *error)
{
    return write_large(r, entry, (rf_slice){NULL, 0}, true, error);
}
