/* SPDX-License-Identifier: MIT */
/* Checks made before the first write, if the inputs can be read twice: collisions, keys that already exist or
 * are in databases that the target lacks, AOF commands that cannot be replayed or verified, and keys that
 * expire before commands need them. */
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/replay/expiry_risk.h"
#include "cmd/replay/replay.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <rdbferry/live.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The default is 16 databases; more than this is unusual. */
enum { DATABASES_TRIED = 1024 };

/* --- databases ---------------------------------------------------------------------------------------- */

static bool is_cluster(const struct replay *r)
{
    return strcmp(r->info.kind, "cluster") == 0;
}

static bool has_db(const struct replay *r, int64_t db)
{
    return r->info.databases == 0 || db < r->info.databases;
}

static void note_db(void *ctx, const rf_rewrite_step *step)
{
    *(int64_t *)ctx = step->db;
}

/* Whether the keys of this database, if any, go to a database that the target has. */
static bool fits(const struct replay *r, int64_t db)
{
    const struct key_options *keys = &r->options->common.keys;
    int64_t into = db;
    rf_error error;
    if (!rf_filter_accepts_db(keys->filter, db))
        return true;
    if (keys->rewrite &&
        rf_rewrite_explain(keys->rewrite, db, (rf_slice){0}, note_db, &into, &error) != RF_OK)
        return false;
    return has_db(r, into);
}

/* Only a cluster is likely to have fewer databases than the inputs. */
static bool may_lack_db(const struct replay *r)
{
    if (!is_cluster(r))
        return false;
    for (int64_t db = 0; db < DATABASES_TRIED; db++)
        if (!fits(r, db))
            return true;
    return false;
}

static rf_code check_db(const struct replay *r, const rf_entry *key, rf_error *error)
{
    const struct session *session = &r->session;
    if (!is_cluster(r) || has_db(r, key->db))
        return RF_OK;
    fail(error, RF_E_INCOMPATIBLE,
         "the cluster does not have database %" PRId64 " (see --flatten-dbs, --map-db and --db),", key->db);
    return session_error_key(session, key, error);
}

/* --- commands ----------------------------------------------------------------------------------------- */

static rf_code check_command(const struct replay *r, rf_error *error)
{
    if (r->options->verify)
        return fail(error, RF_E_ARGUMENT,
                    "AOF commands cannot be verified: omit --verify, or use --server to evaluate them");
    if (replay_options_deletes(r->options))
        return fail(
            error, RF_E_ARGUMENT,
            "AOF commands cannot be combined with --since or --delete-extra: use --server to evaluate "
            "them");
    if (r->counts.keys_before > 0)
        return fail(error, RF_E_ARGUMENT,
                    "AOF commands would modify the existing data of the target, %" PRIu64
                    " key%s: empty it, or use --on-exists skip or replace",
                    r->counts.keys_before, text_plural(r->counts.keys_before));
    return RF_OK;
}

static rf_code may_hold_commands(const struct replay *r, bool *may, rf_error *error)
{
    *may = false;
    for (size_t i = 0; i < r->session.input_count && !*may; i++) {
        struct input_head head;
        TRY(input_probe(&r->session.inputs[i], &head, error));
        *may = head.may_hold_commands;
    }
    return RF_OK;
}

static rf_code note_expiries(struct replay *r, rf_entry *entry, rf_error *error)
{
    const struct cursor *cursor = &r->collisions.scan.cursor;
    const rf_position position = {(uint32_t)cursor->number, entry->offset};
    if (r->collisions.scan.pass != PASS_NOTE)
        return RF_OK;
    return rf_passed_expiries_note(r->passed, entry, rf_position_before(position, r->position.start), error);
}

static bool can_shift(const struct replay *r)
{
    return !r->found.inputs && r->info.databases > 0 &&
           expiry_risk_can_shift(r->passed, r->options, &r->info.abilities);
}

static rf_code check_expiries(struct replay *r, rf_error *error)
{
    char text[EXPIRY_RISK_TEXT];
    if (!r->checkpoint.shifted && !*expiry_risk_text(r->passed, text))
        return RF_OK;
    if (!r->checkpoint.shifted && !can_shift(r))
        return fail(error, RF_E_INCOMPATIBLE, "%s: %s; use --server to evaluate the log",
                    r->found.inputs ? "cannot be resumed" : "nothing written", text);
    if (!r->checkpoint.shifted)
        message_note("%s: expiries are sent 317 years late, and corrected at the end", text);
    r->checkpoint.shifted = true;
    rf_replay_shift_expiries(r->engine);
    return RF_OK;
}

static rf_code count_keys(struct replay *r, uint64_t *keys, rf_error *error)
{
    rf_live_counts counts;
    rf_live *live;
    TRY(rf_live_open(&r->target, &(rf_live_options){0}, &live, error));
    rf_code code = rf_live_finish(live, &counts, error);
    rf_live_close(live);
    *keys = code == RF_OK ? counts.live : 0;
    return code;
}

/* AOF commands can modify any existing key. A resumed run may have written some of the keys itself. */
static bool protects_all_keys(const struct replay *r, bool may_hold_commands)
{
    return may_hold_commands && r->options->on_exists == RF_ON_EXISTS_FAIL && !r->found.inputs &&
           !r->attempts->written;
}

/* --- existing keys ------------------------------------------------------------------------------------- */

/* With --on-exists fail nothing is written if it would fail. A resumed run has written some of the keys
 * itself; a dead-letter file is there for keys that exist. */
static bool forbids_existing(const struct replay *r)
{
    return r->options->on_exists == RF_ON_EXISTS_FAIL && !r->found.inputs && !r->options->dead_letter &&
           r->collisions.can_rescan;
}

static rf_code on_existing(void *ctx, const rf_key_record *record, rf_error *error)
{
    struct replay *r = ctx;
    (void)error;
    if (r->existing.count++ == 0) {
        escape_name(record->key, r->existing.first, sizeof r->existing.first);
        r->existing.db = record->db;
    }
    return RF_OK;
}

/* Expired keys are not written. */
static rf_code look_up(struct replay *r, const rf_entry *entry, rf_error *error)
{
    const rf_key_record record = {.db = entry->db, .key = entry->key, .offset = entry->offset};
    if (!r->existing.live || r->collisions.scan.pass != PASS_NOTE || entry->kind != RF_ENTRY_KEY ||
        !has_db(r, entry->db) || (entry->expire_ms != RF_NO_EXPIRY && entry->expire_ms / 1000 < time(NULL)))
        return RF_OK;
    return rf_live_check(r->existing.live, &record, error);
}

static rf_code reject_existing(struct replay *r, rf_error *error)
{
    const struct replay_existing *existing = &r->existing;
    if (existing->count == 0)
        return RF_OK;
    return fail(error, RF_E_EXISTS,
                "nothing written: %" PRIu64
                " key%s already exist%s on the target, the first is '%s' (db %" PRId64
                "); to keep or replace them, use --on-exists skip or replace",
                existing->count, text_plural(existing->count), existing->count == 1 ? "s" : "",
                existing->first, existing->db);
}

static rf_code scan_existing(struct replay *r, rf_error *error)
{
    const rf_live_options options = {.names_only = true, .found = on_existing, .ctx = r};
    rf_live_counts counts;
    TRY(rf_live_open(&r->target, &options, &r->existing.live, error));
    rf_code code = replay_scan(r, true, true, error);
    if (code == RF_OK)
        code = rf_live_finish(r->existing.live, &counts, error);
    rf_live_close(r->existing.live);
    r->existing.live = NULL;
    return code == RF_OK ? reject_existing(r, error) : code;
}

/* --- all checks --------------------------------------------------------------------------------------- */

rf_code replay_check(const struct replay *r, const rf_entry *entry, rf_error *error)
{
    if (entry->kind == RF_ENTRY_COMMAND)
        return check_command(r, error);
    return entry->kind == RF_ENTRY_KEY ? check_db(r, entry, error) : RF_OK;
}

rf_code replay_scan(struct replay *r, bool all, bool first, rf_error *error)
{
    rf_entry *entry;
    rf_code code = collisions_scan_begin(&r->collisions, all, first, error);
    while (code == RF_OK && (code = replay_tick(r, error)) == RF_OK &&
           (code = collisions_scan_next(&r->collisions, &entry, error)) == RF_OK)
        if (entry && all && (code = replay_check(r, entry, error)) == RF_OK) {
            r->state.has_commands |= entry->kind == RF_ENTRY_COMMAND;
            code = look_up(r, entry, error);
            if (code == RF_OK)
                code = note_expiries(r, entry, error);
        }
    return collisions_scan_end(&r->collisions, code, error);
}

/* How the logs are read. */
static rf_code survey_logs(struct replay *r, rf_error *error)
{
    r->session.read.by_slot = is_cluster(r);
    TRY(log_survey(&r->session, error));
    return session_join_logs(&r->session, error);
}

static rf_code survey_keys(struct replay *r, bool commands, rf_error *error)
{
    uint64_t keys = 0;
    bool protects = protects_all_keys(r, commands);
    if (protects || forbids_existing(r)) {
        rf_code code = count_keys(r, &keys, error);
        if (protects || code != RF_E_TARGET) /* it may not tell; what exists then shows later */
            TRY(code);
    }
    r->counts.keys_before = protects ? keys : 0;
    if (keys > 0 && forbids_existing(r))
        return scan_existing(r, error);
    return replay_scan(r, may_lack_db(r) || commands, true, error);
}

/* --- a source that is followed ------------------------------------------------------------------------- */

static rf_code reject_keys(struct replay *r, rf_error *error)
{
    uint64_t keys;
    if (!protects_all_keys(r, true))
        return RF_OK;
    TRY(count_keys(r, &keys, error));
    if (keys == 0)
        return RF_OK;
    return fail(error, RF_E_EXISTS,
                "nothing written: the target has %" PRIu64
                " key%s, which the commands of the source would modify: empty it, or use --on-exists skip or "
                "replace",
                keys, text_plural(keys));
}

/* The source refreshes the expiries of keys that the target would have deleted by then. */
static void shift_expiries(struct replay *r)
{
    static const rf_server has_import_mode = {RF_VALKEY, 8, 1};
    const bool offers_mode = rf_server_at_least(r->info.server, has_import_mode);
    if (!r->checkpoint.shifted && !can_shift(r)) {
        if (!r->found.inputs)
            message_warning("the target deletes expired keys by its own clock: a key whose expiry the source "
                            "changes in time may be lost if that arrives late%s",
                            offers_mode ? "; in import mode it deletes none: CONFIG SET import-mode yes"
                                        : "");
        return;
    }
    if (!r->checkpoint.shifted)
        message_note("expiries are sent 317 years late, and corrected at the end");
    r->checkpoint.shifted = true;
    rf_replay_shift_expiries(r->engine);
}

/* If it was turned off, or another process has loaded an RDB, what has expired meanwhile was deleted. */
static rf_code recognize_import_mode(const struct replay *r, uint64_t id, rf_error *error)
{
    const struct checkpoint without_streams = checkpoint_without_streams(&r->checkpoint);
    if (r->found.stream_count == 0 || r->found.import_id == 0 || r->found.import_id == id)
        return RF_OK;
    TRY(checkpoint_save(&without_streams, error));
    return fail(error, RF_E_TARGET,
                "the target %s: keys that have expired may have been deleted: run it again to write another "
                "snapshot over what is there",
                id == 0 ? "is not in import mode any more"
                        : "is not served as before: processes were started since, or slots have moved");
}

static rf_code keep_expired(struct replay *r, rf_error *error)
{
    bool used = false;
    if (!r->checkpoint.shifted)
        TRY(rf_replay_use_import_mode(r->engine, &used, error));
    r->checkpoint.import_id = rf_replay_import_id(r->engine);
    TRY(recognize_import_mode(r, r->checkpoint.import_id, error));
    if (used)
        message_note("the target is in import mode: it deletes no expired keys until that is turned off, "
                     "which is to be done when the run is complete");
    else
        shift_expiries(r);
    return RF_OK;
}

static rf_code survey_followed(struct replay *r, rf_error *error)
{
    static const rf_server has_pxat = {RF_REDIS, 6, 2};
    uint64_t keys = 0;
    if (!r->info.abilities.assumed && !rf_server_at_least(r->info.server, has_pxat))
        return fail(error, RF_E_INCOMPATIBLE, "--follow needs a target of version 6.2 or later");
    TRY(reject_keys(r, error));
    TRY(following_check(r, error));
    TRY(keep_expired(r, error));
    TRY(rf_replay_begin_commands(r->engine, error));
    TRY(following_check_target(r, error));
    if (following_restarts(r))
        TRY(count_keys(r, &keys, error));
    return following_recognize(r, keys, error);
}

rf_code replay_survey(struct replay *r, rf_error *error)
{
    bool commands = true; /* the content of a pipe is unknown */
    TRY(survey_logs(r, error));
    if (r->collisions.can_rescan)
        TRY(may_hold_commands(r, &commands, error));
    r->passed = expiry_risk_new();
    if (!r->passed)
        return fail(error, RF_E_MEMORY, "out of memory");
    if (r->options->follow)
        return survey_followed(r, error);
    TRY(survey_keys(r, commands, error));
    TRY(check_expiries(r, error));
    return r->state.has_commands ? rf_replay_begin_commands(r->engine, error) : RF_OK;
}
