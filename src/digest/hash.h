/* SPDX-License-Identifier: MIT */
/* The hash H of rdbferry/digest.h, over bytes at hand; hasher.h is for inputs in pieces. */
#ifndef DIGEST_HASH_H
#define DIGEST_HASH_H

#include "base/bytes.h"
#include <rdbferry/digest.h>

/* The secret of this process, used to compare values. It is random, and never leaves the process. */
enum { SECRET_BYTES = 192, SECRET_FACTORS = 4 };

struct hash_secret {
    uint8_t bytes[SECRET_BYTES];      /* XXH3's */
    uint64_t factors[SECRET_FACTORS]; /* its result is multiplied with these */
};

/* The same in every call and on every thread. */
const struct hash_secret *hash_secret(void);

struct sha256;

/* The hash H: SHA-256 if set, else XXH3-128 under the secret, or with seed 0 without one. */
struct hashing {
    const struct hash_secret *secret;
    struct sha256 *sha;
};

/* dig() of it: the first hash_size() bytes. */
struct hash {
    uint8_t bytes[RF_SHA256_BYTES];
};

static inline size_t hash_size(const struct hashing *how)
{
    return how->sha ? RF_SHA256_BYTES : sizeof(rf_digest);
}

struct hash digest_hash(const struct hashing *how, rf_slice bytes);

/* dig(digest) */
static inline void digest_store(uint8_t out[16], rf_digest digest)
{
    store_le64(out, digest.low);
    store_le64(out + 8, digest.high);
}

static inline rf_digest digest_load(const uint8_t from[16])
{
    return (rf_digest){load_le64(from), load_le64(from + 8)};
}

#endif
