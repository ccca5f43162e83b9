/* SPDX-License-Identifier: MIT */
/* The internals of a replay.
 *
 * An entry becomes a request in a pipeline to the node that serves its slot, and is done when that has
 * replied:
 *
 *   put ──> write ──> pipeline ──(replies)──> written, skipped, failed
 *                        ^           │ MOVED, ASK, LOADING, a lost connection, ...
 *                        │           v
 *                        └─────── retry queue: sent again, oldest first
 *
 * Requests whose node is being connected to wait at that node, not in the retry queue, so that the others do
 * not wait for them (held.c); the event loop opens connections while it goes on with everything else.
 *
 * A retry item is a request that has left its pipeline, with its bytes. Nothing is written to a pipeline
 * while replies are handled: what they require is done by the next replay_step(), at a put or while waiting.
 * Values too large to be kept are written one at a time, and the replay waits until they are done
 * (large_stream.c).
 *
 * There is a single thread: while it decodes, the server processes the requests in flight. */
#ifndef REPLAY_INTERNAL_H
#define REPLAY_INTERNAL_H

#include "command/encoder.h"
#include "net/abilities.h"
#include "net/waiting.h"
#include "replay/command_queue.h"
#include "replay/nodes.h"
#include "replay/pipeline.h"
#include "replay/retry_queue.h"
#include "replay/strings.h"
#include <rdbferry/compare.h>
#include <rdbferry/digest.h>

/* State of a value that is being streamed. */
struct stream_state {
    enum request_result result; /* of the first reply that is not REPLY_OK */
    char error_text[256];
    uint64_t replies;
    uint64_t expected; /* number of expected replies, */
    bool encoding;     /* without the value that is being encoded */
    struct reply last; /* without its text */
    bool exec_done;    /* it is the reply of EXEC to executed commands */
    uint64_t persist;  /* the number of the reply to the last PERSIST; */
    bool vanished;     /* the staging key had no expiry any more: it has expired, or was created again */
    rf_error error;    /* error of the run, while the value was encoded */
};

/* Position in the group of commands whose replies are being handled. */
struct group_cursor {
    const struct command_group *group; /* NULL: none */
    uint32_t next;                     /* number of the next command in `rest` */
    rf_slice rest;                     /* of the bytes */
    struct buffer bytes;
};

/* Which optional commands and forms of commands the target accepts. */
struct write_abilities {
    bool unlink, rename, transact, expire_staging, restore_replace, restore_until, batch_strings;
};

/* What has to be sent again. */
struct retry_state {
    struct retry_queue queue;
    struct retry_queue unconfirmed; /* keys to reconcile: they exist, and may be ours */
    struct retry_queue fallback; /* their RESTORE was not available: to be written as commands (fallback.c) */
    struct retry_queue batch;    /* items that are being retried, */
    struct retry_item *current;  /* and the current one */
    bool backoff;                /* before the next retry */
    int64_t backoff_ms;          /* duration of the last pause, */
    int64_t until_ms;            /* and its end; 0: there is none */
};

/* How changes of the topology are followed. */
struct topology_state {
    bool refreshing;     /* a refresh is waited for, or its result is being taken over */
    bool checking;       /* the refresh in progress was begun by nodes_check() */
    rf_address redirect; /* not in any topology yet; no host: none */
    struct node *redirected_by;
};

/* The entry that was put last. */
struct current_entry {
    rf_entry_kind kind;
    uint64_t seq;
    uint64_t refused; /* so many of them were not put, but refused */
    rf_position position;
    rf_slice key;
    int64_t ends_ms;         /* when it disappears by itself: it expires, or all its fields do */
    bool in_progress;        /* not in a pipeline yet */
    unsigned without;        /* details that it is written without (rdb/details.def) */
    bool by_restore;         /* the encoder had no commands for it */
    const char *drop_reason; /* reason given by the encoder, which does not support it */
};

struct limits {
    uint64_t window;  /* bytes that a pipeline may keep at most */
    uint64_t longest; /* bytes that a string may have on the target */
    double allowance; /* bytes that may be sent now, with a rate limit */
    int64_t allowed_us;
};

/* Keys to delete, a batch at a time. */
struct deletions {
    struct deletion *items;
    size_t count;
    struct buffer names;
};

/* The clock is not read for each entry. */
struct timer {
    int64_t last_tick_ms; /* options.tick was called, */
    int64_t last_poll_ms; /* and all pipelines were looked at */
    unsigned put_count;   /* since the last read of the clock */
};

struct rf_replay {
    rf_target target; /* borrows from the caller's; once it is open, its waits tick as those of the run do */
    rf_replay_options options;
    rf_replay_info info;
    rf_replay_counts counts;
    struct cluster_map map; /* of struct node */
    int epoll;
    unsigned serial; /* of the last connection opened */
    struct write_abilities can;
    struct limits limits;
    struct topology_state topology;
    struct retry_state retry;
    struct deletions deletions;
    struct waiting waiting;
    struct timer clock;
    struct encoder encoder;
    rf_digester *digester;
    struct buffer payload, name, bytes; /* of the current entry; reused */
    struct current_entry current;
    struct stream_state stream;
    struct command_queues commands;
    struct open_strings strings;
    struct expiry_shift {
        bool on;
        struct buffer argv; /* of the command being put */
        uint8_t text[NUMBER_TEXT_MAX];
    } shift;
    struct import_mode {
        bool on, lost;
        int64_t next_ms;   /* of the next question */
        uint64_t reshards; /* of the map, before it was used */
    } import;
    struct buffer arguments; /* rf_slice: of the current command */
    struct group_cursor cursor;
    int64_t dead_letter_db; /* database selected in the dead-letter file */
    bool cleaned_up;        /* after an error, all connections are closed */
    rf_error error;         /* sticky once its code is set */
};

/* --- nodes --------------------------------------------------------------------------------------------- */

static inline struct node *node_at(const rf_replay *r, size_t number)
{
    return (struct node *)r->map.nodes[number];
}

/* By its number in the topology. */
static inline struct node *nodes_primary(const rf_replay *r, size_t number)
{
    return (struct node *)r->map.primary[number];
}

/* The node that serves a slot, or a key's. */
static inline struct node *nodes_of_slot(const rf_replay *r, unsigned slot)
{
    return (struct node *)cluster_map_of_slot(&r->map, slot);
}
static inline struct node *nodes_of_key(const rf_replay *r, rf_slice key)
{
    return (struct node *)cluster_map_of_key(&r->map, key);
}

/* Whether it serves the slots that are not assigned, and so cannot be connected. */
static inline bool node_is_unassigned(const struct node *node)
{
    return &node->base == node->replay->map.unassigned;
}

/* --- probe.c ------------------------------------------------------------------------------------------- */

/* Finds the target's nodes, and what they accept. RF_E_UNAVAILABLE if they cannot be reached now. */
rf_code replay_probe(void *replay, rf_error *error);

/* --- replay.c ------------------------------------------------------------------------------------------ */

/* Waits until everything that was put is done. */
rf_code replay_drain(rf_replay *r, rf_error *error);

/* --- loop.c: sending and receiving --------------------------------------------------------------------- */

/* What is waited for: the condition, or the time; one of them may be missing. */
struct wait {
    bool (*is_over)(void *ctx); /* NULL: only the time counts */
    void *ctx;
    int64_t until_ms; /* by the monotonic clock; 0: without a limit */
    bool batched;     /* for many requests in flight, which replicas may have to acknowledge */
};

/* The only way to wait for replies while an entry is written or a request is sent again: sends and receives
 * until the condition holds. Nothing is sent again meanwhile. Requests of lost connections go to the retry
 * queue; that is not an error here. */
rf_code replay_wait_until(rf_replay *r, const struct wait *wait, rf_error *error);

/* The same for a time. */
rf_code replay_sleep(rf_replay *r, int64_t ms, rf_error *error);

/* A round of everything that a run does between entries: sends and receives, for up to `wait_ms` or until
 * there was progress, then sends again what is due, and reconciles keys. */
rf_code replay_step(rf_replay *r, int64_t wait_ms, rf_error *error);

/* Adds a connected pipeline to the event loop. */
rf_code loop_add(rf_replay *r, struct pipeline *pipeline, rf_error *error);

/* Wakes the event loop up for events of a connection that is being opened. */
rf_code loop_watch(const rf_replay *r, int fd, bool watched, uint32_t events, rf_error *error);
void loop_unwatch(const rf_replay *r, int fd);

/* Sends and receives on one pipeline without waiting. */
rf_code loop_pipeline_io(rf_replay *r, struct pipeline *pipeline, rf_error *error);

/* Calls options.tick if it is due; `ctx` is the replay. Nothing is sent or received. */
rf_code loop_tick(void *ctx, rf_error *error);

/* The same, after looking at all pipelines and at the topology. */
rf_code loop_run_timers(rf_replay *r, rf_error *error);

/* Closes a pipeline's connection and moves its requests to the retry queue. */
void loop_fail_pipeline(rf_replay *r, struct pipeline *pipeline, const rf_error *why);

/* --- reply_handler.c: the meaning of replies ----------------------------------------------------------- */

extern const struct pipeline_listener reply_handler;

/* Releases requests that are answered, and acknowledged by replicas; their keys are then written. */
void release_answered(rf_replay *r, struct pipeline *pipeline);

/* The bytes of a request, valid until the next call. Empty if out of memory. */
rf_slice request_bytes(rf_replay *r, const struct pipeline *pipeline, uint64_t number);

/* Handles a request that will not be answered any more. */
void request_lost(rf_replay *r, struct pipeline *pipeline, uint64_t number, const rf_error *why);

/* Only this many replicas have acknowledged for a long time: stops waiting for more. */
void reduce_replicas(struct node *node, int64_t replicas);

/* Classifies a server's error; for REPLY_MOVED and REPLY_ASK, *node is the target of the redirection. A
 * redirection to an unknown node is REPLY_RETRY, after a topology refresh. */
enum request_result classify_reply(rf_replay *r, struct node *asked, struct reply reply, struct node **node);

/* Whether a server reports a protocol error and closes the connection, which does not count as a lost
 * connection. */
bool is_protocol_error(const char *error_text);

/* Records an error reply to a request; only the first one counts. */
void request_set_error(struct request *request, struct node *node, struct reply reply);

/* Clears it, so that the next one counts. */
void request_clear_error(struct request *request);

/* Records an unexpected reply in the same way. */
void request_set_unexpected(struct request *request, const char *what);

/* Whether the staging key has expired before it was renamed. */
bool is_expired_staging_key(const rf_replay *r, const char *error_text, int64_t expire_ms);

/* Returns the error that has ended the run. */
static inline rf_code replay_ended(const rf_replay *r, rf_error *error)
{
    *error = r->error;
    return error->code;
}

/* Ends the run with a server's error; returns r->error.code. */
rf_code replay_fail(rf_replay *r, const struct node *node, const char *error_text, int64_t db, rf_slice key);

/* The number of replies to the value that is being streamed. An upper bound while it is encoded: some
 * commands may not have been sent yet. */
static inline uint64_t stream_expected(const rf_replay *r)
{
    return r->stream.expected + (r->stream.encoding ? r->encoder.batch.commands : 0);
}

/* --- exec_reply.c, group_reply.c: replies to transactions ---------------------------------------------- */

/* Handles a reply to the transaction of a key; the last one is that of EXEC. Returns a reply that represents
 * all of EXEC's. */
struct reply exec_reply_handle(struct pipeline *pipeline, struct request *request, struct reply reply,
                               rf_slice rest);

/* Whether the reply or one of its elements is an error, which is stored in *found. */
bool exec_reply_find_error(struct reply reply, rf_slice rest, struct reply *found);

/* Handles a reply to a group of commands: reports those that have failed, and sets the request's result. */
void group_reply_handle(struct pipeline *pipeline, struct request *request, struct reply reply,
                        rf_slice rest);

/* --- write.c: encoding entries ------------------------------------------------------------------------- */

rf_code write_key(rf_replay *r, rf_entry *entry, rf_error *error);

/* --- write_rejected.c ---------------------------------------------------------------------------------- */

/* Records that the current entry is not supported by the target. */
void write_unsayable(rf_replay *r, rf_entry *entry, const char *why);

/* The same without a dead letter. */
void write_tell_unsayable(rf_replay *r, const rf_entry *entry, const char *why);

/* Records that its value is damaged. */
void write_fail_damaged(rf_replay *r, const rf_entry *entry, const rf_error *error);

/* --- write_parts.c ------------------------------------------------------------------------------------- */

/* Whether existing keys are replaced. */
static inline bool write_replaces(const rf_replay *r)
{
    return r->options.on_exists == RF_ON_EXISTS_REPLACE;
}

/* The target's clock. */
int64_t write_now_ms(const rf_replay *r);

/* Whether the target's clock has passed the expiry, and it deletes keys by it. */
bool write_has_expired(const rf_replay *r, int64_t expire_ms);

/* Whether an earlier run may have written the key of the current entry. */
bool write_maybe_applied(const rf_replay *r);

/* UNLINK, or DEL if UNLINK is not available. */
rf_slice write_unlink_name(const rf_replay *r);
void write_unlink(const rf_replay *r, struct outbuf *out, rf_slice key);

/* WAIT for all replicas, for at most one second, during which the server executes nothing else on this
 * connection. */
void write_wait(const struct node *node, struct outbuf *out);

/* The last commands for a staging key. What of a key is not in its value: BLESS SET, PEXPIREAT; returns the
 * number of commands. */
uint32_t write_attributes(struct outbuf *out, rf_slice staging_key, const rf_entry *entry);
void write_rename(const rf_replay *r, struct outbuf *out, rf_slice staging_key, rf_slice key);

/* --- write_command.c: commands of an AOF --------------------------------------------------------------- */

rf_code write_command(rf_replay *r, const rf_entry *entry, rf_error *error);

/* Records that the current entry, a command, has failed. */
void write_reject(rf_replay *r, const rf_entry *entry, rf_failure_kind kind, const char *why);

/* As rf_replay_refuse(). */
rf_code write_refused(rf_replay *r, uint32_t input, const rf_entry *command, const char *why, bool saved,
                      rf_error *error);

/* --- dispatch.c: choosing a pipeline ------------------------------------------------------------------- */

/* Gets a connected pipeline to the key's node, with capacity and this database selected. Retries and waits
 * until there is one. */
rf_code pipeline_for_key(rf_replay *r, rf_slice key, int64_t db, struct pipeline **out, rf_error *error);

/* The same for one node. RF_END: it is being connected; RF_E_TARGET: it cannot be reached now. */
rf_code pipeline_for_node(rf_replay *r, struct node *node, int64_t db, struct pipeline **out,
                          rf_error *error);

/* The pipeline for the AOF commands of a slot. */
rf_code pipeline_for_slot(rf_replay *r, unsigned slot, int64_t db, struct pipeline **out, rf_error *error);

/* The same in database 0 without waiting for a node that is lost. RF_END: it is being connected, or not
 * reached now. */
rf_code pipeline_try_slot(rf_replay *r, unsigned slot, struct pipeline **out, rf_error *error);

/* Makes a pipeline connected, with capacity and this database selected. RF_END: it is being connected;
 * RF_E_TARGET: that is not possible now. */
rf_code pipeline_prepare(rf_replay *r, struct pipeline *pipeline, int64_t db, rf_error *error);

/* Sends what is ready, and WAIT if it is due. */
rf_code pipeline_flush(rf_replay *r, struct pipeline *pipeline, rf_error *error);

/* Called after a request was completed: sends if there is enough, and sends WAIT if it is due. */
rf_code pipeline_flush_if_full(rf_replay *r, struct pipeline *pipeline, rf_error *error);

/* Sends WAIT for all writes that it does not cover yet. */
rf_code dispatch_send_waits(rf_replay *r, rf_error *error);

/* --- large_value.c, large_stream.c: values that are not kept ---------------------------------------- */

rf_code large_value_write(rf_replay *r, rf_entry *entry, rf_error *error);

/* The same for a string, while its value is being visited. */
rf_code large_value_write_string(rf_replay *r, rf_entry *entry, rf_slice string, rf_error *error);

/* The same without a staging key, in a transaction: for targets without RENAME. */
rf_code large_value_transact(rf_replay *r, rf_entry *entry, rf_error *error);

/* A block of a streamed value is full: waits for capacity for the next one. */
void large_value_on_block(struct pipeline *pipeline);

/* --- retry.c: sending requests again ------------------------------------------------------------------- */

/* Moves a request to where it is sent again from: the retry queue, or the commands of its slot. */
void retry_take_back(rf_replay *r, struct pipeline *pipeline, uint64_t number);

/* Called when something failed for a transient reason: waits, and refreshes the topology. *since_ms is the
 * time of the first failure, initially 0. RF_OK: try again. */
rf_code retry_backoff(rf_replay *r, int64_t *since_ms, const rf_error *why, rf_error *error);

/* Steps until nothing has to be sent again or reconciled any more. Must not be called within a step. */
rf_code retry_pending(rf_replay *r, rf_error *error);

/* Whether there is something to send again or to reconcile. */
bool retry_is_pending(const rf_replay *r);

/* Whether requests to this node have to wait until others are sent again. */
bool retry_precedes(const rf_replay *r, const struct node *node);

/* How long to wait for replies before the next round of retries. */
int64_t retry_wait_ms(const rf_replay *r);

/* A round of retries, if they are due: called by replay_step() alone. */
rf_code retry_round(rf_replay *r, rf_error *error);

/* The run ends with an error: closes all connections, and removes staging keys as far as possible. Requests
 * that are not done remain in the queues that they are sent again from. */
void retry_abort(rf_replay *r);

/* Ends the run with the message `why`: RF_E_UNAVAILABLE if transient errors have lasted too long, RF_E_TARGET
 * if the error is permanent. */
rf_code retry_check_timeout(rf_replay *r, int64_t since_ms, const char *why, rf_error *error);

/* --- held.c: requests whose node is not connected ------------------------------------------------------- */

/* The queues for requests of the node. They are released when nothing is being opened any more, and not
 * within a pause. */
struct held *held_at(struct node *node);

/* Begins a pause after a connection to the node could not be opened. */
void held_pause(struct node *node);
bool held_is_pausing(const struct node *node);

/* Move requests back to the retry queue, before those in it: what is due, or all after a change of the
 * topology. */
void held_release_due(rf_replay *r);
void held_release_all(rf_replay *r);

/* How long to wait until something is due, unless a connection is opened before; INT64_MAX: nothing is. */
int64_t held_wait_ms(const rf_replay *r);

/* One of the requests that are held, at the node or at any; NULL: there is none. */
const struct retry_item *held_first_of(const struct node *node);
const struct retry_item *held_first(const rf_replay *r);

/* --- reconcile.c: existing keys that may be ours ------------------------------------------------------- */

/* Compares the values of such requests with the existing keys; they are then done or sent again. RF_E_TARGET
 * if the node cannot be queried now: they return to the retry queue. */
rf_code reconcile_pending(rf_replay *r, rf_error *error);

/* Opens the node's control connection, and selects a database on it. */
rf_code reconcile_select_db(struct node *node, int64_t db, rf_error *error);

/* The result of comparing two keys of a node. */
struct comparison {
    bool first_exists;  /* the first key exists */
    bool second_exists; /* the second key exists */
    bool decoded;       /* both can be decoded */
    bool equal;
};
rf_code reconcile_compare(rf_replay *r, struct node *node, int64_t db, rf_slice a, rf_slice b,
                          struct comparison *out, rf_error *error);

/* --- fallback.c: RESTORE is not available -------------------------------------------------------------- */

/* Called when RESTORE itself was rejected: it is not used any more, and the request's value will be written
 * as commands. */
void fallback_enqueue(rf_replay *r, struct pipeline *pipeline, uint64_t number);

/* Writes the values recorded by fallback_enqueue(). Must be called between entries. */
rf_code fallback_write(rf_replay *r, rf_error *error);

/* --- each_primary.c ------------------------------------------------------------------------------------- */

/* Calls `visit` for each primary, and again after RF_E_TARGET, with `retrying` set. If the primaries change
 * meanwhile, it starts again. */
typedef rf_code visit_fn(void *ctx, struct node *node, bool retrying, rf_error *error);
rf_code on_each_primary(rf_replay *r, visit_fn *visit, void *ctx, rf_error *error);

/* Attempts what uses the control connections of all primaries at once, until it succeeds or fails with
 * another error than RF_E_TARGET. After an error the connections are closed: replies may be pending. */
rf_code on_all_primaries(rf_replay *r, rf_code (*attempt)(rf_replay *r, rf_error *error), rf_error *error);

/* --- library.c ----------------------------------------------------------------------------------------- */

rf_code library_load(rf_replay *r, const rf_entry *entry, rf_error *error);

/* Deletes a library if its code is the expected one. */
rf_code library_delete(rf_replay *r, const rf_key_record *record, rf_error *error);

/* --- delete.c ------------------------------------------------------------------------------------------ */

/* As rf_replay_delete(). */
rf_code delete_put(rf_replay *r, const rf_key_record *record, bool unchanged, rf_error *error);

/* Deletes all keys that were put and are not done. */
rf_code delete_pending(rf_replay *r, rf_error *error);
void delete_free(rf_replay *r);

/* --- shift.c: expiries that are shifted ---------------------------------------------------------------- */

/* Shifts an entry's expiry. A command has other arguments then, until the next one. */
rf_code shift_entry(rf_replay *r, rf_entry *entry, rf_error *error);

/* --- unshift.c ------------------------------------------------------------------------------------------ */

/* Takes the shift off again, everywhere. */
rf_code unshift_all(rf_replay *r, rf_error *error);

/* --- control.c: control connections -------------------------------------------------------------------- */

/* A command on a control connection is waited for, and pipelines are at rest meanwhile: what is learnt from
 * its reply (the position of a slot, the value of a key, that a connection is killed) holds only if nothing
 * is received or sent again in between. A wait ends when the server has made no progress for the target's
 * timeout; options.tick is called in it. */

/* Classifies an error reply. RF_OK: the server rejects the command for good, `text` says why. RF_E_TARGET:
 * try again. An error that ends the run is stored in r->error, with the key. */
enum { CONTROL_ERROR_TEXT = 256 };
rf_code control_check_error(struct node *node, struct reply reply, int64_t db, rf_slice key,
                            char text[CONTROL_ERROR_TEXT], rf_error *error);

/* Sends a command, and waits for its reply. */
rf_code control_call(struct client *client, const rf_slice *argv, size_t argc, struct reply *head,
                     rf_slice *rest, rf_error *error);

/* Runs what is due while a node's control connection is used. An error if it is not the same one afterwards,
 * or the node is no primary any more. */
rf_code control_run_timers(struct node *node, rf_error *error);

/* Waits until the replicas have acknowledged what the node's open control connection has written, for a
 * limited time. *refused: an error reply; REPLY_NIL: none. */
rf_code control_wait_for_replicas(struct node *node, struct reply *refused, rf_error *error);

/* The same; an error reply is returned as client_refused() does. */
rf_code control_replicate(struct node *node, rf_error *error);

/* --- outcome.c: outcomes of entries -------------------------------------------------------------------- */

void outcome_written(rf_replay *r, struct node *node, struct request *request, rf_slice key);

/* The key of the entry has expired. */
void outcome_expired(rf_replay *r, const struct request *request, rf_slice key);

/* The key has no elements. */
void outcome_empty(rf_replay *r, const struct request *request, rf_slice key);

/* The key exists: skipped or failed. */
void outcome_exists(rf_replay *r, const struct request *request, rf_slice key, rf_slice commands);

/* `commands` would write the entry, for the dead-letter file; empty: none. */
void outcome_failed(rf_replay *r, const struct request *request, rf_failure_kind kind, const char *reason,
                    rf_slice key, rf_slice commands);

/* Writes commands to the dead-letter file. */
void outcome_put_dead_letter(rf_replay *r, const struct request *request, rf_slice commands);

/* Prepares the dead-letter file for commands that the caller then writes with options.dead_letter. */
void outcome_select_dead_db(rf_replay *r, int64_t db);

#endif
