/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
#include "base/bytes.h"
#include "support/exact.h"
#include "transform/regex.h"
#include <criterion/criterion.h>

static struct regex *make(rf_slice pattern, bool caseless)
{
    struct regex *regex = NULL;
    rf_error error;
    cr_assert_eq(regex_new(pattern, caseless, &regex, &error), RF_OK, "%s", error.message);
    return regex;
}

static bool finds(struct regex *regex, rf_slice text, size_t start, bool not_empty)
{
    bool found;
    rf_error error;
    cr_assert_eq(regex_search(regex, text, start, not_empty, &found, &error), RF_OK, "%s", error.message);
    return found;
}

static void expect_group(const struct regex *regex, rf_slice text, size_t number, rf_slice expected)
{
    rf_slice group = regex_group(regex, text, number);
    cr_expect(slice_equal(group, expected), "group %zu: '%.*s'", number, (int)group.len,
              (const char *)group.ptr);
}

Test(regex, groups_of_a_match)
{
    static const rf_slice text = SLICE("-user:123:cart");
    struct regex *regex = make(SLICE("(u\\w+):(?:(x)|([0-9]+)):"), false);
    cr_expect_eq(regex_group_count(regex), 4);
    cr_assert(finds(regex, text, 0, false));
    expect_group(regex, text, 0, SLICE("user:123:"));
    expect_group(regex, text, 1, SLICE("user"));
    cr_expect_null(regex_group(regex, text, 2).ptr);
    expect_group(regex, text, 3, SLICE("123"));
    cr_expect_eq(regex_group(regex, text, 0).ptr, text.ptr + 1);
    cr_expect_not(finds(regex, text, 2, false));
    regex_free(regex);
    regex_free(NULL);
}

Test(regex, case)
{
    struct regex *minds = make(SLICE("^User"), false), *does_not = make(SLICE("^User"), true);
    cr_expect(finds(minds, SLICE("User"), 0, false));
    cr_expect_not(finds(minds, SLICE("uSER"), 0, false));
    cr_expect(finds(does_not, SLICE("uSER"), 0, false));
    cr_expect_not(finds(does_not, SLICE("a user"), 0, false));
    regex_free(minds);
    regex_free(does_not);
}

/* NUL, bytes that are no UTF-8, and newlines in the pattern as in the text. */
Test(regex, any_bytes)
{
    struct regex *nul = make(SLICE("a\0b"), false), *any = make(SLICE("^.\\xff[^a]$"), false);
    cr_expect(finds(nul, SLICE("xa\0b"), 0, false));
    cr_expect_not(finds(nul, SLICE("xa\0c"), 0, false));
    cr_expect(finds(any, SLICE("\xc3\xff\x80"), 0, false));
    cr_expect(finds(any, SLICE("\0\xff\0"), 0, false));
    cr_expect_not(finds(any, SLICE("\n\xff\0"), 0, false));
    cr_expect_not(finds(any, SLICE("\xff\0"), 0, false));
    regex_free(nul);
    regex_free(any);
}

Test(regex, nothing_behind_the_text_is_read)
{
    struct regex *regex = make(SLICE("^k(ey)*$"), false);
    rf_slice text = exact_copy("keyey", 5);
    cr_expect(finds(regex, text, 0, false));
    expect_group(regex, text, 1, SLICE("ey"));
    exact_free(text);
    regex_free(regex);
}

Test(regex, empty_matches)
{
    static const rf_slice text = SLICE("xay");
    struct regex *regex = make(SLICE("a?"), false), *nothing = make((rf_slice){0}, false);
    cr_assert(finds(regex, text, 0, false));
    expect_group(regex, text, 0, SLICE(""));
    cr_assert(finds(regex, text, 0, true));
    expect_group(regex, text, 0, SLICE("a"));
    cr_assert(finds(regex, text, 3, false));
    cr_expect_eq(regex_group(regex, text, 0).ptr, text.ptr + 3);
    cr_expect_not(finds(regex, text, 3, true));
    cr_assert(finds(nothing, (rf_slice){0}, 0, false));
    cr_expect_not_null(regex_group(nothing, (rf_slice){0}, 0).ptr);
    cr_expect_not(finds(nothing, (rf_slice){0}, 0, true));
    regex_free(regex);
    regex_free(nothing);
}

Test(regex, what_lies_before_the_start_counts)
{
    struct regex *behind = make(SLICE("(?<=a)b"), false), *first = make(SLICE("^b"), false);
    cr_expect(finds(behind, SLICE("ab"), 1, false));
    cr_expect_not(finds(first, SLICE("ab"), 1, false));
    regex_free(behind);
    regex_free(first);
}

static void expect_no_sense(rf_slice pattern, const char *where)
{
    struct regex *regex = NULL;
    rf_error error;
    cr_assert_eq(regex_new(pattern, false, &regex, &error), RF_E_ARGUMENT, "%s", where);
    cr_expect_null(regex);
    cr_expect(strstr(error.message, where), "%s", error.message);
}

/* What shortcuts of the matcher are known to have passed over. */
Test(regex, matches_that_are_hard_to_find)
{
    static const struct {
        rf_slice pattern, text;
    } cases[] = {{SLICE("(b|)(c*)b"), SLICE("bab:a")}, {SLICE("(?=b)b?b"), SLICE("ab")}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct regex *regex = make(cases[i].pattern, false);
        cr_expect(finds(regex, cases[i].text, 0, false), "%zu", i);
        regex_free(regex);
    }
}

Test(regex, patterns_without_sense)
{
    expect_no_sense(SLICE("user(:"), "'user(:' at position 6: missing closing parenthesis");
    expect_no_sense(SLICE("[a"), "at position 2: missing terminating ]");
    expect_no_sense(SLICE("*"), "at position 0: quantifier does not follow");
    expect_no_sense(SLICE("(*UTF)\xc3\xa4"), "using UTF is disabled");
    expect_no_sense(SLICE("((a{1,65535}){1,65535}){1,65535}"), "too large");
    expect_no_sense(SLICE("................................................................]("),
                    "...' at position");
}

/* `times` copies of `what`, and `end`. */
static rf_slice repeated(struct buffer *out, const char *what, size_t times, const char *end)
{
    for (size_t i = 0; i < times; i++)
        cr_assert(buffer_append(out, slice_of(what, strlen(what))));
    cr_assert(buffer_append(out, slice_of(end, strlen(end))));
    return buffer_slice(out);
}

static void expect_gives_up(const char *pattern, rf_slice text)
{
    struct regex *regex = make(slice_of(pattern, strlen(pattern)), false);
    bool found = true;
    rf_error error;
    cr_expect_eq(regex_search(regex, text, 0, false, &found, &error), RF_E_ARGUMENT, "%s", pattern);
    cr_expect_not(found);
    cr_expect(strstr(error.message, pattern) && strstr(error.message, "failed: "), "%s", error.message);
    cr_expect(finds(regex, SLICE("aa"), 0, false), "%s", pattern);
    regex_free(regex);
}

/* As machine code, and interpreted. */
Test(regex, hostile_patterns, .timeout = 60)
{
    struct buffer steps = {0}, depth = {0};
    rf_slice many_ways = repeated(&steps, "a", 60, "!"), long_way = repeated(&depth, "a", 4000000, "");
    expect_gives_up("^(a+)+$", many_ways);
    expect_gives_up("(*NO_JIT)^(a+)+$", many_ways);
    expect_gives_up("^(a|b)+$", long_way);
    expect_gives_up("(*NO_JIT)^(a|b)+$", long_way);
    buffer_free(&steps);
    buffer_free(&depth);
}

/* A key may be long; patterns of the usual kinds do not mind. */
Test(regex, a_long_text)
{
    struct buffer text = {0};
    rf_slice key = repeated(&text, "segment:", 1 << 17, "end");
    static const char *const patterns[] = {"end$",          "^segment:.*end$", "^.*?:end",
                                           "(segment:end)", "[0-9]+|end",      "^(segment:)+end$"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct regex *regex = make(slice_of(patterns[i], strlen(patterns[i])), false);
        cr_expect(finds(regex, key, 0, false), "%s", patterns[i]);
        regex_free(regex);
    }
    buffer_free(&text);
}
