/* SPDX-License-Identifier: MIT */
/* Prefixes of keys: the text up to the first, second, ... delimiter. The delimiters are given, or detected
 * from samples of the keys. */
#ifndef CMD_INSPECT_INSPECT_PREFIX_H
#define CMD_INSPECT_INSPECT_PREFIX_H

#include "cmd/inspect/sketch.h"

enum { PREFIX_DELIMITERS = 8, PREFIX_DEPTH_MOST = 16 };

/* What is counted of each prefix besides keys and weight. */
struct prefix_figures {
    size_t size;                              /* bytes; 0: nothing */
    void (*add)(void *figures, uint64_t key); /* `key`: what prefixes_add() was told of it */
};

struct prefix_sample; /* keys without a delimiter so far */

struct prefixes {
    const struct prefix_figures *figures;
    unsigned depth; /* number of levels to count */
    /* If they are given, each of them separates the parts of every key. Detected ones are in order of rank: a
     * key is separated by the first of them that it contains. */
    char delimiters[PREFIX_DELIMITERS + 1]; /* "": none */
    bool user_given;                        /* given by the user */
    struct prefix_sample *sample;           /* NULL if they are given */
    struct sketch sketch;                   /* prefixes including the delimiter, weighted */
    struct sketch_sum rest;                 /* keys without a prefix */
    void *rest_figures;
};

/* `delimiters` NULL: detect them; `figures` NULL: none. False: out of memory. */
bool prefixes_open(struct prefixes *prefixes, const char *delimiters, unsigned depth,
                   const struct prefix_figures *figures);
void prefixes_close(struct prefixes *prefixes);

/* False: out of memory. */
bool prefixes_add(struct prefixes *prefixes, rf_slice name, uint64_t weight, uint64_t key);

/* Called after the last key. False: out of memory. */
bool prefixes_end(struct prefixes *prefixes);

#endif
