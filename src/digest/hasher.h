/* SPDX-License-Identifier: MIT */
/* A hash over pieces: H of digest.h, of any number of pieces of any size. They are collected first, and most
 * inputs never exceed that buffer. For files that hash a lot: it includes XXH3 inline.
 *
 * Under a secret, XXH3's result is multiplied with more of the secret. For up to 16 bytes XXH3 only XORs the
 * secret and uses constants: chosen values could keep a structure, and cancel out in a sum. */
#ifndef DIGEST_HASHER_H
#define DIGEST_HASHER_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "digest/hash.h"
#include "digest/sha256.h"
#include <rdbferry/digest.h>

enum { HASHER_GATHERED = 4096 };

/* A zeroed hasher is ready, with XXH3 and no secret. */
struct hasher {
    struct hashing how;
    XXH3_state_t state; /* of what exceeded the buffer */
    bool streams;
    size_t used;
    uint8_t gathered[HASHER_GATHERED];
};

/* The xor of the two halves of the product. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline rf_digest hash_result(XXH128_hash_t hash, const struct hash_secret *secret)
{
    if (!secret)
        return (rf_digest){hash.low64, hash.high64};
    const uint64_t *factors = secret->factors;
    return (rf_digest){fold(hash.low64 ^ factors[0], hash.high64 ^ factors[1]),
                       fold(hash.low64 ^ factors[2], hash.high64 ^ factors[3])};
}

static inline rf_digest hash_bytes(const struct hash_secret *secret, rf_slice bytes)
{
    return hash_result(secret ? XXH3_128bits_withSecret(bytes.ptr, bytes.len, secret->bytes, SECRET_BYTES)
                              : XXH3_128bits(bytes.ptr, bytes.len),
                       secret);
}

COLD static void hasher_begin(struct hasher *h)
{
    if (h->how.sha)
        sha256_begin(h->how.sha);
    else if (h->how.secret)
        XXH3_128bits_reset_withSecret(&h->state, h->how.secret->bytes, SECRET_BYTES);
    else
        XXH3_128bits_reset(&h->state);
    h->streams = true;
}

COLD static void hasher_stream(struct hasher *h, const void *bytes, size_t n)
{
    if (h->how.sha)
        sha256_put(h->how.sha, bytes, n);
    else
        XXH3_128bits_update(&h->state, bytes, n);
}

COLD static void hasher_put_slow(struct hasher *h, const void *bytes, size_t n)
{
    if (!h->streams)
        hasher_begin(h);
    hasher_stream(h, h->gathered, h->used);
    hasher_stream(h, bytes, n);
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

/* The hash by XXH3; the hasher is ready for the next one. */
static inline rf_digest hasher_end(struct hasher *h)
{
    rf_digest result;
    if (h->streams) {
        hasher_stream(h, h->gathered, h->used);
        result = hash_result(XXH3_128bits_digest(&h->state), h->how.secret);
    } else {
        result = hash_bytes(h->how.secret, (rf_slice){h->gathered, h->used});
    }
    h->streams = false;
    h->used = 0;
    return result;
}

/* The same by SHA-256. */
__attribute__((unused)) COLD static struct hash hasher_end_sha256(struct hasher *h)
{
    struct hash result = {{0}};
    if (h->streams) {
        hasher_stream(h, h->gathered, h->used);
        sha256_end(h->how.sha, result.bytes);
    } else {
        sha256_of(h->how.sha, (rf_slice){h->gathered, h->used}, result.bytes);
    }
    h->streams = false;
    h->used = 0;
    return result;
}

#endif
