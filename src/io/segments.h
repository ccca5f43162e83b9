/* SPDX-License-Identifier: MIT */
/* Memory in segments of one size, of which the first ones are memory and the others lie in an unnamed file,
 * so that the system can take them away while they are not used. */
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
    size_t used;   /* bytes of the last one */
    int fd_plus_1; /* 0: no file yet */
};

/* *out: `size` zeroed bytes, a divisor of SEGMENT_SIZE and always the same. */
rf_code segments_take(struct segments *s, size_t size, void **out, rf_error *error);

/* Gives all back. */
void segments_free(struct segments *s);

#endif
