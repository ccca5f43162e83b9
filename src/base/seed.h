/* SPDX-License-Identifier: MIT */
/* Seeds for hashes of what others choose. */
#ifndef BASE_SEED_H
#define BASE_SEED_H

#include "base/clock.h"
#include <sys/random.h>

/* One that nobody can know who could make texts that share a hash. */
static inline uint64_t seed_random(void)
{
    uint64_t seed;
    return getrandom(&seed, sizeof seed, 0) == sizeof seed ? seed : (uint64_t)clock_unix_us();
}

#endif
