/* SPDX-License-Identifier: MIT */
/* Random bytes from the system: seeds that are unpredictable outside of this process. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_fill(void *out, size_t size);

uint64_t random_u64(void);

#endif
