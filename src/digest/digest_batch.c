/* SPDX-License-Identifier: MIT */
/* Walks copied values in memory as if they were still in the stream. */
#include "digest/digest_batch.h"
#include "digest/digest.h"
#include <stdlib.h>

enum { BYTES_KEPT = 2 * (BATCH_BYTES + BATCH_VALUE) };

static bool append(struct digest_batch *batch, rf_slice bytes, size_t *at)
{
    *at = batch->bytes.len;
    return bytes.len == 0 || buffer_append(&batch->bytes, bytes);
}

struct digest_batch_key *digest_batch_add(struct digest_batch *batch, const rf_entry *entry)
{
    struct digest_batch_key *key = &batch->keys[batch->count];
    key->entry = *entry;
    key->entry.value = NULL;
    key->digested = false;
    key->fault = NULL;
    key->noticed = NULL;
    if (!append(batch, entry->key, &key->name_at) || !append(batch, entry->metadata, &key->metadata_at))
        return NULL;
    batch->count++;
    return key;
}

rf_code digest_batch_take_value(struct digest_batch *batch, struct rf_value *value, bool *taken,
                                rf_error *error)
{
    struct digest_batch_key *key = &batch->keys[batch->count - 1];
    key->type = value->type;
    key->writer = value->info ? value->info->writer : (rf_server){0};
    key->value_offset = value->offset;
    key->value_at = batch->bytes.len;
    rf_code code = value_take(value, &batch->bytes, BATCH_VALUE, taken, error);
    key->value_size = batch->bytes.len - key->value_at;
    key->file_offset = window_file_offset(value->stream);
    return code;
}

bool digest_batch_key_fail(struct digest_batch_key *key, const rf_error *fault)
{
    key->digested = true;
    key->fault = malloc(sizeof *key->fault);
    if (key->fault)
        *key->fault = *fault;
    return key->fault != NULL;
}

static rf_slice bytes_at(const struct digest_batch *batch, size_t at, size_t n)
{
    return (rf_slice){n ? batch->bytes.data + at : NULL, n};
}

rf_entry digest_batch_entry(const struct digest_batch *batch, const struct digest_batch_key *key)
{
    rf_entry entry = key->entry;
    entry.key = bytes_at(batch, key->name_at, entry.key.len);
    entry.metadata = bytes_at(batch, key->metadata_at, entry.metadata.len);
    return entry;
}

/* The only notice that a value sends. */
static void on_notice(void *ctx, const rf_notice *notice)
{
    struct digest_batch_key *key = ctx;
    key->noticed = notice->detail;
}

static void run_key(const struct digest_batch *batch, struct digest_batch_key *key, rf_digester *digester)
{
    struct dup_set **dup_set = digester_dup_set(digester);
    static const struct hash_templates none;
    const rf_notify notify = {on_notice, key};
    const rf_reader_info info = {.writer = key->writer};
    rf_error error, sticky;
    rf_entry entry = digest_batch_entry(batch, key);
    struct window w;
    window_open_memory(&w, bytes_at(batch, key->value_at, key->value_size));
    w.segment_offset = key->value_offset;
    struct rf_value value = {.templates = &none,
                             .stream = &w,
                             .input = "",
                             .info = &info,
                             .sticky = &sticky,
                             .notify = &notify,
                             .dup_set = *dup_set};
    value_begin(&value, key->type, entry.db, entry.key, VALUE_NO_RECORD);
    value.expire_ms = entry.expire_ms;
    entry.value = &value;
    if (rf_digest_key(digester, &entry, &key->digest, &error) != RF_OK) {
        error.file_offset = key->file_offset >= 0 ? key->file_offset : error.offset;
        digest_batch_key_fail(key, &error);
    }
    key->digested = true;
    *dup_set = value.dup_set;
    window_close(&w);
}

void digest_batch_run(struct digest_batch *batch, rf_digester *digester)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->keys[i].digested)
            run_key(batch, &batch->keys[i], digester);
}

void digest_batch_clear(struct digest_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        free(batch->keys[i].fault);
    batch->count = batch->bytes.len = 0;
    if (batch->bytes.cap > BYTES_KEPT)
        buffer_free(&batch->bytes);
}
