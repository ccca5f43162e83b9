/* SPDX-License-Identifier: MIT */
/* Keys with plain strings, read together: see <rdbferry/strings.h>, of whose functions these are a part. */
#ifndef RDB_STRINGS_H
#define RDB_STRINGS_H

#include "base/number.h"
#include "rdb/rdb_read.h"
#include "rdb/rdb_reader.h"
#include <rdbferry/strings.h>

/* A name is longer in an entry only. */
enum { STRINGS_LONGEST_KEY = 63 };

/* The keys that are next, as far as they are in the window. */
void rdb_strings_next(struct rdb_reader *r, rf_string *keys, size_t most, rf_strings *strings);

/* Skips the keys that are next, up to `end` or a little after it; returns how many. *name: of the last one.
 */
size_t rdb_strings_skip(struct window *w, const uint8_t *end, const uint8_t **name);

/* The size of a stored value, by its first two bytes; 0: it is of another kind. */
static inline size_t strings_stored_size(const uint8_t *p)
{
    if (LIKELY(*p < 0x80)) {
        const rf_slice text = rdb_plain_text(p);
        return (size_t)(text.ptr - p) + text.len;
    }
    return *p >= 0xc0 && *p <= 0xc2 ? 1 + rdb_integer_size(*p) : 0;
}

/* The text of a stored value. An integer is printed to `out`. */
static inline rf_slice strings_text(rf_slice stored, uint8_t out[NUMBER_TEXT_MAX])
{
    const uint8_t *p = stored.ptr;
    return LIKELY(*p < 0x80) ? rdb_plain_text(p) : (rf_slice){out, number_print_i64(out, rdb_integer(p))};
}

#endif
