/* SPDX-License-Identifier: MIT */
/* `rdbferry inspect`: statistics of the inputs for people. Each key is measured once; the counters use
 * constant memory. */
#include "base/fail.h"
#include "cmd/command.h"
#include "cmd/inspect/inspect.h"
#include "cmd/inspect/inspect_log.h"
#include "cmd/run/cursor.h"
#include "cmd/run/evaluate.h"
#include "cmd/run/paths.h"
#include "cmd/run/report.h"
#include "cmd/term/message.h"
#include "cmd/term/terminal.h"
#include "cmd/term/text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_KEPT_FOR_TABLE = 256, KEY_KEPT_FOR_ROW = 4096, KEYS_OF_PAGE = 100 };

/* --- counting ----------------------------------------------------------------------------------------- */

/* In seconds, as in expiry_ranges. */
static uint64_t time_left(const struct inspection *inspection, const rf_entry *key)
{
    int64_t now = inspection->session.now;
    if (key->expire_ms == RF_NO_EXPIRY)
        return UINT64_MAX;
    return key->expire_ms <= now ? 0 : ((uint64_t)key->expire_ms - (uint64_t)now + 999) / 1000;
}

static bool is_collection(rf_type type)
{
    return type != RF_STRING && type != RF_MODULE;
}

static rf_code count_key(struct inspection *inspection, size_t input, const rf_entry *key,
                         const rf_measure *measure, rf_error *error)
{
    uint64_t left = time_left(inspection, key);
    bool good = tables_add(&inspection->tables, key, measure) &&
                top_offer(&inspection->by_memory, measure->memory, key, measure) &&
                prefixes_add(&inspection->prefixes, key->key, measure->memory, left);
    key_totals_add(&inspection->by_input[input], key, measure);
    slots_add(&inspection->slots, key, measure);
    workload_add(&inspection->work, measure);
    expiries_add(&inspection->times_left, left);
    histogram_add(&inspection->expiries, &expiry_ranges, left, measure->memory);
    histogram_add(&inspection->memories, &memory_ranges, measure->memory, measure->memory);
    histogram_add(&inspection->longest, &longest_ranges, measure->longest, measure->memory);
    if (is_collection(key->type)) {
        good = good && top_offer(&inspection->by_elements, measure->elements, key, measure);
        histogram_add(&inspection->elements, &element_ranges, measure->elements, measure->memory);
    }
    return good ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

static rf_code count_entry(struct inspection *inspection, const struct input *input, rf_entry *entry,
                           rf_error *error)
{
    char module[10];
    rf_measure measure;
    if (entry->kind != RF_ENTRY_KEY)
        return extras_add(&inspection->extras, input, entry) ? RF_OK
                                                             : fail(error, RF_E_MEMORY, "out of memory");
    if (entry->type == RF_MODULE)
        TRY(rf_value_module(entry->value, module, error));
    TRY(rf_measure_key(entry, &measure, error));
    if (entry->type == RF_MODULE)
        extras_add_key(&inspection->extras, module, &measure);
    return count_key(inspection, (size_t)(input - inspection->session.inputs), entry, &measure, error);
}

/* --- rows --------------------------------------------------------------------------------------------- */

/* *full: no more rows are wanted. */
static rf_code put_row(struct inspection *inspection, rf_entry *key, bool *full, rf_error *error)
{
    struct top *sorted = &inspection->sorted;
    rf_measure measure;
    TRY(rf_measure_key(key, &measure, error));
    if (inspection->options->sort != SORT_NONE)
        return top_offer(sorted, top_rank(sorted, key, &measure), key, &measure)
                   ? RF_OK
                   : fail(error, RF_E_MEMORY, "out of memory");
    struct key_row row = key_row_of(key, &measure);
    *full = inspection->rows == inspection->options->limit;
    if (*full)
        return RF_OK;
    inspection->rows++;
    return inspect_put_csv_row(&row) ? RF_OK : fail(error, RF_E_WRITE, "stdout: %s", strerror(errno));
}

/* *full: no more are wanted. */
static rf_code list_command(struct inspection *inspection, const struct input *input, const rf_entry *command,
                            bool *full, rf_error *error)
{
    const struct inspect_options *options = inspection->options;
    bool accepted, known;
    inspection->commands++;
    if (!command_filter_accepts(options->command_filter, command))
        return RF_OK;
    TRY(key_filter_accepts(options->key_filter, command, &accepted, &known, error));
    inspection->unknown += !known;
    if (!accepted)
        return RF_OK;
    *full = inspection->rows == options->limit ||
            !(options->jsonl ? print_command_json(input, command, inspection->commands)
                             : print_command(input, command));
    inspection->rows += !*full;
    return RF_OK;
}

static void put_sorted_rows(struct inspection *inspection)
{
    top_sort(&inspection->sorted);
    for (size_t i = 0; i < inspection->sorted.count; i++)
        inspect_put_csv_row(&inspection->sorted.heap[i].row);
}

/* --- running ------------------------------------------------------------------------------------------ */

static rf_code read_inputs(struct inspection *inspection, rf_error *error)
{
    struct session *session = &inspection->session;
    struct cursor cursor;
    rf_entry *entry;
    rf_code code = RF_OK;
    cursor_open(&cursor, session, 0, session->input_count);
    while (code == RF_OK && (code = cursor_next(&cursor, &entry, error)) == RF_OK) {
        bool full = false;
        if (inspection->options->commands && entry->kind == RF_ENTRY_COMMAND)
            code = list_command(inspection, cursor.input, entry, &full, error);
        else if (inspection->options->commands)
            continue;
        else if (!inspection->options->keys)
            code = count_entry(inspection, cursor.input, entry, error);
        else if (entry->kind == RF_ENTRY_KEY)
            code = put_row(inspection, entry, &full, error);
        if (full)
            cursor_skip_input(&cursor);
    }
    return cursor_close(&cursor, code, error);
}

static void put_page(struct json *json, const void *inspection)
{
    inspect_put_json(json, inspection, KEYS_OF_PAGE);
}

/* Results for the readable part of a damaged input are printed as well. */
static enum status print_result(struct inspection *inspection)
{
    slots_end(&inspection->slots);
    top_sort(&inspection->by_memory);
    top_sort(&inspection->by_elements);
    if (!prefixes_end(&inspection->prefixes) || !prefixes_end(&inspection->log_prefixes)) {
        message_error("out of memory");
        return STATUS_OUTPUT;
    }
    if (inspection->unknown > 0)
        message_warning("%" PRIu64 " command%s of unknown names not listed: their keys are not known",
                        inspection->unknown, text_plural(inspection->unknown));
    if (inspection->options->commands)
        return STATUS_DONE;
    if (inspection->options->keys)
        put_sorted_rows(inspection);
    else if (inspection->options->json)
        inspect_put_json(&(struct json){.out = stdout}, inspection, inspection->options->top);
    else if (!is_dash(inspection->options->page.path))
        inspect_put_text(inspection);
    if (!inspection->options->page.path || page_save(&inspection->options->page, put_page, inspection))
        return STATUS_DONE;
    return STATUS_OUTPUT;
}

static void write_report(const struct inspection *inspection)
{
    report_write(&(const struct report){.command = "inspect",
                                        .session = &inspection->session,
                                        .error = inspection->error},
                 inspection->options->common.report);
}

static enum status run(struct inspection *inspection)
{
    struct session *session = &inspection->session;
    rf_error error;
    inspection->by_input = calloc(session->input_count, sizeof *inspection->by_input);
    if (!inspection->by_input || !log_facts_open(&inspection->extras.log, session->inputs,
                                                 session->input_count, &inspection->log_prefixes)) {
        message_error("out of memory");
        return STATUS_OUTPUT;
    }
    if (inspection->options->keys)
        inspect_put_csv_head();
    session_begin(&inspection->session);
    session_if_killed(&inspection->session, "no result");
    rf_code code = read_inputs(inspection, &error);
    session_end(&inspection->session);
    enum status status = status_of(code);
    inspection->error = code == RF_OK ? NULL : &error;
    notices_summarize(&inspection->session.notices);
    if (ferror(stdout)) /* reported by the program itself at the end */
        status = (enum status)stdout_status();
    else if (inspection->error)
        message_failure(&error);
    if ((status == STATUS_DONE || status == STATUS_INPUT) && inspection->session.inputs->opened)
        if (print_result(inspection) != STATUS_DONE)
            status = STATUS_OUTPUT;
    write_report(inspection);
    return status;
}

static struct inspection *prepare(const struct inspect_options *options)
{
    static const enum top_order orders[] = {[SORT_SIZE] = TOP_MEMORY,
                                            [SORT_ELEMENTS] = TOP_ELEMENTS,
                                            [SORT_EXPIRY] = TOP_EXPIRY,
                                            [SORT_KEY] = TOP_KEY};
    struct inspection *inspection = calloc(1, sizeof *inspection);
    const unsigned depth = (unsigned)options->depth;
    if (!inspection ||
        !prefixes_open(&inspection->prefixes, options->delimiter, depth, &expiries_of_prefix) ||
        !prefixes_open(&inspection->log_prefixes, options->delimiter, depth, NULL)) {
        if (inspection) {
            prefixes_close(&inspection->prefixes);
            prefixes_close(&inspection->log_prefixes);
        }
        free(inspection);
        message_error("out of memory");
        return NULL;
    }
    inspection->options = options;
    const size_t kept = options->page.path && options->top < KEYS_OF_PAGE ? KEYS_OF_PAGE : options->top;
    inspection->by_memory = (struct top){.order = TOP_MEMORY, .limit = kept, .key_kept = KEY_KEPT_FOR_TABLE};
    inspection->by_elements = (struct top){
        .order = TOP_ELEMENTS, .limit = kept, .key_kept = KEY_KEPT_FOR_TABLE};
    inspection->sorted = (struct top){
        .order = orders[options->sort], .limit = options->limit, .key_kept = KEY_KEPT_FOR_ROW};
    return inspection;
}

static void discard(struct inspection *inspection)
{
    tables_free(&inspection->tables);
    free(inspection->by_input);
    top_free(&inspection->by_memory);
    top_free(&inspection->by_elements);
    top_free(&inspection->sorted);
    prefixes_close(&inspection->prefixes);
    prefixes_close(&inspection->log_prefixes);
    extras_free(&inspection->extras);
    session_close(&inspection->session);
    free(inspection);
}

int inspect_run(int argc, char **argv)
{
    struct inspect_options options;
    struct inspection *inspection;
    int status;
    if (inspect_options_read(argc, argv, &options, &status)) {
        status = STATUS_OUTPUT;
        inspection = evaluate_inputs(&options.common, NULL) ? prepare(&options) : NULL;
        if (inspection) {
            if (session_open(&inspection->session, &options.common))
                status = (int)run(inspection);
            discard(inspection);
        }
    }
    rf_filter_free(options.command_filter);
    rf_filter_free(options.key_filter);
    common_options_free(&options.common);
    return status;
}
