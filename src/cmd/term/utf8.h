/* SPDX-License-Identifier: MIT */
/* Distinguishes UTF-8 from other bytes, and text from characters that a terminal would act upon. */
#ifndef CMD_TERM_UTF8_H
#define CMD_TERM_UTF8_H

#include <rdbferry/slice.h>
#include <stdbool.h>

/* Length of the UTF-8 sequence at the start of `bytes`, which is not empty, and its character; 0 if it is
 * invalid. Overlong forms, surrogates and characters above U+10FFFF are invalid. */
size_t utf8_next(rf_slice bytes, uint32_t *character);

/* Whether a terminal or an editor might act upon this character instead of showing it: control characters
 * (C0, DEL, C1), line and paragraph separators, and the controls of the bidirectional algorithm, which change
 * the order of the text shown. */
bool utf8_is_control(uint32_t character);

/* Whether all of it is valid UTF-8. */
bool utf8_valid(rf_slice bytes);

#endif
