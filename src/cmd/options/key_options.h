/* SPDX-License-Identifier: MIT */
/* Options that filter and rewrite keys, common to all commands. Their results are stored in the command's
 * struct common_options. */
#ifndef CMD_OPTIONS_KEY_OPTIONS_H
#define CMD_OPTIONS_KEY_OPTIONS_H

#include "cmd/options/options.h"
#include <rdbferry/filter.h>
#include <rdbferry/rewrite.h>
#include <stdbool.h>

enum { SHIFT_NONE, SHIFT_BY, SHIFT_AUTO };

struct key_options {
    rf_filter *filter;   /* NULL: no such options */
    rf_rewrite *rewrite; /* NULL: no such options */
    int expired;         /* rf_expired */
    int shift;           /* SHIFT_... */
    int64_t shift_ms;    /* SHIFT_BY */
    bool prefix_db0;
    char *chosen; /* the options that made `filter`, one per line: "--match user:*"; NULL: none */
};

/* False: the options cannot be combined; the error has been printed. Afterwards `filter` is not NULL. */
bool key_options_finalize(struct key_options *keys, const char *command);

/* Selects the shard with this index, from 0, as --shard does; OPT_UNSET: not given. False: as above. */
bool key_options_shard(struct key_options *keys, uint64_t index, uint64_t shards, const char *command);

void key_options_free(struct key_options *keys);

/* Their values are in a struct key_options. */
extern const struct option_row filter_rows[], rewrite_rows[];
extern const struct option_choice expired_choices[];

#endif
