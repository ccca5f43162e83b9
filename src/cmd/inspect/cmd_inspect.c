/* SPDX-License-Identifier: MIT */
/* `rdbferry inspect`: statistics of the inputs for people. Each key is measured once; the counters use
 * constant memory. */
#include "base/fail.h"
#include "cmd/command.h"
#include "cmd/inspect/inspect.h"
#include "cmd/inspect/inspect_lane.h"
#include "cmd/inspect/inspect_log.h"
#include "cmd/run/evaluate.h"
#include "cmd/run/paths.h"
#include "cmd/run/report.h"
#include "cmd/run/stage.h"
#include "cmd/term/message.h"
#include "cmd/term/terminal.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEY_KEPT_FOR_TABLE = 256, KEY_KEPT_FOR_ROW = 4096, KEYS_OF_PAGE = 100 };

/* --- rows --------------------------------------------------------------------------------------------- */

rf_code inspect_list_command(struct inspection *inspection, const struct input *input,
                             const rf_entry *command, bool *full, rf_error *error)
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

/* False: out of memory. */
static bool put_sorted_rows(struct inspection *inspection)
{
    struct buffer *row = &inspection->row;
    bool good = true;
    top_sort(&inspection->sorted);
    for (size_t i = 0; i < inspection->sorted.count && good; i++) {
        row->len = 0;
        good = inspect_format_csv_row(row, &inspection->sorted.heap[i].row);
        fwrite_unlocked(row->data, 1, row->len, stdout);
    }
    return good;
}

/* --- running ------------------------------------------------------------------------------------------ */

/* What may end before the input does is read by one thread. */
static bool reads_all(const struct inspect_options *options)
{
    return !options->commands &&
           (!options->keys || options->sort != SORT_NONE || options->limit == UINT64_MAX);
}

static rf_code read_inputs(struct inspection *inspection, rf_error *error)
{
    struct session *session = &inspection->session;
    struct cursor *cursor = &inspection->cursor;
    if (reads_all(inspection->options))
        session->read.batches = stage_batches(&inspection->options->common, 1, false);
    cursor_open(cursor, session, 0, session->input_count);
    return cursor_close(cursor, stage_run(cursor, &inspect_work, inspection, error), error);
}

static void put_page(struct json *json, const void *inspection)
{
    inspect_put_json(json, inspection, KEYS_OF_PAGE);
}

static enum status out_of_memory(void)
{
    message_error("out of memory");
    return STATUS_OUTPUT;
}

/* Results for the readable part of a damaged input are printed as well. */
static enum status print_result(struct inspection *inspection)
{
    slots_end(&inspection->slots);
    top_sort(&inspection->counts.by_memory);
    top_sort(&inspection->counts.by_elements);
    if (!prefixes_end(&inspection->prefixes) || !prefixes_end(&inspection->log_prefixes) ||
        !put_sorted_rows(inspection))
        return out_of_memory();
    if (inspection->unknown > 0)
        message_warning("%" PRIu64 " command%s of unknown names not listed: their keys are not known",
                        inspection->unknown, text_plural(inspection->unknown));
    if (inspection->options->commands)
        return STATUS_DONE;
    if (inspection->options->json)
        inspect_put_json(&(struct json){.out = stdout}, inspection, inspection->options->top);
    else if (!inspection->options->keys && !is_dash(inspection->options->page.path))
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
                                                 session->input_count, &inspection->log_prefixes))
        return out_of_memory();
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
    inspection->counts.by_memory = (struct top){
        .order = TOP_MEMORY, .limit = kept, .key_kept = KEY_KEPT_FOR_TABLE};
    inspection->counts.by_elements = (struct top){
        .order = TOP_ELEMENTS, .limit = kept, .key_kept = KEY_KEPT_FOR_TABLE};
    inspection->sorted = (struct top){
        .order = orders[options->sort], .limit = options->limit, .key_kept = KEY_KEPT_FOR_ROW};
    return inspection;
}

static void discard(struct inspection *inspection)
{
    key_counts_free(&inspection->counts);
    free(inspection->by_input);
    top_free(&inspection->sorted);
    buffer_free(&inspection->row);
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
