/* SPDX-License-Identifier: MIT */
/* Which arguments of a command are keys, from command_keys.def. */
#ifndef COMMAND_COMMAND_KEYS_H
#define COMMAND_COMMAND_KEYS_H

#include "base/bytes.h"
#include <rdbferry/entry.h>
#include <stdbool.h>
#include <stddef.h>

enum key_role { KEY_REPLACED, KEY_CHANGED, KEY_DELETED, KEY_READ, KEY_PATTERN };

enum command_class {
    CLASS_ONE,
    CLASS_EACH,
    CLASS_DESTINATION,
    CLASS_RENAME,
    CLASS_COPY,
    CLASS_LIST_MOVE,
    CLASS_SET_MOVE,
    CLASS_DB_MOVE,
    CLASS_FLUSH_DB,
    CLASS_FLUSH_ALL,
    CLASS_SWAP_DBS,
    CLASS_KEEP,
    CLASS_DROP,
    CLASS_CONTROL,
    CLASS_REFUSE,
};

enum { KEY_TERMS = 4, KEY_ONE_ARGUMENT = 1 /* a place */ };

/* A row of the table. */
struct command_row {
    const char *name;
    short arity; /* number of arguments with the name; negative: at least */
    enum command_class kind;
    struct key_term {
        unsigned char place; /* 0 after the last one */
        unsigned char role;
        short first, last, step;
    } terms[KEY_TERMS];
};

/* The number of rows. */
enum {
    COMMAND_ROWS = 0
#define KEYS(...) +1
#include "command/command_keys.def"
#undef KEYS
};

/* Sorted by name. */
extern const struct command_row command_rows[COMMAND_ROWS];

static inline bool command_row_accepts(const struct command_row *row, uint64_t argc)
{
    return row->arity < 0 ? argc >= (uint64_t)-row->arity : argc == (uint64_t)row->arity;
}

/* Whether it has one key, at the same place always. */
static inline bool command_row_has_one_key(const struct command_row *row)
{
    return row->terms[0].place == KEY_ONE_ARGUMENT && row->terms[1].place == 0;
}

/* Whether such a command with so many arguments has one key, which is the first one. */
bool command_row_has_first_key(const struct command_row *row, size_t argc);

/* NULL: no such command is known. Names are compared without case. */
const struct command_row *command_row_look_up(const rf_slice *argv, size_t argc);

/* The same, if it has been looked up already. */
static inline const struct command_row *command_row_find(const rf_entry *command)
{
    return LIKELY(command->row > 0) ? &command_rows[command->row - 1]
                                    : command_row_look_up(command->argv, command->argc);
}

/* Makes an entry a command of which nothing is known yet; the compiler joins these stores to a few. */
static inline void command_entry_clear(rf_entry *entry)
{
    const rf_slice none = {0};
    entry->kind = RF_ENTRY_COMMAND;
    entry->offset = 0;
    entry->db = 0;
    entry->key = none;
    entry->slot = 0;
    entry->type = RF_STRING;
    entry->encoding = NULL;
    entry->expire_ms = RF_NO_EXPIRY;
    entry->idle = 0;
    entry->freq = 0;
    entry->metadata = none;
    entry->value = NULL;
    entry->name = none;
    entry->text = none;
    entry->keys = entry->expiring = 0;
    entry->argv = NULL;
    entry->argc = 0;
    entry->row = 0;
    entry->raw = none;
    entry->raw_from = 0;
    entry->rest = NULL;
    entry->rest_count = 0;
    entry->time = 0;
    entry->db_unknown = false;
}

/* See rf_entry; `row` may be NULL. */
static inline unsigned command_row_number(const struct command_row *row)
{
    return row ? (unsigned)(row - command_rows) + 1 : 0;
}

/* A row for a command that cannot be narrowed, with keys from argument `first` to `last`; see RANGE. */
struct command_row command_row_of_range(const char *name, int first, int last, int step);

/* The number of the first argument after all keys; SIZE_MAX if that depends on the arguments. */
size_t command_row_keys_end(const struct command_row *row);

/* A key of a command. */
struct command_key {
    size_t argument;
    enum key_role role;
    size_t stride; /* number of arguments that belong to it, with itself */
};

/* The number of the argument that is the database of the key that MOVE and COPY write; 0: it has none. */
size_t command_db_argument(const struct command_row *row, const rf_entry *command);

/* Iterates over the keys of a command, in the order of the table's row. */
struct command_key_walk {
    const rf_entry *command;
    const struct key_term *term, *end; /* to come */
    size_t next, stop, step;           /* arguments */
    bool wrong; /* a server would refuse the command: arguments are missing, or a number
                   of keys is not that of the keys */
};

static inline void command_keys_begin(struct command_key_walk *walk, const struct command_row *row,
                                      const rf_entry *command)
{
    *walk = (struct command_key_walk){.command = command, .term = row->terms, .end = row->terms + KEY_TERMS};
}

/* Moves on to the arguments of the next term, which is not KEY_ONE_ARGUMENT. */
void command_keys_enter(struct command_key_walk *walk);

/* The same for one that is. */
static inline void command_keys_enter_one(struct command_key_walk *walk)
{
    bool is_there = (size_t)walk->term->first < walk->command->argc;
    walk->wrong |= !is_there;
    walk->next = (size_t)walk->term->first;
    walk->stop = walk->next + is_there;
    walk->step = 1;
    walk->term++;
}

/* Moves on to the next pattern. */
void command_keys_advance(struct command_key_walk *walk);

/* False after the last key; `wrong` is known then. */
static inline bool command_keys_next(struct command_key_walk *walk, struct command_key *key)
{
    while (walk->next >= walk->stop) {
        if (walk->term == walk->end || walk->term->place == 0)
            return false;
        if (LIKELY(walk->term->place == KEY_ONE_ARGUMENT))
            command_keys_enter_one(walk);
        else
            command_keys_enter(walk);
    }
    *key = (struct command_key){walk->next, (enum key_role)walk->term[-1].role, walk->step};
    if (key->role == KEY_PATTERN)
        command_keys_advance(walk);
    else
        walk->next += walk->step;
    return true;
}

#endif
