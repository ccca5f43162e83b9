/* SPDX-License-Identifier: MIT */
/* A part of an output: what keys are encoded to on another thread, in memory, until it is appended. It
 * consists of runs, in each of which all keys are of one database:
 *
 *     db 0: 300 keys | db 1: 20 keys | db 0: 5 keys */
#ifndef SINK_PART_H
#define SINK_PART_H

#include "base/outbuf.h"
#include "base/select_hook.h"
#include <rdbferry/slice.h>
#include <stdbool.h>

struct part_run {
    int64_t db;
    size_t from;             /* the position of its first byte */
    uint64_t keys, expiring; /* written before it, as counted by the encoder */
};

/* A part that is too large, or has no memory, discards what is written, and buf.code is set. */
struct part {
    struct outbuf buf;
    struct part_run *runs;
    size_t count, cap;
};

/* False: out of memory. A zeroed part may be closed. */
bool part_open(struct part *part);
void part_close(struct part *part);

/* Empties it. No more than 1 MiB of memory is kept. */
void part_clear(struct part *part);

static inline size_t part_size(const struct part *part)
{
    return (size_t)(part->buf.pos - part->buf.start);
}

/* Begins a run. */
void part_select(struct part *part, int64_t db, uint64_t keys, uint64_t expiring);

/* The bytes of a run. */
rf_slice part_bytes(const struct part *part, size_t run);

#endif
