/* SPDX-License-Identifier: MIT */
/* Reads small files named by options, and saves small files, atomically where possible, by rf_file_save(). No
 * signal leaves the temporary file behind. */
#ifndef CMD_RUN_FILES_H
#define CMD_RUN_FILES_H

#include <rdbferry/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* `path` "-" is stdin. Reads at most `most` bytes: a longer file is RF_E_ARGUMENT. The caller frees *text,
 * which is terminated by a NUL; it is not set after an error. */
rf_code slurp(const char *path, size_t most, char **text, size_t *size, rf_error *error);

/* Removes temporary files of killed runs with this output, and says so. `appendfilename` as for
 * rf_remove_leftovers(). `path` NULL or "-": there is none. */
void remove_leftovers(const char *path, const char *appendfilename);

/* `flags` as for rf_file_save(). False: errno is set, and no new file exists. */
bool save_file(const char *path, unsigned flags, const char *data, size_t size);

/* Whether `path`, which messages call `what` ("the report"), can be written as far as is known without
 * trying. True for NULL and "-". False: the error has been printed. */
bool save_check(const char *path, const char *what);

/* Saves the output of `make`, which messages call `what` ("the report"), and which is built in memory first.
 * `make` returns false if it fails for another reason than an error of the stream. `path` "-" is stdout;
 * `flags` as for rf_file_save(). False: the error has been printed, and no new file exists. */
bool save_made(const char *path, const char *what, unsigned flags, bool (*make)(FILE *out, const void *ctx),
               const void *ctx);

#endif
