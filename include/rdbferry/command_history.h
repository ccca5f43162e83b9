/* SPDX-License-Identifier: MIT */
/* What the SWAPDB and FLUSHDB of a log do to its databases, known before it is rewritten.
 *
 * If databases become prefixes, are merged or are selected by number, SWAPDB cannot stay in the result.
 * Instead each database is called by the number that its keys have at the end of the log. FLUSHDB stays where
 * the result has a database for the keys of that one alone; elsewhere what was written before the last
 * FLUSHDB is left out. Both are exact, and need one pass over the log before. FLUSHALL is not concerned: it
 * stays in the result.
 */
#ifndef RDBFERRY_COMMAND_HISTORY_H
#define RDBFERRY_COMMAND_HISTORY_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/filter.h>
#include <rdbferry/rewrite.h>
#include <rdbferry/source.h>
#include <stdbool.h>

typedef struct rf_command_history rf_command_history;

/* Whether a history is necessary to rewrite a log that has such commands. Both may be NULL. */
RF_API bool rf_command_history_is_needed(const rf_filter *filter, const rf_rewrite *rewrite);

/* `rewrite` may be NULL; it must outlive the history. Returns NULL if out of memory. */
RF_API rf_command_history *rf_command_history_new(const rf_rewrite *rewrite);

/* Whether it is a SWAPDB or a FLUSHDB. */
RF_API bool rf_command_history_has(const rf_entry *command);

/* Notes a command: all of the log's, in order. `input`: the number of the file. RF_E_CORRUPT for an invalid
 * SWAPDB, RF_E_MEMORY. */
RF_API rf_code rf_command_history_note(rf_command_history *history, uint32_t input, const rf_entry *command,
                                       rf_error *error);

/* Whether there may be something to note in an input: such a name is among its bytes, if only by chance.
 * Reads the source, until that is known, much faster than a reader does; then it can only be closed. */
RF_API rf_code rf_command_history_scan(rf_source *source, bool *found, rf_error *error);

/* Called after the last command; the functions below may be called then. */
RF_API rf_code rf_command_history_end(rf_command_history *history, rf_error *error);

/* Whether there is a SWAPDB. */
RF_API bool rf_command_history_has_swaps(const rf_command_history *history);

/* The number that a database of the snapshot, before the log, has at its end. */
RF_API int64_t rf_command_history_db(const rf_command_history *history, int64_t db);

/* Whether what was written at this place is left out for a later FLUSHDB; `db` as it is called at the end.
 * Keys of the snapshot are before every command: `input` and `offset` are 0. */
RF_API bool rf_command_history_is_flushed(const rf_command_history *history, int64_t db, uint32_t input,
                                          uint64_t offset);

/* `history` may be NULL. */
RF_API void rf_command_history_free(rf_command_history *history);

#endif
