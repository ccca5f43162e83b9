/* SPDX-License-Identifier: MIT */
/* Telling UTF-8 from other bytes. */
#ifndef SINK_UTF8_H
#define SINK_UTF8_H

#include <rdbferry/slice.h>
#include <stdbool.h>

/* Nothing overlong, no surrogates, nothing above U+10FFFF. */
bool utf8_is_valid(rf_slice text);

#endif
