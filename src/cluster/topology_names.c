/* SPDX-License-Identifier: MIT */
/* A table of texts: open addressing, half full at most. */
#include "cluster/topology_names.h"
#include "base/bytes.h"
#include <rdbferry/slot.h>
#include <stdlib.h>
#include <xxhash.h>

enum { PLACES = 4 * RF_SLOTS };

struct topology_name *topology_names_put(struct topology_names *names, rf_slice text)
{
    if (!names->places)
        names->places = calloc(PLACES, sizeof *names->places);
    if (!names->places)
        return NULL;
    size_t at = XXH3_64bits(text.ptr, text.len) % PLACES;
    while (names->places[at].text.ptr && !slice_equal(names->places[at].text, text))
        at = (at + 1) % PLACES;
    names->places[at].text = text;
    return &names->places[at];
}

void topology_names_free(struct topology_names *names)
{
    free(names->places);
    *names = (struct topology_names){0};
}
