/* SPDX-License-Identifier: MIT */
/* Saving a small file whole or not at all; one at a time. */
#ifndef CMD_SAVE_H
#define CMD_SAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* Writes a temporary file beside `path` and renames it; what is no regular file (a device, a FIFO) is
 * written as it is. It is on disk afterwards, under its name. False: errno tells why, and there is no new
 * file. Call it while no other thread makes files: it reads the umask. */
bool save_file(const char *path, const char *data, size_t size);

/* The same for a file that only its owner may read. May be called while other threads run. */
bool save_private(const char *path, const char *data, size_t size);

/* The same with this mode, and without waiting until it is on disk: for what is replaced again and again. May
 * be called while other threads run. */
bool save_shared(const char *path, mode_t mode, const char *data, size_t size);

/* From another thread, before the process ends: no temporary file is left, and none appears any more. Who
 * saves one waits for the end. */
void save_remove_unfinished(void);

/* Saves what `make` writes, which is made in memory first. `path` "-" is stdout. False: the message has been
 * printed. */
bool save_made(const char *path, void (*make)(FILE *out, const void *ctx), const void *ctx);

#endif
