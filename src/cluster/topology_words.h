/* SPDX-License-Identifier: MIT */
/* A reply of nested lists as a flat row of words, the same for every form in which it was printed:
 *
 *   RESP            *3 *3 :0 :5460 *4 $9 127.0.0.1 :7000 $40 e02a... *0 ...      RESP2 and RESP3
 *   JSON            [[0,5460,["127.0.0.1",7000,"e02a...",{}]], ...
 *   to a terminal   1) 1) (integer) 0           with -3, maps are 1# "ip" => "127.0.0.1"
 *                      2) (integer) 5460
 *                      3) 1) "127.0.0.1" ...
 *   to a file       0                           a line for each; with -3, "ip 127.0.0.1" is a line
 *                   5460
 *                   127.0.0.1 ...
 *
 * Numbers and strings are words. Nil, an empty list and an empty string are an empty word. Brackets are
 * dropped: the structure must follow from the words themselves, as it does in a file. Words point into the
 * text; escape sequences in strings are kept. There are never more than a few in memory.
 *
 * (Valkey src/valkey-cli.c: cliFormatReplyTTY, cliFormatReplyRaw, cliFormatReplyJson) */
#ifndef CLUSTER_TOPOLOGY_WORDS_H
#define CLUSTER_TOPOLOGY_WORDS_H

#include "cluster/topology_text.h"

enum {
    WORDS_AHEAD = 3,
    WORDS_DEPTH = 16, /* of JSON */
};

struct word {
    rf_slice text;
    size_t line;
};

struct words {
    struct topology_text at; /* for errors: at the word taken last */
    struct topology_text text;
    rf_code (*next)(struct words *words, struct word *out, rf_error *error); /* RF_END: no more */
    struct word ahead[WORDS_AHEAD];
    unsigned count;
    uint64_t left; /* RESP: remaining elements */
    enum json_last { JSON_SEPARATOR, JSON_OPEN, JSON_VALUE } json_last;
    unsigned depth; /* of JSON */
    bool is_object[WORDS_DEPTH];
};

/* The text must begin with a nonblank character. */
rf_code words_open(struct words *words, const struct topology_text *text, rf_error *error);

/* The n-th next word, n < WORDS_AHEAD; NULL if there are fewer. */
const rf_slice *words_ahead(const struct words *words, unsigned n);

/* Removes the next word. RF_E_FORMAT if there is none. */
rf_code words_take(struct words *words, rf_slice *word, rf_error *error);

/* Replaces a string in RESP ("$745", or "=749" with "txt:") by its contents. */
rf_code words_unwrap(struct topology_text *text, rf_error *error);

#endif
