/* SPDX-License-Identifier: MIT */
/* SHA-256 by OpenSSL, and LtHash over its results: the components of --digest=sha256. A failure of OpenSSL is
 * stored, and reported at the end. */
#ifndef DIGEST_SHA256_H
#define DIGEST_SHA256_H

#include <openssl/evp.h>
#include <rdbferry/digest.h>
#include <rdbferry/slice.h>
#include <stdbool.h>

struct sha256 {
    EVP_MD *sha256, *shake128;
    EVP_MD_CTX *whole, *pieces, *expansion;
    bool failed;
};

/* Returns NULL if OpenSSL is out of memory or lacks these algorithms. */
struct sha256 *sha256_new(void);

/* `sha` may be NULL. */
void sha256_free(struct sha256 *sha);

void sha256_of(struct sha256 *sha, rf_slice bytes, uint8_t out[RF_SHA256_BYTES]);

/* The same for pieces; sha256_of() may be called in between. */
void sha256_begin(struct sha256 *sha);
void sha256_put(struct sha256 *sha, const void *bytes, size_t size);
void sha256_end(struct sha256 *sha, uint8_t out[RF_SHA256_BYTES]);

/* Adds an item to a multiset, by its SHA-256. */
void lthash_add(struct sha256 *sha, rf_lthash *sum, const uint8_t item[RF_SHA256_BYTES]);

/* Adds the second multiset to the first. */
void lthash_join(rf_lthash *sum, const rf_lthash *other);

void lthash_end(struct sha256 *sha, const rf_lthash *sum, uint8_t out[RF_SHA256_BYTES]);

#endif
