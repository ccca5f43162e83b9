/* SPDX-License-Identifier: MIT */
/* The JUnit report: each input, each expectation and the comparison are test cases of one suite. */
#include "base/utf8.h"
#include "cmd/run/files.h"
#include "cmd/term/text.h"
#include "cmd/verify/verify.h"
#include <inttypes.h>
#include <rdbferry/sink.h>
#include <string.h>

/* XML does not allow most control characters, U+FFFE and U+FFFF, and requires UTF-8: anything else becomes
 * '?'. */
static void put_text(FILE *out, const char *text)
{
    static const char *const named[] = {['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;"};
    rf_slice left = {(const uint8_t *)text, strlen(text)};
    while (left.len > 0) {
        uint32_t character;
        size_t length = utf8_next(left, &character);
        uint8_t byte = *left.ptr;
        if (length == 0 || utf8_is_control(character) || character == 0xfffe || character == 0xffff)
            putc('?', out);
        else if (byte < sizeof named / sizeof *named && named[byte])
            fputs(named[byte], out);
        else
            fwrite(left.ptr, 1, length, out);
        left.ptr += length > 0 ? length : 1;
        left.len -= length > 0 ? length : 1;
    }
}

static void put_attribute(FILE *out, const char *name, const char *text)
{
    fprintf(out, " %s=\"", name);
    put_text(out, text);
    putc('"', out);
}

static void begin_case(FILE *out, const char *class, const char *name, double seconds)
{
    fputs("  <testcase", out);
    put_attribute(out, "classname", class);
    put_attribute(out, "name", name);
    fprintf(out, " time=\"%.3f\">\n", seconds);
}

static void end_case(FILE *out)
{
    fputs("  </testcase>\n", out);
}

/* `tag`: failure or error. Lines of text may follow, up to end_failure(). */
static void begin_failure(FILE *out, const char *tag, const char *message)
{
    fprintf(out, "    <%s", tag);
    put_attribute(out, "message", message);
    fputs(">", out);
}

static void put_line(FILE *out, const char *text)
{
    put_text(out, text);
    putc('\n', out);
}

static void end_failure(FILE *out, const char *tag)
{
    fprintf(out, "</%s>\n", tag);
}

static void put_failure(FILE *out, const char *tag, const char *message)
{
    begin_failure(out, tag, message);
    end_failure(out, tag);
}

static void put_error(FILE *out, const rf_error *error)
{
    char text[1024];
    rf_error_format(error, text, sizeof text);
    put_failure(out, "error", text);
}

/* --- cases -------------------------------------------------------------------------------------------- */

static void put_faults(FILE *out, const struct verification *v, size_t input)
{
    char text[1024];
    uint64_t count = v->states[input].faults;
    snprintf(text, sizeof text, "%" PRIu64 " fault%s", count, text_plural(count));
    begin_failure(out, "failure", text);
    for (size_t i = 0; i < v->faults.kept_count; i++) {
        if (v->faults.kept[i].input != input)
            continue;
        rf_error_format(&v->faults.kept[i].error, text, sizeof text);
        put_line(out, text);
    }
    if (verify_format_log(v, &v->session.inputs[input], text, sizeof text))
        put_line(out, text);
    end_failure(out, "failure");
}

static void put_input(FILE *out, const struct verification *v, size_t index)
{
    begin_case(out, "rdbferry.integrity", input_name(&v->session.inputs[index]), v->states[index].seconds);
    if (v->states[index].unread)
        put_error(out, &v->states[index].why);
    else if (v->states[index].faults > 0)
        put_faults(out, v, index);
    end_case(out);
}

static void put_expectation(FILE *out, const struct expectation *e)
{
    begin_case(out, "rdbferry.expectations", e->option, 0);
    if (!e->met)
        put_failure(out, "failure", e->found);
    end_case(out);
}

/* Extra keys that are no differences. */
static void put_extra(FILE *out, const struct verification *v)
{
    char text[512];
    extra_keys_format(&v->against.extra, "--strict lists them", text, sizeof text);
    if (!v->against.live || v->error || v->options->strict || !*text)
        return;
    fputs("    <system-out>", out);
    put_text(out, text);
    fputs("</system-out>\n", out);
}

static void put_against(FILE *out, const struct verification *v)
{
    begin_case(out, "rdbferry.comparison",
               v->against.live ? rf_live_info_get(v->against.live)->name : v->options->against,
               v->against.seconds);
    if (v->error)
        put_failure(out, "error", "not compared completely: an input could not be read to the end");
    else if (differences_total(&v->against.differences) > 0) {
        char text[256];
        differences_format(&v->against.differences, text, sizeof text);
        begin_failure(out, "failure", text);
        for (size_t i = 0; i < v->against.differences.kept_count; i++)
            put_line(out, v->against.differences.kept[i].line);
        end_failure(out, "failure");
    }
    put_extra(out, v);
    end_case(out);
}

/* Warnings as a test case, for --strict. */
static void put_warnings(FILE *out, const struct verification *v)
{
    const struct notice_record *records = v->session.notices.records;
    begin_case(out, "rdbferry.integrity", "warnings", 0);
    if (v->warnings > 0) {
        char text[64];
        snprintf(text, sizeof text, "%" PRIu64 " warning%s", v->warnings, text_plural(v->warnings));
        begin_failure(out, "failure", text);
        for (int code = 0; code < RF_NOTICE_COUNT; code++)
            if (records[code].count > 0)
                put_line(out, notice_text((rf_notice_code)code));
        end_failure(out, "failure");
    }
    end_case(out);
}

struct counts {
    size_t tests, failures, errors;
};

/* A run that ended early has one test case, which reports the error. */
static struct counts count_cases(const struct verification *v)
{
    const struct verify_options *options = v->options;
    struct counts counts = {.tests = options->own_inputs + options->strict + options->expectations.count};
    if (v->ended_early)
        return (struct counts){.tests = 1, .errors = 1};
    counts.tests += options->against != NULL;
    for (size_t i = 0; i < options->own_inputs; i++) {
        counts.errors += v->states[i].unread;
        counts.failures += !v->states[i].unread && v->states[i].faults > 0;
    }
    counts.errors += options->against != NULL && v->error;
    counts.failures += (v->warnings > 0) + v->unmet;
    counts.failures += !v->error && differences_total(&v->against.differences) > 0;
    return counts;
}

static bool put_suite(FILE *out, const void *ctx)
{
    const struct verification *v = ctx;
    struct counts counts = count_cases(v);
    fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    fprintf(out, "<testsuite name=\"rdbferry verify\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"",
            counts.tests, counts.failures, counts.errors);
    fprintf(out, " time=\"%.3f\">\n", progress_seconds(&v->session.progress));
    if (v->ended_early) {
        begin_case(out, "rdbferry", "run", progress_seconds(&v->session.progress));
        put_error(out, v->error);
        end_case(out);
    } else {
        const struct expectations *expected = &v->options->expectations;
        for (size_t i = 0; i < v->options->own_inputs; i++)
            put_input(out, v, i);
        if (v->options->strict)
            put_warnings(out, v);
        for (size_t i = 0; i < expected->count; i++)
            put_expectation(out, &expected->all[i]);
        if (v->options->against)
            put_against(out, v);
    }
    fputs("</testsuite>\n", out);
    return true;
}

void verify_junit(const struct verification *v, const char *path)
{
    if (path)
        save_made(path, "the report", RF_SAVE_IN_PLACE, put_suite, v);
}
