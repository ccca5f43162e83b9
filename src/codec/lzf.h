/* SPDX-License-Identifier: MIT */
/* LZF expansion, bounds-checked, faster than liblzf's (which compresses, and which tests hold this
 * against).
 *
 *   control byte c < 32    c+1 literal bytes follow
 *   control byte c >= 32   n = c >> 5, plus the next byte if n == 7; then a byte that extends
 *                          (c & 31) << 8 to the distance less one; copy n+2 bytes from there   */
#ifndef CODEC_LZF_H
#define CODEC_LZF_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LZF_SLACK = 32 }; /* bytes behind the output that the decoder may scribble on */

/* No LZF block expands by more than this factor: a claim beyond is a lie. */
enum { LZF_MAX_RATIO = 88 };

/* Expands all of `in` to exactly `size` bytes at `out`, which has size + LZF_SLACK bytes. False if the
 * block is damaged or makes another number of bytes; `out` is then garbage. */
bool lzf_expand(rf_slice in, uint8_t *out, size_t size);

/* Expands the beginning of a block to up to `size` bytes. Returns how many: fewer where `in` ends or is
 * damaged. It needs no more than twice as many bytes of `in`. */
size_t lzf_expand_start(rf_slice in, uint8_t *out, size_t size);

#endif
