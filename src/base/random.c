/* SPDX-License-Identifier: MIT */
/* getrandom(); if a sandbox forbids it, the 16 random bytes that the kernel passes to each process, mixed
 * with the time and a counter. */
#include "base/random.h"
#include "base/clock.h"
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <xxhash.h>

static void fill_without_getrandom(uint8_t *out, size_t size)
{
    static atomic_uint_fast64_t calls;
    uint64_t source[4] = {0};
    const void *given = (const void *)(uintptr_t)getauxval(AT_RANDOM);
    if (given)
        memcpy(source, given, 16);
    source[2] = (uint64_t)clock_unix_us();
    while (size > 0) {
        source[3] = atomic_fetch_add(&calls, 1);
        XXH128_hash_t hash = XXH3_128bits(source, sizeof source);
        size_t n = size < sizeof hash ? size : sizeof hash;
        memcpy(out, &hash, n);
        out += n;
        size -= n;
    }
}

void random_fill(void *out, size_t size)
{
    uint8_t *at = out;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            fill_without_getrandom(at, size);
            return;
        }
        at += got;
        size -= (size_t)got;
    }
}

uint64_t random_u64(void)
{
    uint64_t number;
    random_fill(&number, sizeof number);
    return number;
}
