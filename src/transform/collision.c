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
#include "base/bytes.h"
#include "base/fail.h"
#include "base/random.h"
#include "transform/collision_spill.h"
#include "transform/collision_table.h"
#include <rdbferry/collision.h>
#include <stdlib.h>

enum { USUAL_MEMORY = 512 * 1024 * 1024 };

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
    uint64_t seed;                 /* of all hashes; secret, so that collisions cannot be constructed */
    struct collision_table keys;   /* of ambiguous keys, hashes only; in step 3 of a part of them */
    struct collision_table names;  /* struct name: of colliding keys, and of all libraries */
    struct collision_table codes;  /* struct code: of all libraries */
    struct collision_spill *spill; /* NULL: all fit into `keys` */
    bool some_are_ambiguous, some_are_not;
    uint64_t next_name;
};

rf_collisions *rf_collisions_new(uint64_t memory)
{
    rf_collisions *collisions = calloc(1, sizeof *collisions);
    if (!collisions)
        return NULL;
    collisions->memory = memory ? memory : USUAL_MEMORY;
    collisions->seed = random_u64();
    collision_table_init(&collisions->keys, sizeof(XXH128_hash_t), collisions->memory);
    collision_table_init(&collisions->names, sizeof(struct name), UINT64_MAX);
    collision_table_init(&collisions->codes, sizeof(struct code), UINT64_MAX);
    return collisions;
}

void rf_collisions_free(rf_collisions *collisions)
{
    if (!collisions)
        return;
    collision_table_free(&collisions->keys);
    collision_table_free(&collisions->names);
    collision_table_free(&collisions->codes);
    collision_spill_free(collisions->spill);
    free(collisions);
}

/* The space is added to the hash: as a part of the seed it could be cancelled out by the bytes of short
 * names. */
static inline XXH128_hash_t hash_of(const rf_collisions *collisions, rf_slice bytes, int64_t space)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.ptr, bytes.len, collisions->seed);
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

/* --- 1: noting -------------------------------------------------------------------------------------- */

COLD static rf_code out_of_memory(const rf_collisions *collisions, rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory to report %zu colliding names", collisions->names.count);
}

/* Another key has a known hash. */
static rf_code count_another(rf_collisions *collisions, XXH128_hash_t hash, rf_error *error)
{
    bool was_there;
    struct name *name = collision_table_add(&collisions->names, hash, &was_there);
    if (!name)
        return out_of_memory(collisions, error);
    if (!was_there)
        name->count = 1;
    name->count++;
    return RF_OK;
}

/* Spills the table to disk. */
COLD static rf_code put_aside(rf_collisions *collisions, rf_error *error)
{
    size_t position = 0;
    collisions->spill = collision_spill_new(collisions->memory);
    if (!collisions->spill)
        return fail(error, RF_E_MEMORY, "out of memory");
    for (const XXH128_hash_t *hash; (hash = collision_table_next(&collisions->keys, &position));)
        TRY(collision_spill_put(collisions->spill, *hash, true, error));
    collision_table_free(&collisions->keys);
    return RF_OK;
}

static rf_code note_key(rf_collisions *collisions, XXH128_hash_t hash, rf_known *known, rf_error *error)
{
    bool was_there = false;
    if (!collisions->spill) {
        if (LIKELY(collision_table_add(&collisions->keys, hash, &was_there))) {
            *known = was_there ? RF_KNOWN_OTHER : RF_KNOWN_NOT;
            return was_there ? count_another(collisions, hash, error) : RF_OK;
        }
        TRY(put_aside(collisions, error));
    }
    return collision_spill_put(collisions->spill, hash, true, error);
}

static rf_code note_library(rf_collisions *collisions, const rf_entry *entry, rf_known *known,
                            rf_error *error)
{
    bool name_was_there, code_was_there;
    struct name *name = collision_table_add(&collisions->names, hash_of_name(collisions, entry),
                                            &name_was_there);
    if (!name || !collision_table_add(&collisions->codes, hash_of_code(collisions, entry), &code_was_there))
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
        return collision_spill_put(collisions->spill, hash, false, error);
    return collision_table_find(&collisions->keys, hash) ? count_another(collisions, hash, error) : RF_OK;
}

/* --- 3: spilled hashes ------------------------------------------------------------------------------ */

/* One pass over a partition, for one part of its hashes. */
struct sweep {
    rf_collisions *collisions;
    uint64_t part, parts;
};

/* A collision_fn. */
static rf_code sweep_next(void *ctx, XXH128_hash_t hash, bool ambiguous, rf_error *error)
{
    const struct sweep *sweep = ctx;
    struct collision_table *keys = &sweep->collisions->keys;
    bool was_there = true;
    if (sweep->parts > 1 && collision_spill_part(hash, sweep->parts) != sweep->part)
        return RF_OK;
    if (!ambiguous)
        was_there = collision_table_find(keys, hash) != NULL;
    else if (UNLIKELY(!collision_table_add(keys, hash, &was_there)))
        return fail(error, RF_E_MEMORY, "out of memory to detect collisions among %zu keys", keys->count);
    return was_there ? count_another(sweep->collisions, hash, error) : RF_OK;
}

/* Each of several parts should fill two thirds of the table, as their sizes vary. */
static uint64_t parts_of(uint64_t hashes, size_t capacity)
{
    return hashes <= capacity ? 1 : hashes / (capacity / 3 * 2) + 1;
}

static rf_code resolve_partition(rf_collisions *collisions, unsigned partition, rf_error *error)
{
    uint64_t ambiguous = collision_spill_ambiguous(collisions->spill, partition);
    struct sweep sweep = {.collisions = collisions,
                          .parts = parts_of(ambiguous, collision_table_capacity(&collisions->keys))};
    if (ambiguous == 0)
        return RF_OK;
    for (; sweep.part < sweep.parts; sweep.part++) {
        collision_table_clear(&collisions->keys);
        TRY(collision_spill_read(collisions->spill, partition, sweep_next, &sweep, error));
    }
    return RF_OK;
}

static rf_code resolve_spill(rf_collisions *collisions, rf_error *error)
{
    TRY(collision_spill_end(collisions->spill, error));
    for (unsigned i = 0; i < COLLISION_PARTITIONS; i++) {
        TRY(resolve_partition(collisions, i, error));
        collision_spill_drop(collisions->spill, i);
    }
    return RF_OK;
}

rf_code rf_collisions_resolve(rf_collisions *collisions, uint64_t *count, rf_error *error)
{
    size_t position = 0;
    if (collisions->spill)
        TRY(resolve_spill(collisions, error));
    collision_table_free(&collisions->keys);
    *count = 0;
    for (const struct name *name; (name = collision_table_next(&collisions->names, &position));)
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
        name = collision_table_find(&collisions->names, hash_of_key(collisions, entry));
    if (entry->kind == RF_ENTRY_FUNCTION) {
        name = collision_table_find(&collisions->names, hash_of_name(collisions, entry));
        code = collision_table_find(&collisions->codes, hash_of_code(collisions, entry));
    }
    if (LIKELY(!name))
        *out = (rf_collision){.number = 1, .count = 1};
    else
        *out = code ? lookup_library(collisions, name, code) : lookup_next(collisions, name);
}

void rf_collisions_rewind(rf_collisions *collisions)
{
    size_t position = 0;
    for (struct name *name; (name = collision_table_next(&collisions->names, &position));)
        name->number = 0;
    position = 0;
    for (struct code *code; (code = collision_table_next(&collisions->codes, &position));)
        code->number = 0;
    collisions->next_name = 0;
}
