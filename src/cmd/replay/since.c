/* SPDX-License-Identifier: MIT */
/* Compares two snapshots, and remembers the numbers of the entries that differ. */
#include "cmd/replay/since.h"
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/diff/explain.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- bits ---------------------------------------------------------------------------------------------- */

static bool bits_set(struct bits *bits, uint64_t number)
{
    size_t word = (size_t)(number / 64);
    if (word >= bits->count) {
        size_t count = word < 512 ? 1024 : 2 * word;
        uint64_t *words = realloc(bits->words, count * sizeof *words);
        if (!words)
            return false;
        memset(words + bits->count, 0, (count - bits->count) * sizeof *words);
        bits->words = words;
        bits->count = count;
    }
    bits->words[word] |= UINT64_C(1) << number % 64;
    return true;
}

static bool bits_has(const struct bits *bits, uint64_t number)
{
    return number / 64 < bits->count && (bits->words[number / 64] >> number % 64 & 1);
}

static rf_code mark(struct bits *bits, uint64_t number, rf_error *error)
{
    return bits_set(bits, number) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* --- entries ------------------------------------------------------------------------------------------- */

/* *damaged: the value cannot be digested, but the reader can continue after it. */
static rf_code digest(struct since *since, const rf_entry *entry, rf_key_digest *out, bool *damaged,
                      rf_error *error)
{
    *damaged = false;
    *out = (rf_key_digest){.elements = 1};
    if (entry->kind == RF_ENTRY_FUNCTION) {
        out->left = rf_digest_keyed(entry->text);
        return RF_OK;
    }
    rf_code code = entry->kind == RF_ENTRY_KEY ? rf_digest_key(since->digester, entry, out, error)
                                               : fail(error, RF_E_UNSUPPORTED, "a value of another vendor");
    *damaged = rf_code_is_input(code);
    if (*damaged)
        *out = (rf_key_digest){.elements = 1};
    return *damaged ? RF_OK : code;
}

/* There is no such key on a server. */
static bool is_absent(const struct since *since, const rf_entry *entry, const rf_key_digest *digest)
{
    return entry->kind == RF_ENTRY_KEY &&
           (session_has_expired(since->session, entry) || rf_digest_is_expired(digest) ||
            (digest->elements == 0 && !rf_may_be_empty(entry->type)));
}

/* The number of the entry takes the place of its offset. */
static rf_code add(struct since *since, size_t input, uint64_t number, const rf_entry *entry, rf_error *error)
{
    rf_key_record record;
    rf_key_digest found;
    bool damaged, second = input < since->session->input_count;
    TRY(digest(since, entry, &found, &damaged, error));
    if (damaged && second)
        TRY(mark(&since->to_write, number, error));
    if (is_absent(since, entry, &found))
        return RF_OK;
    rf_key_record_of_left(entry, &found, (uint32_t)input, &record);
    record.offset = number;
    return second ? rf_compare_add_after(since->compare, &record, error)
                  : rf_compare_add_before(since->compare, &record, error);
}

/* --- comparing ----------------------------------------------------------------------------------------- */

/* What the target has of the two is not known. */
static rf_code fail_duplicate(const struct since *since, const rf_key_record *record, rf_error *error)
{
    const struct input *input = &since->session->inputs[record->input];
    fail(error, RF_E_DUPLICATE, "two keys of the snapshot of --since have this name,");
    snprintf(error->input, sizeof error->input, "%s", input_name(input));
    escape_name(record->key, error->key, sizeof error->key);
    error->db = (int)record->db;
    return error->code;
}

/* Keys of the second snapshot that have the same name are all left to the handling of collisions. */
static rf_code on_difference(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct since *since = ctx;
    const rf_key_record *before = difference->before, *after = difference->after;
    switch (difference->kind) {
    case RF_REMOVED:
        TRY(mark(&since->to_delete, before->offset, error));
        return since->removed ? since->removed(since->ctx, difference, error) : RF_OK;
    case RF_DUPLICATE:
        if (after->input >= since->session->input_count)
            return fail_duplicate(since, after, error);
        TRY(mark(&since->to_write, before->offset, error));
        return mark(&since->to_write, after->offset, error);
    case RF_ADDED:
    case RF_CHANGED: break;
    }
    return mark(&since->to_write, after->offset, error);
}

typedef rf_code (*entry_fn)(struct since *since, size_t input, uint64_t number, const rf_entry *entry,
                            void *ctx, rf_error *error);

/* Reads the files `first` to `end` - 1. */
static rf_code read_files(struct since *since, size_t first, size_t end, const char *phase, entry_fn fn,
                          void *ctx, rf_error *error)
{
    struct cursor cursor;
    rf_entry *entry;
    rf_code code = RF_OK;
    uint64_t number = 0;
    cursor_open_rescan_of(&cursor, since->session, first, end, phase);
    while (code == RF_OK && (!since->tick || (code = since->tick(since->ctx, error)) == RF_OK) &&
           (code = cursor_next(&cursor, &entry, error)) == RF_OK) {
        if (entry && entry->kind == RF_ENTRY_COMMAND)
            code = refuse_commands(error);
        else if (entry && since_counts(entry))
            code = fn(since, cursor.number, number++, entry, ctx, error);
    }
    return cursor_close(&cursor, code, error);
}

static rf_code on_entry(struct since *since, size_t input, uint64_t number, const rf_entry *entry, void *ctx,
                        rf_error *error)
{
    (void)ctx;
    return add(since, input, number, entry, error);
}

rf_code since_compare(struct since *since, rf_error *error)
{
    const rf_compare_options options = {.memory = since->memory, .fn = on_difference, .ctx = since};
    const size_t own = since->session->input_count;
    since->digester = rf_digester_new(RF_DIGEST_KEYED, false);
    if (!since->digester)
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_digester_expired(since->digester, since->session->now);
    TRY(rf_compare_open(&options, &since->compare, error));
    TRY(read_files(since, own, since->files, "reading the first snapshot", on_entry, NULL, error));
    TRY(read_files(since, 0, own, "comparing", on_entry, NULL, error));
    rf_code code = rf_compare_finish(since->compare, error);
    rf_compare_close(since->compare);
    since->compare = NULL;
    return code;
}

bool since_is_unchanged(struct since *since, const rf_entry *entry)
{
    if (since_counts(entry))
        since->is_unchanged = !bits_has(&since->to_write, since->next_write++);
    return since->is_unchanged && (since_counts(entry) || entry->kind == RF_ENTRY_FOREIGN_DETAIL);
}

/* --- deletions ------------------------------------------------------------------------------------------ */

struct deletions {
    since_delete_fn fn;
    void *ctx;
};

static rf_code on_first(struct since *since, size_t input, uint64_t number, const rf_entry *entry, void *ctx,
                        rf_error *error)
{
    const struct deletions *deletions = ctx;
    rf_key_record record;
    rf_key_digest found;
    rf_error fault;
    bool damaged;
    if (!bits_has(&since->to_delete, number))
        return RF_OK;
    rf_digester_expired(since->digester, session_fields_until());
    rf_code code = digest(since, entry, &found, &damaged, &fault);
    if (code != RF_OK) {
        *error = fault;
        return code;
    }
    rf_key_record_of_left(entry, &found, (uint32_t)input, &record);
    return deletions->fn(deletions->ctx, &record, damaged ? &fault : NULL, error);
}

rf_code since_deletions(struct since *since, since_delete_fn fn, void *ctx, rf_error *error)
{
    struct deletions deletions = {fn, ctx};
    return read_files(since, since->session->input_count, since->files, "deleting", on_first, &deletions,
                      error);
}

void since_free(struct since *since)
{
    rf_compare_close(since->compare);
    rf_digester_free(since->digester);
    free(since->to_write.words);
    free(since->to_delete.words);
}
