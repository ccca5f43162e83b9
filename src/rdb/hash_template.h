/* SPDX-License-Identifier: MIT */
/* Hash templates (Redis 8.10): lists of field names shared by many hashes. They are defined before the first
 * key and kept as long as the reader.
 *
 *   HASH_TEMPLATE record:  len id   len count   (string field)*count
 *
 * A DUMP payload contains its own, before the values:
 *
 *   len 0   string: a listpack of the fields       len 1   len count   (string field)*count */
#ifndef RDB_HASH_TEMPLATE_H
#define RDB_HASH_TEMPLATE_H

#include "base/hash_table.h"
#include "io/window.h"

struct hash_template {
    uint64_t hash, id;
    size_t count;
    rf_slice *fields; /* owned, with the bytes after the array */
};

/* A zeroed one is empty and ready. */
struct hash_templates {
    struct hash_table table; /* of struct hash_template */
};

rf_code hash_templates_read(struct hash_templates *templates, struct window *w);

/* Returns NULL if there is none. */
const struct hash_template *hash_templates_find(const struct hash_templates *templates, uint64_t id);

void hash_templates_free(struct hash_templates *templates);

/* Reads the template of a DUMP payload; the caller must free its fields. Its ID is 0 and unused. */
rf_code hash_template_read_dumped(struct hash_template *template, struct window *w);

#endif
