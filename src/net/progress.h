/* SPDX-License-Identifier: MIT */
/* Detects whether the peer makes progress. A few bytes now and then are not enough, as they could go on
 * forever. Progress is a complete reply, a request that was accepted, or a fair share of a long reply. */
#ifndef NET_PROGRESS_H
#define NET_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { PROGRESS_BYTES = 64 * 1024 };

struct progress {
    int64_t since_ms; /* monotonic clock */
    uint64_t bytes;   /* received since then */
};

static inline void progress_made(struct progress *progress, int64_t now_ms)
{
    *progress = (struct progress){.since_ms = now_ms};
}

static inline void progress_arrived(struct progress *progress, uint64_t bytes, int64_t now_ms)
{
    progress->bytes += bytes;
    if (progress->bytes >= PROGRESS_BYTES)
        progress_made(progress, now_ms);
}

#endif
