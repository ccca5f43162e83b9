/* SPDX-License-Identifier: MIT */
/* Temporary files that no directory knows: they are gone when they are closed, however the program ends. They
 * lie in $TMPDIR, or in /tmp. */
#ifndef IO_UNNAMED_H
#define IO_UNNAMED_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>

/* *fd is the caller's to close; untouched after an error. */
rf_code unnamed_open(int *fd, rf_error *error);

/* All of the bytes, where the descriptor stands. */
rf_code unnamed_write(int fd, rf_slice bytes, rf_error *error);

/* Up to n bytes; *got is less only at the end of the file. */
rf_code unnamed_read(int fd, void *out, size_t n, size_t *got, rf_error *error);

#endif
