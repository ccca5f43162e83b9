/* SPDX-License-Identifier: MIT */
/* The parts of digests: what several files need, and the groups of a stream, which are summed up element by
 * element. rdbferry/digest.h has the definition. */
#ifndef CHECK_DIGEST_H
#define CHECK_DIGEST_H

#include "base/bytes.h"
#include <rdbferry/digest.h>
#include <rdbferry/value.h>

rf_digest digest_bytes(rf_slice bytes);

/* dig(digest) */
static inline void digest_store(uint8_t out[16], rf_digest digest)
{
    store_le64(out, digest.low);
    store_le64(out + 8, digest.high);
}

/* Where in a stream's groups a walk is. */
struct stream_digest {
    rf_stream stream;
    rf_digest group;    /* of its name */
    rf_digest consumer; /* of its group's name and its own */
};

/* Each returns what is to be added. */
rf_digest stream_digest_begin(struct stream_digest *s, const rf_stream *stream);
rf_digest stream_digest_group(struct stream_digest *s, const rf_group *group);
rf_digest stream_digest_consumer(struct stream_digest *s, const rf_consumer *consumer);
rf_digest stream_digest_pending(rf_digest owner, const rf_pending *pending);

#endif
