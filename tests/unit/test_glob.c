/* SPDX-License-Identifier: MIT */
/* Globs against a matcher that follows the rules one by one and tries everything. */
#include "base/bytes.h"
#include "support/exact.h"
#include "transform/glob.h"
#include "transform/glob_elements.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

static bool matches(rf_slice pattern, rf_slice text)
{
    rf_error error;
    struct glob *glob = NULL;
    cr_assert_eq(glob_new(pattern, &glob, &error), RF_OK);
    bool answer = glob_matches(glob, text);
    glob_free(glob);
    return answer;
}

/* --- the naive one ---------------------------------------------------------------------------------- */

/* Whether the brackets that begin behind `p` take c; *behind is set to where they end. */
static bool brackets_match(const char *p, const char *end, signed char c, const char **behind)
{
    bool negated = p < end && *p == '^', found = false;
    if (negated)
        p++;
    for (; p < end && *p != ']'; p++) {
        if (*p == '\\' && p + 1 < end) {
            found |= (signed char)*++p == c;
        } else if (p + 2 < end && p[1] == '-') {
            signed char a = (signed char)p[0], b = (signed char)p[2];
            found |= (a <= c && c <= b) || (b <= c && c <= a);
            p += 2;
        } else {
            found |= (signed char)*p == c;
        }
    }
    *behind = p < end ? p + 1 : p;
    return found != negated;
}

static bool naive(const char *p, const char *end, const char *t, const char *t_end)
{
    if (p == end)
        return t == t_end;
    if (*p == '*')
        return naive(p + 1, end, t, t_end) || (t < t_end && naive(p, end, t + 1, t_end));
    if (t == t_end)
        return false;
    if (*p == '[') {
        const char *behind;
        return brackets_match(p + 1, end, (signed char)*t, &behind) && naive(behind, end, t + 1, t_end);
    }
    if (*p == '\\' && p + 1 < end)
        return p[1] == *t && naive(p + 2, end, t + 1, t_end);
    return (*p == '?' || *p == *t) && naive(p + 1, end, t + 1, t_end);
}

/* The server looks at no pattern when a key is empty; KEYS and SCAN know "*". */
static bool naive_matches(rf_slice pattern, rf_slice text)
{
    const char *p = (const char *)pattern.ptr, *t = (const char *)text.ptr;
    if (text.len == 0)
        return pattern.len == 0 || (pattern.len == 1 && *p == '*');
    return naive(p, p + pattern.len, t, t + text.len);
}

/* --- tests ------------------------------------------------------------------------------------------ */

static const struct {
    const char *pattern, *text;
    bool matches;
} cases[] = {
    {"", "", true},
    {"", "a", false},
    {"*", "", true},
    {"**", "", false},
    {"**", "a", true},
    {"?", "", false},
    {"a*", "a", true},
    {"*a", "a", true},
    {"a**b", "ab", true},
    {"h?llo", "hello", true},
    {"h?llo", "hllo", false},
    {"h[ae]llo", "hallo", true},
    {"h[^e]llo", "hello", false},
    {"h[^e]llo", "hbllo", true},
    {"h[a-b]llo", "hbllo", true},
    {"[z-a]", "m", true},
    {"[z-a]", "A", false},
    {"[abc", "b", true},
    {"[abc", "d", false},
    {"[", "[", false},
    {"[^", "[", true},
    {"[^", "ab", false},
    {"[]", "]", false},
    {"[]a]", "a]", false},
    {"[^]a]", "xa]", true},
    {"[\\]]", "]", true},
    {"[\\]a]", "a", true},
    {"[a\\-z]", "-", true},
    {"[a\\-z]", "m", false},
    {"[\\a-z]", "m", false},
    {"[\\a-z]", "-", true},
    {"[a-\\z]", "b", false},
    {"[a-\\z]", "^", true}, /* from \ to a, and z */
    {"[a-]", "_", true},    /* from ] to a */
    {"[a-]", "-", false},
    {"[a-", "-", true},
    {"[a\\", "\\", true},
    {"[-a]", "-", true},
    {"[a^]", "^", true},
    {"\\*", "*", true},
    {"\\*", "a", false},
    {"\\a", "a", true},
    {"a\\", "a\\", true},
    {"\\", "\\", true},
    {"\\\\", "\\", true},
    {"]", "]", true},
    {"*[b-d]*?", "xcx", true},
    {"*a*b", "aab", true},
    {"*a*b", "aba", false},
    {"a*a", "a", false},
};

Test(glob, what_the_rules_say)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rf_slice pattern = exact_copy(cases[i].pattern, strlen(cases[i].pattern));
        rf_slice text = exact_copy(cases[i].text, strlen(cases[i].text));
        cr_expect_eq(matches(pattern, text), cases[i].matches, "'%s' '%s'", cases[i].pattern, cases[i].text);
        cr_expect_eq(naive_matches(pattern, text), cases[i].matches, "'%s' '%s'", cases[i].pattern,
                     cases[i].text);
        exact_free(pattern);
        exact_free(text);
    }
}

Test(glob, any_byte_is_one)
{
    cr_expect(matches(SLICE("a\0?"), SLICE("a\0\n")));
    cr_expect_not(matches(SLICE("a\0b"), SLICE("a\0c")));
    cr_expect(matches(SLICE("*\xff"), SLICE("\0\xff")));
    cr_expect(matches(SLICE("[\x80-\xff]"), SLICE("\xc3")));
    cr_expect_not(matches(SLICE("[\x80-\xff]"), SLICE("a")));
    cr_expect(matches(SLICE("[^\0]"), SLICE("\1")));
    cr_expect_not(matches(SLICE("[^\0]"), SLICE("\0")));
    cr_expect(matches((rf_slice){0}, (rf_slice){0}));
    cr_expect(matches(SLICE("*"), (rf_slice){0}));
}

static rf_slice random_text(const char *alphabet, size_t letters, size_t longest, uint64_t *state)
{
    char text[32];
    size_t len = next_random(state) % (longest + 1);
    for (size_t i = 0; i < len; i++)
        text[i] = alphabet[next_random(state) % letters];
    return exact_copy(text, len);
}

Test(glob, random_ones_against_the_naive_matcher)
{
    static const char in_pattern[] = "ab*?[]^-\\\xff", in_text[] = "aabbb^-]\\*\xff";
    uint64_t state = (uint64_t)time(NULL) | 1, seed = state;
    size_t matched = 0;
    for (int round = 0; round < 300000; round++) {
        rf_slice pattern = random_text(in_pattern, sizeof in_pattern, 9, &state);
        rf_slice text = random_text(in_text, sizeof in_text, 8, &state);
        bool expected = naive_matches(pattern, text);
        matched += expected;
        cr_assert_eq(matches(pattern, text), expected, "seed %llu: '%.*s' '%.*s'", (unsigned long long)seed,
                     (int)pattern.len, (const char *)pattern.ptr, (int)text.len, (const char *)text.ptr);
        exact_free(pattern);
        exact_free(text);
    }
    cr_expect_gt(matched, 1000);
}

/* The lengths of the stars' runs, smallest first: the first way to match that is found when every star tries
 * 0, 1, 2, ... bytes, and the rest is tried for each. */
static bool naive_positions(const struct glob_element *elements, size_t count, rf_slice text, size_t e,
                            size_t t, size_t *positions)
{
    positions[e] = t;
    if (e == count)
        return t == text.len;
    if (elements[e].kind == GLOB_STAR) {
        for (size_t run = 0; run <= text.len - t; run++)
            if (naive_positions(elements, count, text, e + 1, t + run, positions))
                return true;
        return false;
    }
    bool taken = t < text.len &&
                 (elements[e].kind == GLOB_BYTE ? elements[e].byte == text.ptr[t]
                                                : elements[e].set[text.ptr[t] / 64] >> text.ptr[t] % 64 & 1);
    return taken && naive_positions(elements, count, text, e + 1, t + 1, positions);
}

Test(glob, stars_take_the_shortest_runs_from_the_left)
{
    static const char in_pattern[] = "ab**?", in_text[] = "aab";
    uint64_t state = (uint64_t)time(NULL) | 1, seed = state;
    size_t matched = 0;
    for (int round = 0; round < 100000; round++) {
        rf_slice pattern = random_text(in_pattern, sizeof in_pattern - 1, 8, &state);
        rf_slice text = random_text(in_text, sizeof in_text - 1, 9, &state);
        size_t count, positions[32];
        struct glob_element *elements = glob_split(pattern, &count);
        bool expected = naive_positions(elements, count, text, 0, 0, positions);
        size_t at[GLOB_MARKS] = {next_random(&state) % (count + 1), next_random(&state) % (count + 1)};
        size_t found[GLOB_MARKS];
        struct glob_runs runs;
        cr_assert(glob_runs_make(&runs, elements, count));
        for (size_t i = 0; i < GLOB_MARKS; i++)
            glob_runs_mark(&runs, i, at[i]);
        cr_assert_eq(glob_runs_match(&runs, text, found), expected);
        for (int i = 0; expected && i < GLOB_MARKS; i++)
            cr_assert_eq(found[i], positions[at[i]], "seed %llu: '%.*s' '%.*s' element %zu",
                         (unsigned long long)seed, (int)pattern.len, (const char *)pattern.ptr, (int)text.len,
                         (const char *)text.ptr, at[i]);
        glob_runs_free(&runs);
        matched += expected;
        free(elements);
        exact_free(pattern);
        exact_free(text);
    }
    cr_expect_gt(matched, 10000);
}

/* Texts that are longer than what is searched without a call, too. */
static rf_slice random_long_text(uint64_t *state)
{
    char text[BYTES_FEW + 16];
    size_t longest = next_random(state) % 8 ? 12 : sizeof text;
    size_t len = next_random(state) % (longest + 1), as = next_random(state) % 8;
    for (size_t i = 0; i < len; i++)
        text[i] = next_random(state) % 8 < as ? 'a' : 'b';
    return exact_copy(text, len);
}

static size_t check_form(const struct glob_runs *runs, uint64_t *state)
{
    size_t matched = 0;
    for (int round = 0; round < 100; round++) {
        rf_slice text = random_long_text(state);
        size_t found[GLOB_MARKS], expected[GLOB_MARKS];
        const bool matches = glob_runs_match_all(runs, text, expected);
        cr_assert_eq(glob_form_match(runs, text, found), matches, "'%.*s'", (int)text.len,
                     (const char *)text.ptr);
        for (int i = 0; matches && i < GLOB_MARKS; i++)
            cr_assert_eq(found[i], expected[i], "mark %d in '%.*s'", i, (int)text.len,
                         (const char *)text.ptr);
        matched += matches;
        exact_free(text);
    }
    return matched;
}

Test(glob, the_usual_form_as_any_pattern)
{
    static const char in_pattern[] = "aab*";
    uint64_t state = (uint64_t)time(NULL) | 1, seed = state;
    size_t matched = 0, forms = 0;
    while (forms < 20000) {
        rf_slice pattern = random_text(in_pattern, sizeof in_pattern - 1, 12, &state);
        size_t count;
        struct glob_element *elements = glob_split(pattern, &count);
        struct glob_runs runs;
        cr_assert(glob_runs_make(&runs, elements, count));
        for (size_t i = 0; i < GLOB_MARKS; i++)
            glob_runs_mark(&runs, i, next_random(&state) % (count + 1));
        cr_assert_eq(runs.has_form, runs.last - runs.runs == 1 || runs.last - runs.runs == 2);
        if (runs.has_form) {
            forms++;
            matched += check_form(&runs, &state);
        }
        glob_runs_free(&runs);
        free(elements);
        exact_free(pattern);
    }
    cr_expect_gt(matched, 10000, "seed %llu", (unsigned long long)seed);
}

Test(glob, no_pattern_takes_for_ever, .timeout = 20)
{
    enum { LENGTH = 1 << 20 };
    char *text = malloc(LENGTH);
    cr_assert(text);
    memset(text, 'a', LENGTH);
    cr_expect_not(matches(SLICE("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"), slice_of(text, LENGTH)));
    cr_expect_not(matches(SLICE("a*aaaaaaaaaaaaaaab*"), slice_of(text, LENGTH)));
    cr_expect(matches(SLICE("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*?"), slice_of(text, LENGTH)));
    free(text);
}
