/* SPDX-License-Identifier: MIT */
/* Estimates how long a convert, the start of a server and a replay take, from what is to be moved. Within a
 * factor of two on a machine of 2026, for disks and networks that are no slower. */
#ifndef CMD_RUN_ESTIMATE_H
#define CMD_RUN_ESTIMATE_H

#include <rdbferry/measure.h>
#include <stddef.h>

struct workload {
    uint64_t keys, elements;
    uint64_t bytes;           /* of the records in the dump */
    uint64_t pieces;          /* elements of values that are replayed in pieces, see ESTIMATE_BIG_KEY */
    uint64_t bytes_in_pieces; /* and their part of `bytes` */
};

/* replay's default of --big-key. */
#define ESTIMATE_BIG_KEY (UINT64_C(16) << 20)

static inline void workload_add(struct workload *work, const rf_measure *measure)
{
    bool big = measure->stored >= ESTIMATE_BIG_KEY;
    work->keys++;
    work->elements += measure->elements;
    work->bytes += measure->stored;
    work->pieces += big ? measure->elements : 0;
    work->bytes_in_pieces += big ? measure->stored : 0;
}

static inline void workload_merge(struct workload *work, const struct workload *from)
{
    work->keys += from->keys;
    work->elements += from->elements;
    work->bytes += from->bytes;
    work->pieces += from->pieces;
    work->bytes_in_pieces += from->bytes_in_pieces;
}

/* In seconds. */
double estimate_convert(const struct workload *work); /* to an AOF of commands; other outputs take less */
double estimate_load(const struct workload *work);    /* of an RDB, by a server that starts */
double estimate_replay(const struct workload *work, size_t nodes, uint64_t rate); /* 0: no --rate */

/* Formats "<1 s", "~12 s", "~4 min", "~3.5 h". Returns `out`. */
enum { SECONDS_TEXT = 24 };
const char *estimate_format(double seconds, char out[SECONDS_TEXT]);

#endif
