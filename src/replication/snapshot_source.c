/* SPDX-License-Identifier: MIT */
/* The bottom of a source: the RDB of a link. It is read as fast as the consumer wants; what it does not read
 * stays in the server. */
#include "replication/snapshot_source.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "replication/refusal.h"
#include <stdlib.h>

struct snapshot_origin {
    struct origin origin;
    struct link *link;
    bool ended;
    rf_slice piece;   /* what has not been read of the current one */
    const char *name; /* that of the input */
    struct snapshot_end end;
};

static rf_code next_piece(struct snapshot_origin *snapshot, rf_error *error)
{
    enum sync_event event;
    TRY(link_next(snapshot->link, &event, &snapshot->piece, error));
    snapshot->ended = event == SYNC_END;
    if (!snapshot->ended)
        return RF_OK;
    link_disconnect(snapshot->link); /* the server would keep the stream for us */
    return snapshot->end.fn(snapshot->end.ctx, error);
}

static rf_code snapshot_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct snapshot_origin *snapshot = (struct snapshot_origin *)layer;
    while (snapshot->piece.len == 0 && !snapshot->ended) {
        rf_code code = next_piece(snapshot, error);
        if (code != RF_OK)
            return refusal_blame(snapshot->name, code, error);
    }
    *n = snapshot->piece.len < cap ? snapshot->piece.len : cap;
    if (*n == 0)
        return RF_OK;
    memcpy(out, snapshot->piece.ptr, *n);
    snapshot->piece.ptr += *n;
    snapshot->piece.len -= *n;
    atomic_fetch_add_explicit(&snapshot->origin.position, *n, memory_order_relaxed);
    return RF_OK;
}

static void snapshot_close(struct layer *layer)
{
    struct snapshot_origin *snapshot = (struct snapshot_origin *)layer;
    link_close(snapshot->link);
    free(snapshot);
}

static void snapshot_stop(struct origin *origin)
{
    link_stop(((struct snapshot_origin *)origin)->link);
}

rf_code snapshot_source_open(struct link *link, const char *name, struct snapshot_end end, rf_source **out,
                             rf_error *error)
{
    const struct rdb_frame *frame = &link_sync(link)->frame;
    struct snapshot_origin *snapshot = calloc(1, sizeof *snapshot);
    if (!snapshot) {
        link_close(link);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    *snapshot = (struct snapshot_origin){
        .origin = {.layer = {.read = snapshot_read, .close = snapshot_close},
                   .size = frame->marked || frame->left > INT64_MAX ? -1 : (int64_t)frame->left,
                   .stop = snapshot_stop},
        .link = link,
        .name = name,
        .end = end,
    };
    return source_over(&snapshot->origin, name, out, error);
}
