/* SPDX-License-Identifier: MIT */
/* Directories in directories, for tests. */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

#include "support/scratch.h"

/* All that is below the scratch directory, a line for each, sorted: "0644 dir/file 12", "0755 dir/",
 * "dir/link@". Of temporary names "XXXXXX" stands for what is random. Lives until the next call. */
const char *tree_text(const struct scratch *scratch);

void tree_make(const struct scratch *scratch, const char *directory);

/* Like scratch_remove(), with directories. */
void tree_remove_all(struct scratch *scratch);

#endif
