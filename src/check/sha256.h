/* SPDX-License-Identifier: MIT */
/* SHA-256 by OpenSSL, and LtHash over its results: what --digest=sha256 consists of. A failure of OpenSSL is
 * kept, and told at the end. */
#ifndef CHECK_SHA256_H
#define CHECK_SHA256_H

#include <openssl/evp.h>
#include <rdbferry/digest.h>
#include <rdbferry/slice.h>
#include <stdbool.h>

struct sha256 {
    EVP_MD *sha256, *shake128;
    EVP_MD_CTX *whole, *pieces, *expansion;
    bool failed;
};

/* NULL: OpenSSL has no memory, or not these algorithms. */
struct sha256 *sha256_new(void);

/* NULL is let through. */
void sha256_free(struct sha256 *sha);

void sha256_of(struct sha256 *sha, rf_slice bytes, uint8_t out[RF_SHA256_BYTES]);

/* The same of pieces; sha256_of() may be used in between. */
void sha256_begin(struct sha256 *sha);
void sha256_put(struct sha256 *sha, const void *bytes, size_t size);
void sha256_end(struct sha256 *sha, uint8_t out[RF_SHA256_BYTES]);

/* One more item of a multiset, by its SHA-256. */
void lthash_add(struct sha256 *sha, rf_lthash *sum, const uint8_t item[RF_SHA256_BYTES]);

/* Two multisets become one. */
void lthash_join(rf_lthash *sum, const rf_lthash *other);

void lthash_end(struct sha256 *sha, const rf_lthash *sum, uint8_t out[RF_SHA256_BYTES]);

#endif
