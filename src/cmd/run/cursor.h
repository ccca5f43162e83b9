/* SPDX-License-Identifier: MIT */
/* Reads the entries of a session's inputs, one input after the other, and streams in turn: those that the
 * filter accepts, rewritten and counted.
 *
 *     cursor_open(&cursor, session, 0, session->input_count);
 *     while (code == RF_OK && (code = cursor_next(&cursor, &entry, error)) == RF_OK)
 *         code = put(entry, error);
 *     return cursor_close(&cursor, code, error); */
#ifndef CMD_RUN_CURSOR_H
#define CMD_RUN_CURSOR_H

#include "cmd/run/session.h"
#include <rdbferry/batch.h>
#include <rdbferry/plain_commands.h>
#include <rdbferry/strings.h>

struct cursor {
    struct session *session;
    struct input *input; /* the one being read; NULL: none, or it has ended */
    size_t number;       /* of that input, or the last one, in the session */
    size_t next, end;    /* the inputs that follow */
    uint64_t turns;      /* commands read from streams */
    bool rescan;         /* nothing is counted, and there are no notices */
    struct input again;  /* in a rescan: the session's own input may be open meanwhile */
    rf_entry entry;
    rf_command_rewrite *commands; /* NULL: no command has been rewritten */
    rf_batch *batch; /* the entries are those of this batch of the input; NULL: they are the input's */
};

/* Starts before the first of the inputs `first` to `end` - 1. cursor_close() must be called. */
void cursor_open(struct cursor *cursor, struct session *session, size_t first, size_t end);

/* All inputs once more, under the same names: nothing is counted, and there are no notices. Another cursor
 * may be open. `phase` is its name for progress_phase(). */
void cursor_open_rescan(struct cursor *cursor, struct session *session, const char *phase);

/* The same for the files `first` to `end` - 1 of the options, of which the session need not read all. */
void cursor_open_rescan_of(struct cursor *cursor, struct session *session, size_t first, size_t end,
                           const char *phase);

/* Reads the next entry, which may be an AUX field; it is valid until the next call. Returns RF_END after the
 * last one of the last input, or of the batch. If the session wants pauses, an entry that was left out and
 * the end of an input before the last are RF_OK, with NULL in *entry; so is a stream of which nothing has
 * arrived: of several streams, the one whose turn it is; and outside of a batch a command that is rewritten,
 * before what results of it. */
rf_code cursor_next(struct cursor *cursor, rf_entry **entry, rf_error *error);

/* Reads the next keys with plain strings, up to `most` of them, before it is known whether they are accepted;
 * none, if something else is next. They are valid until the cursor is used to read again. Not within a
 * command. */
void cursor_next_strings(struct cursor *cursor, rf_string *keys, size_t most, rf_strings *strings);

/* Reads the next plain commands, up to `most` of them, as far as what results of them is in database `db`,
 * rewrites and counts them. Returns how many were read: `run` has what is left of them, valid until the
 * cursor is used to read again. None, if something else is next. The entry before must be a command. */
size_t cursor_next_commands(struct cursor *cursor, int64_t db, rf_plain_command *commands, size_t most,
                            rf_plain_commands *run);

/* What cursor_next() does with a key before it returns it: it is counted, and renamed or left out. */
rf_code cursor_accept_key(struct cursor *cursor, rf_entry *key, bool *accepted, rf_error *error);

/* Whether all keys of the current input are accepted as they are; or nothing is decided about them but their
 * names and databases. They need no more then than to be counted: */
bool cursor_accepts_all(const struct cursor *cursor);
bool cursor_only_renames(const struct cursor *cursor);

/* Counts keys that follow one that was accepted, in the same database. */
void cursor_accept_strings(struct cursor *cursor, const rf_string *keys, size_t count);

/* Whether the next entry results from the same command as the one before, if there is any. */
bool cursor_is_within_command(const struct cursor *cursor);

/* Whether what is next in the current input may be read out of order: it does not set what is known of later
 * entries, and does not depend on earlier ones. */
bool cursor_can_take(const struct cursor *cursor);

/* Takes the next keys or commands of the current input, see rf_reader_take(). */
rf_code cursor_take(struct cursor *cursor, rf_batch *batch, bool *taken, rf_error *error);

/* Entries before this offset of the input have been accounted for in `session`. */
void cursor_end_record(struct session *session, uint64_t offset);

/* The rest of the current input is not read. */
void cursor_skip_input(struct cursor *cursor);

/* Closes the input that is open, and returns `code`, which ended the loop: the result of cursor_next() or the
 * caller's error. RF_END becomes RF_OK, and an error that concerns the open input gets its name. */
rf_code cursor_close(struct cursor *cursor, rf_code code, rf_error *error);

#endif
