/* SPDX-License-Identifier: MIT */
/* The manifest of an AOF directory: which files it is made of.
 *
 *   file <name> seq <n> type <b|h|i>\n       b: the base, i: an increment, h: history, not loaded
 *
 * The base is loaded first, wherever its line stands. Lines that begin with '#' are comments. A name with
 * special characters stands in quotes. (Valkey src/aof.c: aofLoadManifestFromFile, getAofManifestAsString) */
#ifndef AOF_MANIFEST_H
#define AOF_MANIFEST_H

#include "base/buffer.h"
#include <rdbferry/error.h>
#include <stdint.h>

struct manifest_file {
    char *name;
    uint64_t seq;
    char type; /* 'b', 'h' or 'i' */
};

/* A zeroed one is empty and ready. */
struct manifest {
    struct manifest_file *files;
    size_t count;
};

/* Reads a manifest's text, as strictly as a server does. After an error `manifest` is empty. */
rf_code manifest_parse(struct manifest *manifest, rf_slice text, rf_error *error);

/* Reads the manifest at `path`, of at most 1 MiB. */
rf_code manifest_load(struct manifest *manifest, const char *path, rf_error *error);

void manifest_free(struct manifest *manifest);

/* Whether a file of this name is a manifest: "<anything>.manifest", not hidden, and not "temp-...", which a
 * server was about to rename. */
bool manifest_is_name(const char *name);

/* Appends one line. False when memory is out. */
bool manifest_print(struct buffer *out, const struct manifest_file *file);

#endif
