/* SPDX-License-Identifier: MIT */
/* Commands of a log, on their way to the target exactly once.
 *
 * Commands of different slots do not affect each other, so each slot of a cluster has a queue; any other
 * target has one. Several streams have queues, and position keys, of their own. The commands that wait in a
 * queue are its open group. A group is sent as one transaction, which also writes the slot's position key, so
 * that the target itself tells whether it has been applied:
 *
 *   MULTI   command ...   [SELECT 0]   SET position-key ...   EXEC
 *
 * At most one group of a slot is unanswered, which keeps the order whatever the reply is; meanwhile the next
 * group grows. An answered group is kept in its pipeline until replicas have acknowledged it. If the
 * connection is lost, or the node replaced, the position key is read (command_recovery.c): groups that it
 * covers are not sent again.
 *
 *   open group ──> pipeline ──(OK)──> kept ──(replicas)──> released
 *                     ^         │               │
 *                     │         v               v
 *                     └────── pending <── position key   MOVED, ASK, TRYAGAIN, a lost connection, ...
 */
#ifndef REPLAY_COMMAND_QUEUE_H
#define REPLAY_COMMAND_QUEUE_H

#include "base/buffer.h"
#include "replay/position_key.h"

struct node;
struct pipeline;
struct request;
struct retry_item;

enum { NO_COMMAND = -1 };

/* A command of a group. */
struct group_command {
    uint64_t seq; /* of its entry; 0: a SELECT that is not an entry */
    uint64_t offset;
    uint32_t input;
    int32_t db;
    bool done; /* not to be sent again: it has failed, or without transactions, it has been executed */
};

/* A group that has been sent. */
struct command_group {
    struct slot_queue *queue;
    rf_position after; /* just after its last command */
    int64_t db;        /* that is selected at its end */
    uint32_t count;
    struct group_command commands[];
};

/* The state of a queue's end, before a transaction of the log. */
struct queue_mark {
    size_t bytes, commands;
    rf_position after;
    int64_t db;
};

enum { NO_DB = -1 };

/* Lists of queues: what is in one of them longest comes first. */
enum queue_list { QUEUES_OPEN, QUEUES_RECOVERING, QUEUE_LISTS };

struct slot_queue {
    struct {
        struct slot_queue *next, *previous;
        bool listed;
    } links[QUEUE_LISTS];
    struct buffer bytes, commands; /* the open group: encoded, and struct group_command */
    rf_position after;             /* just after its last command */
    int64_t db;                    /* that is selected at its end; 0 is at its beginning */
    bool held;                     /* it ends with commands of a transaction that is not complete: */
    struct queue_mark mark;        /* what was before them */
    struct slot_queue *next_held;
    struct pipeline *pipeline;  /* has all groups that are unanswered or not released, in order: */
    uint32_t kept;              /* their number */
    bool unanswered;            /* the last of them is */
    bool unknown;               /* the position key has to be read before anything is sent */
    struct retry_item *pending; /* groups to be sent again, in order */
    int64_t since_ms;           /* when one of these two began */
    rf_position applied;        /* just after the last group that is known to be applied */
    rf_position safe;           /* just after the last one that replicas have, too */
    rf_position done;           /* an earlier run has applied the commands before it */
};

struct command_queues {
    struct slot_queue *queues; /* of each stream those of all slots; NULL: no command has been put */
    unsigned count, slots;     /* slots: 1, unless the target is a cluster */
    struct {
        struct slot_queue *first, *last;
    } lists[QUEUE_LISTS]; /* of the queues with commands, and of those that are unknown or have pending groups
                           */
    uint64_t bytes;       /* in all open groups */
    struct {
        bool open;
        uint64_t seq; /* of its MULTI, as is position */
        rf_position position;
        struct slot_queue *held; /* queues with commands of it */
    } transaction;
    bool has_lost_writes; /* a position is before what the target had acknowledged */
    rf_position flushed;  /* all nodes have been emptied by the command before it */
    int64_t databases;    /* that are known to exist */
    uint64_t first_seq;   /* of the first command */
    char refusal[256];    /* why no position key may be written */
};

/* The queue of a slot, of the current entry's stream; any slot if the target is not a cluster. */
struct slot_queue *command_queue_of(rf_replay *replay, unsigned slot);

/* Whether the earlier run had applied the current command or one after it. */
bool command_queue_was_reached(rf_replay *replay);

/* The slot and the stream of a queue. */
unsigned command_queue_stream(const rf_replay *replay, const struct slot_queue *queue);
unsigned command_queue_slot(const rf_replay *replay, const struct slot_queue *queue);

/* The number of commands that can be sent: those before a transaction that is not complete. */
size_t command_queue_ready(const struct slot_queue *queue);

/* Called once before the first command: reads the positions of an earlier run, or checks that the user may
 * write one.
 */
rf_code command_queues_begin(rf_replay *replay, rf_error *error);

/* The first command that waits in a queue that is not empty, as a request. */
struct request command_queue_first(const struct slot_queue *queue);

void command_queues_free(struct command_queues *queues);

/* Appends commands that result from one entry; waits for capacity. */
rf_code command_queue_put(rf_replay *replay, struct slot_queue *queue, const rf_entry *commands, size_t count,
                          rf_error *error);

/* MULTI, EXEC and DISCARD of the log. What is in between is sent in one group for each slot. */
void command_queue_multi(rf_replay *replay);
void command_queue_exec(rf_replay *replay);
void command_queue_discard(rf_replay *replay);

/* What has been put of an open transaction is sent without the rest. */
void command_queue_divide(rf_replay *replay);

/* Sends all open groups that can be sent now, except for transactions that are not complete. */
rf_code command_queue_flush(rf_replay *replay, rf_error *error);

/* Whether nothing of that is left. */
bool command_queue_is_flushed(const rf_replay *replay);

/* Adds a queue to a list, or removes it. Returns whether that changed anything. */
bool command_queue_set_listed(struct command_queues *queues, enum queue_list list, struct slot_queue *queue,
                              bool listed);

/* Whether a queue is unknown or has pending groups. */
bool command_queues_recover(const struct command_queues *queues);

/* Updates the list of queues with commands. */
void command_queue_list(struct command_queues *queues, struct slot_queue *queue);

/* --- command_group.c ----------------------------------------------------------------------------------- */

/* Sends the open group, unless replies that were handled meanwhile require that it waits. */
rf_code command_group_send(rf_replay *replay, struct slot_queue *queue, rf_error *error);

/* The same without waiting for a node that is lost. RF_END: it is being connected, or not reached now. */
rf_code command_group_try_send(rf_replay *replay, struct slot_queue *queue, rf_error *error);

/* The same for the first pending group, over a pipeline that is ready. */
rf_code command_group_resend(rf_replay *replay, struct slot_queue *queue, struct pipeline *pipeline,
                             rf_error *error);

/* Writes the position that the key has anyway: when replicas have acknowledged that, they have everything
 * before. */
rf_code command_group_confirm(rf_replay *replay, struct slot_queue *queue, struct pipeline *pipeline,
                              rf_error *error);

/* Puts the name of the queue's position key into replay->name. Returns false if out of memory. */
bool command_group_key(rf_replay *replay, const struct slot_queue *queue);

/* Whether the pipeline may get another group of the queue. */
bool command_group_may_send(const struct slot_queue *queue, const struct pipeline *pipeline);

/* Called when all replies to a group have been handled. */
void command_group_finish(rf_replay *replay, struct pipeline *pipeline, uint64_t number);

/* Called when it is answered, and acknowledged by replicas. */
void command_group_release(rf_replay *replay, struct request *request);

/* Called when its connection is lost; it is then taken back. */
void command_group_lost(rf_replay *replay, const struct request *request, const rf_error *why);

/* Moves a group out of its pipeline to the pending ones. */
void command_group_take_back(rf_replay *replay, struct pipeline *pipeline, uint64_t number);

/* --- command_recovery.c -------------------------------------------------------------------------------- */

/* Reads the positions of queues that are unknown, and sends pending groups. RF_E_TARGET if that is not
 * possible now. */
rf_code command_recover(rf_replay *replay, rf_error *error);

/* A node, or with NULL any of them, may have lost what it has acknowledged: all positions of its slots are
 * read. A node that evicts keys is trusted, as it may have evicted these. */
void command_recover_node(rf_replay *replay, const struct node *node);

/* Notes whether a queue is unknown or has pending groups. */
void command_queue_recovers(rf_replay *replay, struct slot_queue *queue, bool recovers);

/* Since when the oldest of these queues waits. */
int64_t command_recover_since(const rf_replay *replay);

/* --- command_barrier.c --------------------------------------------------------------------------------- */

/* Whether a command is to be executed so: in a cluster one without keys; of several streams one that does not
 * only concern keys of its own. */
bool command_is_barrier(const rf_replay *replay, const rf_entry *command);

/* Executes a command without keys on all nodes of a cluster, between all commands before it and after it. */
rf_code command_barrier(rf_replay *replay, const rf_entry *command, rf_error *error);

/* --- command_positions.c ------------------------------------------------------------------------------- */

/* Reads the position keys of an earlier run. Without one, checks that the user may write them: RF_E_TARGET.
 */
rf_code command_positions_begin(rf_replay *replay, rf_error *error);

/* As rf_replay_mark_target(). */
rf_code command_positions_mark(rf_replay *replay, rf_error *error);

/* As rf_replay_check_positions(). */
rf_code command_positions_check(rf_replay *replay, rf_error *error);

/* Removes the position keys, and waits for that. */
rf_code command_positions_remove(rf_replay *replay, rf_error *error);

#endif
