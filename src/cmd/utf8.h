/* SPDX-License-Identifier: MIT */
/* Telling UTF-8 from other bytes, and text from what a terminal would act upon. */
#ifndef CMD_UTF8_H
#define CMD_UTF8_H

#include <rdbferry/slice.h>
#include <stdbool.h>

/* Length of the UTF-8 sequence at the start of `bytes`, which is not empty, and its character; 0 if there is
 * none. Overlong forms, surrogates and what lies beyond U+10FFFF are none. */
size_t utf8_next(rf_slice bytes, uint32_t *character);

/* Whether a terminal or an editor might act upon this character instead of showing it: control characters
 * (C0, DEL, C1), separators of lines and paragraphs, and the controls of the bidirectional algorithm, which
 * show text in another order than it has. */
bool utf8_is_control(uint32_t character);

/* Nothing but UTF-8. */
bool utf8_valid(rf_slice bytes);

#endif
