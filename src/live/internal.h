/* SPDX-License-Identifier: MIT */
/* The internals of comparing with a live target.
 *
 * A query is about one key. It is sent to the node that serves the key's slot, and waits in that node's queue
 * for its reply:
 *
 *   check ──> delayed ──> node: waiting ──(reply)──> equal, different, expired
 *                           ^     │ MOVED, ASK, TRYAGAIN, LOADING, a lost connection
 *                           └─ retry queue
 *
 * Queries to be retried wait in the retry queue until every node has answered all of its queries; the
 * primaries are refreshed only then, when no reply is pending. */
#ifndef LIVE_INTERNAL_H
#define LIVE_INTERNAL_H

#include "base/buffer.h"
#include "net/client.h"
#include "net/cluster_map.h"
#include "net/waiting.h"
#include "rdb/dump_payload.h"
#include <rdbferry/digest.h>
#include <rdbferry/live.h>

/* Why a query must be retried. */
enum retry_reason {
    RETRY_NONE,
    RETRY_MOVED,       /* another node serves the slot */
    RETRY_ASK,         /* this key is on another node, while its slot is migrated */
    RETRY_LATER,       /* retry later; or the node cannot be reached */
    RETRY_CONN_LOST,   /* the connection was lost while waiting for this reply */
    RETRY_CONN_SHARED, /* the connection was lost while waiting for another reply */
};

enum query_kind {
    QUERY_KEY,  /* its value and expiry, or its name alone */
    QUERY_SIZE, /* an estimate of its size */
};

/* Receives the replies about keys, in place of a comparison. */
struct live_capture {
    /* A DUMP payload. Followed by done(), unless the query is repeated. `name`: of the server. */
    rf_code (*payload)(void *ctx, const rf_key_record *asked, rf_slice payload, const char *name,
                       rf_error *error);
    /* The expiry, which is up to PTTL_SLACK_MS too late if live_knows_expire_time() is false. */
    rf_code (*done)(void *ctx, const rf_key_record *asked, bool missing, const rf_key_record *found,
                    rf_error *error);
    /* The estimated size; RF_UNKNOWN: not available. */
    rf_code (*size)(void *ctx, const rf_key_record *asked, bool missing, int64_t size, rf_error *error);
    void *ctx;
};

struct query {
    struct query *next;
    enum query_kind kind;
    rf_key_record record;   /* its key is stored after it */
    uint64_t expected;      /* estimated size of the reply */
    rf_address ask_address; /* node to query once, with ASKING; no host: the slot's node */
    unsigned steps;         /* which of the steps in live_query.c were sent, as bits */
    unsigned redirects, losses;
    int64_t since_ms; /* time of the first transient error; 0: none */
    uint8_t key[];
};

struct query_queue {
    struct query *first, **end;
    size_t count;
};

struct live_conn {
    struct cluster_node base;   /* must be first */
    struct client *client;      /* NULL: not connected */
    unsigned connections;       /* number of connections so far */
    int64_t db;                 /* database selected, after all that has been sent */
    struct query_queue waiting; /* queries sent */
    uint64_t expected;          /* estimated size of their replies */
    unsigned scanned;           /* the last of rf_live.scans that has scanned it */
};

struct library {
    rf_slice name; /* owned */
    rf_digest keyed, published;
};

struct rf_live {
    const rf_target *target;
    rf_live_options options;
    rf_live_info info;
    rf_live_counts counts;
    struct cluster_map map; /* of struct live_conn */
    rf_digester *digester;
    struct query
        *delayed; /* the last query, which is delayed until the next record's offset shows its size */
    struct query_queue retry;
    bool pause;       /* before the next retry */
    int64_t pause_ms; /* duration of the last pause; 0: none */
    struct waiting waiting;
    struct library *libraries;
    size_t library_count;
    bool libraries_known;
    bool nameless;                 /* names only: EXISTS is not available, and not used any more */
    rf_live_node_info *node_infos; /* of each primary, from the last rf_live_query_nodes() */
    size_t node_info_count;
    unsigned scans;                     /* number of rounds over all nodes */
    const struct live_capture *capture; /* NULL: replies are compared */
    bool by_ttl;                        /* PEXPIRETIME is not available */
    rf_error error;                     /* sticky once its code is set */
};

/* A primary, by its number in the topology. */
static inline struct live_conn *live_primary(const rf_live *live, size_t number)
{
    return (struct live_conn *)live->map.primary[number];
}

/* --- live.c --- */

/* Determines the primaries again, as long as retries may take. */
rf_code live_refresh(rf_live *live, rf_error *error);

/* After RF_E_UNAVAILABLE from a node: pauses, and determines the primaries again. Returns the error if that
 * has lasted too long, since `since_ms` (monotonic). */
rf_code live_await(rf_live *live, int64_t since_ms, rf_error *error);

/* Queries a key for rf_live.capture, whose functions are called by this or a later call. `expected`: the
 * estimated size of the reply. */
rf_code live_query_key(rf_live *live, enum query_kind kind, int64_t db, rf_slice key, uint64_t expected,
                       rf_error *error);

/* Waits for the replies to all queries. */
rf_code live_settle(rf_live *live, rf_error *error);

/* --- live_retry.c --- */

void query_queue_push(struct query_queue *queue, struct query *query);
struct query *query_queue_pop(struct query_queue *queue);
void query_queue_free(struct query_queue *queue);
void query_free(struct query *query);

/* Queues a query to be retried, and records what that requires; `why` is the reason, and is returned as the
 * error if transient errors have lasted too long. */
rf_code live_retry(rf_live *live, struct query *query, enum retry_reason reason, const rf_error *why,
                   rf_error *error);

/* For how long transient errors are retried. */
int64_t live_retry_timeout_ms(const rf_live *live);

/* Sleeps, for longer each time until a query succeeds. */
rf_code live_pause(rf_live *live, rf_error *error);

/* --- live_conn.c --- */

/* What the map calls. The pending queries of a node that is no primary any more are retried. */
struct cluster_map_owner live_conn_owner(rf_live *live);

/* Sends a query to its node; before that, receives replies of this node if too many are pending. */
rf_code live_send(rf_live *live, struct live_conn *node, struct query *query, rf_error *error);

/* Receives all pending replies. */
rf_code live_drain(rf_live *live, rf_error *error);

/* Sends one command and receives its reply, which may be an error; reconnects and repeats it if the
 * connection is lost. The node must have no pending replies. */
rf_code live_call(rf_live *live, struct live_conn *node, int64_t db, const rf_slice *argv, size_t argc,
                  struct reply *head, rf_slice *rest, rf_error *error);

/* --- live_query.c --- */

enum { PTTL_SLACK_MS = 100 }; /* other clients may be served between PTTL and TIME */

/* Whether expiries are exact, because the target has PEXPIRETIME. */
bool live_knows_expire_time(const rf_live *live);

rf_code query_send(rf_live *live, struct live_conn *node, struct query *query, rf_error *error);

/* Receives the reply to a query, and reports a difference. RETRY_CONN_LOST: no more replies will arrive, for
 * the reason *why. Any return value but RF_OK ends the check. */
rf_code query_receive(rf_live *live, struct live_conn *node, struct query *query, enum retry_reason *reason,
                      rf_error *why, rf_error *error);

rf_code live_report(rf_live *live, rf_difference_kind kind, const rf_key_record *before,
                    const rf_key_record *after, rf_error *error);

/* --- live_library.c --- */

/* Reports each function library; a server before 7.0 has none. `fn` must not send queries. */
typedef rf_code (*live_library_fn)(void *ctx, rf_slice name, rf_slice code, rf_error *error);
rf_code live_list_libraries(rf_live *live, live_library_fn fn, void *ctx, rf_error *error);

/* Loads the function libraries, once. */
rf_code live_load_libraries(rf_live *live, rf_error *error);

rf_code live_check_library(rf_live *live, const rf_key_record *record, rf_error *error);

void live_free_libraries(rf_live *live);

/* --- live_scan.c --- */

/* A list of key names, which are copied; zeroed: empty. */
struct key_page {
    struct buffer bytes;
};

/* Adds up the keys in the databases that occurred. */
rf_code live_count(rf_live *live, rf_error *error);

rf_code live_scan(rf_live *live, unsigned what, rf_live_key_fn fn, void *ctx, rf_error *error);

/* Receives the names in a reply to SCAN. May send queries. */
typedef rf_code (*live_page_fn)(void *ctx, struct live_conn *node, int64_t db, const struct key_page *page,
                                rf_error *error);

struct live_pages {
    const char *count; /* of SCAN */
    live_page_fn fn;
    void *ctx;
};

/* Scans every database of every primary, also of those that become primaries meanwhile. A name may be
 * reported twice; that of a key in a slot that moves meanwhile may be missing. */
rf_code live_scan_pages(rf_live *live, const struct live_pages *pages, rf_error *error);

/* --- live_type.c --- */

/* Returns false if out of memory. */
bool key_page_add(struct key_page *page, rf_slice key);

/* Takes the next name off the bytes of a page; returns false at the end. */
bool key_page_next(rf_slice *rest, rf_slice *key);

/* Reports the keys of a page with their types. RF_E_TARGET: the connection is lost, or TYPE is not available.
 */
rf_code live_query_types(struct live_conn *node, const struct key_page *page, int64_t db, rf_live_key_fn fn,
                         void *ctx, rf_error *error);

/* --- live_node_info.c --- */

rf_code live_query_nodes(rf_live *live, rf_error *error);

/* The number of slots that are being migrated from or to the node; RF_UNKNOWN: not reported. */
rf_code live_query_moving(rf_live *live, struct live_conn *node, int64_t *moving, rf_error *error);

/* As rf_live_find_moves(). */
rf_code live_find_moves(rf_live *live, uint64_t *mark, bool *moved, rf_error *error);

rf_code live_query_db(rf_live *live, int64_t db, bool *has, rf_error *error);

rf_code live_query_command(rf_live *live, rf_slice name, int *has, rf_error *error);

void live_forget_nodes(rf_live *live);

#endif
