/* SPDX-License-Identifier: MIT */
/* The inside of a replay.
 *
 * An entry becomes a parcel in a pipe to the node that has its slot, and is settled when that has answered:
 *
 *   put ──> write ──> pipe ──(answers)──> written, skipped, failed
 *                      ^        │ MOVED, ASK, LOADING, a lost connection, ...
 *                      │        v
 *                      └───── strays: sent again, beginning with the oldest
 *
 * A stray is a parcel that has left its pipe, with its bytes. Nothing is written to a pipe while answers are
 * being taken: what they ask for is done at the next put, in replay_mend(). Values too large to be kept are
 * held by themselves, and wait until they are settled (big.c).
 *
 * One thread does all of it: while it decodes, the server works on what it has been sent. */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include "check/digest.h"
#include "command/encoder.h"
#include "net/abilities.h"
#include "net/client.h"
#include "net/primaries.h"
#include "replay/pipe.h"

struct node {
    rf_replay *replay;
    rf_address address;
    char name[ADDRESS_TEXT];
    struct pipe *pipes;     /* options.connections of them */
    unsigned turn;          /* the pipe that is being filled */
    bool fence;             /* a connection was lost, here or by an earlier run: it has to be killed first */
    bool nameless;          /* its connections have no names, and so cannot be found */
    bool primary;           /* it is one, as far as we know */
    bool guarded;           /* it has replicas: what is answered is not safe before they have it */
    unsigned replicas;      /* so many. The one that is promoted may be any of them */
    bool unguardable;       /* they cannot be asked for */
    bool gone;              /* it cannot be asked to sweep */
    bool evicts;            /* it may evict any key when its memory is full */
    int64_t guard_after_ms; /* they are not asked again before; 0: at once */
    int64_t unguarded_ms;   /* since when no replica has answered for what was written; 0: they do */
    uint64_t keys, bytes;
    rf_server server;      /* as it says itself; 0.0: it does not */
    uint32_t run;          /* which process it is; 0: it does not say */
    bool modules_asked;    /* of this process */
    bool modules_told;     /* these are all it has: */
    struct buffer modules; /* their names, each with a NUL behind it, and one more NUL */
    struct client *asker;  /* for questions; NULL: none is open */
    unsigned asker_serial;
    int64_t asker_db; /* selected there */
};

/* A parcel on its way back into a pipe. */
struct stray {
    struct stray *next;
    struct parcel parcel;
    struct buffer bytes;
};

struct strays {
    struct stray *first, **end;
};

/* What is the matter with a value that is streamed. */
struct streamed {
    enum verdict verdict; /* of the first answer that is not VERDICT_OK */
    char said[256];
    uint64_t replies;
    uint64_t expected; /* replies to what has been put, */
    bool encoding;     /* without the value that is being encoded */
    struct reply last; /* without its text */
    bool executed;     /* it is what EXEC answers for commands that were done */
    rf_error error;    /* of the run, while the value was encoded */
};

/* A transaction of an AOF, which is sent as a whole when its EXEC has come. */
struct transaction {
    bool open;
    uint64_t seq; /* of its MULTI, as place and db are */
    rf_place place;
    int64_t db;
    int64_t selected;    /* the database of the command taken last */
    struct buffer bytes; /* its commands so far, MULTI among them */
    uint32_t queued;     /* of them, MULTI not among them; a SELECT is one too */
    uint32_t entries;    /* that it stands for */
};

/* The commands of the transaction that is being answered, in step with its answers. */
struct answering {
    uint64_t seq;
    uint32_t index; /* of the next command in `rest` */
    rf_slice rest;  /* of the bytes */
    struct buffer bytes;
};

struct rf_replay {
    const rf_target *target;
    rf_replay_options options;
    rf_replay_info info;
    rf_replay_counts counts;
    struct primaries primaries;
    struct node **nodes;
    size_t node_count;
    struct address_index index; /* of the nodes */
    struct node *nobody;        /* none of them: has the slots that no node has */
    struct node **node_of;      /* RF_SLOTS of them, of a cluster; else one */
    int epoll;
    unsigned serial; /* of the connection opened last */
    struct encoder encoder;
    struct buffer payload, name, commands; /* at hand; kept for their memory */
    rf_digester *digester;
    uint64_t window;  /* bytes that a pipe may keep */
    uint64_t longest; /* bytes of a string that the target takes */
    bool can_unlink, can_rename, can_transact, can_expire_with_set, can_restore_replace, can_restore_until;
    struct strays strays, doubts; /* doubts: the key exists, and may be ours */
    struct strays unread;         /* their RESTORE was refused as such: commands have to do (fallback.c) */
    struct strays round;          /* strays that are being sent again, */
    struct stray *hand;           /* and the one at hand; or a doubt */
    bool stale;                   /* the primaries may have changed */
    bool pause;                   /* before anything is sent again */
    bool suspect;                 /* somebody may have taken a primary's place */
    rf_address redirect;          /* that no topology has named yet; no host: there is none */
    struct node *redirected_by;
    int64_t checked_ms; /* when that was looked at last */
    int64_t pause_ms;   /* how long the last one was */
    uint64_t seq;       /* of the entry put last */
    rf_place place;     /* likewise */
    rf_slice key;       /* of the entry at hand */
    int64_t ends_ms;    /* when it is gone by itself: it expires, or all its fields do */
    bool putting;       /* it is not in a pipe yet */
    bool in_commands;   /* keys are over */
    struct streamed streamed;
    bool by_restore;         /* the encoder had no commands for it */
    const char *why_dropped; /* by the encoder, which has no words for it */
    int64_t dead_db;         /* selected in the dead letters */
    int64_t ticked_ms;
    unsigned puts;    /* since the clock was looked at */
    double allowance; /* bytes that may be sent now, where there is a rate */
    int64_t allowed_us;
    struct transaction transaction;
    struct answering answering;
    bool swept;     /* nothing is under way any more, after an error */
    rf_error error; /* sticky once its code is set */
};

/* --- nodes.c: who is written to, and the connections ---------------------------------------------------- */

rf_code nodes_find(rf_replay *r, rf_error *error);
struct node *nodes_at(rf_replay *r, const rf_address *address, rf_error *error);

/* The node at an address that a topology has named; NULL: there is none. */
struct node *nodes_known(const rf_replay *r, const rf_address *address);

/* Looks for the primaries anew, if they may have changed. RF_E_TARGET where they cannot be found now; or,
 * which ends the run, where a node redirects to an address that its cluster does not name. */
rf_code nodes_refresh(rf_replay *r, rf_error *error);

/* Does so where there is a suspicion, once a second; what cannot be found out now is no error. */
rf_code nodes_check(rf_replay *r, rf_error *error);

/* The node that has the key's slot. */
struct node *nodes_of_key(const rf_replay *r, rf_slice key);

/* Connects a pipe that is not. RF_E_TARGET where that cannot be done now. */
rf_code node_connect(struct node *node, struct pipe *pipe, rf_error *error);

/* Whatever a lost connection has sent is done with afterwards. Comes before anything is sent again. */
rf_code node_fence(struct node *node, rf_error *error);

/* How many keys the node has evicted so far. */
rf_code node_count_evicted(struct node *node, int64_t *keys, rf_error *error);

/* A client for questions, the same until node_stop_asking(), which follows an error of it. */
rf_code node_ask(struct node *node, struct client **out, rf_error *error);
void node_stop_asking(struct node *node);

void node_free(struct node *node);

/* News of a node. */
void nodes_tell(const struct node *node, const char *what);

/* --- loop.c: moving bytes ---------------------------------------------------------------------------- */

/* Moves bytes until something has moved or so many milliseconds have passed. Lost connections become strays;
 * no error of theirs is one here. */
rf_code loop_turn(rf_replay *r, int64_t wait_ms, rf_error *error);

/* The same for whoever has much under way: waking up for each answer would cost the server as much as us. */
rf_code loop_gather(rf_replay *r, rf_error *error);

/* Has the loop wait for a pipe that was connected. */
rf_code loop_watch(rf_replay *r, struct pipe *pipe, rf_error *error);

/* Sends what is ready, as far as it goes; takes what has arrived. */
rf_code loop_serve(rf_replay *r, struct pipe *pipe, rf_error *error);

/* Lets `ms` pass, while bytes move. */
rf_code loop_pause(rf_replay *r, int64_t ms, rf_error *error);

/* Calls options.tick, if it is time. */
rf_code loop_tick(rf_replay *r, rf_error *error);

/* Closes a pipe's connection; its parcels become strays. */
void loop_lose(rf_replay *r, struct pipe *pipe, const rf_error *why);

/* --- answer.c: what answers mean --------------------------------------------------------------------- */

extern const struct pipe_listener answer_listener;

/* Releases what is answered and safe; keys among it are written then. */
void answer_release(rf_replay *r, struct pipe *pipe);

/* A parcel that will not be answered any more. */
void answer_lost(rf_replay *r, struct pipe *pipe, uint64_t number, const rf_error *why);

/* For long only so many have had what was written: no more are waited for. */
void answer_fewer_replicas(struct node *node, int64_t replicas);

/* What an error of a server means; VERDICT_MOVED and VERDICT_ASK: *node is the one that it names. Of a
 * redirection to somebody who is unknown it is VERDICT_AGAIN, once the topology has been asked for anew. */
enum verdict answer_judge(rf_replay *r, struct node *asked, struct reply reply, struct node **node);

/* Of what a server cannot read it says so, and closes the connection: that is no loss. */
bool answer_was_garbled(const char *said);

/* An error among the answers to a parcel: the first one counts. */
void answer_note_error(struct parcel *parcel, struct node *node, struct reply reply);

/* There may be another first one. */
void answer_forget_error(struct parcel *parcel);

/* The same for an answer that is not what it should be. */
void answer_note_unexpected(struct parcel *parcel, const char *what);

/* Whether it is the temporary name's own time that has come before it was renamed. */
bool answer_has_gone(const rf_replay *r, const char *said, int64_t expire_ms);

/* The run has ended already: hands out why. */
static inline rf_code replay_ended(const rf_replay *r, rf_error *error)
{
    *error = r->error;
    return error->code;
}

/* The run cannot go on; returns r->error.code. `said`: by the server. */
rf_code answer_fatal(rf_replay *r, const struct node *node, const char *said, int64_t db, rf_slice key);

/* --- executed.c: what a transaction is answered ----------------------------------------------------------
 */

/* A reply to one: to EXEC, if it is the last. What is returned stands for all of EXEC's. */
struct reply executed_take(struct pipe *pipe, struct parcel *parcel, struct reply reply, rf_slice rest);

/* Whether the reply, or an element of it, is an error: that one. */
bool executed_find_error(struct reply reply, rf_slice rest, struct reply *found);

/* --- write.c: entries into pipes --------------------------------------------------------------------- */

rf_code write_key(rf_replay *r, rf_entry *entry, rf_error *error);
/* The entry at hand is not written, as there is no way to say it. */
void write_unsayable(rf_replay *r, rf_entry *entry, const char *why);

/* Whether the target has seen the end of its time. */
bool write_has_expired(const rf_replay *r, int64_t expire_ms);

/* Whether a key of the entry at hand may have been written by an earlier run. */
bool write_is_doubtful(const rf_replay *r);

/* UNLINK, or DEL where there is none. */
enum { REMOVING_MAX = 6 };
rf_slice write_removing(const rf_replay *r);
void write_removal(const rf_replay *r, struct outbuf *out, rf_slice key);

/* WAIT for all replicas, a second at most: until then the server takes nothing else over this connection. */
void write_wait(const struct node *node, struct outbuf *out);

/* The last steps of what is written beside a key. */
void write_expiry(struct outbuf *out, rf_slice beside, int64_t expire_ms);
void write_rename(const rf_replay *r, struct outbuf *out, rf_slice beside, rf_slice key);

/* --- write_command.c: commands of an AOF ------------------------------------------------------------------
 */

rf_code write_command(rf_replay *r, const rf_entry *entry, rf_error *error);

/* --- room.c: a pipe for what comes next --------------------------------------------------------------- */

/* A pipe to the node that has the key, connected, with room, and with this database selected. Mends and waits
 * until there is one. */
rf_code room_for_key(rf_replay *r, rf_slice key, int64_t db, struct pipe **out, rf_error *error);

/* The same of one node. RF_E_TARGET where it cannot be reached now. */
rf_code room_at(rf_replay *r, struct node *node, int64_t db, struct pipe **out, rf_error *error);

/* The one pipe that all commands of an AOF go through. */
rf_code room_for_command(rf_replay *r, int64_t db, struct pipe **out, rf_error *error);

/* The same of one pipe. */
rf_code room_in(rf_replay *r, struct pipe *pipe, int64_t db, rf_error *error);

/* A parcel has been ended: has it sent, if it is worth it, and asks for replicas. */
rf_code room_used(rf_replay *r, struct pipe *pipe, rf_error *error);

/* Has replicas asked for what was written into any pipe and has not been asked for. */
rf_code room_guard_all(rf_replay *r, rf_error *error);

/* --- big.c: values that are not kept ------------------------------------------------------------------ */

rf_code big_write(rf_replay *r, rf_entry *entry, rf_error *error);

/* The same of a string, while it is walked over. */
rf_code big_write_string(rf_replay *r, rf_entry *entry, rf_slice string, rf_error *error);

/* The same without a temporary name, in a transaction: for targets that do not rename. */
rf_code big_transact(rf_replay *r, rf_entry *entry, rf_error *error);

/* A block of what is streamed is full: makes room for the next one. */
void big_block(struct pipe *pipe);

/* --- mend.c: what has to be sent again ---------------------------------------------------------------- */

/* Copies a parcel out of its pipe, where it is settled then. NULL: out of memory, and r->error says so. */
struct stray *mend_stray(rf_replay *r, struct pipe *pipe, uint64_t number, struct strays *into);

/* The end of a key, or of a key's temporary name. Until then what it is `of` is not settled. */
void mend_remove(rf_replay *r, const struct parcel *of, rf_slice key);
void mend_clean_up(rf_replay *r, const struct parcel *of, rf_slice key);

/* Something cannot be done now, for the reason `why`: waits a while, and looks for the primaries anew.
 * *since_ms is when it began, at first 0. RF_OK: it may be tried again. */
rf_code mend_wait(rf_replay *r, int64_t *since_ms, const rf_error *why, rf_error *error);

/* Sends all strays again, and settles doubts. Waits where that is needed. */
rf_code mend(rf_replay *r, rf_error *error);

/* The run ends with an error: closes all connections, and removes what temporary names there are, as far as
 * the target lets us. What is not settled is in the strays afterwards. */
void mend_sweep(rf_replay *r);

/* RF_E_TARGET, with what `why` says, where there has been trouble since then for too long, or it is of a kind
 * that does not pass. */
rf_code mend_patience(rf_replay *r, int64_t since_ms, const char *why, rf_error *error);

void strays_append(struct strays *strays, struct stray *stray);
struct stray *strays_take(struct strays *strays);
void strays_free(struct strays *strays);
void stray_free(struct stray *stray);

/* --- doubt.c: a key exists, and may be ours ------------------------------------------------------------ */

/* Compares what such strays would write with what is there, and settles them; or makes strays of them again.
 * RF_E_TARGET where the node cannot be asked now: they are strays again. */
rf_code doubt_settle(rf_replay *r, rf_error *error);

/* Opens the node's client for questions, and selects a database there. */
rf_code doubt_select(struct node *node, int64_t db, rf_error *error);

/* Compares two keys of a node. */
struct comparison {
    bool first; /* the first one is there */
    bool there; /* the second one */
    bool known; /* both can be decoded */
    bool equal;
};
rf_code doubt_compare(rf_replay *r, struct node *node, int64_t db, rf_slice a, rf_slice b,
                      struct comparison *out, rf_error *error);

/* --- fallback.c: RESTORE is refused -------------------------------------------------------------------- */

/* The parcel's RESTORE was refused as such: no more of them are sent, and its value goes as commands. */
void fallback_take(rf_replay *r, struct pipe *pipe, uint64_t number);

/* Writes what has been taken. Between entries only. */
rf_code fallback_write(rf_replay *r, rf_error *error);

/* --- library.c ----------------------------------------------------------------------------------------- */

rf_code library_load(rf_replay *r, const rf_entry *entry, rf_error *error);

/* --- settle.c: what became of an entry ------------------------------------------------------------------ */

void settle_written(rf_replay *r, struct node *node, const struct parcel *parcel);

/* There was nothing in it. */
void settle_empty(rf_replay *r, const struct parcel *parcel, rf_slice key);

/* It was there: a failure, or not. */
void settle_exists(rf_replay *r, const struct parcel *parcel, rf_slice key, rf_slice commands);

/* `commands`: those that would write it, for the dead letters; empty: there are none. */
void settle_failed(rf_replay *r, const struct parcel *parcel, rf_failure_kind kind, const char *reason,
                   rf_slice key, rf_slice commands);

/* Puts commands into the dead letters. */
void settle_post(rf_replay *r, const struct parcel *parcel, rf_slice commands);

/* A dead letter that does not lie in memory goes out by options.dead_letter itself, behind this. */
void settle_begin_letter(rf_replay *r, int64_t db);

#endif
