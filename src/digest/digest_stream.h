/* SPDX-License-Identifier: MIT */
/* Digests of a stream's groups, which are summed up element by element. */
#ifndef DIGEST_DIGEST_STREAM_H
#define DIGEST_DIGEST_STREAM_H

#include "digest/hash.h"
#include <rdbferry/value.h>

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

#endif
