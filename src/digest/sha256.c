/* SPDX-License-Identifier: MIT */
#include "digest/sha256.h"
#include "base/bytes.h"
#include <stdlib.h>

enum { LANE_BYTES = 2, STATE_BYTES = RF_LTHASH_LANES * LANE_BYTES };

struct sha256 *sha256_new(void)
{
    struct sha256 *sha = calloc(1, sizeof *sha);
    if (!sha)
        return NULL;
    sha->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    sha->shake128 = EVP_MD_fetch(NULL, "SHAKE128", NULL);
    sha->whole = EVP_MD_CTX_new();
    sha->pieces = EVP_MD_CTX_new();
    sha->expansion = EVP_MD_CTX_new();
    if (sha->sha256 && sha->shake128 && sha->whole && sha->pieces && sha->expansion)
        return sha;
    sha256_free(sha);
    return NULL;
}

void sha256_free(struct sha256 *sha)
{
    if (!sha)
        return;
    EVP_MD_CTX_free(sha->whole);
    EVP_MD_CTX_free(sha->pieces);
    EVP_MD_CTX_free(sha->expansion);
    EVP_MD_free(sha->sha256);
    EVP_MD_free(sha->shake128);
    free(sha);
}

static void check(struct sha256 *sha, int result)
{
    sha->failed |= result != 1;
}

static void end(struct sha256 *sha, EVP_MD_CTX *context, uint8_t out[RF_SHA256_BYTES])
{
    check(sha, EVP_DigestFinal_ex(context, out, NULL));
}

void sha256_of(struct sha256 *sha, rf_slice bytes, uint8_t out[RF_SHA256_BYTES])
{
    check(sha, EVP_DigestInit_ex(sha->whole, sha->sha256, NULL));
    check(sha, EVP_DigestUpdate(sha->whole, bytes.ptr, bytes.len));
    end(sha, sha->whole, out);
}

void sha256_begin(struct sha256 *sha)
{
    check(sha, EVP_DigestInit_ex(sha->pieces, sha->sha256, NULL));
}

void sha256_put(struct sha256 *sha, const void *bytes, size_t size)
{
    check(sha, EVP_DigestUpdate(sha->pieces, bytes, size));
}

void sha256_end(struct sha256 *sha, uint8_t out[RF_SHA256_BYTES])
{
    end(sha, sha->pieces, out);
}

/* --- LtHash ------------------------------------------------------------------------------------------- */

void lthash_add(struct sha256 *sha, rf_lthash *sum, const uint8_t item[RF_SHA256_BYTES])
{
    uint8_t lanes[STATE_BYTES];
    check(sha, EVP_DigestInit_ex(sha->expansion, sha->shake128, NULL));
    check(sha, EVP_DigestUpdate(sha->expansion, item, RF_SHA256_BYTES));
    check(sha, EVP_DigestFinalXOF(sha->expansion, lanes, sizeof lanes));
    for (size_t i = 0; i < RF_LTHASH_LANES; i++)
        sum->lanes[i] = (uint16_t)(sum->lanes[i] + load_le16(lanes + LANE_BYTES * i));
}

void lthash_join(rf_lthash *sum, const rf_lthash *other)
{
    for (size_t i = 0; i < RF_LTHASH_LANES; i++)
        sum->lanes[i] = (uint16_t)(sum->lanes[i] + other->lanes[i]);
}

void lthash_end(struct sha256 *sha, const rf_lthash *sum, uint8_t out[RF_SHA256_BYTES])
{
    uint8_t lanes[STATE_BYTES];
    for (size_t i = 0; i < RF_LTHASH_LANES; i++)
        store_le16(lanes + LANE_BYTES * i, sum->lanes[i]);
    sha256_of(sha, slice_of(lanes, sizeof lanes), out);
}
