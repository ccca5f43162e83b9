/* SPDX-License-Identifier: MIT */
/* Filters, rewrites and splits the commands of an AOF by their keys, as keys of a snapshot are.
 *
 * Every argument that is a key is filtered and renamed by the same rules. A command of which only some keys
 * are selected is narrowed where that leaves exactly the selected keys as they would have been: DEL loses the
 * others, RENAME to a name that is not selected becomes DEL. Otherwise it is refused, since the value of a
 * key that is not selected is unknown. Databases: SELECT, MOVE, COPY ... DB, SWAPDB, FLUSHDB and FLUSHALL do
 * in the result what they did in the log, or are refused. Transactions keep their order, and lose MULTI and
 * EXEC if at most one command is left.
 *
 * With a topology, or by slot, each shard gets the part of a command and of a transaction that concerns its
 * keys, and all commands without keys. The order of the commands of each shard, and so of each key, is that
 * of the log.
 *
 * A command of a log has succeeded and had an effect: that is what makes narrowing exact. The type and the
 * expiry of a key are not in a command; filters by these cannot be applied. */
#ifndef RDBFERRY_COMMAND_REWRITE_H
#define RDBFERRY_COMMAND_REWRITE_H

#include <rdbferry/command_history.h>
#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/filter.h>
#include <rdbferry/plain_commands.h>
#include <rdbferry/rewrite.h>
#include <rdbferry/topology.h>

typedef struct rf_command_rewrite rf_command_rewrite;

/* Commands that are not in the table of commands: their keys are not known. With a topology they cannot be
 * copied, nor by slot. */
typedef enum rf_unknown_commands { RF_UNKNOWN_FAIL, RF_UNKNOWN_COPY, RF_UNKNOWN_DROP } rf_unknown_commands;

/* The keys of a command that is not in the table of commands, such as one of a module, as COMMAND INFO shows
 * them: argument `first` (the name is number 0) and each `step` arguments after it, up to `last`; -1 is the
 * last argument. */
typedef struct rf_command_keys {
    const char *name; /* without case */
    int first, last, step;
} rf_command_keys;

/* A command that cannot be written, as RF_E_INCOMPATIBLE says. */
typedef struct rf_refused_command {
    const rf_entry *command; /* as it was in the log */
    const rf_entry *keys;    /* those that are selected, also if they are only read, under their new names */
    size_t key_count;
    const rf_error *why;
} rf_refused_command;

typedef struct rf_command_rewrite_options {
    rf_filter *filter;           /* not by type or expiry; NULL: all keys */
    rf_rewrite *rewrite;         /* NULL: names and databases are kept */
    const rf_topology *topology; /* NULL: one output */
    bool by_slot; /* without a topology: each command that results has keys of one slot, out->slot; MULTI,
                     EXEC and commands without keys are returned once, with slot -1 */
    const rf_command_history *history; /* of this log; NULL: SWAPDB and FLUSHDB are refused if they cannot
                                          stay */
    rf_unknown_commands unknown;
    const rf_command_keys *more_commands; /* that are known besides */
    size_t more_count;
    /* Called for each key of a command, also if it is only read: `key` under its new name and database, and
     * what it was. May be NULL. */
    rf_code (*written)(void *ctx, const rf_entry *key, int64_t source_db, rf_slice source, bool ambiguous,
                       rf_error *error);
    const bool *ambiguous_only; /* while it is true, `written` is called for ambiguous keys only, see
                                   rf_rewrite_apply(); NULL: for all */
    /* Called for such a command, which is then left out; by slot, no part of it has been returned before. Not
     * if its keys are not known, or it has none, as SWAPDB: that remains an error. NULL: it always is. */
    rf_code (*refused)(void *ctx, const rf_refused_command *command, rf_error *error);
    /* Called for each command that RF_UNKNOWN_DROP leaves out. May be NULL. */
    void (*unknown_left_out)(void *ctx, const rf_entry *command);
    void *ctx;
} rf_command_rewrite_options;

/* RF_E_ARGUMENT for a filter by type or expiry. What `options` refers to must outlive the object. */
RF_API rf_code rf_command_rewrite_open(const rf_command_rewrite_options *options, rf_command_rewrite **out,
                                       rf_error *error);

/* Called before the first command of each file of the log; files are numbered as in the history. */
RF_API void rf_command_rewrite_enter(rf_command_rewrite *rewrite, uint32_t input);

/* Takes the next command of the log; it and its arguments must stay valid until rf_command_rewrite_next() has
 * returned RF_END, and until then the rewrite of the options must not be applied to anything else. Of a
 * streamed command the rest is held only if there are keys in it or it goes to several outputs; what results
 * of it can be streamed. RF_E_INCOMPATIBLE if its keys cannot be told, or if by slot it cannot be divided;
 * RF_E_COLLISION if two of its keys have got the same name; the errors name the command, its offset and the
 * key. */
RF_API rf_code rf_command_rewrite_put(rf_command_rewrite *rewrite, const rf_entry *command, rf_error *error);

/* Filters and renames the keys of plain commands, with the same result as if each was put: those that are not
 * selected are removed from `run`, which gets the resulting database and, if keys are divided, the slots.
 * Returns how many have been taken; if these are not all, the next one is to be put. New names are valid
 * until the rewrite is used again. Not while a command is pending. */
RF_API size_t rf_command_rewrite_plain(rf_command_rewrite *rewrite, rf_plain_commands *run);

/* The database of what results of commands in database `db`. */
RF_API int64_t rf_command_rewrite_db(const rf_command_rewrite *rewrite, int64_t db);

/* The next command that results: RF_END if none does until the next one is put. It is valid until the next
 * call. With a topology, (*out)->slot is one of the shard it goes to; by slot it is that of its keys;
 * otherwise -1. RF_E_INCOMPATIBLE: the command can neither be copied nor narrowed. */
RF_API rf_code rf_command_rewrite_next(rf_command_rewrite *rewrite, rf_entry **out, rf_error *error);

/* Whether rf_command_rewrite_next() has not returned RF_END yet, and may return another command. */
RF_API bool rf_command_rewrite_is_pending(const rf_command_rewrite *rewrite);

typedef struct rf_command_rewrite_counts {
    uint64_t dropped;  /* commands, without MULTI and EXEC: none of their keys is selected, or they change
                          no data */
    uint64_t narrowed; /* to some of their keys; a command that is split counts once for each shard */
} rf_command_rewrite_counts;

RF_API rf_command_rewrite_counts rf_command_rewrite_counts_get(const rf_command_rewrite *rewrite);

/* Forgets the counts, and what is pending. Not in a transaction. */
RF_API void rf_command_rewrite_clear(rf_command_rewrite *rewrite);

/* `rewrite` may be NULL. */
RF_API void rf_command_rewrite_close(rf_command_rewrite *rewrite);

#endif
