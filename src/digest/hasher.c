/* SPDX-License-Identifier: MIT */
/* The secret, made when it is first used; and hashes of whole inputs. */
#include "digest/hasher.h"
#include "base/random.h"
#include <pthread.h>

static struct hash_secret secret;

static void make_secret(void)
{
    random_fill(&secret, sizeof secret);
}

const struct hash_secret *hash_secret(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_secret);
    return &secret;
}

struct hash digest_hash(const struct hashing *how, rf_slice bytes)
{
    struct hash hash = {{0}};
    if (how->sha)
        sha256_of(how->sha, bytes, hash.bytes);
    else
        digest_store(hash.bytes, hash_bytes(how->secret, bytes));
    return hash;
}
