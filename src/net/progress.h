/* SPDX-License-Identifier: MIT */
/* Whether the other side gets on. Bytes alone are no progress: one a minute would hold us for ever. What
 * counts is a whole reply, a request that was taken, or a fair share of a reply that is long. */
#ifndef NET_PROGRESS_H
#define NET_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { PROGRESS_BYTES = 64 * 1024 };

struct progress {
    int64_t since_ms; /* of the monotonic clock */
    uint64_t bytes;   /* that have arrived since then */
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
