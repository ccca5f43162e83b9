/* SPDX-License-Identifier: MIT */
/* Follows a live server: its snapshot, and then every command that changes its data, as a replica receives
 * them.
 *
 * A thread reads the link as fast as the server sends, into temporary files if necessary, and acknowledges
 * each second, whatever the caller does: a slow caller never fills the server's buffers. A lost link is
 * continued where it ended, also at a server that has taken over from its primary.
 *
 * A server counts as in step what is acknowledged in full, and may then hand over to us (FAILOVER): so one
 * byte less than received is acknowledged, unless the server asks (REPLCONF GETACK). */
#ifndef RDBFERRY_FOLLOW_H
#define RDBFERRY_FOLLOW_H

#include <rdbferry/aofdir.h>
#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/source.h>
#include <rdbferry/target.h>

typedef struct rf_follow rf_follow;

typedef struct rf_follow_options {
    const char *spool_directory; /* of the temporary files; NULL: $TMPDIR, or /tmp */
    uint64_t spool_limit;        /* bytes on disk, from which on the link is not read; 0: none */
    const char *id; /* continue after `offset` of the stream with this id; NULL: begin with a snapshot */
    uint64_t offset;
} rf_follow_options;

/* A position in the stream, at the end of a command. */
typedef struct rf_follow_position {
    uint64_t offset;     /* of the byte after it */
    int64_t db;          /* that is selected there */
    int64_t arrived_ms;  /* Unix milliseconds, when it was received: relative expiries count from there */
    bool in_transaction; /* between MULTI and EXEC, where the stream cannot be continued */
} rf_follow_position;

/* Connects to one of the addresses of `source`, which must outlive the follow, or to the primary that its
 * Sentinels name, and waits for the reply to PSYNC. `source->wait` says how long to wait for it, now and when
 * the link is lost. RF_E_READ if it refuses, and with `id` if it cannot continue the stream. */
RF_API rf_code rf_follow_open(const rf_target *source, const rf_follow_options *options, rf_follow **out,
                              rf_error *error);

/* The same for a live input that rf_files_add_live() has added; `files` must outlive the follow. A node of a
 * cluster is followed on at the replica that takes over from it. RF_E_READ: slots are being migrated, or have
 * moved between the nodes: the order of what is written to them is not known then. */
RF_API rf_code rf_files_follow(const rf_files *files, size_t number, const rf_follow_options *options,
                               rf_follow **out, rf_error *error);

/* The id of the stream, 40 hexadecimal digits: a new one after a server has taken over. `id` has 41 bytes. */
RF_API void rf_follow_id(rf_follow *follow, char *id);

/* The offset at which the stream begins: that of the snapshot, which is another one if the server had to be
 * asked again, so that it is final when something of the snapshot has been read; or the one that is
 * continued. */
RF_API uint64_t rf_follow_start(const rf_follow *follow);

/* Whether the link exists now; from any thread. */
RF_API bool rf_follow_is_connected(const rf_follow *follow);

/* Opens the snapshot, once. The caller closes it before rf_follow_close(): what has not been read is then
 * discarded. Until it is read or closed it counts for the limit. If the server ends the link before anything
 * of it has arrived, it is asked again, and it is RF_E_UNAVAILABLE if that takes too long; later a lost link
 * is RF_E_READ. */
RF_API rf_code rf_follow_snapshot(rf_follow *follow, rf_source **out, rf_error *error);

/* Whether it has ended, and another snapshot may be read with another rf_follow: the link was lost in the
 * middle of the snapshot, or slots of the cluster have moved. From any thread. */
RF_API bool rf_follow_needs_snapshot(const rf_follow *follow);

/* Waits for the next command, with its database and its offset in the stream, and the position after it, once
 * the snapshot has been read. `db`
 * is the one that is selected at the start of the stream: the AUX field repl-stream-db of the snapshot, or 0,
 * or what was selected at the position that is continued; only the first call uses it. Commands of the link
 * itself, such as PING, are left out. The entry is valid until the next call. Errors are sticky:
 * RF_E_UNAVAILABLE if the link is lost for too long, RF_E_READ if the server cannot continue the stream. */
RF_API rf_code rf_follow_next(rf_follow *follow, int64_t db, rf_entry *entry, rf_follow_position *position,
                              rf_error *error);

/* The same without waiting: if no command has been received, *there is false, and the position is the one up
 * to which all have been returned. */
RF_API rf_code rf_follow_poll(rf_follow *follow, int64_t db, bool *there, rf_entry *entry,
                              rf_follow_position *position, rf_error *error);

/* After that, it becomes readable when another command has been received, or an error. */
RF_API int rf_follow_descriptor(const rf_follow *follow);

/* The offset up to which the stream has been received, at the end of a command; from any thread. */
RF_API uint64_t rf_follow_received(rf_follow *follow);

/* Asks the server for the offset that its stream has now. Needs +info; RF_E_READ if it is refused. */
RF_API rf_code rf_follow_ask_offset(rf_follow *follow, uint64_t *offset, rf_error *error);

/* Whether all that is written at the source arrives: the link stands and, in a cluster, each node has the
 * slots that it had in the beginning, and the link is to the server that has them now; if not, it is made
 * anew. RF_E_READ: slots have moved; RF_E_UNAVAILABLE: there is no link, or that is not known now. */
RF_API rf_code rf_follow_check(rf_follow *follow, rf_error *error);

/* What a server tells when its writes are paused. */
typedef struct rf_follow_paused {
    uint64_t offset;   /* up to which the stream has all that was written before */
    unsigned replicas; /* that are connected: one that takes over is not any more */
    bool watched;      /* by Sentinels, which the pause cuts off; needs +pubsub, without which it is false */
} rf_follow_paused;

/* Stops the writes of all clients at the server for `ms` milliseconds (CLIENT PAUSE ... WRITE, from 6.2). 0:
 * only checks that this is permitted. Needs +client and +info; RF_E_READ if it is refused, or the server is a
 * replica. */
RF_API rf_code rf_follow_pause(rf_follow *follow, int64_t ms, rf_follow_paused *paused, rf_error *error);

/* Ends the pause. */
RF_API rf_code rf_follow_unpause(rf_follow *follow, rf_error *error);

/* Makes calls that wait return RF_E_READ, now or later; from any thread. */
RF_API void rf_follow_stop(rf_follow *follow);

/* `follow` may be NULL. */
RF_API void rf_follow_close(rf_follow *follow);

#endif
