/* SPDX-License-Identifier: MIT */
/* `rdbferry diff`: compares the digests of all keys of both data sets. */
#include "base/fail.h"
#include "cmd/command.h"
#include "cmd/compare/differences.h"
#include "cmd/compare/digest_lane.h"
#include "cmd/diff/diff_options.h"
#include "cmd/diff/explain.h"
#include "cmd/diff/growth.h"
#include "cmd/run/cursor.h"
#include "cmd/run/evaluate.h"
#include "cmd/run/report.h"
#include "cmd/run/stage.h"
#include "cmd/term/message.h"
#include "cmd/term/terminal.h"
#include "cmd/term/text.h"
#include <inttypes.h>

struct diff {
    const struct diff_options *options;
    struct session session;
    struct differences differences;
    struct growth *growth; /* NULL without a report or a page */
    rf_compare *compare;
    uint64_t keys_before, keys_after; /* that are compared */
};

static rf_code add_record(struct diff *diff, const rf_key_record *record, rf_error *error)
{
    return record->input < diff->options->before_count ? rf_compare_add_before(diff->compare, record, error)
                                                       : rf_compare_add_after(diff->compare, record, error);
}

static rf_code on_key(void *ctx, const rf_key_record *record, rf_error *error)
{
    struct diff *diff = ctx;
    bool is_after = record->input >= diff->options->before_count;
    ++*(is_after ? &diff->keys_after : &diff->keys_before);
    if (diff->growth && !growth_add(diff->growth, record, is_after, &diff->session.bytes_of))
        return fail(error, RF_E_MEMORY, "out of memory");
    return add_record(diff, record, error);
}

/* Function libraries are compared like keys; other entries are not compared. */
static rf_code on_other(void *ctx, size_t input, const rf_entry *entry, rf_error *error)
{
    rf_key_record record;
    if (entry->kind == RF_ENTRY_COMMAND)
        return refuse_commands(error);
    if (entry->kind != RF_ENTRY_FUNCTION)
        return RF_OK;
    rf_key_record_of(entry, rf_digest_keyed(entry->text), (uint32_t)input, &record);
    record.published = rf_digest_library(entry->text);
    return add_record(ctx, &record, error);
}

static rf_code on_difference(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct diff *diff = ctx;
    unsigned changes = differences_changes(&diff->differences, difference);
    if (diff->growth && !growth_add_difference(diff->growth, difference, changes))
        return fail(error, RF_E_MEMORY, "out of memory");
    return differences_add(&diff->differences, difference, error);
}

static rf_code finish(struct diff *diff, rf_error *error)
{
    if (diff->growth && !growth_end_keys(diff->growth))
        return fail(error, RF_E_MEMORY, "out of memory");
    TRY(rf_compare_finish(diff->compare, error));
    if (diff->growth && !growth_end(diff->growth))
        return fail(error, RF_E_MEMORY, "out of memory");
    return RF_OK;
}

static rf_code compare_inputs(struct diff *diff, rf_error *error)
{
    struct session *session = &diff->session;
    const rf_compare_options options = {
        .memory = diff->options->memory,
        .expiry_tolerance_ms = diff->options->ttl_tolerance_ms,
        .fn = on_difference,
        .ctx = diff,
    };
    struct digest_work work = {.kinds = differences_digests(&diff->differences),
                               .session = session,
                               .on_key = on_key,
                               .on_other = on_other,
                               .ctx = diff};
    struct cursor cursor;
    session_detail_memory(options.memory);
    TRY(rf_compare_open(&options, &diff->compare, error));
    session->read.raw_from = diff->options->before_count; /* compared with the rewritten keys of BEFORE */
    session->read.batches = stage_batches(&diff->options->common, 1, false);
    cursor_open(&cursor, session, 0, session->input_count);
    TRY(cursor_close(&cursor, digest_work_run(&work, &cursor, error), error));
    return finish(diff, error);
}

static rf_code explain_one_key(struct diff *diff, rf_error *error)
{
    rf_digester *digester = rf_digester_new(differences_digests(&diff->differences), false);
    if (!digester)
        return fail(error, RF_E_MEMORY, "out of memory");
    const struct explanation explanation = {
        .session = &diff->session,
        .before_count = diff->options->before_count,
        .db = (int64_t)diff->options->db,
        .key = diff->options->key,
        .memory = diff->options->memory,
        .limit = diff->options->limit,
        .digester = digester,
        .differences = &diff->differences,
    };
    rf_code code = explain(&explanation, error);
    rf_digester_free(digester);
    return code;
}

/* --- running ------------------------------------------------------------------------------------------ */

/* Prints how many lines were cut off, so that the first ones are not mistaken for all. */
static void print_rest(const struct diff *diff)
{
    uint64_t total = differences_total(&diff->differences);
    if (diff->differences.shown < total && !diff->options->jsonl)
        printf("... %" PRIu64 " more; --limit 0 shows all\n", total - diff->differences.shown);
}

static const char *operand_name(const char *operand)
{
    return is_dash(operand) ? "stdin" : operand;
}

/* "old.rdb (4 keys) -> new.rdb (3 keys): 0 added, 1 removed, 0 changed" */
static void summarize(const struct diff *diff)
{
    char *const *names = diff->options->common.operands;
    char result[512];
    differences_format(&diff->differences, result, sizeof result);
    message_summary("%s (%" PRIu64 " key%s) -> %s (%" PRIu64 " key%s): %s", operand_name(names[0]),
                    diff->keys_before, text_plural(diff->keys_before), operand_name(names[1]),
                    diff->keys_after, text_plural(diff->keys_after),
                    differences_total(&diff->differences) > 0 ? result : "no differences");
}

static void put_in_report(struct json *json, const void *ctx)
{
    const struct diff *diff = ctx;
    differences_report(json, &diff->differences);
    growth_put(json, diff->growth);
}

static void put_in_page(struct json *json, const void *ctx)
{
    const struct diff *diff = ctx;
    differences_report_counts(json, &diff->differences);
    growth_put(json, diff->growth);
}

static struct report report_of(const struct diff *diff, const rf_error *error, const struct report_part *part)
{
    bool differ = differences_total(&diff->differences) > 0;
    return (struct report){.command = "diff",
                           .session = &diff->session,
                           .result = !error && differ ? "failed" : NULL,
                           .error = error,
                           .part = part};
}

static void put_page(struct json *json, const void *report)
{
    report_put(json, report);
}

/* There is no page of a comparison that failed. False: the page could not be written. */
static bool write_reports(const struct diff *diff, const rf_error *error)
{
    const struct report_part in_report = {put_in_report, diff}, in_page = {put_in_page, diff};
    const struct report report = report_of(diff, error, &in_report), page = report_of(diff, error, &in_page);
    report_write(&report, diff->options->common.report);
    return error || !diff->options->page.path || page_save(&diff->options->page, put_page, &page);
}

static enum status run(struct diff *diff)
{
    rf_error error;
    bool explains = diff->options->explain != NULL;
    session_begin(&diff->session);
    session_if_killed(&diff->session, "no result");
    rf_code code = explains ? explain_one_key(diff, &error) : compare_inputs(diff, &error);
    session_end(&diff->session);
    enum status status = status_of(code);
    notices_summarize(&diff->session.notices);
    if (code != RF_OK) {
        if (diff->differences.shown > 0 && !diff->options->jsonl)
            puts("... incomplete: the comparison failed");
        if (ferror(stdout)) /* reported by the program itself at the end */
            status = (enum status)stdout_status();
        else
            message_failure(&error);
    } else {
        print_rest(diff);
        if (!explains)
            summarize(diff);
        if (differences_total(&diff->differences) > 0)
            status = STATUS_NO;
    }
    return write_reports(diff, code == RF_OK ? NULL : &error) ? status : STATUS_OUTPUT;
}

static bool open_diff(struct diff *diff)
{
    if (!session_open(&diff->session, &diff->options->common))
        return false;
    diff->differences = (struct differences){
        .out = stdout,
        .limit = diff->options->limit,
        .jsonl = diff->options->jsonl,
        .expiry_tolerance_ms = diff->options->ttl_tolerance_ms,
        .keep = diff->options->common.report != NULL,
        .inputs = diff->session.inputs,
        .input_count = diff->session.input_count,
    };
    bool reports = diff->options->common.report || diff->options->page.path;
    if (reports)
        diff->growth = growth_new(diff->options->common.operands[0], diff->options->common.operands[1]);
    bool good = diff->growth || !reports;
    if (!good)
        message_error("out of memory");
    return good;
}

int diff_run(int argc, char **argv)
{
    struct diff_options options;
    struct diff diff = {.options = &options};
    int status;
    if (diff_options_read(argc, argv, &options, &status)) {
        status = STATUS_OUTPUT;
        if (evaluate_inputs(&options.common, NULL)) {
            options.before_count = options.common.operand_ends[0];
            status = open_diff(&diff) ? run(&diff) : STATUS_OUTPUT;
        }
        rf_compare_close(diff.compare);
        differences_free(&diff.differences);
        growth_free(diff.growth);
        session_close(&diff.session);
    }
    diff_options_free(&options);
    return status;
}
