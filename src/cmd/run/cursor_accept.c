/* SPDX-License-Identifier: MIT */
/* Keys, and what is no command: chosen, renamed and counted. */
#include "cmd/run/cursor_accept.h"
#include "cmd/run/cursor_streams.h"
#include "cmd/term/message.h"
#include <inttypes.h>
#include <rdbferry/slot.h>
#include <rdbferry/snapshot.h>
#include <rdbferry/value.h>
#include <stdio.h>

/* --- keys --------------------------------------------------------------------------------------------- */

/* Sets by how much the expiries of this input are shifted. Its save time is known by its first key. */
static rf_code set_expiry_shift(struct cursor *cursor, rf_error *error)
{
    struct session *session = cursor->session;
    const struct key_options *keys = &session->options->keys;
    int64_t saved_at = input_info(cursor->input)->saved_at, ms = keys->shift_ms;
    if (keys->shift == SHIFT_AUTO && saved_at < 0)
        return fail(error, RF_E_ARGUMENT, "the input has no save time: --shift-expiry needs a duration");
    if (keys->shift == SHIFT_AUTO)
        ms = session->now > saved_at * 1000 ? session->now - saved_at * 1000 : 0;
    if (keys->shift == SHIFT_AUTO && !cursor->rescan)
        message_detail("%s: expiries shifted by %" PRId64 " s", input_name(cursor->input), ms / 1000);
    rf_rewrite_shift_expiry(keys->rewrite, ms);
    session->shifted = cursor->input->path;
    return RF_OK;
}

/* A hash or a set whose elements have all expired is an expired key. Damage in it is left to be found by the
 * consumer of the entry. */
static rf_code check_fields(const struct session *session, rf_entry *entry, rf_drop_reason *drop,
                            rf_error *error)
{
    int policy = session->options->keys.expired;
    bool may_go = policy == RF_EXPIRED_DROP && *drop == RF_DROP_NONE;
    bool may_come = policy == RF_EXPIRED_ONLY && *drop == RF_DROP_BY_EXPIRY;
    if ((entry->type != RF_HASH && entry->type != RF_SET) || (!may_go && !may_come))
        return RF_OK;
    rf_field_expiry expiry;
    rf_code code = rf_value_field_expiry(entry->value, &expiry, error);
    if (code != RF_OK)
        return session->read.resume ? RF_OK : code;
    if (expiry.fields > 0 && rf_fields_end(&expiry) != RF_NO_EXPIRY && rf_fields_end(&expiry) <= session->now)
        *drop = may_go ? RF_DROP_BY_EXPIRY : RF_DROP_NONE;
    else if (may_go)
        rf_value_leave_out_expired(entry->value, &expiry, session->now);
    return RF_OK;
}

/* *drop: the reason to drop the key, if any. Its slot is that of the resulting name. */
static rf_code filter_key(struct cursor *cursor, rf_entry *entry, rf_drop_reason *drop, rf_error *error)
{
    struct session *session = cursor->session;
    rf_filter *filter = session->options->keys.filter;
    rf_rewrite *rewrite = session->options->keys.rewrite;
    *drop = RF_DROP_NONE;
    session->key.ambiguous = session->key.rewritten = false;
    if (session->unfiltered)
        return RF_OK;
    if (cursor_is_raw(cursor))
        return rf_rewrite_can_cover(rewrite, filter) ? rf_rewrite_covers(rewrite, filter, entry, drop, error)
                                                     : RF_OK;
    if (session->log.history)
        entry->db = rf_command_history_db(session->log.history, entry->db);
    TRY(rf_filter_match(filter, entry, drop, error));
    if (*drop == RF_DROP_NONE && session->log.history &&
        rf_command_history_is_flushed(session->log.history, entry->db, 0, 0))
        *drop = RF_DROP_BY_FLUSH;
    TRY(check_fields(session, entry, drop, error));
    if (*drop == RF_DROP_NONE && rewrite) {
        session->key.rewritten = true;
        session->key.source_db = entry->db;
        session->key.source_name = entry->key;
        if (session->shifted != cursor->input->path)
            TRY(set_expiry_shift(cursor, error));
        TRY(rf_rewrite_apply(rewrite, entry, &session->key.ambiguous, error));
    }
    if (*drop != RF_DROP_NONE || !rf_filter_uses_slots(filter))
        return RF_OK;
    entry->slot = (int)rf_slot_of(entry->key);
    if (!rf_filter_accepts_slot(filter, (unsigned)entry->slot))
        *drop = RF_DROP_BY_SLOT;
    return RF_OK;
}

/* A key that another node of the cluster owns: its slot is being migrated, or was left behind by that. */
static rf_code check_owner(const struct input *input, const rf_entry *entry, rf_error *error)
{
    unsigned slot = rf_slot_of(entry->key);
    if (rf_files_has_slot(input->files, input->number, slot))
        return RF_OK;
    fail(error, RF_E_READ,
         "slot %u belongs to another node: it is being migrated, or was (see redis-cli --cluster check)",
         slot);
    error_key(error, entry->db, entry->key);
    return error->code;
}

void cursor_tell_of_key(struct session *session, const rf_entry *key)
{
    if (key->vendor_flags)
        session_notice(session, RF_NOTICE_FOREIGN_RECORD, key, key->vendor_flags);
    if (key->db >= CURSOR_USUAL_DATABASES && session->notices.records[RF_NOTICE_MANY_DATABASES].count == 0)
        session_notice(session, RF_NOTICE_MANY_DATABASES, key, "servers have 16 databases by default");
}

rf_code cursor_choose_key(struct cursor *cursor, rf_entry *entry, bool *accepted, rf_error *error)
{
    struct session *session = cursor->session;
    rf_drop_reason drop;
    if (cursor->input->is_live)
        TRY(check_owner(cursor->input, entry, error));
    rf_code code = filter_key(cursor, entry, &drop, error);
    if (code == RF_OK && drop == RF_DROP_NONE && session->joined)
        code = joined_logs_key(session->joined, session->options, cursor->number,
                               session_source_db(session, entry), session_source_key(session, entry), error);
    cursor_enter_record(session, entry->offset);
    if (code != RF_OK)
        return code;
    *accepted = session->key.accepted = drop == RF_DROP_NONE;
    if (cursor->rescan) {
        progress_count(&session->progress.phase_keys);
        return RF_OK;
    }
    if (*accepted)
        return cursor_count_key(session, entry, session_source_db(session, entry), error);
    progress_count(&session->progress.keys);
    session->dropped[drop]++;
    stats_pause(&session->stats, entry->offset);
    return RF_OK;
}

/* --- other entries ------------------------------------------------------------------------------------ */

/* AUX records of modules are filtered like the values of modules. */
static bool accepts_module_aux(struct cursor *cursor, const rf_entry *entry)
{
    char module[10];
    if (rf_filter_accepts_type(cursor->session->options->keys.filter, RF_MODULE))
        return true;
    snprintf(module, sizeof module, "%.*s", (int)entry->name.len, (const char *)entry->name.ptr);
    if (!cursor->rescan)
        session_notice(cursor->session, RF_NOTICE_MODULE_AUX_TYPE, entry, module);
    return false;
}

/* A record with a key name and a type of its own, which filters treat as a module's. */
static rf_code filter_foreign(const struct session *session, const rf_entry *entry, bool *accepted,
                              rf_error *error)
{
    rf_entry key = *entry;
    rf_drop_reason why;
    key.type = RF_MODULE;
    key.expire_ms = RF_NO_EXPIRY;
    rf_code code = rf_filter_match(session->options->keys.filter, &key, &why, error);
    *accepted = why == RF_DROP_NONE;
    return code;
}

static void notice_foreign(struct session *session, const rf_entry *entry)
{
    char what[64];
    snprintf(what, sizeof what, "%.*s of %.*s", (int)entry->text.len, (const char *)entry->text.ptr,
             (int)entry->name.len, (const char *)entry->name.ptr);
    session_notice(session, RF_NOTICE_FOREIGN_RECORD, entry, what);
}

rf_code cursor_accept_other(struct cursor *cursor, rf_entry *entry, bool *accepted, rf_error *error)
{
    struct session *session = cursor->session;
    bool raw = cursor_is_raw(cursor);
    bool foreign = entry->kind == RF_ENTRY_FOREIGN || entry->kind == RF_ENTRY_FOREIGN_DETAIL;
    rf_code code = RF_OK;
    *accepted = true;
    if (entry->kind == RF_ENTRY_AUX && cursor->input->stream)
        cursor_note_stream_db(cursor, entry);
    if (entry->kind == RF_ENTRY_MODULE_AUX && !raw)
        *accepted = accepts_module_aux(cursor, entry);
    else if (entry->kind == RF_ENTRY_FOREIGN && !raw)
        code = filter_foreign(session, entry, accepted, error);
    else if (entry->kind == RF_ENTRY_FOREIGN_DETAIL && !raw)
        *accepted = session->key.accepted; /* it belongs to the key before */
    cursor_enter_record(session, entry->offset);
    if (code != RF_OK || !*accepted)
        return code;
    *accepted = !foreign || session->read.accepts_foreign;
    if (!*accepted && !cursor->rescan)
        notice_foreign(session, entry);
    return *accepted ? cursor_count_other(cursor, entry, error) : RF_OK;
}
