/* SPDX-License-Identifier: MIT */
/* Applies a rewrite to a key. */
#ifndef TRANSFORM_REWRITE_PASS_H
#define TRANSFORM_REWRITE_PASS_H

#include "transform/rule.h"

/* A key being rewritten. */
struct passage {
    int64_t db;
    rf_slice name; /* ptr is not NULL; the key's own, or in names[spare ^ 1] */
    unsigned spare;
    bool ambiguous;
    bool counts;           /* the effects of rules are counted */
    rf_rewrite_step_fn fn; /* called for each rule; may be NULL */
    void *ctx;
};

rf_code rewrite_pass(rf_rewrite *rewrite, struct passage *passage, rf_error *error);

#endif
