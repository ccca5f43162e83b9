/* SPDX-License-Identifier: MIT */
/* The hash table, against an array of all keys. */
#include "base/hash_table.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

enum { KEYS = 5000 };

struct counted {
    uint64_t hash;
    uint64_t key, count;
};

static bool has_key(const void *entry, const void *key)
{
    return ((const struct counted *)entry)->key == *(const uint64_t *)key;
}

/* Hashes that differ in their top bits only, that are few, that are 0, and that are good ones. */
static uint64_t hash_of(int manner, uint64_t key)
{
    switch (manner) {
    case 0: return key << 32;
    case 1: return key % 7;
    case 2: return UINT64_MAX - key % 50;
    default: return key * UINT64_C(0x9e3779b97f4a7c15) >> 7;
    }
}

static struct counted *find(const struct hash_table *table, int manner, uint64_t key)
{
    return hash_table_find(table, hash_of(manner, key), has_key, &key);
}

static struct counted *count(struct hash_table *table, int manner, uint64_t key, bool *was_there)
{
    struct counted *entry = hash_table_add(table, hash_of(manner, key), has_key, &key, was_there);
    if (entry && !*was_there) {
        cr_assert_eq(entry->key, 0);
        cr_assert_eq(entry->count, 0);
        entry->key = key;
    }
    if (entry)
        entry->count++;
    return entry;
}

static void expect_model(const struct hash_table *table, int manner, const uint64_t *model, size_t keys)
{
    size_t distinct = 0, walked = 0, position = 0;
    for (uint64_t key = 0; key < keys; key++) {
        const struct counted *entry = find(table, manner, key);
        cr_assert_eq(entry ? entry->count : 0, model[key], "manner %d, key %llu", manner,
                     (unsigned long long)key);
        distinct += model[key] > 0;
    }
    for (const struct counted *entry; (entry = hash_table_next(table, &position)); walked++)
        cr_assert_eq(entry->count, model[entry->key]);
    cr_expect_eq(table->count, distinct);
    cr_expect_eq(walked, distinct);
}

Test(hash_table, is_like_an_array)
{
    static uint64_t model[KEYS];
    uint64_t state = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)state);
    for (int manner = 0; manner < 4; manner++) {
        struct hash_table table;
        size_t keys = manner < 3 ? 300 : KEYS; /* poor hashes are slow */
        hash_table_init(&table, sizeof(struct counted), SIZE_MAX);
        for (int round = 0; round < 2; round++) {
            memset(model, 0, sizeof model);
            expect_model(&table, manner, model, keys);
            for (size_t i = 0; i < keys; i++) {
                uint64_t key = next_random(&state) % keys;
                bool was_there;
                cr_assert_not_null(count(&table, manner, key, &was_there));
                cr_assert_eq(was_there, model[key]++ > 0);
                if ((i & (i - 1)) == 0)
                    expect_model(&table, manner, model, keys);
            }
            expect_model(&table, manner, model, keys);
            hash_table_clear(&table);
        }
        hash_table_free(&table);
        cr_expect_null(find(&table, manner, 1));
    }
}

Test(hash_table, keeps_to_its_limit)
{
    for (size_t memory = 0; memory < 10000; memory += 101) {
        struct hash_table table;
        bool was_there;
        hash_table_init(&table, sizeof(struct counted), memory);
        size_t most = hash_table_max_count(&table);
        cr_assert(most >= 12 && (most == 12 || most / 3 * 4 * sizeof(struct counted) <= memory));
        for (uint64_t key = 0; key < most; key++)
            cr_assert_not_null(count(&table, 3, key, &was_there));
        cr_expect_null(count(&table, 3, most, &was_there));
        cr_expect_not_null(count(&table, 3, 0, &was_there), "a key that is there is no new one");
        cr_expect(was_there);
        cr_expect_eq(table.count, most);
        cr_expect_not(hash_table_reserve(&table, most + 1));
        hash_table_free(&table);
    }
}

Test(hash_table, reserved_entries_stay_where_they_are)
{
    struct hash_table table;
    bool was_there;
    hash_table_init(&table, sizeof(struct counted), SIZE_MAX);
    cr_assert(hash_table_reserve(&table, KEYS));
    const struct counted *first = count(&table, 3, 0, &was_there);
    for (uint64_t key = 1; key < KEYS; key++)
        cr_assert_not_null(count(&table, 3, key, &was_there));
    cr_expect(find(&table, 3, 0) == first);
    hash_table_free(&table);
}

Test(hash_table, equal_hashes_may_be_enough)
{
    struct hash_table table = {0}, other;
    bool was_there;
    cr_expect_null(hash_table_find(&table, 1, NULL, NULL), "a zeroed table is empty");
    hash_table_init(&table, sizeof(uint64_t), SIZE_MAX);
    hash_table_init(&other, sizeof(uint64_t), SIZE_MAX);
    cr_expect_neq(table.seed, other.seed);
    for (uint64_t hash = 2; hash < 1000; hash++) {
        cr_assert_not_null(hash_table_add(&table, hash, NULL, NULL, &was_there));
        cr_assert_not(was_there);
        cr_assert_eq(*(uint64_t *)hash_table_find(&table, hash, NULL, NULL), hash);
    }
    cr_expect_null(hash_table_find(&table, 0, NULL, NULL));
    cr_assert_not_null(hash_table_add(&table, 0, NULL, NULL, &was_there));
    cr_assert_not_null(hash_table_add(&table, 0, NULL, NULL, &was_there));
    cr_expect(was_there);
    cr_expect_eq(table.count, 999);
    hash_table_free(&table);
}
