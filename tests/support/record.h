/* SPDX-License-Identifier: MIT */
/* What a visitor is told, as text: one line for each call, bytes that are not printable as \xNN.
 *
 *   string v | item v | member v | scored v 1.5 | field f v [@ms] | array [index] | slot 3 v | path p field f
 * v entry 1-2 f=v ... | stream n last first max-deleted added groups | group name last read pending consumers
 *   consumer name seen active pending | pending id time count | unowned ... | producers s max n
 *   record producer iid id | module name version */
#ifndef TESTS_RECORD_H
#define TESTS_RECORD_H

#include "base/buffer.h"
#include <rdbferry/value.h>

/* Its ctx is a struct buffer. */
extern const rf_visitor recorder;

/* Text as it stands in a record; no more than printf does. */
void record_text(struct buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void record_bytes(struct buffer *out, rf_slice bytes);

/* The text so far, NUL-terminated. */
const char *record_end(struct buffer *out);

#endif
