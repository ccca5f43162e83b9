/* SPDX-License-Identifier: MIT */
/* The first N keys in an order, out of any number: a bounded heap. */
#ifndef CMD_INSPECT_INSPECT_TOP_H
#define CMD_INSPECT_INSPECT_TOP_H

#include <rdbferry/measure.h>
#include <stdbool.h>

/* A key, as far as it is shown. */
struct key_row {
    int64_t db;
    rf_slice key; /* in a top list: its first bytes, owned by the list */
    size_t length;
    rf_type type;
    const rf_encoding *encoding;
    int64_t expire_ms;
    rf_measure measure;
};

static inline struct key_row key_row_of(const rf_entry *key, const rf_measure *measure)
{
    return (struct key_row){key->db,       key->key,       key->key.len, key->type,
                            key->encoding, key->expire_ms, *measure};
}

enum top_order { TOP_MEMORY, TOP_ELEMENTS, TOP_EXPIRY, TOP_KEY };

struct ranked {
    uint64_t rank; /* larger ones come first */
    uint64_t turn; /* of equal ranks, the one offered first wins */
    struct key_row row;
};

struct top {
    enum top_order order;
    size_t limit;
    size_t key_kept; /* bytes */
    size_t count, cap;
    uint64_t offered;
    struct ranked *heap; /* the last one at the root */
};

/* The rank for top_offer(), by the order of the list. */
uint64_t top_rank(const struct top *top, const rf_entry *key, const rf_measure *measure);

bool top_take_sorted(struct top *top, uint64_t rank, const struct key_row *row);

/* False: out of memory. */
static inline bool top_offer(struct top *top, uint64_t rank, const rf_entry *key, const rf_measure *measure)
{
    if (top->count == top->limit && (top->limit == 0 || rank < top->heap->rank))
        return true;
    const struct key_row row = key_row_of(key, measure);
    return top_take_sorted(top, rank, &row);
}

/* Offers what is in `later`, another list of the same kind, as if it had been offered to this one; `later`
 * can only be emptied then. False: out of memory. */
bool top_merge(struct top *top, struct top *later);

/* Empties it. */
void top_clear(struct top *top);

/* Sorts the rows, the first one first; nothing may be offered afterwards. */
void top_sort(struct top *top);

void top_free(struct top *top);

#endif
