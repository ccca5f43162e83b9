/* SPDX-License-Identifier: MIT */
/* The digest of a key, of that of its value. */
#ifndef DIGEST_DIGEST_KEY_H
#define DIGEST_DIGEST_KEY_H

#include "digest/hasher.h"

struct digest_numbers {
    rf_type type;
    int64_t db, expire_ms;
};

enum { DIGEST_NUMBERS = 3 * 8 };

static inline void digest_put_numbers(uint8_t record[DIGEST_NUMBERS], const struct digest_numbers *numbers)
{
    store_le64(record, (uint64_t)numbers->type);
    store_le64(record + 8, (uint64_t)numbers->db);
    store_le64(record + 16, (uint64_t)numbers->expire_ms);
}

/* The record has a fixed size, so that it need not be collected; its last byte is only of keys that must not
 * be evicted. */
static inline rf_digest digest_key(const struct digest_numbers *numbers, rf_digest value, rf_slice name,
                                   bool no_evict)
{
    uint8_t record[DIGEST_NUMBERS + 2 * sizeof value + 1];
    digest_put_numbers(record, numbers);
    digest_store(record + DIGEST_NUMBERS, value);
    digest_store(record + DIGEST_NUMBERS + sizeof value, hash_bytes(NULL, name));
    record[sizeof record - 1] = 'N';
    return hash_bytes(NULL, slice_of(record, sizeof record - !no_evict));
}

#endif
