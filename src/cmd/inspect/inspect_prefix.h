/* SPDX-License-Identifier: MIT */
/* Prefixes of keys: the text up to the first, second, ... delimiter. The delimiters are given, or detected
 * from the first keys, which are kept until then. */
#ifndef CMD_INSPECT_INSPECT_PREFIX_H
#define CMD_INSPECT_INSPECT_PREFIX_H

#include "cmd/inspect/sketch.h"

enum { PREFIX_DELIMITERS = 8, PREFIX_DEPTH_MOST = 16 };

struct prefix_sample; /* the first keys */

struct prefixes {
    unsigned depth;                         /* number of levels to count */
    char delimiters[PREFIX_DELIMITERS + 1]; /* "": none */
    bool user_given;                        /* given by the user */
    bool chosen;
    bool delimits[256];
    struct prefix_sample *sample; /* until the delimiters are chosen */
    struct sketch sketch;         /* prefixes including the delimiter, weighted by memory */
};

/* `delimiters` NULL: detect them. False: out of memory. */
bool prefixes_open(struct prefixes *prefixes, const char *delimiters, unsigned depth);
void prefixes_close(struct prefixes *prefixes);

bool prefixes_add_first(struct prefixes *prefixes, rf_slice key, uint64_t memory);
bool prefixes_count(struct prefixes *prefixes, rf_slice key, uint64_t memory);

/* False: out of memory. */
static inline bool prefixes_add(struct prefixes *prefixes, rf_slice key, uint64_t memory)
{
    return prefixes->chosen ? prefixes_count(prefixes, key, memory)
                            : prefixes_add_first(prefixes, key, memory);
}

/* Called after the last key. False: out of memory. */
bool prefixes_end(struct prefixes *prefixes);

#endif
