/* SPDX-License-Identifier: MIT */
/* Re-encodes a stream as its own type or an older one. */
#ifndef RDB_RDB_REENCODE_STREAM_H
#define RDB_RDB_REENCODE_STREAM_H

#include "rdb/value.h"

/* Passes the bytes after type byte and key to `fn`. The value need not have been surveyed; if it has been,
 * nodes without entries are dropped. */
rf_code rdb_reencode_stream(rf_value *value, uint8_t type, rf_bytes_fn fn, void *ctx, rf_error *error);

#endif
