/* SPDX-License-Identifier: MIT */
/* Keys are measured on any thread. What the order of keys decides, which prefixes are kept and how they are
 * separated, is counted in order, as rows are written, from what the journal has of each key. */
#include "cmd/inspect/inspect_lane.h"
#include "base/fail.h"
#include "cmd/inspect/inspect.h"
#include "cmd/inspect/inspect_log.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a key, into an inspection or a part of it -------------------------------------------------------- */

struct part {
    struct session session;
    struct key_counts counts;
    struct key_totals of_input;
    struct top sorted;
    struct buffer row;
};

static bool format_row(struct buffer *line, const rf_entry *key, const rf_measure *measure)
{
    const struct key_row row = key_row_of(key, measure);
    return inspect_format_csv_row(line, &row);
}

/* A row goes into `sorted`; if rows are not, it is formatted in `line`. */
static rf_code take_row(const struct inspect_options *options, struct top *sorted, struct buffer *line,
                        const rf_entry *key, rf_error *error)
{
    rf_measure measure;
    TRY(rf_measure_key(key, &measure, error));
    line->len = 0;
    bool good = options->sort != SORT_NONE ? top_offer(sorted, top_rank(sorted, key, &measure), key, &measure)
                                           : format_row(line, key, &measure);
    return good ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

static rf_code write_row(rf_slice line, rf_error *error)
{
    return fwrite_unlocked(line.ptr, 1, line.len, stdout) == line.len
               ? RF_OK
               : fail(error, RF_E_WRITE, "stdout: %s", strerror(errno));
}

static bool count_in_order(struct inspection *inspection, rf_slice name, const struct key_facts *facts)
{
    slots_add(&inspection->slots, facts->slot, facts->tagged, facts->stored, facts->memory);
    if (*facts->module)
        extras_add_key(&inspection->extras, facts->module, facts->stored, facts->memory);
    return prefixes_add(&inspection->prefixes, name, facts->memory, facts->left);
}

/* --- in a lane ---------------------------------------------------------------------------------------- */

static rf_code put_row(struct lane *lane, const rf_entry *key, rf_error *error)
{
    const struct inspection *inspection = lane->ctx;
    struct part *part = lane->part;
    TRY(take_row(inspection->options, &part->sorted, &part->row, key, error));
    if (part->row.len > 0)
        journal_key(&lane->journal, &(rf_entry){0}, buffer_slice(&part->row));
    return RF_OK;
}

static rf_code put(struct lane *lane, rf_entry *key, rf_error *error)
{
    const struct inspection *inspection = lane->ctx;
    struct part *part = lane->part;
    struct key_facts facts;
    if (inspection->options->keys)
        return put_row(lane, key, error);
    TRY(key_counts_add(&part->counts, &part->of_input, key, inspection->session.now, &facts, error));
    journal_key(&lane->journal, key, slice_of(&facts, sizeof facts));
    return RF_OK;
}

static void clear(struct lane *lane)
{
    struct part *part = lane->part;
    key_counts_clear(&part->counts);
    part->of_input = (struct key_totals){0};
    top_clear(&part->sorted);
}

/* --- in order ----------------------------------------------------------------------------------------- */

static rf_code on_key(void *ctx, const rf_entry *key, rf_slice kept, uint64_t bytes, rf_error *error)
{
    struct inspection *inspection = ctx;
    struct key_facts facts;
    (void)bytes;
    if (inspection->options->keys)
        return write_row(kept, error);
    memcpy(&facts, kept.ptr, sizeof facts);
    return count_in_order(inspection, key->key, &facts) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

static rf_code merge(void *ctx, struct lane *lane, rf_error *error)
{
    struct inspection *inspection = ctx;
    struct part *part = lane->part;
    key_totals_merge(&inspection->by_input[lane->cursor.number], part->of_input);
    if (!key_counts_merge(&inspection->counts, &part->counts) ||
        !top_merge(&inspection->sorted, &part->sorted))
        return fail(error, RF_E_MEMORY, "out of memory");
    return journal_keys(&lane->journal, on_key, inspection, error);
}

/* *full: no more rows are wanted. */
static rf_code write_key(struct inspection *inspection, const rf_entry *key, bool *full, rf_error *error)
{
    const struct inspect_options *options = inspection->options;
    *full = options->sort == SORT_NONE && inspection->rows++ == options->limit;
    if (*full)
        return RF_OK;
    TRY(take_row(options, &inspection->sorted, &inspection->row, key, error));
    return write_row(buffer_slice(&inspection->row), error);
}

static rf_code count_key(struct inspection *inspection, const struct input *input, rf_entry *key,
                         rf_error *error)
{
    struct key_totals *of_input = &inspection->by_input[input - inspection->session.inputs];
    struct key_facts facts;
    TRY(key_counts_add(&inspection->counts, of_input, key, inspection->session.now, &facts, error));
    return count_in_order(inspection, key->key, &facts) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

static rf_code count_entry(struct inspection *inspection, const struct input *input, rf_entry *entry,
                           rf_error *error)
{
    if (entry->kind == RF_ENTRY_KEY)
        return count_key(inspection, input, entry, error);
    return extras_add(&inspection->extras, input, entry) ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

static rf_code put_in_order(void *ctx, const struct input *input, rf_entry *entry, rf_error *error)
{
    struct inspection *inspection = ctx;
    const struct inspect_options *options = inspection->options;
    bool full = false;
    if (options->commands && entry->kind == RF_ENTRY_COMMAND)
        TRY(inspect_list_command(inspection, input, entry, &full, error));
    else if (options->keys && !options->commands && entry->kind == RF_ENTRY_KEY)
        TRY(write_key(inspection, entry, &full, error));
    else if (!options->keys && !options->commands)
        TRY(count_entry(inspection, input, entry, error));
    if (full)
        cursor_skip_input(&inspection->cursor);
    return RF_OK;
}

/* --- parts -------------------------------------------------------------------------------------------- */

static struct top empty_like(const struct top *top)
{
    return (struct top){.order = top->order, .limit = top->limit, .key_kept = top->key_kept};
}

static rf_code open_part(void *ctx, struct lane *lane, rf_error *error)
{
    const struct inspection *inspection = ctx;
    struct part *part = lane->part = calloc(1, sizeof *part);
    if (!part)
        return fail(error, RF_E_MEMORY, "out of memory");
    part->counts.by_memory = empty_like(&inspection->counts.by_memory);
    part->counts.by_elements = empty_like(&inspection->counts.by_elements);
    part->sorted = empty_like(&inspection->sorted);
    lane->session = &part->session;
    return RF_OK;
}

static void close_part(struct lane *lane)
{
    struct part *part = lane->part;
    if (!part)
        return;
    key_counts_free(&part->counts);
    top_free(&part->sorted);
    buffer_free(&part->row);
    free(part);
}

const struct lane_work inspect_work = {.open = open_part,
                                       .close = close_part,
                                       .put = put,
                                       .clear = clear,
                                       .merge = merge,
                                       .put_in_order = put_in_order};
