/* SPDX-License-Identifier: MIT */
/* What a user asks of `verify`. */
#ifndef CMD_VERIFY_OPTIONS_H
#define CMD_VERIFY_OPTIONS_H

#include "common_options.h"
#include "expectations.h"
#include "target_options.h"
#include <rdbferry/version.h>

enum { DIGEST_NONE, DIGEST_XXH3, DIGEST_SHA256 };

struct verify_options {
    struct common_options common; /* the inputs, and behind them those of --against */
    size_t own_inputs;            /* so many of them are verified */
    bool strict;
    int digest;          /* DIGEST_...: say it, and nothing else */
    const char *against; /* an input, or a target; NULL: neither */
    bool against_target; /* the latter */
    rf_target target;    /* then */
    rf_server reads;     /* that is to load the data; 0.0: not asked */
    uint64_t memory;
    uint64_t limit;
    int64_t ttl_tolerance_ms;
    const char *junit; /* NULL: none */
    struct expectations expectations;
    struct target_options target_options;
};

/* False: leave with *status; the help or the error has been printed. In any case verify_options_free() frees
 * it. */
bool verify_options_read(int argc, char **argv, struct verify_options *options, int *status);
void verify_options_free(struct verify_options *options);

#endif
