/* SPDX-License-Identifier: MIT */
/* The RDB that a link delivers, as a source. */
#ifndef REPLICATION_SNAPSHOT_SOURCE_H
#define REPLICATION_SNAPSHOT_SOURCE_H

#include "io/source.h"
#include "replication/link.h"

/* Called when the RDB is complete: an error makes it invalid. */
struct snapshot_end {
    rf_code (*fn)(void *ctx, rf_error *error);
    void *ctx;
};

/* `link` is at SYNC_BEGIN. Takes ownership of it, also on error. `name` must outlive the source. */
rf_code snapshot_source_open(struct link *link, const char *name, struct snapshot_end end, rf_source **out,
                             rf_error *error);

#endif
