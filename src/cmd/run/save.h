/* SPDX-License-Identifier: MIT */
/* Saves small files atomically, by rf_file_save(). No signal leaves the temporary file behind. */
#ifndef CMD_RUN_SAVE_H
#define CMD_RUN_SAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* `flags` as for rf_file_save(). False: errno is set, and no new file exists. */
bool save_file(const char *path, unsigned flags, const char *data, size_t size);

/* Saves the output of `make`, which is built in memory first. `path` "-" is stdout. False: the error has been
 * printed. */
bool save_made(const char *path, void (*make)(FILE *out, const void *ctx), const void *ctx);

#endif
