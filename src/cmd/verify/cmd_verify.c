/* SPDX-License-Identifier: MIT */
/* `rdbferry verify`: checks that data is intact, complete, as expected, and equal to other data. */
#include "base/fail.h"
#include "cmd/command.h"
#include "cmd/compare/against.h"
#include "cmd/run/cursor.h"
#include "cmd/run/evaluate.h"
#include "cmd/run/files.h"
#include "cmd/run/report.h"
#include "cmd/run/stage.h"
#include "cmd/term/message.h"
#include "cmd/term/terminal.h"
#include "cmd/term/text.h"
#include "cmd/verify/verify.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- reading ------------------------------------------------------------------------------------------ */

static bool was_named(const struct verification *v, const struct input *input)
{
    for (size_t i = 0; i < v->options->common.operand_count; i++)
        if (strcmp(v->options->common.operands[i], input->path) == 0)
            return true;
    return false;
}

/* A file missing from an AOF directory is a fault of the directory. */
static bool is_fault(const struct verification *v, const struct input *input, rf_code code)
{
    return verify_is_fault(code) || (code == RF_E_READ && !input->opened && !was_named(v, input));
}

/* A torn AOF can be truncated after its last complete command, if it is the last file and is not compressed.
 */
static bool can_be_cut(const struct verification *v, const struct input *input)
{
    return !*input->layers && input->size >= 0 && input == &v->session.inputs[v->options->own_inputs - 1];
}

static void begin_line(const struct verification *v, const char *name)
{
    text_put(v->out, name);
    fputs(": ", v->out);
}

/* Prints how far an input could be read. */
static void print_end(const struct verification *v, const struct input *input, const rf_error *fault)
{
    uint64_t complete_bytes = (uint64_t)input->info.complete_bytes,
             lost = (uint64_t)input->size - complete_bytes;
    if (!input->opened || fault->code == RF_E_CHECKSUM || fault->code == RF_E_FORMAT)
        return;
    begin_line(v, input_name(input));
    if (input->info.complete_bytes < 0) {
        fputs("the rest cannot be read\n", v->out);
        return;
    }
    fprintf(v->out, "complete up to offset 0x%" PRIx64 ", then %s", complete_bytes,
            fault->code == RF_E_TRUNCATED ? "incomplete data" : "damaged data");
    if (can_be_cut(v, input))
        fprintf(v->out, "; truncating to %" PRIu64 " bytes discards %" PRIu64 " byte%s", complete_bytes, lost,
                text_plural(lost));
    putc('\n', v->out);
}

static void print_log(const struct verification *v, const struct input *input)
{
    char text[VERIFY_LOG_TEXT];
    if (!verify_format_log(v, input, text, sizeof text))
        return;
    begin_line(v, input_name(input));
    fprintf(v->out, "%s\n", text);
}

static void print_product(const struct verification *v, const struct input *input)
{
    if (!input->info.product)
        return;
    begin_line(v, input_name(input));
    fprintf(v->out, "saved by %s\n", input->info.product);
}

static void give_up(struct verification *v, const struct input *input, const rf_error *why)
{
    struct input_state *state = &v->states[input - v->session.inputs];
    message_failure(why);
    state->unread = true;
    state->why = *why;
    if (!v->error)
        v->error = &state->why;
}

/* Versions that the target cannot load at all. */
static rf_code check_version(struct verification *v, const struct input *input, rf_error *error)
{
    const rf_server reads = v->options->reads;
    const rf_reader_info *info = &input->info;
    rf_error fault;
    if (reads.major == 0 || info->rdb_version == 0 ||
        rf_server_reads_version(reads, info->dialect, info->rdb_version))
        return RF_OK;
    fail(&fault, RF_E_INCOMPATIBLE, "RDB version %d is not supported by the target version",
         info->rdb_version);
    return verify_fault(v, input, &fault, error);
}

/* Counts a fault of the input, or gives it up; other errors end the verification. */
static rf_code end_faulty(struct verification *v, const struct input *input, const rf_error *fault,
                          rf_error *error)
{
    if (!rf_code_is_input(fault->code)) {
        *error = *fault;
        return fault->code;
    }
    if (!is_fault(v, input, fault->code)) {
        give_up(v, input, fault);
        return RF_OK;
    }
    rf_code code = RF_OK;
    if (!faults_last_is(&v->faults, (size_t)(input - v->session.inputs), fault))
        code = verify_fault(v, input, fault, error);
    print_end(v, input, fault);
    return code;
}

static rf_code read_input(struct verification *v, size_t number, rf_error *error)
{
    struct cursor cursor;
    rf_error fault;
    v->reading = &v->session.inputs[number];
    while (number >= v->options->common.operand_ends[v->operand])
        v->operand++;
    cursor_open(&cursor, &v->session, number, number + 1);
    rf_command_check_restart(v->commands);
    rf_code code = cursor_close(&cursor, stage_run(&cursor, &verify_work, v, &fault), &fault);
    TRY(check_version(v, v->reading, error));
    print_product(v, v->reading);
    if (code != RF_OK)
        code = end_faulty(v, v->reading, &fault, error);
    else if (v->states[number].log.damaged)
        print_end(v, v->reading, &(rf_error){.code = RF_E_CORRUPT});
    if (code == RF_OK)
        print_log(v, v->reading);
    return code;
}

/* After a fault in one input the others are still read. */
static rf_code read_inputs(struct verification *v, rf_error *error)
{
    for (size_t i = 0; i < v->options->own_inputs; i++) {
        double began = progress_seconds(&v->session.progress);
        TRY(read_input(v, i, error));
        v->states[i].seconds = progress_seconds(&v->session.progress) - began;
    }
    return RF_OK;
}

static uint64_t count_warnings(const struct notices *notices)
{
    uint64_t count = 0;
    for (int code = 0; code < RF_NOTICE_COUNT; code++)
        if (!notice_is_expected((rf_notice_code)code))
            count += notices->records[code].count;
    return count;
}

static void summarize(struct verification *v)
{
    v->totals.stats = &v->session.stats;
    v->totals.inputs = v->session.inputs;
    v->totals.input_count = v->options->own_inputs;
    v->totals.now = v->session.now;
    v->totals.keys = &v->keys.sums;
    v->unmet = expectations_check(&v->options->expectations, &v->totals);
    uint64_t gaps = verify_warn_of_gaps(v);
    if (v->options->strict)
        v->warnings = gaps + count_warnings(&v->session.notices);
}

/* The digest of all data. */
static rf_code sum_up(struct verification *v, rf_error *error)
{
    rf_digest_add(&v->digests.published, v->keys.sums.published);
    if (v->options->digest != DIGEST_SHA256)
        return RF_OK;
    rf_digester_add_to(v->keys.digester, &v->digests.sha256);
    return rf_lthash_format(&v->digests.sha256, v->digests.sha256_text, error);
}

static rf_code verify(struct verification *v, rf_error *error)
{
    TRY(against_open(v, error));
    TRY(verify_keys_open(&v->keys, v, &v->session, NULL, error));
    TRY(read_inputs(v, error));
    TRY(sum_up(v, error));
    summarize(v);
    if (v->error)
        return RF_OK;
    double began = progress_seconds(&v->session.progress);
    rf_code code = against_finish(v, error);
    v->against.seconds = progress_seconds(&v->session.progress) - began;
    return code;
}

/* --- the result --------------------------------------------------------------------------------------- */

/* Prints what else failed; `but` is not empty if the data is intact. */
static void print_failures(const struct verification *v, const char *but)
{
    if (v->unmet > 0)
        fprintf(v->out, ", %s%zu expectation%s not met", but, v->unmet, v->unmet == 1 ? " is" : "s are");
    if (differences_total(&v->against.differences) > 0)
        fprintf(v->out, ", %sdoes not match", v->unmet > 0 ? "" : but);
}

/* Prints what is wrong with the inputs, or that they are intact. */
static void print_state(const struct verification *v)
{
    size_t unread = 0;
    for (size_t i = 0; i < v->options->own_inputs; i++)
        unread += v->states[i].unread;
    if (v->faults.count > 0)
        fprintf(v->out, "%" PRIu64 " fault%s%s", v->faults.count, text_plural(v->faults.count),
                unread > 0 ? ", " : "");
    if (unread > 0 && v->options->own_inputs > 1)
        fprintf(v->out, "%zu input%s ", unread, text_plural(unread));
    if (unread > 0)
        fputs("could not be read to the end", v->out);
    else if (v->faults.count == 0 && v->warnings > 0)
        fprintf(v->out, "%" PRIu64 " warning%s", v->warnings, text_plural(v->warnings));
    else if (v->faults.count == 0)
        fputs("intact", v->out);
}

static void print_soundness(const struct verification *v)
{
    bool sound = v->faults.count == 0 && v->warnings == 0 && !v->error;
    char inputs[256], counts[160];
    snprintf(inputs, sizeof inputs, "%s", input_name(v->session.inputs));
    if (v->options->own_inputs > 1)
        snprintf(inputs, sizeof inputs, "%zu inputs", v->options->own_inputs);
    session_format_counts(&v->session, counts, sizeof counts);
    begin_line(v, inputs);
    print_state(v);
    print_failures(v, sound ? "but " : "");
    fprintf(v->out, "; %s\n", counts);
}

static void print_expectations(const struct verification *v)
{
    for (size_t i = 0; i < v->options->expectations.count; i++) {
        const struct expectation *e = &v->options->expectations.all[i];
        if (!e->met)
            fprintf(v->out, "%s is not met: %s\n", e->option, e->found);
    }
}

static const char *against_name(const struct verification *v)
{
    if (v->against.live)
        return rf_live_info_get(v->against.live)->name;
    return is_dash(v->options->against) ? "stdin" : v->options->against;
}

static void print_against(const struct verification *v)
{
    if (v->error) {
        against_print_prefix(v->out, against_name(v));
        fputs("not compared completely\n", v->out);
        return;
    }
    const struct extra_keys *extra = v->against.live && !v->options->strict ? &v->against.extra : NULL;
    against_print(v->out, against_name(v), &v->against.differences, extra, "--strict lists them");
    against_print_expired(v->out, against_name(v), v->against.live_counts.expired);
}

static void print_digest(const struct verification *v)
{
    bool sha256 = v->options->digest == DIGEST_SHA256;
    char digest[RF_DIGEST_TEXT];
    uint64_t keys = tables_total(&v->session.stats.tables).keys;
    rf_digest_format(v->digests.published, digest);
    fprintf(v->out, "%s  %" PRIu64 " key%s\n", sha256 ? v->digests.sha256_text : digest, keys,
            text_plural(keys));
}

/* Prints how many entries of a list were cut off. */
static void print_rest(const struct verification *v, const char *what, uint64_t count)
{
    uint64_t limit = v->options->limit;
    if (limit > 0 && count > limit)
        fprintf(v->out, "... %" PRIu64 " more %s%s; --limit 0 shows all\n", count - limit, what,
                text_plural(count - limit));
}

/* Two inputs with the same keys may have been meant to be compared. */
static void hint_at_against(const struct verification *v)
{
    const struct common_options *common = &v->options->common;
    if (v->shared > 0 && common->operand_count == 2 && !v->options->against)
        message_warning("%" PRIu64 " key%s in both inputs: they are taken as one data set; to compare them: "
                        "rdbferry verify %s --against %s",
                        v->shared, v->shared == 1 ? " is" : "s are", common->operands[0],
                        common->operands[1]);
}

static void print_result(const struct verification *v)
{
    print_rest(v, "fault", v->faults.count);
    print_rest(v, "difference", differences_total(&v->against.differences));
    print_expectations(v);
    if (v->options->digest && v->faults.count == 0 && !v->error)
        print_digest(v);
    if (v->options->common.quiet || (v->options->digest && verify_is_sound(v)))
        return;
    if (v->options->against)
        print_against(v);
    print_soundness(v);
    hint_at_against(v);
}

static void write_reports(const struct verification *v)
{
    const struct report_part part = {verify_report, v};
    const struct report report = {
        .command = "verify",
        .session = &v->session,
        .result = !v->error && !verify_is_sound(v) ? "failed" : NULL,
        .error = v->error,
        .part = &part,
    };
    report_write(&report, v->options->common.report);
    verify_junit(v, v->options->junit);
}

static enum status run(struct verification *v)
{
    session_begin(&v->session);
    remove_leftovers(v->options->junit, NULL);
    session_if_killed(&v->session, "no result");
    rf_code code = verify(v, &v->end);
    session_end(&v->session);
    notices_summarize(&v->session.notices);
    v->ended_early = code != RF_OK;
    if (v->ended_early)
        v->error = &v->end;
    enum status status = v->error ? status_of(v->error->code) : verify_is_sound(v) ? STATUS_DONE : STATUS_NO;
    if (!v->ended_early)
        print_result(v);
    else if (v->out == stdout && ferror(stdout)) /* reported by the program itself at the end */
        status = (enum status)stdout_status();
    else
        message_failure(v->error);
    write_reports(v);
    return status;
}

static bool prepare(struct verification *v)
{
    if (!session_open(&v->session, &v->options->common))
        return false;
    v->session.read.resume = v->session.read.counts_results = true;
    if (!v->options->against_target) /* which is asked as soon as a key is digested: fields may expire */
        v->session.read.batches = stage_batches(&v->options->common, 0, false);
    v->out = is_dash(v->options->common.report) || is_dash(v->options->junit) ? stderr : stdout;
    v->faults = (struct faults){.out = v->out, .limit = v->options->limit};
    v->states = calloc(v->session.input_count + 1, sizeof *v->states);
    v->libraries = rf_collisions_new(0);
    v->commands = rf_command_check_new();
    bool looks_for_gaps = v->options->common.operand_count > 1 && v->session.unfiltered;
    v->owners = looks_for_gaps ? slot_owners_new(v->options->common.operand_count) : NULL;
    if (v->states && v->libraries && v->commands && (v->owners || !looks_for_gaps))
        return true;
    message_error("out of memory");
    return false;
}

static void discard(struct verification *v)
{
    rf_live_close(v->against.live);
    rf_compare_close(v->against.compare);
    extra_keys_free(&v->against.extra);
    rf_collisions_free(v->libraries);
    rf_command_check_free(v->commands);
    verify_keys_close(&v->keys);
    free(v->states);
    free(v->owners);
    differences_free(&v->against.differences);
    faults_free(&v->faults);
    session_close(&v->session);
}

int verify_run(int argc, char **argv)
{
    struct verify_options options;
    struct verification v = {.options = &options};
    int status;
    if (verify_options_read(argc, argv, &options, &status)) {
        status = STATUS_OUTPUT;
        if (evaluate_inputs(&options.common, options.against_target ? NULL : options.against)) {
            options.own_inputs = options.common.operand_ends[options.common.operand_count - 1];
            status = prepare(&v) ? (int)run(&v) : STATUS_OUTPUT;
        }
    }
    discard(&v);
    verify_options_free(&options);
    return status;
}
