/* SPDX-License-Identifier: MIT */
/* Edit distance with swaps of neighbours, by rows. */
#include "cmd/options/similar.h"
#include <ctype.h>
#include <stdint.h>
#include <string.h>

static char folded(char c)
{
    return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

static bool same(char a, char b)
{
    return folded(a) == folded(b);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t similar_distance(const char *a, size_t a_length, const char *b)
{
    size_t rows[3][SIMILAR_MOST + 1], b_length = strlen(b);
    size_t *before = rows[0], *above = rows[1],
           *row = rows[2]; /* of the last two characters of a, and this */
    if (a_length > SIMILAR_MOST || b_length > SIMILAR_MOST)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = least(above[j - 1] + !same(a[i - 1], b[j - 1]), 1 + least(above[j], row[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return row[b_length];
}

size_t similar_limit(size_t length)
{
    return length <= 2 ? 0 : length <= 5 ? 1 : length <= 8 ? 2 : 3;
}

struct similar similar_begin(const char *given, size_t length, size_t most)
{
    return (struct similar){.given = given, .length = length, .distance = most + 1};
}

bool similar_consider(struct similar *similar, const char *word)
{
    size_t distance = similar_distance(similar->given, similar->length, word);
    if (distance >= similar->distance)
        return false;
    similar->distance = distance;
    similar->word = word;
    return true;
}
