/* SPDX-License-Identifier: MIT */
/* Keys with plain strings, read together: see <rdbferry/strings.h>, of whose functions these are a part. */
#ifndef RDB_STRINGS_H
#define RDB_STRINGS_H

#include "base/number.h"
#include "rdb/rdb_reader.h"
#include <rdbferry/strings.h>

/* A key or a value is longer in an entry only. */
enum { STRINGS_LONGEST_KEY = 63, STRINGS_LONGEST_VALUE = 0x3fff };

/* The keys that are next, as far as they are in the window. */
void rdb_strings_next(struct rdb_reader *r, rf_string *keys, size_t most, rf_strings *strings);

/* Skips the keys that are next, up to `end` or a little after it; returns how many. *name: of the last one.
 */
size_t rdb_strings_skip(struct window *w, const uint8_t *end, const uint8_t **name);

/* The size of a stored value, by its first two bytes; 0: it is of another kind. */
static inline size_t strings_stored_size(const uint8_t *p)
{
    if (*p < 0x40)
        return 1u + *p;
    if (*p < 0x80)
        return 2u + ((*p & 0x3fu) << 8 | p[1]);
    return *p >= 0xc0 && *p <= 0xc2 ? 1u + (1u << (*p & 3)) : 0;
}

/* The text of a stored value. An integer is printed to `out`. */
static inline rf_slice strings_text(rf_slice stored, uint8_t out[NUMBER_TEXT_MAX])
{
    const uint8_t *p = stored.ptr;
    if (LIKELY(*p < 0x80)) {
        const size_t head = *p < 0x40 ? 1 : 2;
        return (rf_slice){p + head, stored.len - head};
    }
    const int64_t n = *p == 0xc0   ? (int8_t)p[1]
                      : *p == 0xc1 ? (int16_t)load_le16(p + 1)
                                   : (int32_t)load_le32(p + 1);
    return (rf_slice){out, number_print_i64(out, n)};
}

#endif
