/* SPDX-License-Identifier: MIT */
/* The parts of digests: definitions shared by several files, and the groups of a stream, which are summed up
 * element by element. rdbferry/digest.h has the definition. */
#ifndef DIGEST_DIGEST_H
#define DIGEST_DIGEST_H

#include "base/bytes.h"
#include <rdbferry/digest.h>
#include <rdbferry/value.h>

struct hash_secret;
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

/* The state of a walk over a stream's groups. */
struct stream_digest {
    rf_stream stream;
    struct hash group;    /* of its name */
    struct hash consumer; /* of its group's name and its own */
};

/* Each returns the hash of its arguments. */
struct hash stream_digest_begin(struct stream_digest *s, const struct hashing *how, const rf_stream *stream);
struct hash stream_digest_group(struct stream_digest *s, const struct hashing *how, const rf_group *group);
struct hash stream_digest_consumer(struct stream_digest *s, const struct hashing *how,
                                   const rf_consumer *consumer);
struct hash stream_digest_pending(const struct hashing *how, const struct hash *owner,
                                  const rf_pending *pending);

/* A table of members for the values of a digester's keys: reused from value to value, and freed with the
 * digester. */
struct dup_set **digester_dup_set(rf_digester *digester);

#endif
