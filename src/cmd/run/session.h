/* SPDX-License-Identifier: MIT */
/* A session is one run of a command over its inputs: their counters and notices, the progress and the signal
 * handling. A cursor reads the entries. */
#ifndef CMD_RUN_SESSION_H
#define CMD_RUN_SESSION_H

#include "cmd/options/common_options.h"
#include "cmd/run/inputs.h"
#include "cmd/run/joined_logs.h"
#include "cmd/run/log_survey.h"
#include "cmd/run/notices.h"
#include "cmd/run/signals.h"
#include "cmd/run/stats.h"
#include "cmd/term/progress.h"
#include "cmd/term/status.h"
#include <rdbferry/command_rewrite.h>

/* How a command wants the inputs to be read; set after session_open(). */
struct read_options {
    bool resume;          /* continue after a damaged value whose record is intact */
    bool accepts_foreign; /* also read records that only servers of one vendor understand; else give notice */
    bool counts_results;  /* keys are counted in their resulting database, not in that of the input */
    bool pauses;          /* see cursor_next() */
    bool rescans;         /* the inputs are read again afterwards, so live servers are captured */
    bool rewrites_commands; /* AOF commands are filtered and rewritten by their keys; else refused if they
                               would have to be */
    bool streams;           /* commands with a large argument are streamed: see rf_command_stream() */
    const rf_topology *topology; /* AOF commands are split; else NULL */
    bool by_slot;                /* AOF commands are divided by slot */
    size_t batches;              /* taken from an input at the same time: see cursor_take() */
    size_t raw_from; /* from this input on, keys are results of a rewrite, if there are rules: those of keys
                        that may have passed the filter are read, unchanged. SIZE_MAX: none are */
};

/* What happened to the current key. */
struct session_key {
    bool accepted;  /* it passed the filter, and entries that belong to it do, too */
    bool rewritten; /* the next two are the previous values */
    int64_t source_db;
    rf_slice source_name;
    bool ambiguous; /* see rf_rewrite_apply() */
};

/* Told about each key that a rewritten command may write; `session->key` says what it was. */
struct written_keys {
    rf_code (*fn)(void *ctx, const struct input *input, const rf_entry *key, rf_error *error);
    void *ctx;
    bool ambiguous_only; /* it needs to know no others, for now */
};

/* Told the same, each time, without a use for errors; and of each command that is left out before its keys
 * are told. */
struct noted_keys {
    void (*fn)(void *ctx, const rf_entry *key, int64_t source_db, rf_slice source);
    void (*left_out)(void *ctx, const rf_entry *command);
    void *ctx;
};

/* Told about each command that cannot be rewritten, which is left out: see rf_command_rewrite_options. */
struct refused_commands {
    rf_code (*fn)(void *ctx, size_t input, const rf_refused_command *command, rf_error *error);
    void *ctx;
};

struct session {
    const struct common_options *options;
    struct input *inputs;
    size_t input_count;
    int64_t now; /* Unix milliseconds, when the session started; decides what has expired */
    struct read_options read;
    struct stats stats;
    struct notices notices;
    struct progress progress;
    struct signal_thread signals;
    bool unfiltered;                 /* all keys are read and keep their names */
    uint64_t dropped[RF_DROP_COUNT]; /* dropped keys, by reason; they are not in `stats` */
    struct session_key key;
    struct written_keys written_keys;         /* fn may be NULL */
    struct noted_keys noted_keys;             /* the same */
    struct refused_commands refused_commands; /* the same */
    struct log_survey log;
    struct joined_logs *joined; /* several inputs with AOF commands; else NULL */
    rf_command_rewrite_counts commands;
    uint64_t *bytes_of; /* set by the consumer of a key: the size of its record is added; may be NULL */
    uint64_t last_offset;
    const char *shifted; /* the path of an input whose expiry shift has been set */
};

/* Sets the level of messages. False: the error has been printed. */
bool session_open(struct session *session, const struct common_options *options);
void session_close(struct session *session);

/* Whether some input may contain commands, as far as that is known before it is read. */
bool session_expects_commands(const struct session *session);

/* The logs of several inputs are checked against each other. */
rf_code session_join_logs(struct session *session, rf_error *error);

/* Between these two the signal thread runs, and the progress is drawn. Unfinished output is discarded before
 * the end. */
void session_begin(struct session *session);

/* What can be said of the run if a signal kills it now: "nothing was written"; NULL: nothing. */
void session_if_killed(struct session *session, const char *outcome);
void session_end(struct session *session);

/* Prints how much memory is used for tables that may be spilled to disk if `given` is 0, unless that is what
 * it always is, in verbose mode. */
void session_detail_memory(uint64_t given);

/* Adds a notice about the current entry: with its key, if it is one, otherwise with its offset. */
void session_notice(struct session *session, rf_notice_code code, const rf_entry *entry, const char *detail);

/* The same for a command that no server has built in. */
void session_notice_command(struct session *session, const rf_entry *command);

/* Whether no other file of the same operand follows. */
bool session_is_last_of_operand(const struct session *session, size_t input);

/* Formats "183 keys in 3 databases", "12 commands", or both. */
void session_format_counts(const struct session *session, char *out, size_t size);

/* Formats the name of the only input, or "3 inputs". */
void session_format_inputs(const struct session *session, char *out, size_t size);

/* Fields that expire before this time are not compared with a live target: they have expired there, or may
 * have before it replies. */
int64_t session_fields_until(void);

/* The number of dropped keys. */
uint64_t session_dropped(const struct session *session);

/* The current key as in the input. */
static inline int64_t session_source_db(const struct session *session, const rf_entry *entry)
{
    return session->key.rewritten ? session->key.source_db : entry->db;
}

static inline rf_slice session_source_key(const struct session *session, const rf_entry *entry)
{
    return session->key.rewritten ? session->key.source_name : entry->key;
}

/* Attributes an error to the current key, with its name in the input. Returns error->code. */
rf_code session_error_key(const struct session *session, const rf_entry *entry, rf_error *error);

/* Whether an option leaves out this AOF command of an input. */
static inline bool session_drops_command(const struct session *session, size_t input, const rf_entry *command)
{
    const struct log_options *log = &session->options->log;
    return (log->drop_command && log_options_drop(log, command)) ||
           (log->drop_at.text && log_place_is_of(&log->drop_at, session->inputs[input].path, command));
}

/* Whether the key has expired at the session's `now`. */
static inline bool session_has_expired(const struct session *session, const rf_entry *entry)
{
    return entry->expire_ms != RF_NO_EXPIRY && entry->expire_ms <= session->now;
}

#endif
