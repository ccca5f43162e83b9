/* SPDX-License-Identifier: MIT */
/* Replaying: writes entries to a live target, reliably.
 *
 * A key is written atomically: with one command (SET, RESTORE), or under a staging key in the same slot,
 * which is renamed when the value is complete. Requests are kept until the target has replied, and if it has
 * replicas until they have acknowledged the writes, too (WAIT). After a lost connection, a failover, a slot
 * migration or while a server is loading, all requests that are not done are sent again. Before that, the
 * lost connection is killed on the server (CLIENT KILL), so that it cannot execute anything later.
 *
 * The server decides in the same atomic step whether a key exists. If it exists and an earlier request may be
 * the reason, the two values are compared: a key that this run has written does not count as existing.
 *
 * Besides the commands that write, the user of the target needs: PEXPIREAT, UNLINK or DEL, FUNCTION for
 * libraries, CLUSTER SLOTS and ASKING in a cluster, ROLE with Sentinels, and DUMP and PTTL after a recovery;
 * for rf_replay_delete() also WATCH, UNWATCH, MULTI, DUMP and PEXPIRETIME (before 7.0 PTTL). INFO, SELECT,
 * RESTORE, MULTI, RENAME and RENAMENX are avoided where possible if they are not available (abilities.h).
 * CLIENT SETNAME, CLIENT LIST, CLIENT KILL, WAIT and CONFIG GET are optional: without them there is a pause
 * after a lost connection, and a failover may lose recent writes. MODULE LIST and CLUSTER NODES are optional,
 * too: without them, values of modules that may be missing are not sent to servers before 6.2, and
 * redirections to nodes without slots are not followed.
 *
 * A staging key that is written in several commands has an expiry until it is complete, if PEXPIRE and
 * PERSIST are available, so that it disappears if the process is killed.
 *
 * Nothing is sent that could harm a server: damaged values, values of modules that it lacks, commands that do
 * not belong in an AOF, and a key that has brought a server down twice, which ends the run. */
#ifndef RDBFERRY_REPLAY_H
#define RDBFERRY_REPLAY_H

#include <rdbferry/abilities.h>
#include <rdbferry/compare.h>
#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/notice.h>
#include <rdbferry/target.h>
#include <rdbferry/value.h>
#include <rdbferry/version.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct rf_replay rf_replay;

/* What to do with a key that already exists. A key that is replaced is never missing in between. */
typedef enum rf_on_exists {
    RF_ON_EXISTS_FAIL,    /* keep it, and report a failure */
    RF_ON_EXISTS_SKIP,    /* keep it, and count it */
    RF_ON_EXISTS_REPLACE, /* replace it */
} rf_on_exists;

typedef enum rf_replay_mode {
    RF_REPLAY_AUTO,     /* RESTORE where cheaper and supported */
    RF_REPLAY_RESTORE,  /* RESTORE for strings too; an unsupported payload is a failure */
    RF_REPLAY_COMMANDS, /* RESTORE only for what commands cannot represent */
} rf_replay_mode;

/* The position of an entry. */
typedef struct rf_position {
    uint32_t input; /* number given by the caller, in ascending order */
    uint64_t offset;
} rf_position;

static inline bool rf_position_before(rf_position a, rf_position b)
{
    return a.input < b.input || (a.input == b.input && a.offset < b.offset);
}

typedef enum rf_failure_kind {
    RF_FAILURE_EXISTS,        /* the key exists, and RF_ON_EXISTS_FAIL */
    RF_FAILURE_INDETERMINATE, /* a different value exists, which may or may not be older than this run */
    RF_FAILURE_REFUSED,       /* rejected by the server */
    RF_FAILURE_UNSUPPORTED,   /* the server has no command or payload format for it, it exceeds the server's
                               size   limit, or the server lacks its module */
    RF_FAILURE_DAMAGED,       /* the value is damaged; nothing was sent */
    RF_FAILURE_FORBIDDEN,     /* an AOF command that is never sent, such as SHUTDOWN */
    RF_FAILURE_CHANGED,       /* not deleted: the target has another value or expiry than expected */
    RF_FAILURE_UNSPLITTABLE,  /* an AOF command that rf_replay_refuse() was called for */
} rf_failure_kind;

enum { RF_FAILURE_KINDS = RF_FAILURE_UNSPLITTABLE + 1 };

/* "exists", "indeterminate", "rejected", "unsupported", "damaged", "forbidden", "changed", "unsplittable". */
RF_API const char *rf_failure_kind_name(rf_failure_kind kind);

/* An entry that was not written, or not deleted. Valid until the callback returns. */
typedef struct rf_failure {
    rf_failure_kind kind;
    rf_position position;
    int64_t db; /* RF_LIBRARY: a function library, and `key` is its name */
    rf_slice key;
    bool is_command;      /* an AOF command: `key` is empty, and `reason` begins with its name */
    const rf_slice *argv; /* its first arguments, as far as they are known */
    size_t argc;
    uint64_t command;   /* its number, from 1, without SELECT; 0 if an earlier run was resumed */
    const char *reason; /* the server's error, printable */
} rf_failure;

typedef struct rf_replay_options {
    rf_on_exists on_exists;
    rf_replay_mode mode;
    bool fail_fast;       /* stop at the first failure */
    bool drop_detail;     /* drop what the target does not support of a key, with a notice */
    bool delete_absent;   /* delete the target's key in place of writing one that has expired or is empty */
    uint64_t big_key;     /* values of this many bytes or more are written as commands, in chunks; 0: 1 MiB */
    unsigned connections; /* per node; 0: 2 */
    uint64_t rate;        /* limit of bytes sent per second; 0: none */
    int64_t retry_for_ms; /* how long to retry transient errors; 0: 60 s */
    const char *run;      /* identifies this run in CLIENT LIST: "rdbferry-<run>-<n>"; letters and digits */
    bool resumed;         /* there was an earlier run of this name; its connections are killed */
    rf_position written_until;  /* the earlier run may have written anything before it; zeroed: nothing */
    rf_position commands_until; /* it had all AOF commands before it acknowledged; zeroed: none */
    /* The inputs from `first_stream` on are so many streams, which write different keys, so that their
     * commands are only ordered within each, and put in any order; not within a transaction. 0: the inputs
     * are one log. */
    uint32_t streams, first_stream;
    bool no_transactions; /* AOF commands are not written exactly once: see rf_replay_put() */
    rf_notify notify;
    /* Each may be NULL. All are called on the caller's thread, within the functions below. */
    void (*failed)(void *ctx, const rf_failure *failure);
    void (*skipped)(void *ctx, int64_t db, rf_slice key); /* RF_ON_EXISTS_SKIP: the key exists */
    /* Deletes what the target has of one of several streams: called for FLUSHALL and FLUSHDB in it, when
     * everything before is done and nothing after it is sent; it may call rf_replay_delete(),
     * rf_replay_finish() and rf_replay_wait(). `db`: the database of FLUSHDB; -1: all. It may be called again
     * by a resumed run. */
    rf_code (*flush_stream)(void *ctx, uint32_t input, int64_t db, rf_error *error);
    rf_bytes_fn dead_letter; /* receives the commands that would write an entry that has failed; none for
                                damaged values and forbidden commands */
    void (*on_log)(void *ctx, rf_log_level level,
                   const char *text); /* "10.0.0.5:6379: connection lost: ..." */
    /* Called about ten times a second, within the functions below and between entries. Any return value but
     * RF_OK ends the run with that code. */
    rf_code (*tick)(void *ctx, rf_error *error);
    void *ctx;
} rf_replay_options;

typedef struct rf_replay_info {
    const char *kind;       /* "standalone", "sentinel" or "cluster" */
    rf_server server;       /* as configured in the target, or reported by INFO or HELLO, or assumed */
    rf_abilities abilities; /* which commands are available; updated during the run */
    size_t nodes;           /* number of nodes that are written to */
    int64_t databases;      /* number of databases; 0: not known */
    char name[256];         /* address, without user and password */
} rf_replay_info;

/* Connects, authenticates, and detects the kind of target. `target` and options->run must outlive the replay.
 * Returns RF_E_ARGUMENT if the target names a database other than 0, because each key has its own;
 * RF_E_TARGET also for a replica. Waits for a target that is not available as target->wait says. */
RF_API rf_code rf_replay_open(const rf_target *target, const rf_replay_options *options, rf_replay **out,
                              rf_error *error);

/* Whether a key has the name of a staging key of any run, "key:rdbferry:run:xyz", or of a position key,
 * "rdbferry:run:position[:1][:{xyz}]". */
RF_API bool rf_replay_is_temporary(rf_slice key);

RF_API const rf_replay_info *rf_replay_info_get(const rf_replay *replay);

/* A target whose primaries are all in import mode (Valkey from 8.1 on, CONFIG SET import-mode yes) deletes
 * nothing that expires, and its expired keys and fields are still there for the connections of a replay that
 * uses this mode: keys are written also if they have expired. Called before the first entry is put. *used:
 * they are in it, and the user may use CLIENT IMPORT-SOURCE; nothing is changed in the target otherwise.
 *
 * From then on it is RF_E_TARGET, also from other functions, if a primary is not in this mode any more, if it
 * was restarted, since a server that loads an RDB deletes what has expired, or if slots have moved to other
 * nodes than by a failover, since MIGRATE deletes that, too. The mode is noticed within a second of
 * a connection in use, but not if the mode is soon turned on again. */
RF_API rf_code rf_replay_use_import_mode(rf_replay *replay, bool *used, rf_error *error);

/* Asks all primaries: what has been put is complete if they are still in import mode; if it is used. */
RF_API rf_code rf_replay_check_import_mode(rf_replay *replay, rf_error *error);

/* Import mode may be turned off from now on: what has been put is complete. */
RF_API void rf_replay_leave_import_mode(rf_replay *replay);

/* Identifies which processes serve which slots, to recognize by another run that none was restarted, and no
 * slot has moved; 0: import mode is not used, or a primary has not been connected to. */
RF_API uint64_t rf_replay_import_id(const rf_replay *replay);

/* Whether that has ended the run: the target may lack keys, and must be written again. */
RF_API bool rf_replay_has_lost_import_mode(const rf_replay *replay);

/* With shifted expiries a key's absolute expiry is written RF_EXPIRY_SHIFT milliseconds later, if it is below
 * RF_EXPIRY_SHIFT_BELOW: the target then does not delete a key that later commands use. Expiries of fields
 * are not shifted. */
#define RF_EXPIRY_SHIFT       INT64_C(10000000000000)
#define RF_EXPIRY_SHIFT_BELOW INT64_C(5000000000000)

static inline bool rf_expiry_is_shiftable(int64_t expire_ms)
{
    return expire_ms >= 0 && expire_ms < RF_EXPIRY_SHIFT_BELOW;
}

/* The expiry that is written; RF_NO_EXPIRY remains that. */
static inline int64_t rf_expiry_shifted(int64_t expire_ms)
{
    return rf_expiry_is_shiftable(expire_ms) ? expire_ms + RF_EXPIRY_SHIFT : expire_ms;
}

/* Shifts the expiries of all entries put from now on. */
RF_API void rf_replay_shift_expiries(rf_replay *replay);

/* Takes the shift off all keys of the target, when all entries are done. May be repeated, also by another
 * run: an expiry that is not shifted is not changed. Needs Redis 7.0, SCAN and PEXPIRETIME, and that the
 * number of databases is known. RF_E_INCOMPATIBLE: a command is not permitted; another run may do it. */
RF_API rf_code rf_replay_unshift_expiries(rf_replay *replay, rf_error *error);

/* Accepts one entry: a key, a function library or a command, and consumes its value. Its outcome may become
 * known in a later call.
 *
 * Commands are applied exactly once, in the order of each slot, whatever breaks meanwhile: groups of them are
 * sent as transactions, which also write the slot's position key, and after a failure that key is read. A
 * resumed run skips the commands that an earlier one has applied; it may put all of them again. In a cluster,
 * entry->slot has to be the slot of all keys of the command, as rf_command_rewrite_next() returns it. The
 * transactions of the log are kept; in a cluster, within each slot. Positions have to ascend, of streams
 * within each; SWAPDB of one of several streams is RF_E_INCOMPATIBLE, and so are FLUSHALL and FLUSHDB without
 * options->flush_stream. An
 * earlier run's commands that are missing on the target are RF_E_TARGET: it has lost writes that it had
 * acknowledged.
 *
 * With options->no_transactions, commands are only pipelined; after a lost connection it is unknown which of
 * them were executed, so that ends the run.
 *
 * Returns RF_OK also for an entry that has failed, unless options->fail_fast; a damaged value is such an
 * entry, unless the reader cannot continue after it (see rf_reader_options.resume). Errors are sticky: after
 * an error, every call returns it. RF_E_UNAVAILABLE: the target has not been available for
 * options->retry_for_ms. RF_E_TARGET: it returns an error that a retry cannot fix (OOM, NOAUTH, NOPERM,
 * MISCONF).
 * RF_E_INCOMPATIBLE: a key in a database that the target does not have. */
RF_API rf_code rf_replay_put(rf_replay *replay, uint32_t input, rf_entry *entry, rf_error *error);

/* Reports a command that is left out: the failure RF_FAILURE_UNSPLITTABLE, whose reason is the command's name
 * and `why`. What rf_replay_acked() returns is not advanced: commands before it may be put later. `saved`: it
 * is a dead letter, too, as the target would take it with its names and its database. */
RF_API rf_code rf_replay_refuse(rf_replay *replay, uint32_t input, const rf_entry *command, const char *why,
                                bool saved, rf_error *error);

/* Prepares for commands, which rf_replay_put() does otherwise with the first one: reads the position keys of
 * an earlier run; without one, checks that they may be written. RF_E_TARGET: they may not. */
RF_API rf_code rf_replay_begin_commands(rf_replay *replay, rf_error *error);

/* Deletes a key of the target, in the database of the record; the record is copied, and the outcome may
 * become known in a later call. All entries that were put must be done, see rf_replay_finish().
 *
 * With `unchanged` it is only deleted if the target has the type, value and expiry of the record; the value
 * without the fields of a hash that expire until record->fields_until. Comparison and deletion are one atomic
 * step: WATCH, DUMP, MULTI, UNLINK, EXEC. (Before 7.0 expiries may differ by a second.) Otherwise it is a
 * failure, RF_FAILURE_CHANGED, or RF_FAILURE_INDETERMINATE for the value of a module; its position is that of
 * the record, `input` and `offset`.
 *
 * A record with the db RF_LIBRARY stands for a function library, which is deleted from all primaries if its
 * code has the digest record->value; another client must not load it meanwhile. Errors as for
 * rf_replay_put(). */
RF_API rf_code rf_replay_delete(rf_replay *replay, const rf_key_record *record, bool unchanged,
                                rf_error *error);

/* Works on what has been put, while nothing more is: returns when the descriptor becomes readable, when some
 * of it is done, or after `wait_ms` milliseconds. */
RF_API rf_code rf_replay_wait(rf_replay *replay, int descriptor, int wait_ms, rf_error *error);

/* Waits until all entries and deletions are done. More may be put afterwards. */
RF_API rf_code rf_replay_finish(rf_replay *replay, rf_error *error);

/* Reads the position keys of this run, when all entries are done: RF_E_TARGET if the target has lost commands
 * that it had acknowledged. The same is checked of a server that was restarted, or has taken over. */
RF_API rf_code rf_replay_check_positions(rf_replay *replay, rf_error *error);

/* Whether that has ended the run: it cannot be resumed, as it is not known what else is lost. */
RF_API bool rf_replay_has_lost_writes(const rf_replay *replay);

/* Removes the position keys of this run. It cannot be resumed any more: this is the last call before
 * rf_replay_close(), when all entries are done, and the caller has recorded that. */
RF_API rf_code rf_replay_remove_positions(rf_replay *replay, rf_error *error);

/* All entries before the returned position are done: written, failed or skipped. It is the position of the
 * oldest entry in flight, or just after the last entry put. Valid after an error, too. */
RF_API rf_position rf_replay_acked(const rf_replay *replay);

/* The offset of the oldest entry of one input that is in flight; false: all that were put are done. */
RF_API bool rf_replay_in_flight(const rf_replay *replay, uint32_t input, uint64_t *offset);

/* Writes a position key to each primary before any command is put, after rf_replay_begin_commands(): a run
 * that is resumed recognizes the target by them. Other positions of the run are forgotten: its commands so
 * far are of no interest any more. */
RF_API rf_code rf_replay_mark_target(rf_replay *replay, rf_error *error);

/* Whether the target had a position key of this run in rf_replay_begin_commands(), or has been marked since.
 */
RF_API bool rf_replay_is_marked(const rf_replay *replay);

/* What the position key of a slot says at least, of commands of this input; slot 0, if the target is not a
 * cluster. After rf_replay_begin_commands() it is what the key says. Zeroed: there may be no key. */
RF_API rf_position rf_replay_applied(const rf_replay *replay, uint32_t input, unsigned slot);

/* The outcomes of all entries that are done; keys, unless noted otherwise. The first five add up. */
typedef struct rf_replay_counts {
    uint64_t written;
    uint64_t skipped; /* already existed */
    uint64_t expired; /* had expired: nothing was sent */
    uint64_t empty;   /* collections without elements */
    uint64_t failed;
    uint64_t failures[RF_FAILURE_KINDS]; /* by kind, including libraries and commands */
    uint64_t restored;                   /* of the written keys: with RESTORE */
    uint64_t libraries;                  /* function libraries loaded or already present */
    uint64_t commands;                   /* AOF commands, with MULTI and EXEC */
    uint64_t commands_resumed;           /* AOF commands that an earlier run had applied */
    uint64_t groups;                     /* transactions that these were written in */
    uint64_t divided;                    /* transactions of the AOF that were divided by slot */
    uint64_t deleted;                    /* by rf_replay_delete(): keys, */
    uint64_t libraries_deleted;          /* function libraries; */
    uint64_t gone;                       /* both, if the target had none */
    uint64_t bytes;                      /* sent */
    uint64_t resent;                     /* keys sent more than once */
    uint64_t lost;                       /* connections lost */
} rf_replay_counts;

RF_API rf_replay_counts rf_replay_counts_get(const rf_replay *replay);

/* What was sent to one node. */
typedef struct rf_replay_node {
    const char *name; /* "10.0.0.5:6379"; valid until the next call of another function */
    uint64_t keys, bytes;
    unsigned connections; /* open now */
} rf_replay_node;

/* Returns false after the last node. */
RF_API bool rf_replay_node_get(const rf_replay *replay, size_t index, rf_replay_node *node);

/* Determines how a replay with these options (on_exists, mode, big_key and drop_detail matter) can write a
 * key to such a target: RF_WRITE_COMMANDS, RF_WRITE_RESTORE; RF_WRITE_PARTIAL alone: only without what
 * drop_detail drops. 0: not at all, and *why says which command is not available, or is NULL if the value
 * itself is not supported. May consume or hold the value, as rf_server_write_modes() does. */
RF_API rf_code rf_replay_write_modes(const rf_abilities *target, const rf_replay_options *options,
                                     rf_entry *key, unsigned *modes, const char **why, rf_error *error);

/* `replay` may be NULL. Without rf_replay_finish(), requests in flight are abandoned. */
RF_API void rf_replay_close(rf_replay *replay);

#endif
