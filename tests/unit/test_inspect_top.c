/* SPDX-License-Identifier: MIT */
/* Bounded heaps of keys, also of parts of them, against sorting them all. */
#include "cmd/inspect/inspect_top.c"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

enum { KEYS = 2000 };

struct offered {
    uint64_t rank;
    unsigned turn;
    char name[16];
};

static struct offered all[KEYS];

static int by_rank(const void *a, const void *b)
{
    const struct offered *left = a, *right = b;
    if (left->rank != right->rank)
        return left->rank < right->rank ? 1 : -1;
    return (left->turn > right->turn) - (left->turn < right->turn);
}

static int by_name(const void *a, const void *b)
{
    const struct offered *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order ? order : (left->turn > right->turn) - (left->turn < right->turn);
}

/* In parts of so many keys, which are merged. */
static void offer_all(struct top *top, unsigned of_part, uint64_t seed)
{
    struct top part = *top;
    uint64_t state = seed;
    for (unsigned i = 0; i < KEYS; i++) {
        rf_entry entry = {.kind = RF_ENTRY_KEY, .db = i, .expire_ms = RF_NO_EXPIRY};
        rf_measure measure = {.memory = next_random(&state) % 500};
        int length = snprintf(all[i].name, sizeof all[i].name, "prefix:%u",
                              (unsigned)(next_random(&state) % 1500));
        entry.key = exact_copy(all[i].name, (size_t)length);
        all[i].turn = i;
        all[i].rank = top_rank(top, &entry, &measure);
        cr_assert(top_offer(&part, all[i].rank, &entry, &measure));
        exact_free(entry.key);
        if (i % of_part == of_part - 1) {
            cr_assert(top_merge(top, &part));
            top_clear(&part);
        }
    }
    top_free(&part);
    top_sort(top);
}

static void check_parts(enum top_order order, size_t limit, unsigned of_part,
                        int (*compare)(const void *, const void *))
{
    struct top top = {.order = order, .limit = limit, .key_kept = 15};
    uint64_t seed = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    offer_all(&top, of_part, seed);
    qsort(all, KEYS, sizeof *all, compare);
    cr_assert_eq(top.count, limit < KEYS ? limit : KEYS);
    for (size_t i = 0; i < top.count; i++)
        cr_expect_eq(top.heap[i].row.db, all[i].turn, "at %zu", i);
    top_free(&top);
}

static void check(enum top_order order, size_t limit, int (*compare)(const void *, const void *))
{
    check_parts(order, limit, KEYS, compare);
    check_parts(order, limit, 1, compare);
    check_parts(order, limit, 40, compare);
}

Test(inspect_top, by_memory)
{
    check(TOP_MEMORY, 100, by_rank);
    check(TOP_MEMORY, KEYS + 5, by_rank);
    check(TOP_MEMORY, 1, by_rank);
    check(TOP_MEMORY, 0, by_rank);
}

Test(inspect_top, by_key)
{
    check(TOP_KEY, 100, by_name);
}

Test(inspect_top, expiries)
{
    const struct top top = {.order = TOP_EXPIRY};
    const rf_measure measure = {0};
    const int64_t in_order[] = {-5, 0, 1, 4102444800000, INT64_MAX, RF_NO_EXPIRY};
    uint64_t last = UINT64_MAX;
    for (size_t i = 0; i < sizeof in_order / sizeof *in_order; i++) {
        uint64_t rank = top_rank(&top, &(rf_entry){.expire_ms = in_order[i]}, &measure);
        cr_expect_leq(rank, last, "%lld", (long long)in_order[i]);
        last = rank;
    }
    cr_expect_eq(last, 0);
}

Test(inspect_top, long_keys_are_cut)
{
    struct top top = {.order = TOP_MEMORY, .limit = 1, .key_kept = 3};
    rf_entry entry = {.key = {(const uint8_t *)"abcdef", 6}};
    cr_assert(top_offer(&top, 1, &entry, &(rf_measure){.memory = 1}));
    cr_expect_eq(top.heap->row.key.len, 3);
    cr_expect_eq(top.heap->row.length, 6);
    top_free(&top);
}
