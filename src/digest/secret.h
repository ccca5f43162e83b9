/* SPDX-License-Identifier: MIT */
/* The secret of this process, used to compare values. It is random, and never leaves the process. */
#ifndef DIGEST_SECRET_H
#define DIGEST_SECRET_H

#include <stdint.h>

enum { SECRET_BYTES = 192, SECRET_FACTORS = 4 };

struct hash_secret {
    uint8_t bytes[SECRET_BYTES];      /* XXH3's */
    uint64_t factors[SECRET_FACTORS]; /* its result is multiplied with these */
};

/* The same in every call and on every thread. */
const struct hash_secret *hash_secret(void);

#endif
