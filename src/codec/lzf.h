/* SPDX-License-Identifier: MIT */
/* LZF expansion, bounds-checked, faster than liblzf's (which is used for compression and as the reference in
 * tests).
 *
 *   control byte c < 32    c+1 literal bytes follow
 *   control byte c >= 32   n = c >> 5, plus the next byte if n == 7; then a byte that extends
 *                          (c & 31) << 8 to the distance less one; copy n+2 bytes from there */
#ifndef CODEC_LZF_H
#define CODEC_LZF_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LZF_SLACK = 32 }; /* bytes after the output that the decoder may overwrite */

/* No LZF block expands by more than this factor: a larger size is invalid. */
enum { LZF_MAX_RATIO = 88 };

/* Expands all of `in` to exactly `size` bytes at `out`, which has size + LZF_SLACK bytes. False if the block
 * is corrupt or has another size; the contents of `out` are then undefined. */
bool lzf_expand(rf_slice in, uint8_t *out, size_t size);

/* Expands the beginning of a block to up to `size` bytes. Returns how many: fewer if `in` is exhausted or
 * corrupt. It needs no more than twice as many bytes of `in`. */
size_t lzf_expand_start(rf_slice in, uint8_t *out, size_t size);

#endif
