/* SPDX-License-Identifier: MIT */
/* Inputs that are not files but live servers. */
#ifndef AOF_PROVIDED_FILES_H
#define AOF_PROVIDED_FILES_H

#include <rdbferry/aofdir.h>
#include <rdbferry/version.h>
#include <stdbool.h>

struct files_provider {
    /* As rf_files_open(). */
    rf_code (*open)(void *ctx, rf_source **out, rf_error *error);
    void (*free)(void *ctx);
    void *ctx;        /* NULL: the input is a file */
    rf_server server; /* its version; 0.0: unknown */
    bool repeatable;  /* it can be opened any number of times; otherwise once, unless it is captured */
};

/* Adds an input. Takes ownership of `provider`, also on error. */
rf_code files_add_provided(rf_files *files, const char *name, struct files_provider provider,
                           rf_error *error);

/* The provider's ctx; NULL: the input is a file, or has another provider. */
void *files_provided(const rf_files *files, size_t number, void (*free)(void *ctx));

#endif
