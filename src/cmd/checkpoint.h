/* SPDX-License-Identifier: MIT */
/* A checkpoint: a small file that says how far a replay has come, and what it is a replay of. It is a file of
 * lines, each a name and a value (checkpoint_file.c), of which the last is a checksum of the others. A run
 * holds a lock on a file beside it, which stays, so that no two runs have the same. */
#ifndef CMD_CHECKPOINT_H
#define CMD_CHECKPOINT_H

#include <rdbferry/error.h>
#include <rdbferry/replay.h>
#include <rdbferry/source.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHECKPOINT_RUN = 16 };

enum checkpoint_state {
    CHECKPOINT_RUNNING, /* or ended without a word */
    CHECKPOINT_STOPPED, /* nothing was under way */
    CHECKPOINT_DONE,
};

/* What determines what is written and by what commands, as printable text; "" where it was left out. Only the
 * same commands find all that a run which was killed has left under temporary names. */
enum checkpoint_option {
    CHECKPOINT_TARGET,
    CHECKPOINT_KEYS,
    CHECKPOINT_EXPIRED,
    CHECKPOINT_RULES,
    CHECKPOINT_SHIFT,
    CHECKPOINT_ON_EXISTS,
    CHECKPOINT_ON_COLLISION,
    CHECKPOINT_OPTIONS
};

struct checkpoint_input {
    const char *path; /* for people; a loaded one has none */
    bool known;       /* what follows; of a pipe it is known when it has been opened */
    rf_identity identity;
};

struct checkpoint {
    const char *path;
    int lock; /* -1: it is not locked */
    enum checkpoint_state state;
    char run[CHECKPOINT_RUN + 1];
    int64_t started;            /* Unix milliseconds: the `now` of all that goes on from it */
    rf_place position;          /* what lies before it is settled */
    rf_place written_until;     /* nothing at or behind this place has been sent */
    bool commands;              /* commands of an AOF may have been sent */
    uint64_t failed;            /* before the position */
    uint64_t skipped;           /* as they were there; some may lie behind it */
    char *dead_letter;          /* the path of the dead letters, as printable text; NULL: there are none */
    uint64_t dead_letter_bytes; /* that are on disk of them */
    char *options[CHECKPOINT_OPTIONS];
    struct checkpoint_input *inputs;
    size_t input_count;
};

/* A new one of this path, which may be NULL, with a name for the run and everything else empty.
 * checkpoint_free() frees it in any case. */
rf_code checkpoint_new(struct checkpoint *checkpoint, const char *path, size_t input_count, rf_error *error);

/* Until it is freed no other process locks one of this path. Its file is PATH.lock, which stays.
 * RF_E_ARGUMENT where another one has it, or where what is there can be no checkpoint. */
rf_code checkpoint_lock(struct checkpoint *checkpoint, rf_error *error);

/* Reads the one at this path; *there: there is one. RF_E_ARGUMENT for one that is damaged, contradicts itself
 * or is in another version's format. checkpoint_free() frees it in any case. */
rf_code checkpoint_load(struct checkpoint *checkpoint, const char *path, bool *there, rf_error *error);

/* Replaces the file; it is on disk afterwards. */
rf_code checkpoint_save(const struct checkpoint *checkpoint, rf_error *error);

/* RF_E_ARGUMENT, telling what is another one: options, the number of inputs; an input, as far as both know
 * it. */
rf_code checkpoint_compare(const struct checkpoint *found, const struct checkpoint *wanted, rf_error *error);
rf_code checkpoint_compare_input(const struct checkpoint *found, const struct checkpoint *wanted,
                                 size_t input, rf_error *error);

void checkpoint_free(struct checkpoint *checkpoint);

#endif
