/* SPDX-License-Identifier: MIT */
/* Temporary files without a directory entry: they disappear when they are closed, however the program ends.
 * They are created in $TMPDIR, or in /tmp. */
#ifndef IO_ANON_FILE_H
#define IO_ANON_FILE_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>

/* $TMPDIR, or /tmp. */
const char *anon_file_directory(void);

/* The caller must close *fd; it is unchanged after an error. */
rf_code anon_file_open(int *fd, rf_error *error);

/* The same in a directory; NULL: $TMPDIR, or /tmp. */
rf_code anon_file_open_in(const char *directory, int *fd, rf_error *error);

/* RF_E_WRITE by errno: "cannot <what> a temporary file in /tmp ...". */
rf_code anon_file_fail(const char *what, rf_error *error);

/* Writes all bytes at the current position. */
rf_code anon_file_write(int fd, rf_slice bytes, rf_error *error);

/* Reads n bytes at an offset, which must be there. */
rf_code anon_file_read_at(int fd, void *out, size_t n, uint64_t offset, rf_error *error);

/* Reads up to n bytes; *got is less only at the end of the file. */
rf_code anon_file_read(int fd, void *out, size_t n, size_t *got, rf_error *error);

#endif
