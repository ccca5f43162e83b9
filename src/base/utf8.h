/* SPDX-License-Identifier: MIT */
/* Distinguishes UTF-8 from other bytes, and text from characters that a terminal would act upon. Overlong
 * forms, surrogates and characters above U+10FFFF are invalid. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool utf8_is_valid(rf_slice text);

/* Length of the sequence at the start of `text`, which is not empty, and its character; 0 if it is invalid.
 */
size_t utf8_next(rf_slice text, uint32_t *character);

/* Whether a terminal or an editor might act upon this character instead of showing it: control characters
 * (C0, DEL, C1), line and paragraph separators, and the controls of the bidirectional algorithm, which change
 * the order of the text shown. */
bool utf8_is_control(uint32_t character);

#endif
