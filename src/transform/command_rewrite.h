/* SPDX-License-Identifier: MIT */
/* A command being rewritten: its keys, what is selected of them, and the commands that result. */
#ifndef TRANSFORM_COMMAND_REWRITE_H
#define TRANSFORM_COMMAND_REWRITE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/number.h"
#include "command/command_keys.h"
#include "transform/command_history.h"
#include <rdbferry/command_rewrite.h>

/* A key of the current command. */
struct selected_key {
    struct command_key at;
    int64_t db, new_db;
    rf_slice name; /* the new name, which may stand in the rewrite; only if accepted */
    bool accepted; /* by the filter */
    bool flushed;  /* not accepted, since a later FLUSHDB removes it */
    bool selected; /* and it is in the shard that is being written to */
    unsigned slot; /* of the new name; only if keys are divided or filtered by slot */
};

struct current_command {
    const rf_entry *command; /* NULL: it has been written to all shards */
    const struct command_row *row;
    struct selected_key *keys;
    size_t key_count, selected;
    size_t names;      /* of the keys, those that are no patterns */
    size_t keys_end;   /* the argument after the last key */
    int64_t source_db; /* as it is called at the end of the log */
    int64_t db;        /* after the map-db rules, or 0 */
    bool written;      /* to some shard */
    size_t next_shard;
};

enum { RESULTS = 3 /* MULTI, the first command and the second one */ };

/* A transaction in one output: without MULTI and EXEC if it has at most one command. */
struct transaction {
    uint64_t number;  /* of the log's transactions; 0: none */
    bool keeps_first; /* the first command is held back until there is a second one */
    rf_entry first;
    struct buffer bytes, arguments; /* of the first one */
};

struct rf_command_rewrite {
    rf_command_rewrite_options options;
    struct current_command current;
    rf_entry held;               /* the current command, if its rest has been read */
    rf_entry key;                /* one of its keys */
    struct command_row more_row; /* of the current command, if it is a command that is not in the table */
    struct buffer keys;          /* struct selected_key */
    struct arena names;          /* new names, if there are several keys */
    struct buffer arguments;     /* rf_slice: the command that results */
    struct buffer sorted;        /* see check_apart(), and the keys of a command that is refused */
    uint8_t digits[2][NUMBER_TEXT_MAX]; /* numbers among the arguments */
    struct {
        rf_entry entries[RESULTS];
        size_t count, next;
    } results; /* for one shard */
    struct {
        bool open;
        uint64_t number; /* how many there were, with this one */
        uint64_t offset; /* of its MULTI */
    } multi;
    uint32_t input;           /* the number of the file */
    struct db_names db_names; /* at present */
    struct {
        int64_t of, source_db, db; /* of commands in database `of`; none yet if it is -1 */
    } last_db;
    struct transaction *transactions; /* of each shard */
    size_t shard_count;               /* 1 without a topology */
    size_t transaction_count;         /* 0 if commands are rewritten by slot: they are not regrouped */
    size_t shard;                     /* that is being written to */
    int slot;                         /* one of its slots; -1: it is not known */
    rf_command_rewrite_counts counts;
};

/* Whether the keys of a command may go to different outputs. */
static inline bool is_divided(const struct rf_command_rewrite *rewrite)
{
    return rewrite->options.topology || rewrite->options.by_slot;
}

rf_code command_out_of_memory(rf_error *error);

/* Finds out how the database of the next commands is called. */
void command_enter_db(rf_command_rewrite *rewrite, int64_t db);

/* Determines the keys of the current command. */
rf_code command_select(rf_command_rewrite *rewrite, rf_error *error);

/* The same for one whose row has one key. */
rf_code command_select_one(rf_command_rewrite *rewrite, rf_error *error);

/* Writes what results from the current command. */
rf_code command_narrow(rf_command_rewrite *rewrite, rf_error *error);

/* Building a command: its arguments, then its end. Or all of the current one is written, with the new names
 * of its selected keys. */
rf_code command_argument(rf_command_rewrite *rewrite, rf_slice argument, rf_error *error);
rf_code command_end(rf_command_rewrite *rewrite, int64_t db, rf_error *error);
rf_code command_put_whole(rf_command_rewrite *rewrite, rf_error *error);

/* Writes the current command to the current shard, in the database it is now in. */
rf_code command_put_as_is(rf_command_rewrite *rewrite, rf_error *error);

/* Writes a MULTI or EXEC, if transactions are not regrouped; ends the shard's transaction, if they are. */
void command_put_control(rf_command_rewrite *rewrite);
void command_end_transaction(rf_command_rewrite *rewrite);

/* An error of the current command. `key` may be NULL. */
rf_code command_refuse(const rf_command_rewrite *rewrite, const struct selected_key *key, const char *why,
                       rf_error *error);

#endif
