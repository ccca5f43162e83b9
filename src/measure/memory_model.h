/* SPDX-License-Identifier: MIT */
/* What values cost in a server's memory. The model is described in memory_model.c. */
#ifndef MEASURE_MEMORY_MODEL_H
#define MEASURE_MEMORY_MODEL_H

#include "measure/shape.h"
#include <rdbferry/measure.h>

/* Limits of packed encodings in a server. */
enum { LISTPACK_ENTRIES = 128, LISTPACK_VALUE = 64, INTSET_ENTRIES = 512 };

enum { LISTPACK_FRAME = 7 }; /* header and end */

enum { MEMORY_OBJECT = 16, MEMORY_TABLE_ENTRY = 24 };

/* --- costs ------------------------------------------------------------------------------------------- */

/* The size that jemalloc allocates for n bytes: 8, multiples of 16 up to 128, then four classes for each
 * doubling. */
static inline uint64_t memory_allocated(uint64_t n)
{
    if (n <= 8)
        return 8;
    unsigned log = 63 - (unsigned)__builtin_clzll(n - 1);
    uint64_t step = log > 6 ? UINT64_C(1) << (log - 2) : 16;
    return (n + step - 1) & ~(step - 1);
}

/* A string in an allocation of its own: a header by its length, the bytes, a NUL. */
static inline uint64_t memory_of_string(uint64_t len)
{
    uint64_t header = len - 1 < 31 ? 1 : len < 256 ? 3 : len < 65536 ? 5 : len >> 32 ? 17 : 9;
    return memory_allocated(header + len + 1);
}

/* An entry of a listpack, with its back length. */
uint64_t packed_string_size(rf_slice element);
uint64_t packed_integer_size(int64_t number);
uint64_t packed_score_size(double score);

/* --- the sum ----------------------------------------------------------------------------------------- */

/* Of a radix tree, as MEMORY USAGE counts it. */
uint64_t memory_of_tree(const struct id_tree *tree);

/* Of a key's name and its entry in the table of keys. */
static inline uint64_t memory_of_key(rf_slice name)
{
    return MEMORY_TABLE_ENTRY + memory_of_string(name.len);
}

/* Of its no-evict attribute (Redis 8.12): metadata of the object, and an entry in a table of such keys. */
static inline uint64_t memory_of_no_evict(rf_slice name)
{
    enum { METADATA = 8 };
    return METADATA + MEMORY_TABLE_ENTRY + memory_of_string(name.len);
}

/* Of a string: an integer is kept in the object, a short text in one allocation with it. */
static inline uint64_t memory_of_number(void)
{
    return MEMORY_OBJECT;
}

static inline uint64_t memory_of_text(uint64_t len)
{
    enum { TOGETHER_MOST = 44, TOGETHER_FRAME = 3 + 1 };
    return len <= TOGETHER_MOST ? memory_allocated(MEMORY_OBJECT + TOGETHER_FRAME + len)
                                : MEMORY_OBJECT + memory_of_string(len);
}

/* Of another value. */
uint64_t memory_of_value(const rf_entry *key, const struct shape *shape);

#endif
