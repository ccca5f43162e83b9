/* SPDX-License-Identifier: MIT */
/* What has to be done in order with what a lane has done: notices, names that may collide, and keys that a
 * command counts, with what it has found out about them. */
#ifndef CMD_RUN_JOURNAL_H
#define CMD_RUN_JOURNAL_H

#include "base/buffer.h"
#include <rdbferry/collision.h>
#include <rdbferry/digest.h>
#include <rdbferry/notice.h>

struct journal_name {
    uint64_t entry;
    rf_name_hash hash;
    rf_digest source; /* of the key in the input, if that is wanted */
    bool in_command;
};

/* A zeroed one is empty and ready. */
struct journal {
    uint64_t entry; /* the number of the current one; set by the owner */
    bool failed;    /* out of memory: it is incomplete */
    struct buffer notices, keys;
    struct journal_name *names;
    size_t name_count, name_cap;
    bool has_other_names; /* of keys that cannot collide with each other */
    uint64_t last_bytes;  /* of the last of `keys` */
    size_t last_key;      /* its position; only if there are any */
};

void journal_notice(struct journal *journal, const rf_notice *notice);
/* Sets its entry. */
void journal_name(struct journal *journal, struct journal_name name);

/* Keeps the name, the slot, and facts that only the owner understands. The caller adds the size of the record
 * to the result, before the next call. */
uint64_t *journal_key(struct journal *journal, const rf_entry *key, rf_slice facts);

/* Sends all notices to `to`. */
void journal_tell(const struct journal *journal, rf_notify to);

/* Calls `fn` with each key, of which only the name and the slot are known, its facts, which are not aligned,
 * and the size of its record, as long as it returns RF_OK. */
typedef rf_code journal_key_fn(void *ctx, const rf_entry *key, rf_slice facts, uint64_t bytes,
                               rf_error *error);
rf_code journal_keys(struct journal *journal, journal_key_fn *fn, void *ctx, rf_error *error);

/* Empties it. */
void journal_clear(struct journal *journal);
void journal_free(struct journal *journal);

#endif
