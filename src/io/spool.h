/* SPDX-License-Identifier: MIT */
/* A spool: keeps bytes to be read again. Small contents are kept in memory, larger ones in an unnamed
 * temporary file; the final content is a single slice either way. */
#ifndef IO_SPOOL_H
#define IO_SPOOL_H

#include "base/buffer.h"
#include <rdbferry/error.h>
#include <rdbferry/slice.h>
#include <stdint.h>

enum { SPOOL_MEMORY = 16 * 1024 * 1024 };

/* A spool with `error` set and the rest zeroed is empty and ready. */
struct spool {
    struct buffer memory;
    uint64_t on_disk; /* bytes in the file, preceding those in memory */
    int fd_plus_1;    /* 0: no file yet */
    void *map;        /* of the finished file */
    rf_error *error;  /* receives the error of spool_put() */
};

/* Appends; `spool` is a struct spool. An rf_bytes_fn. */
rf_code spool_put(void *spool, rf_slice bytes);

/* Moves what is in memory to the file, and frees the memory. */
rf_code spool_flush(struct spool *spool);

/* The complete content, valid until spool_free(). Nothing can be put afterwards. */
rf_code spool_finish(struct spool *spool, rf_slice *content, rf_error *error);

/* Frees everything; the spool can then be used again. */
void spool_free(struct spool *spool);

#endif
