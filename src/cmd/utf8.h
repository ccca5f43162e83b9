/* SPDX-License-Identifier: MIT */
/* Telling UTF-8 from other bytes. */
#ifndef CMD_UTF8_H
#define CMD_UTF8_H

#include <rdbferry/slice.h>
#include <stdbool.h>

/* Length of the UTF-8 sequence at the start of `bytes`, which is not empty; 0 if there is none. Overlong
 * forms, surrogates and what lies beyond U+10FFFF are none. */
size_t utf8_length(rf_slice bytes);

/* Nothing but UTF-8. */
bool utf8_valid(rf_slice bytes);

#endif
