/* SPDX-License-Identifier: MIT */
/* A checkpoint: a small file that records which run it belongs to and how far that run has progressed. Each
 * of its lines holds a name and a value (checkpoint_file.c); the last line is a checksum of the others. A run
 * holds a lock on a separate file, PATH.lock, which is not removed, so that two runs cannot use the same
 * checkpoint. */
#ifndef CMD_REPLAY_CHECKPOINT_H
#define CMD_REPLAY_CHECKPOINT_H

#include <rdbferry/error.h>
#include <rdbferry/replay.h>
#include <rdbferry/source.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHECKPOINT_RUN = 16 };

enum checkpoint_state {
    CHECKPOINT_RUNNING,   /* also after a crash */
    CHECKPOINT_STOPPED,   /* no request was in flight */
    CHECKPOINT_SWITCHING, /* from here on no run is resumed: the clients may use the target already */
    CHECKPOINT_LOST,      /* the target has lost what it had acknowledged */
    CHECKPOINT_DONE,
};

/* AOF commands that may have been sent. */
enum checkpoint_commands {
    COMMANDS_NONE,
    COMMANDS_ONCE,  /* exactly once: the position keys on the target say which have been applied */
    COMMANDS_PLAIN, /* without transactions */
};

/* The options that determine what is written and with which commands, as printable text; "" if not given.
 * Only a run with the same options finds all staging keys that a killed run has left behind. */
enum checkpoint_option {
    CHECKPOINT_TARGET,
    CHECKPOINT_KEYS,
    CHECKPOINT_EXPIRED,
    CHECKPOINT_RULES,
    CHECKPOINT_SHIFT,
    CHECKPOINT_ON_EXISTS,
    CHECKPOINT_DELETIONS,
    CHECKPOINT_ON_COLLISION,
    CHECKPOINT_LOG,
    CHECKPOINT_OPTIONS
};

struct checkpoint_input {
    const char *path; /* for messages; NULL in a loaded checkpoint */
    bool known;       /* `identity` is valid; for a pipe only after it has been opened */
    rf_identity identity;
};

/* A command before the position that the target has acknowledged: the position key of its slot shows that
 * the target still has it. */
struct checkpoint_mark {
    uint64_t offset; /* just after the start of the command; 0: there is none */
    unsigned slot;   /* of the target */
};

enum { CHECKPOINT_MARKS = 64 /* of equal ranges of slots: some for each node */ };

/* Where the stream of a source is continued. */
struct checkpoint_stream {
    char id[41];
    uint64_t offset;
    int64_t db;  /* that is selected there */
    char *slots; /* of the source: "0-99,200-299" */
    struct checkpoint_mark marks[CHECKPOINT_MARKS];
};

struct checkpoint {
    const char *path;
    int lock; /* -1: not locked */
    enum checkpoint_state state;
    char run[CHECKPOINT_RUN + 1];
    int64_t started;                   /* Unix milliseconds: the `now` of all runs that resume from it */
    rf_position position;              /* everything before it is done */
    struct checkpoint_stream *streams; /* the position is in the first of them, */
    size_t stream_count;               /* 0: it is not in a stream */
    rf_position written_until;         /* nothing at or after it has been sent */
    enum checkpoint_commands commands;
    bool shifted;               /* expiries are written shifted, until the run is done */
    uint64_t import_id;         /* rf_replay_import_id(): the target is in import mode; 0: not used */
    uint64_t failed;            /* before the position */
    uint64_t skipped;           /* because they existed; some may be after the position */
    char *dead_letter;          /* path of the dead-letter file, as printable text; NULL: none */
    uint64_t dead_letter_bytes; /* size of its part that is on disk */
    char *options[CHECKPOINT_OPTIONS];
    struct checkpoint_input *inputs;
    size_t input_count;
};

/* Initializes a new checkpoint with a random run name; `path` may be NULL. The caller frees it with
 * checkpoint_free(), also after an error. */
rf_code checkpoint_new(struct checkpoint *checkpoint, const char *path, size_t input_count, rf_error *error);

/* Locks the checkpoint's path against other processes until it is freed. The lock file PATH.lock is not
 * removed. Returns RF_E_ARGUMENT if another process holds the lock or the path is not a regular file. */
rf_code checkpoint_lock(struct checkpoint *checkpoint, rf_error *error);

/* Loads the checkpoint at `path`; sets *there to whether it exists. Returns RF_E_ARGUMENT if it is damaged,
 * inconsistent or of another format version. The caller frees it with checkpoint_free(), also after an error.
 */
rf_code checkpoint_load(struct checkpoint *checkpoint, const char *path, bool *there, rf_error *error);

/* Replaces the file. It is on disk when this returns. */
rf_code checkpoint_save(const struct checkpoint *checkpoint, rf_error *error);

/* Return RF_E_ARGUMENT, with what differs, if the options are not the same; if the number of inputs or an
 * input is not the same, as far as both identities are known; and for one input. */
rf_code checkpoint_compare(const struct checkpoint *found, const struct checkpoint *wanted, rf_error *error);
rf_code checkpoint_compare_inputs(const struct checkpoint *found, const struct checkpoint *wanted,
                                  rf_error *error);
rf_code checkpoint_compare_input(const struct checkpoint *found, const struct checkpoint *wanted,
                                 size_t input, rf_error *error);

/* Whether the streams are those of the same slots. */
bool checkpoint_has_same_streams(const struct checkpoint *found, const struct checkpoint *wanted);

/* Its streams cannot be continued: a run that is resumed from it begins with other snapshots. It borrows what
 * the checkpoint has. */
struct checkpoint checkpoint_without_streams(const struct checkpoint *checkpoint);

/* The same, for one that was loaded. */
void checkpoint_forget_streams(struct checkpoint *checkpoint);

void checkpoint_free(struct checkpoint *checkpoint);

#endif
