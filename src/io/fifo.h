/* SPDX-License-Identifier: MIT */
/* A first-in, first-out queue of bytes between two threads, which is far larger than memory: what does not
 * fit in a few MiB is kept in temporary files, compressed with lz4. Each part has a stamp that the writer
 * gave it. */
#ifndef IO_FIFO_H
#define IO_FIFO_H

#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>

enum { FIFO_PART_MAX = 1024 * 1024 };

struct fifo;

/* `directory`: of the files; NULL: $TMPDIR, or /tmp. `limit`: bytes of the files; 0: none. */
rf_code fifo_open(const char *directory, uint64_t limit, struct fifo **out, rf_error *error);

/* Whether the files have reached the limit: the writer should wait. */
bool fifo_is_full(struct fifo *fifo);

/* Appends up to FIFO_PART_MAX bytes; never waits. */
rf_code fifo_put(struct fifo *fifo, rf_slice bytes, int64_t stamp, rf_error *error);

/* Nothing more will be put: the reader gets `code`, RF_END or that of the error, after the last part. */
void fifo_finish(struct fifo *fifo, rf_code code, const rf_error *error);

/* Waits for the next part, which is valid until the next call. */
rf_code fifo_next(struct fifo *fifo, rf_slice *bytes, int64_t *stamp, rf_error *error);

/* Makes fifo_next() return RF_E_READ, now or later, and fifo_put() discard; from any thread. */
void fifo_stop(struct fifo *fifo);

/* `fifo` may be NULL. */
void fifo_close(struct fifo *fifo);

#endif
