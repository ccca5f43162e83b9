/* SPDX-License-Identifier: MIT */
/* A directory for the files of one test, under $TMPDIR or /tmp. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <rdbferry/slice.h>
#include <stddef.h>

struct scratch {
    char path[512];
};

void scratch_make(struct scratch *scratch);

/* "<the directory>/<name>", in one of a few static buffers. */
const char *scratch_path(const struct scratch *scratch, const char *name);

/* How many files, hidden ones too, are in it. */
size_t scratch_count(const struct scratch *scratch);

void scratch_write(const struct scratch *scratch, const char *name, rf_slice bytes);

/* The bytes of a file; the caller's to free with exact_free(). */
rf_slice scratch_read(const struct scratch *scratch, const char *name);

/* Removes it with its files. */
void scratch_remove(struct scratch *scratch);

#endif
