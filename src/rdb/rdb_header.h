/* SPDX-License-Identifier: MIT */
/* The header of an RDB file. */
#ifndef RDB_RDB_HEADER_H
#define RDB_RDB_HEADER_H

#include "io/window.h"
#include <rdbferry/version.h>

/* How many bytes the header has. */
enum { RDB_MAGIC_SIZE = 9 };

/* True if the first n bytes begin an RDB file, or claim to. */
bool rdb_recognises(const uint8_t *head, size_t n);

/* Reads the header where rdb_recognises() has said yes. */
rf_code rdb_header_read(struct window *w, rf_dialect *dialect, int *version);

#endif
