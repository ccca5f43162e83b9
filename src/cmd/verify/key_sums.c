/* SPDX-License-Identifier: MIT */
/* Adding up keys. */
#include "cmd/verify/key_sums.h"
#include "base/escape.h"
#include <stdio.h>
#include <string.h>

void module_names_add(struct module_names *modules, const char name[MODULE_NAME])
{
    for (size_t i = 0; i < modules->count; i++)
        if (strcmp(modules->names[i], name) == 0)
            return;
    if (modules->count < MODULES_MAX)
        snprintf(modules->names[modules->count++], MODULE_NAME, "%s", name);
}

static void note_record(struct record_key *record, int64_t db, rf_slice name, uint64_t size)
{
    if (size <= record->size)
        return;
    record->size = size;
    record->db = (int)db;
    escape_name(name, record->key, sizeof record->key);
}

void key_sums_add(struct key_sums *sums, const rf_entry *key, const rf_key_digest *digest)
{
    rf_digest_add(&sums->published, digest->key);
    note_record(&sums->largest, key->db, key->key, digest->bytes);
    note_record(&sums->longest, key->db, key->key, digest->elements);
}

void key_sums_add_strings(struct key_sums *sums, const rf_strings *strings, const rf_strings_digest *digest)
{
    rf_digest_add(&sums->published, digest->sum);
    note_record(&sums->largest, strings->db, strings->keys[digest->longest].key, digest->bytes);
    note_record(&sums->longest, strings->db, strings->keys[0].key, 1);
}

static void merge_record(struct record_key *record, const struct record_key *from)
{
    if (from->size > record->size)
        *record = *from;
}

void key_sums_merge(struct key_sums *sums, const struct key_sums *from)
{
    rf_digest_add(&sums->published, from->published);
    merge_record(&sums->largest, &from->largest);
    merge_record(&sums->longest, &from->longest);
    for (size_t i = 0; i < from->modules.count; i++)
        module_names_add(&sums->modules, from->modules.names[i]);
}
