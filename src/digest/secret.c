/* SPDX-License-Identifier: MIT */
#include "digest/secret.h"
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
