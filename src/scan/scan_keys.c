/* SPDX-License-Identifier: MIT */
/* A hash table of pointers to records, which are in segments and are never moved. */
#include "scan/scan_keys.h"
#include "base/fail.h"

struct bucket {
    uint64_t hash;
    struct scan_key *key;
};

struct wanted {
    int64_t db;
    rf_digest name;
};

_Static_assert(SEGMENT_SIZE % sizeof(struct scan_key) == 0, "records must not cross segments");

static bool is_wanted(const void *entry, const void *key)
{
    const struct bucket *bucket = entry;
    const struct wanted *wanted = key;
    return bucket->key->db == wanted->db && bucket->key->name.low == wanted->name.low &&
           bucket->key->name.high == wanted->name.high;
}

/* The digest is computed under a secret; the same name may be in several databases. */
static uint64_t hash_of(const struct wanted *wanted)
{
    static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    return wanted->name.low + (uint64_t)wanted->db * odd;
}

void scan_keys_init(struct scan_keys *keys)
{
    *keys = (struct scan_keys){0};
    hash_table_init(&keys->table, sizeof(struct bucket), UINT64_MAX);
}

struct scan_key *scan_keys_find(const struct scan_keys *keys, int64_t db, rf_digest name)
{
    const struct wanted wanted = {db, name};
    const struct bucket *found = hash_table_find(&keys->table, hash_of(&wanted), is_wanted, &wanted);
    return found ? found->key : NULL;
}

rf_code scan_keys_add(struct scan_keys *keys, int64_t db, rf_digest name, struct scan_key **out,
                      rf_error *error)
{
    const struct wanted wanted = {db, name};
    bool was_there;
    void *record;
    TRY(segments_take(&keys->records, sizeof(struct scan_key), &record, error));
    struct bucket *bucket = hash_table_add(&keys->table, hash_of(&wanted), is_wanted, &wanted, &was_there);
    if (!bucket)
        return fail(error, RF_E_MEMORY, "out of memory for the table of keys");
    *out = bucket->key = record;
    (*out)->name = name;
    (*out)->db = (int32_t)db;
    keys->count++;
    return RF_OK;
}

struct scan_key *scan_keys_at(const struct scan_keys *keys, uint64_t number)
{
    enum { PER_SEGMENT = SEGMENT_SIZE / sizeof(struct scan_key) };
    uint8_t *segment = keys->records.all[number / PER_SEGMENT];
    return (struct scan_key *)(void *)segment + number % PER_SEGMENT;
}

void scan_keys_free(struct scan_keys *keys)
{
    hash_table_free(&keys->table);
    segments_free(&keys->records);
}
