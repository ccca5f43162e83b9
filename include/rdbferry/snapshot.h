/* SPDX-License-Identifier: MIT */
/* A live server as an input: the snapshot that it sends to a replica (PSYNC).
 *
 * The server needs no file on its disk for it, if it saves without a disk (repl-diskless-sync) or is Valkey 9
 * or newer. A user needs no other permissions than +psync +replconf +ping. */
#ifndef RDBFERRY_SNAPSHOT_H
#define RDBFERRY_SNAPSHOT_H

#include <rdbferry/aofdir.h>
#include <rdbferry/target.h>

typedef struct rf_snapshot_options {
    bool from_primary; /* with Sentinels and clusters: else from a replica that has all the data, if there is
                          one */
} rf_snapshot_options;

/* Adds the servers of a live source: one, or each primary of a cluster, in the order of their slots.
 * Connects, and waits for a source that is not available as `source->wait` says, whose callbacks are also
 * called on the threads that read the snapshots: until the server has prepared one, and while nothing of it
 * arrives. `source` is emptied: `files` owns it from now on, also after an error.
 *
 * rf_files_open() starts the snapshot of a server and returns the RDB as it arrives. A second call is an
 * error, as it would be another snapshot; see rf_files_capture(). As it is read no faster than the caller
 * reads, each server is asked when its turn comes: none has to hold a snapshot that is not read. At the end
 * of that of a cluster node the slots must be where they were, or the last read fails (RF_E_READ).
 *
 * RF_E_UNAVAILABLE: the source cannot be reached, is lost, or is not ready; RF_E_READ: it refuses. */
RF_API rf_code rf_files_add_live(rf_files *files, rf_target *source, const rf_snapshot_options *options,
                                 rf_error *error);

/* The source of a live input that rf_files_add_live() has added, which lives as long as `files`; else NULL.
 */
RF_API const rf_target *rf_files_source(const rf_files *files, size_t number);

/* False for a slot of a cluster that another live input of the same source has. A key of such a slot is being
 * migrated, or was left behind. */
RF_API bool rf_files_has_slot(const rf_files *files, size_t number, unsigned slot);

#endif
