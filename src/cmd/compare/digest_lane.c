/* SPDX-License-Identifier: MIT */
/* Digesting a batch: the journal has the record of each key. */
#include "cmd/compare/digest_lane.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "cmd/run/stage.h"
#include <stdlib.h>
#include <string.h>

struct part {
    struct session session;
    rf_digester *digester;
};

static rf_code make_record(rf_digester *digester, size_t input, const rf_entry *key, rf_key_record *record,
                           rf_error *error)
{
    rf_key_digest digest;
    TRY(rf_digest_key(digester, key, &digest, error));
    rf_key_record_of_left(key, &digest, (uint32_t)input, record);
    record->published = digest.value;
    return RF_OK;
}

static rf_code put(struct lane *lane, rf_entry *key, rf_error *error)
{
    struct part *part = lane->part;
    rf_key_record record;
    TRY(make_record(part->digester, lane->cursor.number, key, &record, error));
    if (!record.fields_expired)
        part->session.bytes_of = journal_key(&lane->journal, key, slice_of(&record, sizeof record));
    return RF_OK;
}

static void clear(struct lane *lane)
{
    (void)lane;
}

static rf_code on_key(void *ctx, const rf_entry *key, rf_slice kept, uint64_t bytes, rf_error *error)
{
    const struct digest_work *work = ctx;
    rf_key_record record;
    memcpy(&record, kept.ptr, sizeof record);
    record.key = key->key;
    TRY(work->on_key(work->ctx, &record, error));
    if (work->session->bytes_of)
        *work->session->bytes_of += bytes;
    return RF_OK;
}

static rf_code merge(void *ctx, struct lane *lane, rf_error *error)
{
    return journal_keys(&lane->journal, on_key, ctx, error);
}

static rf_code put_in_order(void *ctx, const struct input *input, rf_entry *entry, rf_error *error)
{
    const struct digest_work *work = ctx;
    size_t number = (size_t)(input - work->session->inputs);
    rf_key_record record;
    if (entry->kind != RF_ENTRY_KEY)
        return work->on_other(work->ctx, number, entry, error);
    TRY(make_record(work->digester, number, entry, &record, error));
    return record.fields_expired ? RF_OK : work->on_key(work->ctx, &record, error);
}

static rf_code open_digester(const struct digest_work *work, rf_digester **out, rf_error *error)
{
    *out = rf_digester_new(work->kinds, false);
    if (!*out)
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_digester_expired(*out, work->session->now);
    return RF_OK;
}

static rf_code open_part(void *ctx, struct lane *lane, rf_error *error)
{
    struct part *part = lane->part = calloc(1, sizeof *part);
    if (!part)
        return fail(error, RF_E_MEMORY, "out of memory");
    lane->session = &part->session;
    return open_digester(ctx, &part->digester, error);
}

static void close_part(struct lane *lane)
{
    struct part *part = lane->part;
    if (part)
        rf_digester_free(part->digester);
    free(part);
}

rf_code digest_work_run(struct digest_work *work, struct cursor *cursor, rf_error *error)
{
    static const struct lane_work table = {.open = open_part,
                                           .close = close_part,
                                           .put = put,
                                           .clear = clear,
                                           .merge = merge,
                                           .put_in_order = put_in_order};
    rf_code code = open_digester(work, &work->digester, error);
    if (code == RF_OK)
        code = stage_run(cursor, &table, work, error);
    rf_digester_free(work->digester);
    return code;
}
