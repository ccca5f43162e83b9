/* SPDX-License-Identifier: MIT */
/* Random numbers from a seed: the same on every machine. (SplitMix64, by Sebastiano Vigna.)
 *
 * Two draws never stand in one initialiser or one list of arguments: C leaves their order open. */
#ifndef RDBGEN_RNG_H
#define RDBGEN_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state; /* starts as the seed */
};

static inline uint64_t rng_next(struct rng *rng)
{
    uint64_t x = rng->state += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

/* 0 .. n-1; n is below 2^32. */
static inline size_t rng_below(struct rng *rng, size_t n)
{
    return (size_t)((rng_next(rng) >> 32) * n >> 32);
}

/* low .. high, both included. */
static inline size_t rng_between(struct rng *rng, size_t low, size_t high)
{
    return low + rng_below(rng, high - low + 1);
}

/* 0 <= x < 1, all 53 bits random. */
static inline double rng_fraction(struct rng *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

#endif
