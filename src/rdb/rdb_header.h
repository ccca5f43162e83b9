/* SPDX-License-Identifier: MIT */
/* The header of an RDB file. */
#ifndef RDB_RDB_HEADER_H
#define RDB_RDB_HEADER_H

#include "io/window.h"
#include <rdbferry/version.h>

/* The size of the header. */
enum { RDB_MAGIC_SIZE = 9 };

/* True if the first n bytes are, or claim to be, the beginning of an RDB file. */
bool rdb_recognises(const uint8_t *head, size_t n);

/* The newest version that is supported. */
int rdb_newest_version(rf_dialect dialect);

/* Reads the header; rdb_recognises() must have returned true. */
rf_code rdb_header_read(struct window *w, rf_dialect *dialect, int *version);

#endif
