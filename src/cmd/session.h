/* SPDX-License-Identifier: MIT */
/* A session: reading all inputs of a command, entry by entry, with what belongs around it: counters,
 * notices, progress, signals. */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include "attend.h"
#include "common_options.h"
#include "inputs.h"
#include "notices.h"
#include "progress.h"
#include "stats.h"
#include "status.h"

struct session {
    const struct common_options *options;
    struct input *inputs;
    size_t input_count;
    bool resume; /* a damaged value in a sound frame is not the end of an input */
    int64_t now; /* Unix milliseconds, when the session began; for what has expired */
    struct stats stats;
    struct notices notices;
    struct progress progress;
    struct stop_request *stop_request; /* set by a command that stops by itself; NULL: signals kill */
    /* Called before each entry that is read, be it left out, and also when the inputs are read once more.
     * Anything but RF_OK ends the reading with that code. NULL: nobody. */
    rf_code (*before_entry)(void *ctx, rf_error *error);
    void *before_ctx;
    bool takes_all;      /* every key is chosen, and keeps its name */
    bool as_is;          /* keys are what comes of a rewrite: those that may come of chosen ones are taken */
    bool takes_foreign;  /* also records that only servers of one vendor understand; else notice is given */
    bool counts_results; /* keys count for the database they come out in, not for that in the input */
    bool twice;          /* the inputs are read once more: nothing is counted or noticed */
    uint64_t dropped[RF_DROP_COUNT]; /* keys that were not chosen, by reason; they are not in `stats` */
    /* Of the key at hand: */
    bool rewritten; /* it went through the rules; `source_db` and `source_key` are as they were before */
    int64_t source_db;
    rf_slice source_key;
    bool ambiguous;     /* see rf_rewrite_apply() */
    uint64_t *bytes_of; /* set by whoever takes it: the size of its record is added there; or NULL */
    uint64_t last_offset;
    bool takes_last;     /* it has been chosen, and what belongs to it is too */
    const char *shifted; /* the path of an input: its expiries are moved as they should be */
};

/* Sets the level of messages. False: the message has been printed. */
bool session_open(struct session *session, const struct common_options *options);
void session_close(struct session *session);

/* Takes one entry, AUX fields among them; anything but RF_OK ends the input with that code. */
typedef rf_code session_take_fn(void *ctx, struct input *input, rf_entry *entry, rf_error *error);

/* Reads one input to its end: RF_OK, or why not. Keys that are not chosen are skipped; the others come
 * rewritten. Closes the input; what it was stays in `input`. */
rf_code session_read(struct session *session, struct input *input, session_take_fn *take, void *ctx,
                     rf_error *error);

/* Reads all inputs once more, under the same names: nothing is counted or noticed. RF_END from `take` ends it
 * early. One of the inputs may be open meanwhile; `take` gets another struct input of the same path. */
rf_code session_read_again(struct session *session, session_take_fn *take, void *ctx, rf_error *error);

/* Runs `work` with the attendant by its side; `work` reads the inputs. `undo`, if not NULL, is called after
 * an error, while signals are still looked after. */
rf_code session_run(struct session *session, rf_code (*work)(void *ctx, rf_error *error),
                    void (*undo)(void *ctx), void *ctx, rf_error *error);

/* Gives notice of the entry at hand: of its key, if it is one, else of its offset. */
void session_notice(struct session *session, rf_notice_code code, const rf_entry *entry, const char *detail);

/* Of a command that no server has by itself. */
void session_notice_command(struct session *session, const rf_entry *command);

/* "183 keys in 3 databases", "12 commands", or both. */
void session_format_counts(const struct session *session, char *out, size_t size);

/* The one input's name, or "3 inputs". */
void session_format_inputs(const struct session *session, char *out, size_t size);

/* Fields that expire until then are not compared with a live target: they have expired there, or may have by
 * the time of its answer. */
int64_t session_fields_until(void);

/* Whether all keys are taken as they are. */
bool session_takes_all(const struct session *session);

/* Keys that were not chosen. */
uint64_t session_dropped(const struct session *session);

/* The key at hand as it lies in the input. */
static inline int64_t session_source_db(const struct session *session, const rf_entry *entry)
{
    return session->rewritten ? session->source_db : entry->db;
}

static inline rf_slice session_source_key(const struct session *session, const rf_entry *entry)
{
    return session->rewritten ? session->source_key : entry->key;
}

/* How far the key's time has come at the session's `now`. */
static inline bool session_has_expired(const struct session *session, const rf_entry *entry)
{
    return entry->expire_ms != RF_NO_EXPIRY && entry->expire_ms <= session->now;
}

#endif
