/* SPDX-License-Identifier: MIT */
/* The inside of asking a live target.
 *
 * An ask is one key of which the target is asked. It is sent to the node that has its slot, and waits there
 * in a row with the others for its answer:
 *
 *   check ──> held ──> node: waiting ──(answer)──> equal, different, expired
 *                        ^     │ MOVED, ASK, TRYAGAIN, LOADING, a lost connection
 *                        └─ again
 *
 * What has to be asked again waits in `again`, until every node has answered all it was asked: only then are
 * the primaries looked for anew, and nobody has to care for what is under way. */
#ifndef CHECK_LIVE_H
#define CHECK_LIVE_H

#include "base/buffer.h"
#include "net/client.h"
#include "net/primaries.h"
#include "rdb/dump_payload.h"
#include <rdbferry/digest.h>
#include <rdbferry/live.h>

/* Why an ask has to be asked again. */
enum trouble {
    TROUBLE_NONE,
    TROUBLE_MOVED,  /* the slot is another node's */
    TROUBLE_ASK,    /* this key is on another node, while its slot moves there */
    TROUBLE_WAIT,   /* not now; or the node cannot be reached */
    TROUBLE_LOST,   /* the connection was lost over its answer */
    TROUBLE_BESIDE, /* the connection was lost over another one's */
};

struct ask {
    struct ask *next;
    rf_key_record record; /* its key lies behind */
    uint64_t expected;    /* bytes of the answer, guessed */
    rf_address asking;    /* of the node to ask once, with ASKING; no host: the slot's */
    unsigned steps;       /* what was sent for it, a bit for each of the steps in live_answer.c */
    unsigned redirects, losses;
    int64_t since_ms; /* when it was told first to wait or to ask elsewhere; 0: never */
    uint8_t key[];
};

struct asks {
    struct ask *first, **end;
    size_t count;
};

struct live_node {
    rf_address address;
    struct client *client; /* NULL: not connected */
    unsigned connections;  /* there have been so many */
    int64_t db;            /* selected, in all that has been sent */
    struct asks waiting;   /* for their answers */
    uint64_t expected;     /* bytes of these */
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
    struct primaries primaries;
    struct live_node **nodes; /* the primaries, in their order, then others that were named by ASK */
    size_t node_count;
    struct address_index index; /* of the nodes */
    rf_digester *digester;
    struct ask *held; /* the record checked last: the next one's offset will tell how long it is */
    struct asks again;
    bool stale;       /* the primaries have changed, or a node is gone */
    bool pause;       /* before asking again */
    int64_t pause_ms; /* how long; 0: not yet */
    struct library *libraries;
    size_t library_count;
    bool libraries_known;
    bool nameless;      /* names only: EXISTS is refused, and not asked any more */
    rf_live_node *told; /* of each primary, when they were asked last */
    size_t told_count;
    rf_error error; /* sticky once its code is set */
};

/* --- live.c --- */

/* Puts an ask where it is to be asked again, and takes note of what that needs; `error` is why, and is
 * returned where there has been trouble for too long. */
rf_code live_again(rf_live *live, struct ask *ask, enum trouble trouble, const rf_error *why,
                   rf_error *error);

void live_pause(rf_live *live);

/* --- live_node.c --- */

void asks_append(struct asks *asks, struct ask *ask);
struct ask *asks_take(struct asks *asks);
void asks_free(struct asks *asks);
void ask_free(struct ask *ask);

/* The node at an address; NULL: there is none. */
struct live_node *live_node_known(const rf_live *live, const rf_address *address);

/* The same, which is added if there is none. NULL: out of memory. */
struct live_node *live_node_at(rf_live *live, const rf_address *address);

/* Sends an ask to its node; before that takes answers of this node, if too many are under way. */
rf_code live_send(rf_live *live, struct live_node *node, struct ask *ask, rf_error *error);

/* Takes all answers that are under way. */
rf_code live_drain(rf_live *live, rf_error *error);

/* One command, of which the answer may be an error; connects anew and tries again if the connection is lost.
 * The node is drained before. */
rf_code live_call(rf_live *live, struct live_node *node, int64_t db, const rf_slice *argv, size_t argc,
                  struct reply *head, rf_slice *rest, rf_error *error);

void live_node_close(struct live_node *node);

/* --- live_answer.c --- */

rf_code answer_request(rf_live *live, struct live_node *node, struct ask *ask, rf_error *error);

/* Takes the answer to an ask, and tells a difference if it is one. TROUBLE_LOST: nothing more will come, *why
 * says so. Anything but RF_OK is the end. */
rf_code answer_take(rf_live *live, struct live_node *node, struct ask *ask, enum trouble *trouble,
                    rf_error *why, rf_error *error);

/* The server's clock. */
int64_t live_now_ms(const rf_live *live);

/* --- live_library.c --- */

/* Asks for the function libraries, once. */
rf_code live_load_libraries(rf_live *live, rf_error *error);

rf_code live_check_library(rf_live *live, const rf_key_record *record, rf_error *error);

void live_free_libraries(rf_live *live);

/* --- live_scan.c --- */

/* Adds up the keys in the databases that occurred. */
rf_code live_count(rf_live *live, rf_error *error);

rf_code live_scan(rf_live *live, unsigned what, rf_live_key_fn fn, void *ctx, rf_error *error);

/* --- live_type.c --- */

/* Names, copied; a zeroed page is empty. */
struct key_page {
    struct buffer bytes;
};

/* False: out of memory. */
bool key_page_add(struct key_page *page, rf_slice key);

/* Hands out the keys of a page with their types. RF_E_TARGET: the connection is lost, or TYPE is refused. */
rf_code live_ask_types(struct live_node *node, const struct key_page *page, int64_t db, rf_live_key_fn fn,
                       void *ctx, rf_error *error);

/* --- live_node_facts.c --- */

rf_code live_ask_nodes(rf_live *live, rf_error *error);

rf_code live_ask_db(rf_live *live, int64_t db, bool *has, rf_error *error);

rf_code live_ask_command(rf_live *live, rf_slice name, int *has, rf_error *error);

void live_forget_nodes(rf_live *live);

/* --- all of them --- */

rf_code live_tell(rf_live *live, rf_difference_kind kind, const rf_key_record *before,
                  const rf_key_record *after, rf_error *error);

#endif
