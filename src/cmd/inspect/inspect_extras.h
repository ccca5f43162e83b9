/* SPDX-License-Identifier: MIT */
/* The data of a dump besides its keys: function libraries, modules (and their keys), AUX fields; and the
 * commands of an AOF. Entries beyond a limit are only counted. */
#ifndef CMD_INSPECT_INSPECT_EXTRAS_H
#define CMD_INSPECT_INSPECT_EXTRAS_H

#include "cmd/inspect/inspect_tables.h"
#include "cmd/inspect/log_facts.h"
#include "cmd/run/inputs.h"

enum { LIBRARIES_KEPT = 256, MODULES_KEPT = 64, AUX_KEPT = 64, NAME_KEPT = 64, AUX_VALUE_KEPT = 128 };

struct library {
    char name[NAME_KEPT], engine[NAME_KEPT]; /* escaped */
    uint64_t bytes;
};

struct module {
    char name[10];
    uint64_t keys, bytes, memory;
    uint64_t records, record_bytes; /* its AUX records */
};

struct aux_field {
    const struct input *input;
    char name[NAME_KEPT], value[AUX_VALUE_KEPT]; /* escaped */
};

struct extras {
    uint64_t library_count, library_bytes, aux_count, module_keys, module_records;
    size_t libraries_kept, modules_kept, aux_kept;
    struct library libraries[LIBRARIES_KEPT];
    struct module modules[MODULES_KEPT];
    struct aux_field aux[AUX_KEPT];
    struct log_facts log; /* of an AOF */
};

/* Adds an entry that is not a key. False: out of memory. */
bool extras_add(struct extras *extras, const struct input *input, const rf_entry *entry);

/* Adds a key that belongs to a module. */
void extras_add_key(struct extras *extras, const char module[10], uint64_t bytes, uint64_t memory);

void extras_free(struct extras *extras);

#endif
