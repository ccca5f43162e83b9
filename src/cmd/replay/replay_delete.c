/* SPDX-License-Identifier: MIT */
/* --since and --delete-extra: what is to be deleted is found before the first write, and deleted after the
 * last one, so that a run that is killed in between has lost nothing. Deleting is repeated by a run that is
 * resumed. */
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/replay/replay.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>

/* --- --since ------------------------------------------------------------------------------------------- */

static rf_code on_tick(void *ctx, rf_error *error)
{
    return replay_tick(ctx, error);
}

static rf_code find_changes(struct replay *r, rf_error *error)
{
    r->since = (struct since){
        .session = &r->session,
        .files = r->options->common.inputs.count,
        .memory = r->options->written.memory,
        .tick = on_tick,
        .ctx = r,
    };
    return since_compare(&r->since, error);
}

/* It is not known what the target should have. */
static void note_damaged(struct replay *r, const rf_key_record *record, const rf_error *fault)
{
    char reason[sizeof fault->message + 64];
    snprintf(reason, sizeof reason, "not deleted: the value in the first snapshot is damaged: %s",
             fault->message);
    replay_note_failure(r, &(const rf_failure){.kind = RF_FAILURE_DAMAGED,
                                               .position = {record->input, record->offset},
                                               .db = record->db,
                                               .key = record->key,
                                               .reason = reason});
}

static rf_code delete_gone(void *ctx, const rf_key_record *record, const rf_error *fault, rf_error *error)
{
    struct replay *r = ctx;
    if (!fault)
        return rf_replay_delete(r->engine, record, true, error);
    note_damaged(r, record, fault);
    return RF_OK;
}

/* --- --delete-extra ------------------------------------------------------------------------------------ */

static rf_code on_extra(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct replay_extra *extra = ctx;
    const rf_key_record *record = difference->after;
    if (!extra_keys_is_deletable(difference))
        return RF_OK;
    if (extra_keys_deletable(&extra->keys) == 1) {
        escape_name(record->key, extra->first, sizeof extra->first);
        extra->first_db = record->db;
    }
    return rf_compare_add_before(extra->names, record, error);
}

static rf_code delete_extra(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct replay *r = ctx;
    TRY(replay_tick(r, error));
    return rf_replay_delete(r->engine, difference->before, false, error);
}

static rf_code note_names(struct replay *r, rf_error *error)
{
    struct cursor cursor;
    rf_entry *entry;
    rf_code code = RF_OK;
    cursor_open_rescan(&cursor, &r->session, "reading names");
    while (code == RF_OK && (code = replay_tick(r, error)) == RF_OK &&
           (code = cursor_next(&cursor, &entry, error)) == RF_OK)
        if (entry)
            code = extra_keys_note_live(&r->extra.keys, entry, error);
    return cursor_close(&cursor, code, error);
}

static rf_code find_on_target(struct replay *r, rf_error *error)
{
    const rf_live_options options = {.names_only = true, .import_source = r->checkpoint.import_id != 0};
    rf_live_counts counts;
    rf_live *live;
    TRY(rf_live_open(&r->target, &options, &live, error));
    rf_code code = rf_live_finish(live, &counts, error);
    if (code == RF_OK)
        code = extra_keys_find(&r->extra.keys, live, error);
    rf_live_close(live);
    return code;
}

static rf_code reject_many(const struct replay *r, rf_error *error)
{
    const struct replay_extra *extra = &r->extra;
    if (r->options->force_delete || !extra_keys_are_many(&extra->keys))
        return RF_OK;
    return fail(error, RF_E_EXISTS,
                "nothing written: %" PRIu64 " of the target's %" PRIu64
                " keys would be deleted, the first is '%s' (db %" PRId64
                "): check the target and the filters, or use --force-delete",
                extra_keys_deletable(&extra->keys), extra->keys.covered, extra->first, extra->first_db);
}

static rf_code open_extra(struct replay *r, rf_error *error)
{
    struct replay_extra *extra = &r->extra;
    const uint64_t memory = r->options->written.memory;
    const rf_compare_options options = {.memory = memory, .fn = delete_extra, .ctx = r};
    extra->keys = (struct extra_keys){
        .session = &r->session, .memory = memory, .required = true, .differ = on_extra, .ctx = extra};
    TRY(rf_compare_open(&options, &extra->names, error));
    return extra_keys_open(&extra->keys, error);
}

static rf_code find_extra(struct replay *r, rf_error *error)
{
    struct replay_extra *extra = &r->extra;
    TRY(open_extra(r, error));
    TRY(note_names(r, error));
    TRY(find_on_target(r, error));
    extra_keys_free(&extra->keys); /* its names */
    return reject_many(r, error);
}

/* --- leftovers ----------------------------------------------------------------------------------------- */

rf_code replay_leftovers_begin(struct replay *r, rf_error *error)
{
    message_note("the snapshot begins anew: it replaces what was written of the earlier one");
    return open_extra(r, error);
}

/* Also a key that has expired: its expiry may yet be changed. */
rf_code replay_leftovers_note(struct replay *r, const rf_entry *key, rf_error *error)
{
    rf_key_record record;
    if (key->kind != RF_ENTRY_KEY)
        return RF_OK;
    rf_key_record_of(key, (rf_digest){0}, 0, &record);
    return extra_keys_note(&r->extra.keys, &record, error);
}

rf_code replay_leftovers_delete(struct replay *r, rf_error *error)
{
    TRY(find_on_target(r, error));
    extra_keys_free(&r->extra.keys);
    progress_phase(&r->session.progress, NULL, 0);
    TRY(rf_compare_finish(r->extra.names, error));
    return rf_replay_finish(r->engine, error);
}

/* --- both ---------------------------------------------------------------------------------------------- */

rf_code replay_find_deletions(struct replay *r, rf_error *error)
{
    if (r->options->since)
        return find_changes(r, error);
    return r->options->delete_extra ? find_extra(r, error) : RF_OK;
}

static rf_code put_deletions(struct replay *r, rf_error *error)
{
    if (r->options->since)
        return since_deletions(&r->since, delete_gone, r, error);
    return rf_compare_finish(r->extra.names, error);
}

rf_code replay_delete(struct replay *r, rf_error *error)
{
    if (!replay_options_deletes(r->options))
        return RF_OK;
    rf_code code = put_deletions(r, error);
    if (code == RF_OK)
        code = rf_replay_finish(r->engine, error);
    return r->state.stopped ? RF_OK : code;
}

void replay_deletions_free(struct replay *r)
{
    since_free(&r->since);
    rf_compare_close(r->extra.names);
    extra_keys_free(&r->extra.keys);
}
