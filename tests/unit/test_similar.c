/* SPDX-License-Identifier: MIT */
/* The distance of words, against hand-made cases and the properties that it must have. */
#include "cmd/options/similar.c"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static size_t distance(const char *a, const char *b)
{
    return similar_distance(a, strlen(a), b);
}

Test(similar, distance)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"output", "output", 0},
        {"ouput", "output", 1},
        {"outtput", "output", 1},
        {"oudput", "output", 1},
        {"outptu", "output", 1},
        {"uotptu", "output", 2},
        {"Output", "output", 0},
        {"OUT_PUT", "out-put", 0},
        {"out_put", "output", 1},
        {"dryrun", "dry-run", 1},
        {"inspct", "inspect", 1},
        {"ab", "ba", 1},
        {"ca", "abc", 3}, /* a swap is not split by an insertion */
        {"kitten", "sitting", 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(distance(rows[i].a, rows[i].b), rows[i].distance, "%s %s: %zu", rows[i].a, rows[i].b,
                     distance(rows[i].a, rows[i].b));
}

Test(similar, only_the_given_length_counts)
{
    cr_expect_eq(similar_distance("redis://x", 5, "redis"), 0);
    cr_expect_eq(similar_distance("", 0, "redis"), 5);
}

Test(similar, long_words_are_not_compared)
{
    char word[SIMILAR_MOST + 2];
    memset(word, 'a', sizeof word);
    word[SIMILAR_MOST + 1] = '\0';
    cr_expect_eq(distance(word, "a"), SIZE_MAX);
    cr_expect_eq(distance("a", word), SIZE_MAX);
    word[SIMILAR_MOST] = '\0';
    cr_expect_eq(distance(word, "a"), SIMILAR_MOST - 1);
    cr_expect_eq(distance(word, word), 0);
}

Test(similar, is_symmetric_and_at_most_the_edits_made)
{
    srand(7);
    for (int round = 0; round < 20000; round++) {
        char a[SIMILAR_MOST + 1], b[SIMILAR_MOST + 1];
        size_t length = (size_t)(rand() % 12);
        int edits = rand() % 4;
        for (size_t i = 0; i < length; i++)
            a[i] = (char)('a' + rand() % 3);
        a[length] = '\0';
        memcpy(b, a, length + 1);
        for (int edit = 0; edit < edits; edit++) {
            size_t b_length = strlen(b), at = (size_t)rand() % (b_length + 1);
            if (rand() % 2 || at == b_length) {
                memmove(b + at + 1, b + at, b_length - at + 1);
                b[at] = (char)('a' + rand() % 3);
            } else {
                memmove(b + at, b + at + 1, b_length - at);
            }
        }
        cr_assert_leq(distance(a, b), (size_t)edits, "%s %s", a, b);
        cr_assert_eq(distance(a, b), distance(b, a), "%s %s", a, b);
        cr_assert_eq(distance(a, b) == 0, strcmp(a, b) == 0, "%s %s", a, b);
    }
}

Test(similar, the_nearest_word_and_no_far_one)
{
    static const char *const words[] = {"port", "progress", "output", "on-exists"};
    static const struct {
        const char *given, *word;
    } rows[] = {{"ouput", "output"},  {"onexists", "on-exists"},
                {"prot", "port"},     {"PROGRES", "progress"},
                {"frobnicate", NULL}, {"x", NULL},
                {"", NULL},           {"out", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = strlen(rows[i].given);
        struct similar similar = similar_begin(rows[i].given, length, similar_limit(length));
        for (size_t j = 0; j < sizeof words / sizeof *words; j++)
            similar_consider(&similar, words[j]);
        cr_expect(similar.word == rows[i].word ||
                      (similar.word && rows[i].word && strcmp(similar.word, rows[i].word) == 0),
                  "%s: %s", rows[i].given, similar.word ? similar.word : "none");
    }
}

Test(similar, the_first_of_equals_is_kept)
{
    struct similar similar = similar_begin("max", 3, 1);
    cr_expect(similar_consider(&similar, "mxa"));
    cr_expect_not(similar_consider(&similar, "may"));
    cr_expect_str_eq(similar.word, "mxa");
    cr_expect(similar_consider(&similar, "MAX"));
}
