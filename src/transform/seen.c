/* SPDX-License-Identifier: MIT */
/* An open-addressing set of 128-bit hashes; 0 marks a free place. Function libraries go into the same set
 * twice: under their name, and under name and code. */
#include "base/bytes.h"
#include "base/fail.h"
#include "rdb/function_name.h"
#include <rdbferry/seen.h>
#include <stdlib.h>
#include <xxhash.h>

struct rf_seen {
    XXH128_hash_t *places;
    size_t count, cap; /* cap: a power of two, or 0 */
};

/* What a hash is of; mixed in as the seed, beside a key's database. */
enum seed { SEED_LIBRARY_NAME = -1, SEED_LIBRARY_CODE = -2 };

rf_seen *rf_seen_new(void)
{
    return calloc(1, sizeof(rf_seen));
}

void rf_seen_free(rf_seen *seen)
{
    if (!seen)
        return;
    free(seen->places);
    free(seen);
}

static bool is_free(XXH128_hash_t hash)
{
    return hash.low64 == 0 && hash.high64 == 0;
}

/* The place that has the hash, or the free one where it belongs. */
static XXH128_hash_t *place_of(XXH128_hash_t *places, size_t cap, XXH128_hash_t hash)
{
    size_t i = hash.low64 & (cap - 1);
    while (!is_free(places[i]) && !XXH128_isEqual(places[i], hash))
        i = (i + 1) & (cap - 1);
    return &places[i];
}

static bool grow(rf_seen *seen)
{
    enum { FIRST_CAP = 1024 };
    size_t cap = seen->cap ? 2 * seen->cap : FIRST_CAP;
    XXH128_hash_t *places = calloc(cap, sizeof *places);
    if (!places)
        return false;
    for (size_t i = 0; i < seen->cap; i++)
        if (!is_free(seen->places[i]))
            *place_of(places, cap, seen->places[i]) = seen->places[i];
    free(seen->places);
    seen->places = places;
    seen->cap = cap;
    return true;
}

/* *was_there: the hash had been added before. */
static rf_code add(rf_seen *seen, rf_slice bytes, int64_t seed, bool *was_there, rf_error *error)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.ptr, bytes.len, (XXH64_hash_t)seed);
    if (4 * (seen->count + 1) > 3 * seen->cap && !grow(seen))
        return fail(error, RF_E_MEMORY, "out of memory to tell %zu keys apart", seen->count);
    XXH128_hash_t *place = place_of(seen->places, seen->cap, hash);
    *was_there = !is_free(*place);
    if (!*was_there) {
        *place = hash;
        seen->count++;
    }
    return RF_OK;
}

static rf_code add_library(rf_seen *seen, rf_slice code, bool *again, rf_error *error)
{
    bool name_was_there;
    rf_slice name = function_name(code);
    TRY(add(seen, code, SEED_LIBRARY_CODE, again, error));
    TRY(add(seen, name, SEED_LIBRARY_NAME, &name_was_there, error));
    if (name_was_there && !*again)
        return fail(error, RF_E_DUPLICATE, "function library '%.*s' occurs twice, with different code",
                    (int)(name.len < 64 ? name.len : 64), (const char *)name.ptr);
    return RF_OK;
}

static rf_code add_key(rf_seen *seen, const rf_entry *entry, rf_error *error)
{
    bool was_there;
    TRY(add(seen, entry->key, entry->db, &was_there, error));
    if (!was_there)
        return RF_OK;
    fail(error, RF_E_DUPLICATE, "duplicate");
    error_at(error, (int64_t)entry->offset, -1);
    error_key(error, entry->db, entry->key);
    return RF_E_DUPLICATE;
}

rf_code rf_seen_add(rf_seen *seen, const rf_entry *entry, bool *again, rf_error *error)
{
    *again = false;
    if (entry->kind == RF_ENTRY_KEY)
        return add_key(seen, entry, error);
    return entry->kind == RF_ENTRY_FUNCTION ? add_library(seen, entry->text, again, error) : RF_OK;
}
