/* SPDX-License-Identifier: MIT */
/* What has changed between two snapshots, for `replay --since FIRST`: the second one is the inputs.
 *
 * Both are read before anything is written, and compared by the digests of their keys, after filtering and
 * rewriting. The result is a bit for each key and function library of either snapshot, in the order in which
 * they are read: of the second snapshot those to write, of the first one those to delete. So the memory does
 * not depend on what has changed, and a resumed run finds the same.
 *
 * Keys that have expired and collections without elements are no keys: they are not written, and what the
 * first snapshot has in their place is deleted. Damaged values and those of one vendor's servers count as
 * changed in the second snapshot, so that they are reported. */
#ifndef CMD_REPLAY_SINCE_H
#define CMD_REPLAY_SINCE_H

#include "cmd/run/cursor.h"
#include <rdbferry/compare.h>
#include <rdbferry/digest.h>

struct bits {
    uint64_t *words;
    size_t count; /* of words; bits after them are 0 */
};

/* The first members are set by the owner, the rest start as 0. */
struct since {
    struct session
        *session; /* its inputs are the second snapshot, followed by `files` - those of the first */
    size_t files;
    uint64_t memory;                             /* for the comparison; 0: a default limit */
    rf_code (*tick)(void *ctx, rf_error *error); /* called between entries; may be NULL */
    rf_difference_fn removed; /* called for each key and library that only the first has; may be NULL */
    void *ctx;

    struct bits to_write, to_delete;
    rf_compare *compare;
    rf_digester *digester;
    uint64_t next_write; /* the number of the next entry of the second snapshot */
    bool is_unchanged;   /* the one before */
};

/* Reads both snapshots. Returns RF_E_UNSUPPORTED for AOF commands, RF_E_DUPLICATE if two keys of the first
 * snapshot have the same name. */
rf_code since_compare(struct since *since, rf_error *error);

/* Whether it has a name, under which it is compared. */
static inline bool since_counts(const rf_entry *entry)
{
    return entry->kind == RF_ENTRY_KEY || entry->kind == RF_ENTRY_FUNCTION || entry->kind == RF_ENTRY_FOREIGN;
}

/* Called for each entry of the second snapshot, in order: whether it is left out as unchanged. A detail
 * follows its key. */
bool since_is_unchanged(struct since *since, const rf_entry *entry);

/* Calls `fn` for each key and library to delete: its record, with the digest of what the target should have,
 * or `fault` if its value is damaged. The record's `input` and `offset` are its position. */
typedef rf_code (*since_delete_fn)(void *ctx, const rf_key_record *record, const rf_error *fault,
                                   rf_error *error);
rf_code since_deletions(struct since *since, since_delete_fn fn, void *ctx, rf_error *error);

void since_free(struct since *since);

#endif
