/* SPDX-License-Identifier: MIT */
/* Memory in segments of equal size, of which the first ones are anonymous memory and the others are in an
 * unnamed file, so that the system can page them out. */
#ifndef IO_SEGMENTS_H
#define IO_SEGMENTS_H

#include <rdbferry/error.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SEGMENT_SIZE = 16 * 1024 * 1024,
    SEGMENTS_IN_MEMORY = 2,
};

/* A zeroed one is empty. */
struct segments {
    uint8_t **all;
    size_t count, cap;
    size_t used;   /* bytes used in the last one */
    int fd_plus_1; /* 0: no file yet */
};

/* *out receives `size` zeroed bytes; `size` must divide SEGMENT_SIZE and be the same in all calls. */
rf_code segments_take(struct segments *s, size_t size, void **out, rf_error *error);

/* Frees everything. */
void segments_free(struct segments *s);

#endif
