/* SPDX-License-Identifier: MIT */
/* Saving a small file whole or not at all. */
#ifndef CMD_SAVE_H
#define CMD_SAVE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes a temporary file beside `path` and renames it; what is no regular file (a device, a FIFO) is
 * written as it is. False: errno tells why, and there is no new file. Call it while no other thread runs:
 * it reads the umask. */
bool save_file(const char *path, const char *data, size_t size);

#endif
