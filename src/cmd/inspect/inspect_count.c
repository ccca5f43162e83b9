/* SPDX-License-Identifier: MIT */
/* A key is measured once, and counted in each of the tables. */
#include "cmd/inspect/inspect_count.h"
#include "base/fail.h"
#include <rdbferry/value.h>

static uint64_t time_left(const rf_entry *key, int64_t now)
{
    if (key->expire_ms == RF_NO_EXPIRY)
        return UINT64_MAX;
    return key->expire_ms <= now ? 0 : ((uint64_t)key->expire_ms - (uint64_t)now + 999) / 1000;
}

static bool is_collection(rf_type type)
{
    return type != RF_STRING && type != RF_MODULE;
}

static bool count(struct key_counts *counts, const rf_entry *key, const rf_measure *measure, uint64_t left)
{
    bool good = tables_add(&counts->tables, key, measure) &&
                top_offer(&counts->by_memory, measure->memory, key, measure);
    workload_add(&counts->work, measure);
    expiries_add(&counts->times_left, left);
    histogram_add(&counts->expiries, &expiry_ranges, left, measure->memory);
    histogram_add(&counts->memories, &memory_ranges, measure->memory, measure->memory);
    histogram_add(&counts->longest, &longest_ranges, measure->longest, measure->memory);
    if (is_collection(key->type)) {
        good = good && top_offer(&counts->by_elements, measure->elements, key, measure);
        histogram_add(&counts->elements, &element_ranges, measure->elements, measure->memory);
    }
    return good;
}

rf_code key_counts_add(struct key_counts *counts, struct key_totals *of_input, rf_entry *key, int64_t now,
                       struct key_facts *facts, rf_error *error)
{
    rf_measure measure;
    *facts->module = '\0';
    if (key->type == RF_MODULE)
        TRY(rf_value_module(key->value, facts->module, error));
    TRY(rf_measure_key(key, &measure, error));
    key_totals_add(of_input, key, &measure);
    facts->memory = measure.memory;
    facts->stored = measure.stored;
    facts->left = time_left(key, now);
    facts->slot = (uint16_t)rf_slot_of(key->key);
    facts->tagged = rf_hash_tag(key->key).ptr != NULL;
    return count(counts, key, &measure, facts->left) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

bool key_counts_merge(struct key_counts *counts, struct key_counts *later)
{
    workload_merge(&counts->work, &later->work);
    expiries_merge(&counts->times_left, &later->times_left);
    histogram_merge(&counts->expiries, &later->expiries);
    histogram_merge(&counts->memories, &later->memories);
    histogram_merge(&counts->elements, &later->elements);
    histogram_merge(&counts->longest, &later->longest);
    return tables_merge(&counts->tables, &later->tables) &&
           top_merge(&counts->by_memory, &later->by_memory) &&
           top_merge(&counts->by_elements, &later->by_elements);
}

void key_counts_clear(struct key_counts *counts)
{
    tables_clear(&counts->tables);
    top_clear(&counts->by_memory);
    top_clear(&counts->by_elements);
    *counts = (struct key_counts){
        .tables = counts->tables, .by_memory = counts->by_memory, .by_elements = counts->by_elements};
}

void key_counts_free(struct key_counts *counts)
{
    tables_free(&counts->tables);
    top_free(&counts->by_memory);
    top_free(&counts->by_elements);
}
