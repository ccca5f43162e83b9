/* SPDX-License-Identifier: MIT */
/* An element of a listpack, ziplist, intset or zipmap: an integer or bytes. An integer is equivalent to its
 * decimal text; both views compare equal. */
#ifndef CODEC_PACKED_H
#define CODEC_PACKED_H

#include "base/number.h"
#include <rdbferry/slice.h>
#include <stdbool.h>

struct packed {
    const uint8_t *ptr; /* NULL: an integer */
    size_t len;
    int64_t integer;
};

/* The result of a cursor's next step. */
enum packed_step { PACKED_ELEMENT, PACKED_END, PACKED_DAMAGED };

/* The element as bytes: borrowed from the blob, or written to `text`. */
static inline rf_slice packed_slice(const struct packed *element, uint8_t text[NUMBER_TEXT_MAX])
{
    if (element->ptr)
        return (rf_slice){element->ptr, element->len};
    return (rf_slice){text, number_print_i64(text, element->integer)};
}

/* The element as an integer, also if it is stored as text. */
static inline bool packed_integer(const struct packed *element, int64_t *out)
{
    if (element->ptr)
        return number_parse_i64((rf_slice){element->ptr, element->len}, out);
    *out = element->integer;
    return true;
}

#endif
