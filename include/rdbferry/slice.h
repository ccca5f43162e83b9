/* SPDX-License-Identifier: MIT */
/* A slice: bytes somebody else owns.
 *
 * One rule for the whole library: a slice handed to you (in an entry, to a visitor, to a byte
 * function) is borrowed until the call that handed it out returns, or, in an entry, until the
 * reader is asked for the next one. Copy what you want to keep. Bytes are never text: they may
 * hold NUL, may be empty (then ptr may be NULL), and end at ptr + len, not at a terminator. */
#ifndef RDBFERRY_SLICE_H
#define RDBFERRY_SLICE_H

#include <stddef.h>
#include <stdint.h>

typedef struct rf_slice {
    const uint8_t *ptr;
    size_t len;
} rf_slice;

#endif
