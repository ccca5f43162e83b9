/* SPDX-License-Identifier: MIT */
/* Bounded heaps. */
#include "cmd/inspect/inspect_top.h"
#include <stdlib.h>
#include <string.h>

/* The rank of a name in byte order: the complement of its first eight bytes. */
static uint64_t rank_of_name(rf_slice name)
{
    uint64_t rank = 0;
    for (size_t i = 0; i < sizeof rank; i++)
        rank = rank << 8 | (i < name.len ? name.ptr[i] : 0);
    return ~rank;
}

static uint64_t rank_of_expiry(int64_t expire_ms)
{
    if (expire_ms == RF_NO_EXPIRY)
        return 0;
    return UINT64_MAX - (expire_ms > 0 ? (uint64_t)expire_ms : 0);
}

uint64_t top_rank(const struct top *top, const rf_entry *key, const rf_measure *measure)
{
    switch (top->order) {
    case TOP_MEMORY: return measure->memory;
    case TOP_ELEMENTS: return measure->elements;
    case TOP_EXPIRY: return rank_of_expiry(key->expire_ms);
    case TOP_KEY: return rank_of_name(key->key);
    }
    return 0;
}

static int compare_bytes(rf_slice a, rf_slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool comes_before(const struct top *top, const struct ranked *a, const struct ranked *b)
{
    if (a->rank != b->rank)
        return a->rank > b->rank;
    int order = top->order == TOP_KEY ? compare_bytes(a->row.key, b->row.key) : 0;
    return order ? order < 0 : a->turn < b->turn;
}

static void sift_up(struct top *top, size_t at)
{
    struct ranked moved = top->heap[at];
    for (; at > 0 && comes_before(top, &top->heap[(at - 1) / 2], &moved); at = (at - 1) / 2)
        top->heap[at] = top->heap[(at - 1) / 2];
    top->heap[at] = moved;
}

static void sift_down(struct top *top, size_t count)
{
    struct ranked moved = top->heap[0];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < count) {
        if (child + 1 < count && comes_before(top, &top->heap[child], &top->heap[child + 1]))
            child++;
        if (!comes_before(top, &moved, &top->heap[child]))
            break;
        top->heap[at] = top->heap[child];
        at = child;
    }
    top->heap[at] = moved;
}

static bool grow(struct top *top)
{
    size_t cap = top->cap ? 2 * top->cap : 16;
    struct ranked *grown = realloc(top->heap, cap * sizeof *grown);
    if (grown) {
        top->heap = grown;
        top->cap = cap;
    }
    return grown != NULL;
}

/* Stores a copy of the key in the row, reusing the memory of `bytes`. */
static bool keep_key(const struct top *top, struct key_row *row, rf_slice bytes)
{
    size_t length = row->key.len < top->key_kept ? row->key.len : top->key_kept;
    uint8_t *copy = realloc((void *)(uintptr_t)bytes.ptr, length + 1);
    if (!copy)
        return false;
    if (length > 0)
        memcpy(copy, row->key.ptr, length);
    row->key.ptr = copy;
    row->key.len = length;
    return true;
}

bool top_take_sorted(struct top *top, uint64_t rank, const struct key_row *row)
{
    struct ranked taken = {rank, top->offered++, *row};
    bool is_full = top->count == top->limit;
    if (is_full && !comes_before(top, &taken, top->heap))
        return true;
    if (!is_full && top->count == top->cap && !grow(top))
        return false;
    if (!keep_key(top, &taken.row, is_full ? top->heap->row.key : (rf_slice){0}))
        return false;
    if (is_full) {
        top->heap[0] = taken;
        sift_down(top, top->count);
    } else {
        top->heap[top->count] = taken;
        sift_up(top, top->count++);
    }
    return true;
}

void top_sort(struct top *top)
{
    for (size_t left = top->count; left > 1; left--) {
        struct ranked last = top->heap[0];
        top->heap[0] = top->heap[left - 1];
        sift_down(top, left - 1);
        top->heap[left - 1] = last;
    }
}

static int compare_turns(const void *a, const void *b)
{
    const struct ranked *first = a, *second = b;
    return (first->turn > second->turn) - (first->turn < second->turn);
}

bool top_merge(struct top *top, struct top *later)
{
    bool good = true;
    if (later->count > 0)
        qsort(later->heap, later->count, sizeof *later->heap, compare_turns);
    for (size_t i = 0; i < later->count && good; i++)
        good = top_take_sorted(top, later->heap[i].rank, &later->heap[i].row);
    return good;
}

void top_clear(struct top *top)
{
    for (size_t i = 0; i < top->count; i++)
        free((void *)(uintptr_t)top->heap[i].row.key.ptr);
    top->count = 0;
    top->offered = 0;
}

void top_free(struct top *top)
{
    top_clear(top);
    free(top->heap);
}
