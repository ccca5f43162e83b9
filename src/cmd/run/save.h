/* SPDX-License-Identifier: MIT */
/* Writes a small file atomically; one at a time. */
#ifndef CMD_RUN_SAVE_H
#define CMD_RUN_SAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* Writes a temporary file next to `path` and renames it; a file that is not regular (a device, a FIFO) is
 * written directly. On success the data and the name are on disk. False: errno is set, and no new file
 * exists. Not thread-safe while other threads create files: it reads the umask. */
bool save_file(const char *path, const char *data, size_t size);

/* The same for a file that only its owner may read. Other threads may run. */
bool save_private(const char *path, const char *data, size_t size);

/* The same with the given mode, and without syncing: for files that are replaced repeatedly. Other threads
 * may run. */
bool save_shared(const char *path, mode_t mode, const char *data, size_t size);

/* Called by another thread before the process ends: removes the temporary file and prevents new ones. A
 * thread that is saving a file blocks until the process ends. */
void save_cleanup_temp_file(void);

/* Saves the output of `make`, which is built in memory first. `path` "-" is stdout. False: the error has been
 * printed. */
bool save_made(const char *path, void (*make)(FILE *out, const void *ctx), const void *ctx);

#endif
