/* SPDX-License-Identifier: MIT */
/* Parsing a glob, and matching a text against the result. */
#include "transform/glob_elements.h"
#include "base/bytes.h"
#include <stdlib.h>

/* --- parsing ---------------------------------------------------------------------------------------- */

static void add_range(uint64_t set[4], uint8_t from, uint8_t to)
{
    int low = (int8_t)from, high = (int8_t)to;
    if (low > high) {
        low = (int8_t)to;
        high = (int8_t)from;
    }
    for (int c = low; c <= high; c++)
        set[(uint8_t)c >> 6] |= UINT64_C(1) << (c & 63);
}

/* `p` is after the "["; returns the start of the next element. */
static const uint8_t *parse_brackets(const uint8_t *p, const uint8_t *end, uint64_t set[4])
{
    bool negated = p < end && *p == '^';
    p += negated;
    while (p < end && *p != ']') {
        if (*p == '\\' && end - p >= 2) {
            add_range(set, p[1], p[1]);
            p += 2;
        } else if (end - p >= 3 && p[1] == '-') {
            add_range(set, p[0], p[2]);
            p += 3;
        } else {
            add_range(set, *p, *p);
            p++;
        }
    }
    for (int i = 0; negated && i < 4; i++)
        set[i] = ~set[i];
    return p < end ? p + 1 : p;
}

static const uint8_t *parse_element(const uint8_t *p, const uint8_t *end, struct glob_element *out)
{
    *out = (struct glob_element){.kind = GLOB_BYTE, .byte = *p};
    switch (*p) {
    case '*': out->kind = GLOB_STAR; return p + 1;
    case '?':
        out->kind = GLOB_SET;
        memset(out->set, 0xff, sizeof out->set);
        return p + 1;
    case '[': out->kind = GLOB_SET; return parse_brackets(p + 1, end, out->set);
    case '\\':
        if (end - p < 2)
            return p + 1;
        out->byte = p[1];
        out->escaped = true;
        return p + 2;
    default: return p + 1;
    }
}

struct glob_element *glob_split(rf_slice pattern, size_t *count)
{
    struct glob_element *elements = calloc(pattern.len + 1, sizeof *elements);
    if (!elements)
        return NULL;
    *count = 0;
    for (const uint8_t *p = pattern.ptr, *end = pattern.len ? p + pattern.len : p; p < end;)
        p = parse_element(p, end, &elements[(*count)++]);
    return elements;
}

/* --- matching --------------------------------------------------------------------------------------- */

static inline bool accepts(const struct glob_element *element, uint8_t c)
{
    if (LIKELY(element->kind == GLOB_BYTE))
        return element->byte == c;
    return element->set[c >> 6] >> (c & 63) & 1;
}

/* The first position from `t` on where the elements after a star may begin. */
static inline size_t next_position(const struct glob_element *element, rf_slice text, size_t t)
{
    if (element->kind != GLOB_BYTE || t == text.len)
        return t;
    const uint8_t *found = memchr(text.ptr + t, element->byte, text.len - t);
    return found ? (size_t)(found - text.ptr) : text.len;
}

/* The elements from `first` to `e` begin one byte after the other, from `t` on. */
static inline void mark_positions(struct glob_mark *marks, size_t first, size_t e, size_t t)
{
    for (int i = 0; marks && i < GLOB_MARKS; i++)
        if (marks[i].at >= first && marks[i].at <= e)
            marks[i].position = t + (marks[i].at - first);
}

/* The elements between two stars are matched at the earliest position, and stay there: whatever the rest can
 * match after a later position, it can match after this one. So only the elements after the last star are
 * ever moved. Those after the last star of the pattern must end where the text does. */
bool glob_elements_match(const struct glob_element *elements, size_t count, rf_slice text,
                         struct glob_mark *marks)
{
    size_t first = 0, begin = 0; /* the current run of elements, and the position where it is tried */
    for (;;) {
        size_t e = first, t = begin;
        while (e < count && t < text.len && elements[e].kind != GLOB_STAR &&
               accepts(&elements[e], text.ptr[t])) {
            e++;
            t++;
        }
        if (e < count && elements[e].kind == GLOB_STAR) {
            mark_positions(marks, first, e, begin);
            first = e + 1;
            begin = first == count ? text.len : next_position(&elements[first], text, t);
        } else if (e == count && t == text.len) {
            mark_positions(marks, first, e, begin);
            return true;
        } else if (first == 0 || t == text.len) {
            return false;
        } else {
            begin = e == count ? text.len - (count - first)
                               : next_position(&elements[first], text, begin + 1);
        }
    }
}
