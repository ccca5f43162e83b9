/* SPDX-License-Identifier: MIT */
/* Validates UTF-8. */
#ifndef SINK_UTF8_H
#define SINK_UTF8_H

#include <rdbferry/slice.h>
#include <stdbool.h>

/* No overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_is_valid(rf_slice text);

#endif
