/* SPDX-License-Identifier: MIT */
/* The manifest of an AOF directory: the list of its files.
 *
 *   file <name> seq <n> type <b|h|i>\n       b: the base, i: an increment, h: history, not loaded
 *
 * The base is loaded first, regardless of the position of its line. Lines that begin with '#' are comments. A
 * name with special characters is quoted. (Valkey src/aof.c: aofLoadManifestFromFile,
 * getAofManifestAsString) */
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

/* A zeroed manifest is empty and ready. */
struct manifest {
    struct manifest_file *files;
    size_t count;
};

/* Parses a manifest, as strictly as a server does. After an error `manifest` is empty. */
rf_code manifest_parse(struct manifest *manifest, rf_slice text, rf_error *error);

/* Reads the manifest at `path`, of at most 1 MiB. */
rf_code manifest_load(struct manifest *manifest, const char *path, rf_error *error);

void manifest_free(struct manifest *manifest);

/* Whether a file name is that of a manifest: "<anything>.manifest", not hidden, and not "temp-...", which a
 * server was about to rename. */
bool manifest_is_name(const char *name);

/* Appends one line. False if out of memory. */
bool manifest_print(struct buffer *out, const struct manifest_file *file);

#endif
