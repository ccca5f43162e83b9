/* SPDX-License-Identifier: MIT */
/* A parsed glob: each element but a star matches one byte of a text. (Valkey src/util.c: stringmatchlen)
 *
 *     *        any run of bytes
 *     ?        any byte
 *     [abc]    one of these; [^abc]: none of these. Ends at "]", or at the end of the pattern. A range
 *              a-z includes both ends, in either order; the character after its "-" is its end, even if
 *              it is "]" or "\"
 *     \x       x itself, in brackets too; a "\" at the end of the pattern matches itself
 *     x        itself
 *
 * Ranges compare bytes as servers with signed char do (x86-64): 80 to ff come before 00 to 7f. */
#ifndef TRANSFORM_GLOB_ELEMENTS_H
#define TRANSFORM_GLOB_ELEMENTS_H

#include "base/bytes.h"
#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum glob_kind { GLOB_STAR, GLOB_BYTE, GLOB_SET };

struct glob_element {
    enum glob_kind kind;
    uint8_t byte;    /* of GLOB_BYTE */
    bool escaped;    /* it was written \x */
    uint64_t set[4]; /* of GLOB_SET: a bit for each byte */
};

/* The elements of a pattern, in memory that the caller frees; NULL if out of memory. */
struct glob_element *glob_split(rf_slice pattern, size_t *count);

/* Places between elements, to be found in a text. */
enum { GLOB_MARKS = 2 };

/* Elements without a star, which one precedes and one follows, unless it is the first or the last run. */
struct glob_run {
    size_t first, length;
    size_t rest;            /* the length of this run and of those after it */
    const uint8_t *bytes;   /* of its elements; NULL: not all are bytes */
    size_t has[GLOB_MARKS]; /* all bits set: the mark moves with this run, which is between two stars */
};

/* The position of a mark: after the start of the run that has it; in the first run after the start of the
 * text, in the last one after its end, modulo 2^64. */
struct glob_mark {
    size_t offset;
    size_t at_end; /* all bits set: in the last run */
};

/* The form of most patterns: bytes, a star, bytes, a star, and bytes; of each as many as there are, so that
 * one star is such a form, too. */
struct glob_form {
    rf_slice head, middle, tail;
    size_t least;                  /* the length of all three */
    bool is_short;                 /* the middle is one byte at most, the others are eight: */
    uint64_t head_word, head_mask; /* the first byte lowest */
    uint64_t tail_word, tail_mask; /* the last byte highest */
    size_t moves[GLOB_MARKS];      /* the same as glob_run.has, of the middle */
};

/* Elements made ready to be matched. */
struct glob_runs {
    const struct glob_element *elements;
    struct glob_run *runs, *last; /* one more than there are stars */
    struct glob_mark marks[GLOB_MARKS];
    struct glob_form form;
    bool has_form;
    uint8_t *bytes;
};

/* The elements stay owned by the caller, and in place. False: out of memory. */
bool glob_runs_make(struct glob_runs *runs, const struct glob_element *elements, size_t count);
void glob_runs_free(struct glob_runs *runs);

/* Puts a mark before elements[at]; `at` may be the number of elements. */
void glob_runs_mark(struct glob_runs *runs, size_t number, size_t at);

/* The same as glob_runs_match(), for every pattern. */
bool glob_runs_match_all(const struct glob_runs *runs, rf_slice text, size_t positions[GLOB_MARKS]);

/* The first position in text[from, end) of bytes, of which there are some; `end`: there is none. */
size_t glob_find_long(rf_slice text, size_t from, size_t end, rf_slice bytes);

static inline size_t glob_find_bytes(rf_slice text, size_t from, size_t end, rf_slice bytes)
{
    return bytes.len == 1 ? from + bytes_find(text.ptr + from, end - from, bytes.ptr[0])
                          : glob_find_long(text, from, end, bytes);
}

/* The positions of the marks in a text of n bytes, whose middle is at `at`. */
static inline void glob_form_place(const struct glob_runs *runs, size_t n, size_t at,
                                   size_t positions[GLOB_MARKS])
{
    for (int i = 0; i < GLOB_MARKS; i++)
        positions[i] = runs->marks[i].offset + (n & runs->marks[i].at_end) + (at & runs->form.moves[i]);
}

/* The same as glob_runs_match(), for a pattern that has a form. */
static inline bool glob_form_match(const struct glob_runs *runs, rf_slice text, size_t positions[GLOB_MARKS])
{
    const struct glob_form *form = &runs->form;
    const rf_slice head = form->head, middle = form->middle, tail = form->tail;
    const size_t end = text.len - tail.len;
    size_t at = head.len;
    if (text.len < form->least || !bytes_equal(text.ptr, head.ptr, head.len) ||
        !bytes_equal(text.ptr + end, tail.ptr, tail.len))
        return false;
    if (middle.len > 0 && (at = glob_find_bytes(text, at, end, middle)) == end)
        return false;
    glob_form_place(runs, text.len, at, positions);
    return true;
}

/* Whether the elements match the whole text. If so, positions[i] is where mark i is; each star has then
 * matched the shortest run that lets the whole match, the leftmost star first. The time is bounded by the
 * product of both lengths. */
static inline bool glob_runs_match(const struct glob_runs *runs, rf_slice text, size_t positions[GLOB_MARKS])
{
    return LIKELY(runs->has_form) ? glob_form_match(runs, text, positions)
                                  : glob_runs_match_all(runs, text, positions);
}

#endif
