/* SPDX-License-Identifier: MIT */
/* A hash table of texts. */
#include "cluster/topology_names.h"
#include <xxhash.h>

bool topology_names_open(struct topology_names *names, size_t most)
{
    hash_table_init(&names->table, sizeof(struct topology_name), SIZE_MAX);
    return hash_table_reserve(&names->table, most);
}

static bool has_text(const void *entry, const void *text)
{
    return slice_equal(((const struct topology_name *)entry)->text, *(const rf_slice *)text);
}

struct topology_name *topology_names_put(struct topology_names *names, rf_slice text)
{
    bool was_there;
    uint64_t hash = XXH3_64bits_withSeed(text.ptr, text.len, names->table.seed);
    struct topology_name *name = hash_table_add(&names->table, hash, has_text, &text, &was_there);
    name->text = text;
    return name;
}

void topology_names_close(struct topology_names *names)
{
    hash_table_free(&names->table);
}
