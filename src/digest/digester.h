/* SPDX-License-Identifier: MIT */
/* A digester: the state of one kind of digest, of the current value and of all keys. For more kinds there is
 * a chain of them. */
#ifndef DIGEST_DIGESTER_H
#define DIGEST_DIGESTER_H

#include "digest/digest_stream.h"
#include "digest/hasher.h"

struct rf_digester {
    rf_digest_kind kind;
    struct hashing how;
    struct hasher ordered; /* for values with ordered elements */
    struct hasher element;
    rf_visitor visitor;
    rf_digester *next; /* for another kind of digest; NULL: the last one */
    rf_lthash keys;    /* RF_DIGEST_SHA256: all keys so far */
    int64_t expired_until;
    /* of the current value */
    rf_digest sum;                  /* of unordered elements, by XXH3 */
    rf_lthash items;                /* the same by SHA-256 */
    struct hash value, stream_hash; /* by SHA-256: the whole value; a stream's data besides entries and
                                       groups */
    rf_digest expiring;             /* the sum of the members of a set that expire */
    rf_lthash expiring_items;
    rf_digest expired_sum; /* the part of sum, or of expiring, that has expired */
    uint64_t expiring_members, expired;
    uint64_t elements, longest, bytes;
    struct stream_digest stream;
};

/* The visitor of a walk for the first of a chain, which forwards to the others. */
void digester_set_visitor(rf_digester *digester);

/* Digests the value of a key, by all of a chain. */
rf_code digester_put_value(rf_digester *digester, const rf_entry *key, rf_error *error);

static inline void digest_subtract(rf_digest *sum, rf_digest digest)
{
    sum->high -= digest.high + (sum->low < digest.low);
    sum->low -= digest.low;
}

#endif
