/* SPDX-License-Identifier: MIT */
/* The values of a copy: records of an RDB without their expiry, one after the other in an unnamed file.
 *
 *     [KEY_META opcode and record]  type byte  name  value
 *
 * A record is never changed; a newer one of the same key replaces it. */
#ifndef SCAN_SCAN_STORE_H
#define SCAN_SCAN_STORE_H

#include "base/buffer.h"
#include <rdbferry/entry.h>
#include <rdbferry/error.h>

struct scan_store {
    int fd;
    uint64_t written;      /* bytes in the file */
    struct buffer pending; /* that follow */
    rf_error *error;       /* receives the error of a write */
};

struct scan_record {
    uint64_t offset, length;
    uint32_t name_at; /* see struct scan_key */
};

rf_code scan_store_open(struct scan_store *store, rf_error *error);

/* Appends the record of a key, and consumes its value. */
rf_code scan_store_put(struct scan_store *store, rf_entry *key, struct scan_record *out, rf_error *error);

/* Writes what is pending: everything put can then be read. */
rf_code scan_store_flush(struct scan_store *store, rf_error *error);

/* Reads bytes that exist. May be called from any thread. */
rf_code scan_store_read(const struct scan_store *store, uint64_t offset, void *out, size_t n,
                        rf_error *error);

/* Reads the name in a record into `name`, replacing its content. */
rf_code scan_store_name(const struct scan_store *store, const struct scan_record *record, struct buffer *name,
                        rf_error *error);

void scan_store_close(struct scan_store *store);

#endif
