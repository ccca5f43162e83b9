/* SPDX-License-Identifier: MIT */
/* For cursor.c: what becomes of an entry of the current input, whether it is taken as it is, chosen,
 * rewritten or left out; and how it is counted. */
#ifndef CMD_RUN_CURSOR_ACCEPT_H
#define CMD_RUN_CURSOR_ACCEPT_H

#include "base/bytes.h"
#include "base/fail.h"
#include "cmd/run/cursor.h"

enum { CURSOR_USUAL_DATABASES = 16 };

/* Keys of this input are the results of a rewrite already. */
static inline bool cursor_is_raw(const struct cursor *cursor)
{
    return cursor->session->options->keys.rewrite && cursor->number >= cursor->session->read.raw_from;
}

/* The record of the previous key ends where this one starts. */
static inline void cursor_enter_record(struct session *session, uint64_t offset)
{
    if (session->bytes_of)
        *session->bytes_of += offset - session->last_offset;
    session->bytes_of = NULL;
    session->last_offset = offset;
}

/* Commands are left out or repaired, or change how databases are called. */
bool cursor_needs_order(const struct session *session);

/* What a user should know of a key that is chosen. */
void cursor_tell_of_key(struct session *session, const rf_entry *key);

static inline rf_code cursor_count_key(struct session *session, const rf_entry *entry, int64_t source_db,
                                       rf_error *error)
{
    int64_t db = session->read.counts_results ? entry->db : source_db;
    if (UNLIKELY(entry->vendor_flags || entry->db >= CURSOR_USUAL_DATABASES))
        cursor_tell_of_key(session, entry);
    progress_count(&session->progress.keys);
    return stats_add(&session->stats, entry, db) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* A key that may be left out or renamed. */
rf_code cursor_choose_key(struct cursor *cursor, rf_entry *entry, bool *accepted, rf_error *error);

static inline rf_code cursor_count_other(struct cursor *cursor, const rf_entry *entry, rf_error *error)
{
    struct session *session = cursor->session;
    if (cursor->rescan)
        return RF_OK;
    if (entry->kind == RF_ENTRY_COMMAND)
        progress_count(&session->progress.commands);
    return stats_add(&session->stats, entry, entry->db) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* The next of the results of a command, if there is any. */
static inline rf_code cursor_next_result(struct cursor *cursor, rf_entry **result, rf_error *error)
{
    rf_code code = rf_command_rewrite_next(cursor->commands, result, error);
    if (code == RF_OK)
        return cursor_count_other(cursor, *result, error);
    return code == RF_END ? RF_OK : code;
}

/* *entry: the command, or the first one that results of it. */
rf_code cursor_accept_command(struct cursor *cursor, rf_entry *command, rf_entry **entry, rf_error *error);

/* Neither a key nor a command. */
rf_code cursor_accept_other(struct cursor *cursor, rf_entry *entry, bool *accepted, rf_error *error);

#endif
