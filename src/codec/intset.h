/* SPDX-License-Identifier: MIT */
/* Intsets: a set of integers in one blob.
 *
 *   u32le width (2, 4 or 8) | u32le count | count integers, LE, signed, strictly ascending
 *
 * (Valkey src/intset.c) */
#ifndef CODEC_INTSET_H
#define CODEC_INTSET_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>

struct intset {
    const uint8_t *integers;
    uint32_t width, count;
};

/* Validates size and order. Returns NULL, or the error message. A count of 0 is accepted. */
const char *intset_open(struct intset *set, rf_slice blob);

/* The integer at `index` < count. */
int64_t intset_at(const struct intset *set, uint32_t index);

#endif
