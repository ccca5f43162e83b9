/* SPDX-License-Identifier: MIT */
/* Finds the elements of two values that differ. Names and digests of all elements go into a comparison, which
 * returns the indexes of those that differ; a second walk over each value prints them, one per line:
 *
 *     - field 'a': '1'
 *     + field 'a': '2'
 *     + field 'b': 'new'
 *
 * The names of list items are their positions. If a list has grown or shrunk at its head, all positions have
 * shifted, so the lists are aligned where most items match. */
#include "elements.h"
#include "explain.h"
#include "failure.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NO_ELEMENT UINT64_MAX

/* An element that has changed, or exists on one side only. */
struct change {
    uint64_t number[2]; /* of the element before and after; NO_ELEMENT: does not exist */
    char *line[2];
};

struct changes {
    struct change *all;
    size_t count, cap;
    uint64_t limit; /* limit of kept ones; 0: all */
    uint64_t total;
};

/* --- finding changes ---------------------------------------------------------------------------------- */

/* A name that occurs twice on one side counts for that side only. */
static struct change change_of(const rf_difference *difference)
{
    struct change change = {{NO_ELEMENT, NO_ELEMENT}, {NULL, NULL}};

    if (difference->kind == RF_TWICE) {
        change.number[difference->after->input] = difference->after->offset;
        return change;
    }
    if (difference->before)
        change.number[0] = difference->before->offset;
    if (difference->after)
        change.number[1] = difference->after->offset;
    return change;
}

static rf_code take_change(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct changes *changes = ctx;

    changes->total++;
    if (changes->limit && changes->count >= changes->limit)
        return RF_OK;
    if (changes->count == changes->cap) {
        size_t cap = changes->cap ? 2 * changes->cap : 64;
        struct change *all = realloc(changes->all, cap * sizeof *all);

        if (!all)
            return failure(error, RF_E_MEMORY, "%s", rf_code_text(RF_E_MEMORY));
        changes->all = all;
        changes->cap = cap;
    }
    changes->all[changes->count++] = change_of(difference);
    return RF_OK;
}

struct feed {
    rf_compare *compare;
    unsigned side; /* 0: before, 1: after */
    int64_t shift; /* index of the list item that counts as the first one before */
    uint64_t number;
    rf_error *error;
};

static rf_code compare_record(const struct feed *feed, const rf_key_record *record)
{
    return feed->side ? rf_compare_add_after(feed->compare, record, feed->error)
                      : rf_compare_add_before(feed->compare, record, feed->error);
}

static rf_code compare_element(void *ctx, const struct element *element)
{
    struct feed *feed = ctx;
    int64_t place = (int64_t)feed->number - (feed->side ? feed->shift : 0);
    bool item = element->kind == ELEMENT_ITEM;
    const rf_key_record record = {
        .db = element->kind,
        .key = item ? (rf_slice){(const uint8_t *)&place, sizeof place} : element->name,
        .value = rf_digest_keyed(element->content),
        .expire_ms = element->expire_ms,
        .input = feed->side,
        .offset = feed->number++,
    };

    return compare_record(feed, &record);
}

/* Adds the elements of both values to a comparison. */
static rf_code compare_values(rf_value *const values[2], element_fn *fn, int64_t shift,
                              const rf_compare_options *options, rf_error *error)
{
    rf_compare *compare;
    rf_code code = rf_compare_open(options, &compare, error);

    for (unsigned side = 0; side < 2 && code == RF_OK; side++) {
        struct feed feed = {.compare = compare, .side = side, .shift = shift, .error = error};

        code = elements_walk(values[side], fn, &feed, error);
    }
    if (code == RF_OK)
        code = rf_compare_finish(compare, error);
    rf_compare_close(compare);
    return code;
}

static rf_code find_changes(rf_value *const values[2], int64_t shift, uint64_t memory,
                            struct changes *changes, rf_error *error)
{
    const rf_compare_options options = {.memory = memory, .fn = take_change, .ctx = changes};

    changes->count = changes->total = 0;
    return compare_values(values, compare_element, shift, &options, error);
}

/* --- aligning lists ----------------------------------------------------------------------------------- */

/* The shift that more than half of the pairs have, if there is one (Boyer-Moore majority vote). */
struct majority {
    int64_t shift;
    uint64_t lead;
};

static rf_code take_pair(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct majority *majority = ctx;
    int64_t shift;

    (void)error;
    if (difference->kind != RF_CHANGED)
        return RF_OK;
    shift = (int64_t)(difference->after->offset - difference->before->offset);
    if (majority->lead == 0)
        majority->shift = shift;
    if (shift == majority->shift)
        majority->lead++;
    else
        majority->lead--;
    return RF_OK;
}

/* Items with the same content on both sides form one changed key, so that they are reported as a pair. */
static rf_code pair_items(void *ctx, const struct element *element)
{
    struct feed *feed = ctx;
    rf_digest digest = rf_digest_keyed(element->content);
    const rf_key_record record = {
        .key = {(const uint8_t *)&digest, sizeof digest},
        .value = {.low = feed->side},
        .expire_ms = RF_NO_EXPIRY,
        .input = feed->side,
        .offset = feed->number++,
    };

    return compare_record(feed, &record);
}

/* Finds the changes of lists with two alignments, and keeps the smaller result. */
static rf_code find_list_changes(rf_value *const values[2], uint64_t memory, struct changes *changes,
                                 rf_error *error)
{
    struct majority majority = {0};
    const rf_compare_options options = {.memory = memory, .fn = take_pair, .ctx = &majority};
    rf_code code = compare_values(values, pair_items, 0, &options, error);
    uint64_t shifted;

    if (code == RF_OK)
        code = find_changes(values, majority.shift, memory, changes, error);
    shifted = changes->total;
    if (code == RF_OK && majority.shift != 0)
        code = find_changes(values, 0, memory, changes, error);
    if (code == RF_OK && shifted < changes->total)
        code = find_changes(values, majority.shift, memory, changes, error);
    return code;
}

/* --- lines -------------------------------------------------------------------------------------------- */

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_number_after(const void *a, const void *b)
{
    return compare_numbers(((const struct change *)a)->number[1], ((const struct change *)b)->number[1]);
}

/* Elements that exist only after come last. */
static int by_number_before(const void *a, const void *b)
{
    int order = compare_numbers(((const struct change *)a)->number[0], ((const struct change *)b)->number[0]);

    return order ? order : by_number_after(a, b);
}

struct printing {
    const struct changes *changes;
    size_t at; /* the next change to format; changes are in element order */
    unsigned side;
    uint64_t number;
    rf_error *error;
};

static rf_code print_element(void *ctx, const struct element *element)
{
    struct printing *printing = ctx;
    const struct changes *changes = printing->changes;
    uint64_t number = printing->number++;
    size_t size;
    FILE *line;

    if (printing->at == changes->count || changes->all[printing->at].number[printing->side] != number)
        return RF_OK;
    line = open_memstream(&changes->all[printing->at++].line[printing->side], &size);
    if (!line)
        return failure(printing->error, RF_E_MEMORY, "out of memory");
    element_print(line, element);
    return fclose(line) == 0 ? RF_OK : failure(printing->error, RF_E_MEMORY, "out of memory");
}

static rf_code make_lines(rf_value *const values[2], struct changes *changes, rf_error *error)
{
    static int (*const orders[])(const void *, const void *) = {by_number_before, by_number_after};
    rf_code code = RF_OK;

    for (unsigned side = 2; side-- > 0 && code == RF_OK;) {
        if (changes->count > 0)
            qsort(changes->all, changes->count, sizeof *changes->all, orders[side]);
        code = elements_walk(values[side], print_element,
                             &(struct printing){.changes = changes, .side = side, .error = error}, error);
    }
    return code;
}

static void print_changes(const struct changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        for (unsigned side = 0; side < 2; side++)
            if (changes->all[i].line[side])
                printf("    %c %s\n", "-+"[side], changes -> all[i].line[side]);
    if (changes->count < changes->total)
        printf("    ... %" PRIu64 " more; --limit 0 shows all\n", changes->total - changes->count);
}

rf_code explain_elements(const struct explanation *explanation, rf_type type, rf_value *const values[2],
                         rf_error *error)
{
    struct changes changes = {.limit = explanation->limit};
    rf_code code;

    if (type == RF_LIST)
        code = find_list_changes(values, explanation->memory, &changes, error);
    else
        code = find_changes(values, 0, explanation->memory, &changes, error);
    if (code == RF_OK)
        code = make_lines(values, &changes, error);
    if (code == RF_OK)
        print_changes(&changes);
    for (size_t i = 0; i < changes.count; i++) {
        free(changes.all[i].line[0]);
        free(changes.all[i].line[1]);
    }
    free(changes.all);
    return code;
}
