/* SPDX-License-Identifier: MIT */
/* The JUnit report: each input, each expectation and the comparison are test cases of one suite. */
#include "save.h"
#include "utf8.h"
#include "verify.h"
#include <inttypes.h>
#include <string.h>

/* U+FFFE and U+FFFF are no characters to XML. */
static bool is_no_character(rf_slice text, size_t length)
{
    return length == 3 && text.ptr[0] == 0xef && text.ptr[1] == 0xbf && text.ptr[2] >= 0xbe;
}

/* XML has no way to say most control characters, and wants UTF-8: what is neither comes out as '?'. */
static void put_text(FILE *out, const char *text)
{
    static const char *const named[] = {['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;"};
    rf_slice left = {(const uint8_t *)text, strlen(text)};

    while (left.len > 0) {
        size_t length = utf8_length(left);
        uint8_t byte = *left.ptr;

        if (length == 0 || byte < ' ' || byte == 0x7f || is_no_character(left, length))
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

static void begin_case(FILE *out, const char *class, const char *name)
{
    fputs("  <testcase", out);
    put_attribute(out, "classname", class);
    put_attribute(out, "name", name);
    fputs(">\n", out);
}

static void put_failure(FILE *out, const char *tag, const char *message)
{
    fprintf(out, "    <%s", tag);
    put_attribute(out, "message", message);
    fputs("/>\n", out);
}

static void end_case(FILE *out)
{
    fputs("  </testcase>\n", out);
}

/* --- cases ------------------------------------------------------------------------------------------ */

static void put_input(FILE *out, const struct verification *v, size_t index)
{
    const char *name = input_name(&v->session.inputs[index]);
    char text[1024];

    begin_case(out, "rdbferry.sound", name);
    for (size_t i = 0; i < v->faults.kept_count; i++) {
        if (strcmp(v->faults.kept[i].input, name) != 0)
            continue;
        rf_error_format(&v->faults.kept[i], text, sizeof text);
        put_failure(out, "failure", text);
    }
    if (v->faults_of[index] > 0) {
        snprintf(text, sizeof text, "%" PRIu64 " faults in all", v->faults_of[index]);
        put_failure(out, "failure", text);
    }
    end_case(out);
}

static void put_expectation(FILE *out, const struct expectation *e)
{
    begin_case(out, "rdbferry.expected", e->option);
    if (!e->met)
        put_failure(out, "failure", e->found);
    end_case(out);
}

static void put_against(FILE *out, const struct verification *v)
{
    char text[256];

    begin_case(out, "rdbferry.against", v->live ? rf_live_info_get(v->live)->name : v->options->against);
    if (differences_total(&v->differences) > 0) {
        differences_format(&v->differences, text, sizeof text);
        put_failure(out, "failure", text);
    }
    end_case(out);
}

static void put_error(FILE *out, const rf_error *error)
{
    char text[1024];

    rf_error_format(error, text, sizeof text);
    begin_case(out, "rdbferry", "run");
    put_failure(out, "error", text);
    end_case(out);
}

static size_t failed_inputs(const struct verification *v)
{
    size_t count = 0;

    for (size_t i = 0; i < v->options->own_inputs; i++)
        count += v->faults_of[i] > 0;
    return count;
}

/* What --strict makes of warnings. */
static void put_warnings(FILE *out, const struct verification *v)
{
    char text[64];

    begin_case(out, "rdbferry.sound", "warnings");
    if (v->warnings > 0) {
        snprintf(text, sizeof text, "%" PRIu64 " warnings", v->warnings);
        put_failure(out, "failure", text);
    }
    end_case(out);
}

static void put_cases(FILE *out, const struct verification *v)
{
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

/* A run that ended with an error has one case, which says so. */
static void put_suite(FILE *out, const void *ctx)
{
    const struct verification *v = ctx;
    const struct verify_options *options = v->options;
    bool against = options->against != NULL, failed = v->error != NULL;
    size_t tests = options->own_inputs + options->strict + options->expectations.count + against;
    size_t failures = failed_inputs(v) + (v->warnings > 0) + v->unmet +
                      (differences_total(&v->differences) > 0);

    fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    fprintf(out, "<testsuite name=\"rdbferry verify\" tests=\"%zu\" failures=\"%zu\" errors=\"%d\"",
            failed ? 1 : tests, failed ? 0 : failures, failed);
    fprintf(out, " time=\"%.3f\">\n", progress_seconds(&v->session.progress));
    if (failed)
        put_error(out, v->error);
    else
        put_cases(out, v);
    fputs("</testsuite>\n", out);
}

bool verify_junit(const struct verification *v, const char *path)
{
    return !path || save_made(path, put_suite, v);
}
