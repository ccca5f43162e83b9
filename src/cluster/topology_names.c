/* SPDX-License-Identifier: MIT */
/* A table of texts: open addressing, at most half full. */
#include "cluster/topology_names.h"
#include "base/bytes.h"
#include "base/random.h"
#include <stdlib.h>
#include <xxhash.h>

bool topology_names_open(struct topology_names *names, size_t most)
{
    size_t places = 2;
    while (places < 2 * most)
        places *= 2;
    *names = (struct topology_names){calloc(places, sizeof *names->places), places - 1, random_u64()};
    return names->places;
}

struct topology_name *topology_names_put(struct topology_names *names, rf_slice text)
{
    size_t at = XXH3_64bits_withSeed(text.ptr, text.len, names->seed) & names->mask;
    while (names->places[at].text.ptr && !slice_equal(names->places[at].text, text))
        at = (at + 1) & names->mask;
    names->places[at].text = text;
    return &names->places[at];
}

void topology_names_close(struct topology_names *names)
{
    free(names->places);
    *names = (struct topology_names){0};
}
