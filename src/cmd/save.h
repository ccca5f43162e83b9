/* SPDX-License-Identifier: MIT */
/* Saving a small file whole or not at all. */
#ifndef CMD_SAVE_H
#define CMD_SAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* Writes a temporary file beside `path` and renames it; what is no regular file (a device, a FIFO) is
 * written as it is. False: errno tells why, and there is no new file. Call it while no other thread runs:
 * it reads the umask. */
bool save_file(const char *path, const char *data, size_t size);

/* The same for a regular file that only its owner may read, and that is on disk afterwards under its name.
 * Returns it open and locked (flock), which it stays until it is closed; -1: errno tells why. May be called
 * while other threads run. */
int save_locked(const char *path, const char *data, size_t size);

/* The same with this mode, and without waiting until it is on disk: for what is replaced again and again. May
 * be called while other threads run. */
bool save_shared(const char *path, mode_t mode, const char *data, size_t size);

/* Saves what `make` writes, which is made in memory first. `path` "-" is stdout. False: the message has been
 * printed. */
bool save_made(const char *path, void (*make)(FILE *out, const void *ctx), const void *ctx);

#endif
