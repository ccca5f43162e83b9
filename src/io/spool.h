/* SPDX-License-Identifier: MIT */
/* A spool: bytes kept to be read again. The first ones in memory, many of them in a temporary file without
 * a name, and in the end one slice either way. */
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
    uint64_t on_disk; /* bytes in the file, in front of those in memory */
    int fd_plus_1;    /* 0: no file yet */
    void *map;        /* of the finished file */
    rf_error *error;  /* where spool_put() tells of a failure */
};

/* Appends; `spool` is a struct spool. An rf_bytes_fn. */
rf_code spool_put(void *spool, rf_slice bytes);

/* The whole content, good until spool_free(). Nothing can be put any more. */
rf_code spool_finish(struct spool *spool, rf_slice *content, rf_error *error);

/* Frees everything; the spool is then as new. */
void spool_free(struct spool *spool);

#endif
