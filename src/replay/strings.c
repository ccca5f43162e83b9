/* SPDX-License-Identifier: MIT */
#include "replay/strings.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "net/reply.h"
#include "replay/commands.h"
#include "replay/internal.h"
#include "resp/resp_write.h"
#include <stdlib.h>
#include <xxhash.h>

enum {
    BATCH_BYTES_MAX = 64 * 1024, /* of a batch, */
    STRING_MAX = 16 * 1024,      /* and of a string: for a larger one, a command of its own costs little */
    OLD_AFTER = 256,             /* entries for which a batch waits for more strings */
    PAUSE = 256,
};

/* --- the open batch ------------------------------------------------------------------------------------ */

bool strings_accept(rf_replay *r, const rf_entry *entry, rf_slice value)
{
    if (!r->can.batch_strings || entry->expire_ms != RF_NO_EXPIRY || r->current.without ||
        entry->key.len + value.len > STRING_MAX || write_maybe_applied(r))
        return false;
    if (LIKELY(r->strings.pause == 0))
        return true;
    r->strings.pause--;
    return false;
}

/* Sets the key's bit, and returns whether it was set already. */
static bool note_seen(struct open_strings *s, rf_slice key)
{
    size_t bit = XXH3_64bits(key.ptr, key.len) % (64 * BATCH_SEEN_WORDS);
    uint64_t mask = UINT64_C(1) << bit % 64, *word = &s->seen[bit / 64];
    bool seen = *word & mask;
    *word |= mask;
    return seen;
}

/* Entries that are written again come with numbers of the past. */
static bool continues(const rf_replay *r, const rf_entry *entry, size_t size)
{
    const struct open_strings *s = &r->strings;
    return s->input == r->current.position.input && s->db == entry->db &&
           r->current.seq > s->batch->entries[s->batch->count - 1].seq &&
           s->bytes.len + size <= BATCH_BYTES_MAX;
}

static rf_code begin_batch(rf_replay *r, const rf_entry *entry, rf_error *error)
{
    struct open_strings *s = &r->strings;
    s->batch = malloc(sizeof *s->batch);
    if (!s->batch)
        return fail(error, RF_E_MEMORY, "out of memory for a batch of strings");
    s->batch->count = 0;
    s->bytes.len = 0;
    s->input = r->current.position.input;
    s->db = entry->db;
    memset(s->seen, 0, sizeof s->seen);
    note_seen(s, entry->key);
    return RF_OK;
}

static rf_code append(rf_replay *r, const rf_entry *entry, rf_slice value, size_t size, rf_error *error)
{
    struct open_strings *s = &r->strings;
    if (!buffer_reserve(&s->bytes, size))
        return fail(error, RF_E_MEMORY, "out of memory for a batch of strings");
    uint8_t *start = s->bytes.data + s->bytes.len;
    s->bytes.len += (size_t)(resp_print_bulk(resp_print_bulk(start, entry->key), value) - start);
    uint32_t i = s->batch->count++;
    s->batch->entries[i].seq = r->current.seq;
    s->batch->entries[i].offset = r->current.position.offset;
    return RF_OK;
}

rf_code strings_put(rf_replay *r, const rf_entry *entry, rf_slice value, rf_error *error)
{
    struct open_strings *s = &r->strings;
    size_t size = entry->key.len + value.len + 2 * BULK_EXTRA;
    if (s->batch && (!continues(r, entry, size) || note_seen(s, entry->key)))
        TRY(strings_flush(r, error));
    if (!s->batch)
        TRY(begin_batch(r, entry, error));
    TRY(append(r, entry, value, size, error));
    return s->batch->count == BATCH_STRINGS_MAX ? strings_flush(r, error) : RF_OK;
}

void strings_free(struct open_strings *s)
{
    free(s->batch);
    buffer_free(&s->bytes);
}

/* --- sending ------------------------------------------------------------------------------------------- */

/* The request of one of the keys. */
static struct request request_of(const struct string_batch *batch, uint32_t i, uint32_t input, int64_t db)
{
    return (struct request){.kind = REQUEST_KEY,
                            .method = METHOD_SET,
                            .seq = batch->entries[i].seq,
                            .position = {input, batch->entries[i].offset},
                            .db = (int32_t)db,
                            .expire_ms = RF_NO_EXPIRY,
                            .ends_ms = RF_NO_EXPIRY};
}

struct request strings_first(const struct open_strings *s)
{
    return request_of(s->batch, 0, s->input, s->db);
}

static void put_batch(const rf_replay *r, struct outbuf *out)
{
    const struct open_strings *s = &r->strings;
    bool alone = s->batch->count == 1, only_new = !write_replaces(r);
    rf_slice name = alone ? SLICE("SET") : only_new ? SLICE("MSETNX") : SLICE("MSET");
    resp_array(out, 1 + 2 * s->batch->count + (alone && only_new));
    resp_bulk(out, name);
    outbuf_put(out, s->bytes.data, s->bytes.len);
    if (alone && only_new)
        resp_bulk(out, SLICE("NX"));
}

rf_code strings_flush(rf_replay *r, rf_error *error)
{
    struct open_strings *s = &r->strings;
    struct pipeline *pipeline;
    struct request *request;
    rf_slice bytes = buffer_slice(&s->bytes);
    if (!s->batch)
        return RF_OK;
    TRY(pipeline_for_key(r, command_take_argument(&bytes), s->db, &pipeline, error));
    const struct request first = strings_first(s);
    TRY(pipeline_begin_again(pipeline, &first, &request, error));
    put_batch(r, &pipeline->out);
    TRY(pipeline_end(pipeline, 1, error));
    if (s->batch->count > 1) {
        request->kind = REQUEST_STRINGS;
        request->strings = s->batch;
    } else {
        free(s->batch);
    }
    s->batch = NULL;
    return pipeline_flush_if_full(r, pipeline, error);
}

rf_code strings_flush_old(rf_replay *r, rf_error *error)
{
    const struct string_batch *batch = r->strings.batch;
    return batch && r->current.seq - batch->entries[0].seq > OLD_AFTER ? strings_flush(r, error) : RF_OK;
}

/* --- dividing a batch ---------------------------------------------------------------------------------- */

/* What has become of the batch may have become of the key. */
static struct retry_item *make_item(const rf_replay *r, const struct request *batch, uint32_t i, rf_slice key,
                                    rf_slice value)
{
    const rf_slice set[] = {SLICE("SET"), key, value, SLICE("NX")};
    struct retry_item *item = calloc(1, sizeof *item);
    if (!item)
        return NULL;
    item->request = request_of(batch->strings, i, batch->position.input, batch->db);
    item->request.since_ms = batch->since_ms;
    item->request.lost_run = batch->lost_run;
    item->request.lost = batch->lost;
    item->request.first_lost = batch->first_lost;
    item->request.maybe_applied = batch->maybe_applied;
    item->request.error_text = batch->error_text ? strdup(batch->error_text) : NULL;
    if (resp_append_command(&item->bytes, set, write_replaces(r) ? 3 : 4))
        return item;
    retry_item_free(item);
    return NULL;
}

void strings_divide(rf_replay *r, struct pipeline *pipeline, uint64_t number)
{
    struct request *request = pipeline_request(pipeline, number);
    rf_slice rest = request_bytes(r, pipeline, number);
    bool good = rest.len > 0;
    if (request->since_ms == 0)
        request->since_ms = clock_monotonic_ms();
    if (good) {
        command_take_header(&rest);
        command_take_argument(&rest);
    }
    for (uint32_t i = 0; good && i < request->strings->count; i++) {
        const rf_slice key = command_take_argument(&rest), value = command_take_argument(&rest);
        struct retry_item *item = make_item(r, request, i, key, value);
        good = item != NULL;
        if (item)
            retry_queue_push(&r->retry.queue, item);
    }
    if (!good && r->error.code == RF_OK)
        fail(&r->error, RF_E_MEMORY, "out of memory for retries");
    request->done = good;
    request->result = good ? RESULT_OK : RESULT_FATAL;
}

/* CROSSSLOT: a cluster that shows itself as one server. */
static bool refuses_batches(const struct request *request)
{
    const char *text = request->error_text ? request->error_text : "";
    const struct reply reply = {.kind = REPLY_ERROR, .text = slice_of(text, strlen(text))};
    return reply_refuses_command(reply) || reply_is_error(reply, "CROSSSLOT");
}

void strings_rejected(rf_replay *r, struct pipeline *pipeline, uint64_t number)
{
    struct request *request = pipeline_request(pipeline, number);
    if (refuses_batches(request))
        r->can.batch_strings = false;
    if (request->result == RESULT_EXISTS || request->result == RESULT_REJECTED)
        r->strings.pause = PAUSE;
    if (request->result == RESULT_RETRY) {
        retry_note(r, request);
        r->counts.resent += request->strings->count;
    } else {
        request_clear_error(request); /* it is that of the batch; one of the keys will have its own */
    }
    strings_divide(r, pipeline, number);
}
