/* SPDX-License-Identifier: MIT */
/* Collision detection. Hashes flow in, and colliding names are collected:
 *
 *     ambiguous keys ── keys ──────────────────────────────── duplicates ───────────> names
 *                        │ full                                                        ▲
 *                        ▼                                                             │
 *     all of them ──── spill ── at the end, a part of a partition at a time: keys ─────┘
 *
 * Keys of the same name are counted in any order: the first one makes the hash known, each of the others
 * increments the count of the name. Function libraries are few: their names are kept with the colliding ones
 * from the start. */
#include "base/fail.h"
#include "base/hash_table.h"
#include "base/memory_limit.h"
#include "io/partitioned_file.h"
#include <rdbferry/collision.h>
#include <stdlib.h>
#include <xxhash.h>

enum {
    KEYS_FLOOR = 1024, /* hashes that always have room in memory */
    PARTITIONS = 64,   /* by the top 6 bits of the hash */
};

/* What a hash is of, besides the keys of a database. */
enum space { LIBRARY_NAMES = -1, LIBRARY_CODES = -2 };

struct name {
    XXH128_hash_t hash;
    uint64_t count;  /* of keys that have it; of libraries with different code */
    uint64_t number; /* of those that have been reported */
    uint64_t name;   /* number of colliding names reported before it; valid once it has been reported */
};

struct code {
    XXH128_hash_t hash;
    uint64_t number; /* as reported, 0: not yet */
};

struct rf_collisions {
    uint64_t memory;
    struct hash_table keys;  /* of ambiguous keys, hashes only; in step 3 of a part of them */
    struct hash_table names; /* struct name: of colliding keys, and of all libraries */
    struct hash_table codes; /* struct code: of all libraries */

    /* By the top bits of the hashes: first those of ambiguous keys, so many of them, then the others. An
     * eighth of the memory is used for buffers. NULL: all fit into `keys`. */
    struct partitioned_file *spill;
    uint64_t ambiguous[PARTITIONS];

    bool some_are_ambiguous, some_are_not;
    uint64_t next_name;
};

rf_collisions *rf_collisions_new(uint64_t memory)
{
    rf_collisions *collisions = calloc(1, sizeof *collisions);
    if (!collisions)
        return NULL;
    collisions->memory = memory ? memory : memory_default().memory;
    uint64_t floor = KEYS_FLOOR * sizeof(XXH128_hash_t);
    hash_table_init(&collisions->keys, sizeof(XXH128_hash_t),
                    collisions->memory > floor ? collisions->memory : floor);
    hash_table_init(&collisions->names, sizeof(struct name), SIZE_MAX);
    hash_table_init(&collisions->codes, sizeof(struct code), SIZE_MAX);
    return collisions;
}

void rf_collisions_free(rf_collisions *collisions)
{
    if (!collisions)
        return;
    hash_table_free(&collisions->keys);
    hash_table_free(&collisions->names);
    hash_table_free(&collisions->codes);
    partitioned_file_free(collisions->spill);
    free(collisions);
}

/* --- hashes ----------------------------------------------------------------------------------------- */

/* The seed is secret, so that collisions cannot be constructed. The space is added to the hash: as a part of
 * the seed it could be cancelled out by the bytes of short names. */
static inline XXH128_hash_t hash_of(const rf_collisions *collisions, rf_slice bytes, int64_t space)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.ptr, bytes.len, collisions->keys.seed);
    hash.low64 += (uint64_t)space * UINT64_C(0x9e3779b97f4a7c15);
    hash.high64 ^= (uint64_t)space * UINT64_C(0xc2b2ae3d27d4eb4f);
    return hash;
}

static inline XXH128_hash_t hash_of_key(const rf_collisions *collisions, const rf_entry *entry)
{
    return hash_of(collisions, entry->key, entry->db);
}

static inline XXH128_hash_t hash_of_name(const rf_collisions *collisions, const rf_entry *library)
{
    return hash_of(collisions, rf_function_name(library->text), LIBRARY_NAMES);
}

static inline XXH128_hash_t hash_of_code(const rf_collisions *collisions, const rf_entry *library)
{
    return hash_of(collisions, library->text, LIBRARY_CODES);
}

static bool has_hash(const void *entry, const void *hash)
{
    return ((const XXH128_hash_t *)entry)->high64 == ((const XXH128_hash_t *)hash)->high64;
}

static inline void *find_hash(const struct hash_table *table, XXH128_hash_t hash)
{
    return hash_table_find(table, hash.low64, has_hash, &hash);
}

static inline void *add_hash(struct hash_table *table, XXH128_hash_t hash, bool *was_there)
{
    XXH128_hash_t *entry = hash_table_add(table, hash.low64, has_hash, &hash, was_there);
    if (entry)
        entry->high64 = hash.high64;
    return entry;
}

/* --- 1: noting -------------------------------------------------------------------------------------- */

COLD static rf_code out_of_memory(const rf_collisions *collisions, rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory to report %zu colliding names", collisions->names.count);
}

/* Another key has a known hash. */
static rf_code count_another(rf_collisions *collisions, XXH128_hash_t hash, rf_error *error)
{
    bool was_there;
    struct name *name = add_hash(&collisions->names, hash, &was_there);
    if (!name)
        return out_of_memory(collisions, error);
    if (!was_there)
        name->count = 1;
    name->count++;
    return RF_OK;
}

/* Which of `parts` equal parts of its partition a hash is in. */
static inline uint64_t part_of(XXH128_hash_t hash, uint64_t parts)
{
    return (hash.high64 >> 26 & UINT32_MAX) * parts >> 32;
}

static rf_code spill_hash(rf_collisions *collisions, XXH128_hash_t hash, bool ambiguous, rf_error *error)
{
    size_t partition = hash.high64 >> 58;
    collisions->ambiguous[partition] += ambiguous;
    return partitioned_file_put(collisions->spill, partition, slice_of(&hash, sizeof hash), (rf_slice){0},
                                error);
}

/* Spills the table to disk. */
COLD static rf_code put_aside(rf_collisions *collisions, rf_error *error)
{
    size_t position = 0;
    collisions->spill = partitioned_file_new(
        PARTITIONS, partitioned_file_buffer(PARTITIONS, collisions->memory / 8), false);
    if (!collisions->spill)
        return fail(error, RF_E_MEMORY, "out of memory");
    for (const XXH128_hash_t *hash; (hash = hash_table_next(&collisions->keys, &position));)
        TRY(spill_hash(collisions, *hash, true, error));
    hash_table_free(&collisions->keys);
    return RF_OK;
}

static rf_code note_key(rf_collisions *collisions, XXH128_hash_t hash, rf_known *known, rf_error *error)
{
    bool was_there = false;
    if (!collisions->spill) {
        if (LIKELY(add_hash(&collisions->keys, hash, &was_there))) {
            *known = was_there ? RF_KNOWN_OTHER : RF_KNOWN_NOT;
            return was_there ? count_another(collisions, hash, error) : RF_OK;
        }
        TRY(put_aside(collisions, error));
    }
    return spill_hash(collisions, hash, true, error);
}

static rf_code note_library(rf_collisions *collisions, const rf_entry *entry, rf_known *known,
                            rf_error *error)
{
    bool name_was_there, code_was_there;
    struct name *name = add_hash(&collisions->names, hash_of_name(collisions, entry), &name_was_there);
    if (!name || !add_hash(&collisions->codes, hash_of_code(collisions, entry), &code_was_there))
        return out_of_memory(collisions, error);
    name->count += !code_was_there;
    if (name_was_there)
        *known = code_was_there ? RF_KNOWN_SAME : RF_KNOWN_OTHER;
    return RF_OK;
}

rf_code rf_collisions_note(rf_collisions *collisions, const rf_entry *entry, bool ambiguous, rf_known *known,
                           rf_error *error)
{
    *known = RF_KNOWN_NOT;
    if (entry->kind == RF_ENTRY_FUNCTION)
        return note_library(collisions, entry, known, error);
    if (entry->kind != RF_ENTRY_KEY)
        return RF_OK;
    if (!ambiguous) {
        collisions->some_are_not = true;
        return RF_OK;
    }
    collisions->some_are_ambiguous = true;
    return note_key(collisions, hash_of_key(collisions, entry), known, error);
}

rf_name_hash rf_collisions_hash(const rf_collisions *collisions, const rf_entry *key)
{
    XXH128_hash_t hash = hash_of_key(collisions, key);
    return (rf_name_hash){hash.low64, hash.high64};
}

rf_code rf_collisions_note_hash(rf_collisions *collisions, rf_name_hash name, rf_known *known,
                                rf_error *error)
{
    const XXH128_hash_t hash = {.low64 = name.low, .high64 = name.high};
    *known = RF_KNOWN_NOT;
    if (!collisions->spill && find_hash(&collisions->keys, hash)) {
        *known = RF_KNOWN_OTHER;
        return RF_OK;
    }
    collisions->some_are_ambiguous = true;
    return note_key(collisions, hash, known, error);
}

void rf_collisions_note_others(rf_collisions *collisions)
{
    collisions->some_are_not = true;
}

bool rf_collisions_is_spilled(const rf_collisions *collisions)
{
    return collisions->spill != NULL;
}

bool rf_collisions_is_open(const rf_collisions *collisions)
{
    return collisions->some_are_ambiguous && collisions->some_are_not;
}

/* --- 2: comparing the others ------------------------------------------------------------------------ */

rf_code rf_collisions_compare(rf_collisions *collisions, const rf_entry *entry, bool ambiguous,
                              rf_error *error)
{
    if (entry->kind != RF_ENTRY_KEY || ambiguous)
        return RF_OK;
    XXH128_hash_t hash = hash_of_key(collisions, entry);
    if (collisions->spill)
        return spill_hash(collisions, hash, false, error);
    return find_hash(&collisions->keys, hash) ? count_another(collisions, hash, error) : RF_OK;
}

/* --- 3: spilled hashes ------------------------------------------------------------------------------ */

/* One pass over a partition, for one part of its hashes. */
struct sweep {
    rf_collisions *collisions;
    uint64_t part, parts;
    uint64_t ambiguous; /* the number of hashes of ambiguous keys still to come */
};

static rf_code sweep_hash(const struct sweep *sweep, XXH128_hash_t hash, bool ambiguous, rf_error *error)
{
    struct hash_table *keys = &sweep->collisions->keys;
    bool was_there = true;
    if (sweep->parts > 1 && part_of(hash, sweep->parts) != sweep->part)
        return RF_OK;
    if (!ambiguous)
        was_there = find_hash(keys, hash) != NULL;
    else if (UNLIKELY(!add_hash(keys, hash, &was_there)))
        return fail(error, RF_E_MEMORY, "out of memory to detect collisions among %zu keys", keys->count);
    return was_there ? count_another(sweep->collisions, hash, error) : RF_OK;
}

/* A records_fn. */
static rf_code sweep_hashes(void *ctx, rf_slice hashes, rf_error *error)
{
    struct sweep *sweep = ctx;
    XXH128_hash_t hash;
    for (; hashes.len >= sizeof hash; hashes.ptr += sizeof hash, hashes.len -= sizeof hash) {
        memcpy(&hash, hashes.ptr, sizeof hash);
        TRY(sweep_hash(sweep, hash, sweep->ambiguous > 0, error));
        sweep->ambiguous -= sweep->ambiguous > 0;
    }
    return hashes.len == 0 ? RF_OK : partitioned_file_fail_corrupted(error);
}

/* Each of several parts should fill two thirds of the table, as their sizes vary. */
static uint64_t parts_of(uint64_t hashes, size_t capacity)
{
    return hashes <= capacity ? 1 : hashes / (capacity / 3 * 2) + 1;
}

static rf_code resolve_partition(rf_collisions *collisions, size_t partition, rf_error *error)
{
    uint64_t ambiguous = collisions->ambiguous[partition];
    struct sweep sweep = {.collisions = collisions,
                          .parts = parts_of(ambiguous, hash_table_max_count(&collisions->keys))};
    if (ambiguous == 0)
        return RF_OK;
    for (; sweep.part < sweep.parts; sweep.part++) {
        hash_table_clear(&collisions->keys);
        sweep.ambiguous = ambiguous;
        TRY(partitioned_file_read(collisions->spill, partition, sweep_hashes, &sweep, error));
    }
    return RF_OK;
}

static rf_code resolve_spill(rf_collisions *collisions, rf_error *error)
{
    TRY(partitioned_file_end(collisions->spill, error));
    for (size_t i = 0; i < PARTITIONS; i++) {
        TRY(resolve_partition(collisions, i, error));
        partitioned_file_drop(collisions->spill, i);
    }
    return RF_OK;
}

rf_code rf_collisions_resolve(rf_collisions *collisions, uint64_t *count, rf_error *error)
{
    size_t position = 0;
    if (collisions->spill)
        TRY(resolve_spill(collisions, error));
    hash_table_free(&collisions->keys);
    *count = 0;
    for (const struct name *name; (name = hash_table_next(&collisions->names, &position));)
        *count += name->count > 1;
    return RF_OK;
}

/* --- 4: reporting ----------------------------------------------------------------------------------- */

/* Reports one more key of this name. */
static rf_collision lookup_next(rf_collisions *collisions, struct name *name)
{
    if (name->number++ == 0 && name->count > 1)
        name->name = collisions->next_name++;
    return (rf_collision){.name = name->name, .number = name->number, .count = name->count};
}

static rf_collision lookup_library(rf_collisions *collisions, struct name *name, struct code *code)
{
    if (code->number > 0)
        return (rf_collision){
            .name = name->name, .number = code->number, .count = name->count, .duplicate = true};
    code->number = name->number + 1;
    return lookup_next(collisions, name);
}

void rf_collisions_lookup(rf_collisions *collisions, const rf_entry *entry, rf_collision *out)
{
    struct name *name = NULL;
    struct code *code = NULL;
    if (collisions->names.count > 0 && entry->kind == RF_ENTRY_KEY)
        name = find_hash(&collisions->names, hash_of_key(collisions, entry));
    if (entry->kind == RF_ENTRY_FUNCTION) {
        name = find_hash(&collisions->names, hash_of_name(collisions, entry));
        code = find_hash(&collisions->codes, hash_of_code(collisions, entry));
    }
    if (LIKELY(!name))
        *out = (rf_collision){.number = 1, .count = 1};
    else
        *out = code ? lookup_library(collisions, name, code) : lookup_next(collisions, name);
}

void rf_collisions_rewind(rf_collisions *collisions)
{
    size_t position = 0;
    for (struct name *name; (name = hash_table_next(&collisions->names, &position));)
        name->number = 0;
    position = 0;
    for (struct code *code; (code = hash_table_next(&collisions->codes, &position));)
        code->number = 0;
    collisions->next_name = 0;
}
