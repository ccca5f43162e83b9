/* SPDX-License-Identifier: MIT */
/* A hash over pieces: H of digest.h, of any number of pieces of any size. They are gathered first, and most
 * of what is hashed is never more than that. For files that hash a lot: it has XXH3 compiled in. */
#ifndef CHECK_HASHER_H
#define CHECK_HASHER_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include <rdbferry/digest.h>

enum { HASHER_GATHERED = 4096 };

/* A zeroed one is ready. */
struct hasher {
    XXH3_state_t state; /* of what did not fit */
    bool streams;
    size_t used;
    uint8_t gathered[HASHER_GATHERED];
};

static inline rf_digest hash_result(XXH128_hash_t hash)
{
    return (rf_digest){hash.low64, hash.high64};
}

static inline rf_digest hash_bytes(rf_slice bytes)
{
    return hash_result(XXH3_128bits(bytes.ptr, bytes.len));
}

COLD static void hasher_put_slow(struct hasher *h, const void *bytes, size_t n)
{
    if (!h->streams)
        XXH3_128bits_reset(&h->state);
    h->streams = true;
    XXH3_128bits_update(&h->state, h->gathered, h->used);
    XXH3_128bits_update(&h->state, bytes, n);
    h->used = 0;
}

static inline void hasher_put(struct hasher *h, const void *bytes, size_t n)
{
    if (UNLIKELY(n > HASHER_GATHERED - h->used)) {
        hasher_put_slow(h, bytes, n);
        return;
    }
    if (n > 0)
        memcpy(h->gathered + h->used, bytes, n);
    h->used += n;
}

/* u64(n) */
static inline void hasher_put_u64(struct hasher *h, uint64_t n)
{
    uint8_t bytes[8];
    store_le64(bytes, n);
    hasher_put(h, bytes, sizeof bytes);
}

/* str(string) */
static inline void hasher_put_string(struct hasher *h, rf_slice string)
{
    hasher_put_u64(h, string.len);
    hasher_put(h, string.ptr, string.len);
}

/* The hash; the hasher is ready for the next one. */
static inline rf_digest hasher_end(struct hasher *h)
{
    rf_digest result;
    if (h->streams) {
        XXH3_128bits_update(&h->state, h->gathered, h->used);
        result = hash_result(XXH3_128bits_digest(&h->state));
    } else {
        result = hash_bytes((rf_slice){h->gathered, h->used});
    }
    h->streams = false;
    h->used = 0;
    return result;
}

#endif
