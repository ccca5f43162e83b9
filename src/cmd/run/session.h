/* SPDX-License-Identifier: MIT */
/* A session reads all inputs of a command, entry by entry, with counters, notices, progress and signal
 * handling. */
#ifndef CMD_RUN_SESSION_H
#define CMD_RUN_SESSION_H

#include "cmd/options/common_options.h"
#include "cmd/run/inputs.h"
#include "cmd/run/notices.h"
#include "cmd/run/signals.h"
#include "cmd/run/stats.h"
#include "cmd/term/progress.h"
#include "cmd/term/status.h"

struct session {
    const struct common_options *options;
    struct input *inputs;
    size_t input_count;
    bool resume; /* continue after a damaged value whose record is intact */
    int64_t now; /* Unix milliseconds, when the session started; decides what has expired */
    struct stats stats;
    struct notices notices;
    struct progress progress;
    struct stop_request *stop_request; /* set by a command that stops by itself; NULL: signals kill */
    /* Called before each entry is read, also for dropped ones and when the inputs are read again. Any result
     * but RF_OK ends the reading with that code. May be NULL. */
    rf_code (*before_entry)(void *ctx, rf_error *error);
    void *before_ctx;
    bool unfiltered; /* all keys are read and keep their names */
    bool raw_keys; /* keys are results of a rewrite: those of keys that may have passed the filter are read */
    bool accepts_foreign; /* also read records that only servers of one vendor understand; else give notice */
    bool counts_results;  /* keys are counted in their resulting database, not in that of the input */
    bool rescanning;      /* the inputs are read again: nothing is counted, and there are no notices */
    uint64_t dropped[RF_DROP_COUNT]; /* dropped keys, by reason; they are not in `stats` */
    /* The current key: */
    bool rewritten; /* it was rewritten; `source_db` and `source_key` have the previous values */
    int64_t source_db;
    rf_slice source_key;
    bool ambiguous;     /* see rf_rewrite_apply() */
    uint64_t *bytes_of; /* set by the consumer: the size of the record is added to it; may be NULL */
    uint64_t last_offset;
    bool last_accepted;  /* it passed the filter, and entries that belong to it do, too */
    const char *shifted; /* the path of an input whose expiry shift has been set */
};

/* Sets the level of messages. False: the error has been printed. */
bool session_open(struct session *session, const struct common_options *options);
void session_close(struct session *session);

/* Consumes one entry, including AUX fields. Any result but RF_OK ends the input with that code. */
typedef rf_code session_entry_fn(void *ctx, struct input *input, rf_entry *entry, rf_error *error);

/* Reads one input to its end: returns RF_OK or the error. Dropped keys are skipped; the others are rewritten.
 * Closes the input; facts about it stay in `input`. */
rf_code session_read(struct session *session, struct input *input, session_entry_fn *fn, void *ctx,
                     rf_error *error);

/* Reads all inputs again, under the same names, without counting and notices. RF_END from `fn` ends it
 * early. One of the inputs may be open meanwhile; `fn` gets another struct input with the same path. */
rf_code session_rescan(struct session *session, session_entry_fn *fn, void *ctx, rf_error *error);

/* Runs `work`, which reads the inputs, with the signal thread running. `undo` may be NULL; it is called after
 * an error, while signals are still handled. */
rf_code session_run(struct session *session, rf_code (*work)(void *ctx, rf_error *error),
                    void (*undo)(void *ctx), void *ctx, rf_error *error);

/* Adds a notice about the current entry: with its key, if it is one, otherwise with its offset. */
void session_notice(struct session *session, rf_notice_code code, const rf_entry *entry, const char *detail);

/* The same for a command that no server has built in. */
void session_notice_command(struct session *session, const rf_entry *command);

/* Formats "183 keys in 3 databases", "12 commands", or both. */
void session_format_counts(const struct session *session, char *out, size_t size);

/* Formats the name of the only input, or "3 inputs". */
void session_format_inputs(const struct session *session, char *out, size_t size);

/* Fields that expire before this time are not compared with a live target: they have expired there, or may
 * have before it replies. */
int64_t session_fields_until(void);

/* Whether all keys are read unchanged. */
bool session_is_unfiltered(const struct session *session);

/* The number of dropped keys. */
uint64_t session_dropped(const struct session *session);

/* The current key as in the input. */
static inline int64_t session_source_db(const struct session *session, const rf_entry *entry)
{
    return session->rewritten ? session->source_db : entry->db;
}

static inline rf_slice session_source_key(const struct session *session, const rf_entry *entry)
{
    return session->rewritten ? session->source_key : entry->key;
}

/* Attributes an error to the current key, with its name in the input. Returns error->code. */
rf_code session_error_key(const struct session *session, const rf_entry *entry, rf_error *error);

/* Whether the key has expired at the session's `now`. */
static inline bool session_has_expired(const struct session *session, const rf_entry *entry)
{
    return entry->expire_ms != RF_NO_EXPIRY && entry->expire_ms <= session->now;
}

#endif
