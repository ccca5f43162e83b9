/* SPDX-License-Identifier: MIT */
/* A table of texts: open addressing, at most half full. */
#include "cluster/topology_names.h"
#include "base/bytes.h"
#include "base/random.h"
#include <stdlib.h>
#include <xxhash.h>

bool topology_names_open(struct topology_names *names, size_t most)
{
    size_t buckets = 2;
    while (buckets < 2 * most)
        buckets *= 2;
    *names = (struct topology_names){calloc(buckets, sizeof *names->buckets), buckets - 1, random_u64()};
    return names->buckets;
}

struct topology_name *topology_names_put(struct topology_names *names, rf_slice text)
{
    size_t at = XXH3_64bits_withSeed(text.ptr, text.len, names->seed) & names->mask;
    while (names->buckets[at].text.ptr && !slice_equal(names->buckets[at].text, text))
        at = (at + 1) & names->mask;
    names->buckets[at].text = text;
    return &names->buckets[at];
}

void topology_names_close(struct topology_names *names)
{
    free(names->buckets);
    *names = (struct topology_names){0};
}
