/* SPDX-License-Identifier: MIT */
/* A replication link: a connection on which a server sends its data and its stream, as to a replica. */
#ifndef REPLICATION_LINK_H
#define REPLICATION_LINK_H

#include "net/address.h"
#include "replication/sync.h"

/* What is asked for. */
struct link_request {
    bool only_rdb;   /* the RDB without the stream */
    const char *id;  /* continue the stream with this id; NULL: a full synchronization */
    uint64_t offset; /* of the last byte that has been received */
};

struct link;

/* Connects, authenticates and sends the handshake and PSYNC; its reply is the first event. Errors begin with
 * the name of the server. RF_E_UNAVAILABLE: it may work later; RF_E_TARGET: it does not. */
rf_code link_open(const rf_target *source, const rf_address *address, const struct link_request *request,
                  struct link **out, rf_error *error);

/* The server's name in messages. */
const char *link_name(const struct link *link);

/* Waits for the next event, which is never SYNC_MORE: see sync_next(). `piece` is valid until the next call.
 * SYNC_REFUSED and SYNC_INVALID are errors, as for link_open(). RF_E_UNAVAILABLE if the connection is lost,
 * or silent for the target's timeout. */
rf_code link_next(struct link *link, enum sync_event *event, rf_slice *piece, rf_error *error);

/* The same, but *event is SYNC_MORE if nothing arrives until then (clock_monotonic_ms()). */
rf_code link_poll(struct link *link, int64_t until_ms, enum sync_event *event, rf_slice *piece,
                  rf_error *error);

/* Acknowledges the stream up to an offset; there is no reply. Only once the stream has begun. */
rf_code link_ack(struct link *link, uint64_t offset, rf_error *error);

/* What has been parsed. */
const struct sync *link_sync(const struct link *link);

/* Makes link_next() return an error, now or later; from any thread. */
void link_stop(struct link *link);

/* The connection is lost, for link_next() too; from any thread. */
void link_cut(struct link *link);

/* Closes the connection; only link_stop() and link_close() may follow. */
void link_disconnect(struct link *link);

/* `link` may be NULL. */
void link_close(struct link *link);

#endif
