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

/* --- runs ------------------------------------------------------------------------------------------- */

static size_t count_stars(const struct glob_element *elements, size_t count)
{
    size_t stars = 0;
    for (size_t i = 0; i < count; i++)
        stars += elements[i].kind == GLOB_STAR;
    return stars;
}

/* The run from `first` on. */
static struct glob_run make_run(const struct glob_runs *runs, size_t first, size_t count)
{
    struct glob_run run = {.first = first, .bytes = runs->bytes + first};
    for (; first + run.length < count && runs->elements[first + run.length].kind != GLOB_STAR; run.length++)
        if (runs->elements[first + run.length].kind != GLOB_BYTE)
            run.bytes = NULL;
    return run;
}

static void make_runs(struct glob_runs *runs, size_t count)
{
    struct glob_run *run = runs->runs;
    for (size_t first = 0; run <= runs->last; run++) {
        *run = make_run(runs, first, count);
        first += run->length + 1;
    }
    for (size_t rest = 0; run > runs->runs; run[0].rest = rest)
        rest += (--run)->length;
}

static rf_slice bytes_of(const struct glob_run *run)
{
    return (rf_slice){run->bytes, run->length};
}

/* All bits of the lowest n bytes. */
static uint64_t low_bytes(size_t n)
{
    return n == 0 ? 0 : UINT64_MAX >> 8 * (8 - n);
}

static void make_words(struct glob_form *form)
{
    const size_t head = form->head.len, tail = form->tail.len;
    form->least = head + form->middle.len + tail;
    form->is_short = head <= 8 && form->middle.len <= 1 && tail <= 8;
    if (!form->is_short)
        return;
    for (size_t i = 0; i < head; i++)
        form->head_word |= (uint64_t)form->head.ptr[i] << 8 * i;
    for (size_t i = 0; i < tail; i++)
        form->tail_word |= (uint64_t)form->tail.ptr[i] << 8 * (8 - tail + i);
    form->head_mask = low_bytes(head);
    form->tail_mask = ~low_bytes(8 - tail);
}

static void make_form(struct glob_runs *runs)
{
    const struct glob_run *first = runs->runs, *last = runs->last;
    const size_t stars = (size_t)(last - first);
    runs->has_form = stars == 1 || stars == 2;
    for (const struct glob_run *run = first; run <= last; run++)
        runs->has_form &= run->bytes != NULL;
    if (!runs->has_form)
        return;
    runs->form = (struct glob_form){.head = bytes_of(first), .tail = bytes_of(last)};
    if (stars == 2)
        runs->form.middle = bytes_of(first + 1);
    make_words(&runs->form);
}

bool glob_runs_make(struct glob_runs *runs, const struct glob_element *elements, size_t count)
{
    size_t stars = count_stars(elements, count);
    *runs = (struct glob_runs){
        .elements = elements, .runs = calloc(stars + 1, sizeof *runs->runs), .bytes = malloc(count + 1)};
    if (!runs->runs || !runs->bytes) {
        glob_runs_free(runs);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        runs->bytes[i] = elements[i].byte;
    runs->last = runs->runs + stars;
    make_runs(runs, count);
    make_form(runs);
    return true;
}

void glob_runs_free(struct glob_runs *runs)
{
    free(runs->runs);
    free(runs->bytes);
    *runs = (struct glob_runs){0};
}

void glob_runs_mark(struct glob_runs *runs, size_t number, size_t at)
{
    struct glob_run *run = runs->runs;
    while (at > run->first + run->length)
        run++;
    struct glob_mark *mark = &runs->marks[number];
    mark->offset = at - run->first;
    if (run == runs->runs)
        return;
    if (run == runs->last)
        *mark = (struct glob_mark){mark->offset - run->length, SIZE_MAX};
    else
        run->has[number] = runs->form.moves[number] = SIZE_MAX;
}

/* --- matching --------------------------------------------------------------------------------------- */

static bool accepts(const struct glob_element *element, uint8_t c)
{
    return element->kind == GLOB_BYTE ? element->byte == c : element->set[c >> 6] >> (c & 63) & 1;
}

static bool accepts_each(const struct glob_element *elements, const uint8_t *text, size_t n)
{
    while (n > 0 && accepts(&elements[n - 1], text[n - 1]))
        n--;
    return n == 0;
}

/* Whether the text has the run at a position where it has as many bytes. */
static inline bool is_at(const struct glob_runs *runs, const struct glob_run *run, const uint8_t *text)
{
    return LIKELY(run->bytes != NULL) ? bytes_equal(text, run->bytes, run->length)
                                      : accepts_each(runs->elements + run->first, text, run->length);
}

size_t glob_find_long(rf_slice text, size_t from, size_t end, rf_slice bytes)
{
    while (end - from >= bytes.len) {
        const size_t starts = end - from - bytes.len + 1;
        const size_t start = bytes_find(text.ptr + from, starts, bytes.ptr[0]);
        if (start == starts)
            break;
        from += start;
        if (bytes_equal(text.ptr + from, bytes.ptr, bytes.len))
            return from;
        from++;
    }
    return end;
}

/* The first position of a run from `from` on, if it is not after `last`. */
static inline size_t find_run(const struct glob_runs *runs, const struct glob_run *run, rf_slice text,
                              size_t from, size_t last)
{
    if (run->bytes && run->length > 0) {
        const size_t end = last + run->length, at = glob_find_bytes(text, from, end, bytes_of(run));
        return at < end ? at : last + 1;
    }
    while (from <= last && !is_at(runs, run, text.ptr + from))
        from++;
    return from;
}

/* The first run is at the start of the text, and the last one at its end. Those between are matched at the
 * earliest position that leaves room for the rest, and stay there: whatever the rest can match after a later
 * position, it can match after this one. */
bool glob_runs_match_all(const struct glob_runs *runs, rf_slice text, size_t positions[GLOB_MARKS])
{
    const struct glob_run *run = runs->runs, *last = runs->last;
    const struct glob_mark *marks = runs->marks;
    size_t at = run->length;
    if (text.len < run->rest || (at > 0 && !is_at(runs, run, text.ptr)))
        return false;
    if (run == last ? text.len > at
                    : last->length > 0 && !is_at(runs, last, text.ptr + text.len - last->length))
        return false;
    size_t first = marks[0].offset + (text.len & marks[0].at_end);
    size_t second = marks[1].offset + (text.len & marks[1].at_end);
    while (++run < last) {
        const size_t latest = text.len - run->rest;
        at = find_run(runs, run, text, at, latest);
        if (at > latest)
            return false;
        first += at & run->has[0];
        second += at & run->has[1];
        at += run->length;
    }
    positions[0] = first;
    positions[1] = second;
    return true;
}
