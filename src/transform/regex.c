/* SPDX-License-Identifier: MIT */
/* Regular expressions by PCRE2, one byte per character: patterns cannot enable UTF. A search is limited, so
 * that endless backtracking is stopped: in steps, in memory if it is interpreted, in stack if it is
 * compiled. */
#include "transform/regex.h"
#include "base/fail.h"
#include "base/list.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    MOST_STEPS = 10 * 1000 * 1000, /* takes less than a second */
    MOST_HEAP_KIB = 64 * 1024,
    FIRST_STACK = 32 * 1024,
    MOST_STACK = 16 * 1024 * 1024,
};

struct regex {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
    pcre2_jit_stack *stack; /* NULL: it is interpreted, or has only the default 32 KiB */
    bool shared;            /* the code belongs to another one */
    size_t groups;
    char quoted[80];
};

/* A valid pointer even for an empty slice. */
static PCRE2_SPTR begin_of(rf_slice bytes)
{
    return bytes.ptr ? bytes.ptr : (PCRE2_SPTR) "";
}

/* --- compiling -------------------------------------------------------------------------------------- */

static rf_code fail_compile(const struct regex *regex, int reason, size_t offset, rf_error *error)
{
    PCRE2_UCHAR text[160];
    if (reason == PCRE2_ERROR_HEAP_FAILED)
        return fail(error, RF_E_MEMORY, "out of memory");
    pcre2_get_error_message(reason, text, sizeof text);
    return fail(error, RF_E_ARGUMENT, "invalid regular expression %s at position %zu: %s", regex->quoted,
                offset, (const char *)text);
}

static rf_code compile(struct regex *regex, rf_slice pattern, bool caseless, rf_error *error)
{
    /* PCRE2's start optimizations have missed matches, e.g. in 10.42: (b|)(c*)b in bab:a */
    uint32_t options = PCRE2_NEVER_UTF | PCRE2_NO_START_OPTIMIZE | (caseless ? PCRE2_CASELESS : 0);
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context)
        return fail(error, RF_E_MEMORY, "out of memory");
    int reason;
    size_t offset;
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    regex->code = pcre2_compile(begin_of(pattern), pattern.len, options, &reason, &offset, context);
    pcre2_compile_context_free(context);
    return regex->code ? RF_OK : fail_compile(regex, reason, offset, error);
}

static void provide_stack(struct regex *regex)
{
    regex->stack = pcre2_jit_stack_create(FIRST_STACK, MOST_STACK, NULL);
    if (regex->stack)
        pcre2_jit_stack_assign(regex->limits, NULL, regex->stack);
}

/* Compiles to machine code if supported on this machine. */
static void translate(struct regex *regex)
{
    if (pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) != 0)
        return;
    provide_stack(regex);
}

static rf_code prepare(struct regex *regex, rf_error *error)
{
    uint32_t groups = 0;
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    regex->groups = (size_t)groups + 1;
    regex->match = pcre2_match_data_create_from_pattern(regex->code, NULL);
    regex->limits = pcre2_match_context_create(NULL);
    if (!regex->match || !regex->limits)
        return fail(error, RF_E_MEMORY, "out of memory");
    pcre2_set_match_limit(regex->limits, MOST_STEPS);
    pcre2_set_heap_limit(regex->limits, MOST_HEAP_KIB);
    return RF_OK;
}

rf_code regex_new(rf_slice pattern, bool caseless, struct regex **out, rf_error *error)
{
    struct regex *regex = calloc(1, sizeof *regex);
    if (!regex)
        return fail(error, RF_E_MEMORY, "out of memory");
    snprintf(regex->quoted, sizeof regex->quoted, "'%.*s%s'", QUOTED(pattern));
    rf_code code = compile(regex, pattern, caseless, error);
    if (code == RF_OK)
        code = prepare(regex, error);
    if (code != RF_OK) {
        regex_free(regex);
        return code;
    }
    translate(regex);
    *out = regex;
    return RF_OK;
}

struct regex *regex_share(const struct regex *from)
{
    struct regex *regex = calloc(1, sizeof *regex);
    rf_error ignored;
    if (!regex)
        return NULL;
    *regex = (struct regex){.code = from->code, .shared = true};
    memcpy(regex->quoted, from->quoted, sizeof regex->quoted);
    if (prepare(regex, &ignored) != RF_OK) {
        regex_free(regex);
        return NULL;
    }
    if (from->stack)
        provide_stack(regex);
    return regex;
}

void regex_free(struct regex *regex)
{
    if (!regex)
        return;
    if (!regex->shared)
        pcre2_code_free(regex->code);
    pcre2_match_data_free(regex->match);
    pcre2_match_context_free(regex->limits);
    pcre2_jit_stack_free(regex->stack);
    free(regex);
}

/* --- searching -------------------------------------------------------------------------------------- */

static rf_code fail_search(const struct regex *regex, int reason, rf_error *error)
{
    PCRE2_UCHAR text[160];
    if (reason == PCRE2_ERROR_NOMEMORY)
        return fail(error, RF_E_MEMORY, "out of memory");
    pcre2_get_error_message(reason, text, sizeof text);
    return fail(error, RF_E_ARGUMENT, "regular expression %s failed: %s", regex->quoted, (const char *)text);
}

rf_code regex_search(struct regex *regex, rf_slice text, size_t start, bool not_empty, bool *found,
                     rf_error *error)
{
    uint32_t options = not_empty ? PCRE2_NOTEMPTY_ATSTART : 0;
    int count = pcre2_match(regex->code, begin_of(text), text.len, start, options, regex->match,
                            regex->limits);
    *found = count > 0;
    if (count <= 0 && count != PCRE2_ERROR_NOMATCH)
        return fail_search(regex, count, error);
    if (!*found)
        return RF_OK;
    const size_t *ends = pcre2_get_ovector_pointer(regex->match);
    if (ends[0] < start || ends[0] > ends[1])
        return fail(error, RF_E_ARGUMENT, "regular expression %s: invalid match start (\\K)", regex->quoted);
    return RF_OK;
}

size_t regex_group_count(const struct regex *regex)
{
    return regex->groups;
}

rf_slice regex_group(const struct regex *regex, rf_slice text, size_t number)
{
    const size_t *ends = pcre2_get_ovector_pointer(regex->match) + 2 * number;
    if (ends[0] == PCRE2_UNSET)
        return (rf_slice){0};
    return (rf_slice){begin_of(text) + ends[0], ends[1] - ends[0]};
}
