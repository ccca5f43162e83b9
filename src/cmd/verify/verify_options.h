/* SPDX-License-Identifier: MIT */
/* Options of `verify`. */
#ifndef CMD_VERIFY_VERIFY_OPTIONS_H
#define CMD_VERIFY_VERIFY_OPTIONS_H

#include "cmd/options/common_options.h"
#include "cmd/options/target_options.h"
#include "cmd/verify/expectations.h"
#include <rdbferry/version.h>

enum { DIGEST_NONE, DIGEST_XXH3, DIGEST_SHA256 };

struct verify_options {
    struct common_options common; /* the inputs, followed by those of --against */
    size_t own_inputs;            /* how many of them are verified; known after evaluate_inputs() */
    bool strict;
    int digest;          /* DIGEST_...: print only the digest */
    const char *against; /* an input, or a target; NULL: neither */
    bool against_target; /* it is a target */
    rf_target target;    /* that target */
    rf_server reads;     /* the version that is to load the data; 0.0: not given */
    uint64_t memory;
    uint64_t limit;
    int64_t ttl_tolerance_ms;
    const char *junit; /* NULL: none */
    struct expectations expectations;
    struct target_options target_options;
};

/* If false, the command exits with *status; the help or the error has been printed. In both cases it is freed
 * with verify_options_free(). */
bool verify_options_read(int argc, char **argv, struct verify_options *options, int *status);
void verify_options_free(struct verify_options *options);

extern const struct option_table *const verify_options_table;

#endif
