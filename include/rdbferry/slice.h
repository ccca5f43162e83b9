/* SPDX-License-Identifier: MIT */
/* A slice: borrowed bytes.
 *
 * One rule holds for the whole library: a slice passed to the caller (in an entry, to a visitor, to a byte
 * function) is borrowed until the call that passed it returns, or, in an entry, until the reader is asked for
 * the next one. Copy the bytes to keep them. Bytes are not text: they may contain NUL, may be empty (then ptr
 * may be NULL), and end at ptr + len, without a terminator. */
#ifndef RDBFERRY_SLICE_H
#define RDBFERRY_SLICE_H

#include <stddef.h>
#include <stdint.h>

typedef struct rf_slice {
    const uint8_t *ptr;
    size_t len;
} rf_slice;

#endif
