/* SPDX-License-Identifier: MIT */
/* Saving a small file whole or not at all. */
#ifndef CMD_SAVE_H
#define CMD_SAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Writes a temporary file beside `path` and renames it; what is no regular file (a device, a FIFO) is
 * written as it is. False: errno tells why, and there is no new file. Call it while no other thread runs:
 * it reads the umask. */
bool save_file(const char *path, const char *data, size_t size);

/* Saves what `make` writes, which is made in memory first. `path` "-" is stdout. False: the message has been
 * printed. */
bool save_made(const char *path, void (*make)(FILE *out, const void *ctx), const void *ctx);

#endif
