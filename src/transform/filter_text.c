/* SPDX-License-Identifier: MIT */
/* Parses options into a filter, which is changed only if the whole list is valid. */
#include "base/bytes.h"
#include "base/fail.h"
#include "base/list.h"
#include "base/number.h"
#include "cluster/slot_range.h"
#include "transform/filter.h"
#include <limits.h>
#include <stdlib.h>

static rf_slice text_slice(const char *text)
{
    return slice_of(text, strlen(text));
}

/* --- databases -------------------------------------------------------------------------------------- */

static rf_code read_db_range(rf_slice item, struct db_range *range, rf_error *error)
{
    uint64_t first, last;
    if (!list_range(item, INT_MAX, &first, &last))
        return fail(error, RF_E_ARGUMENT, "invalid database or range '%.*s%s': use numbers, e.g. 0,5 or 0-3",
                    QUOTED(item));
    range->first = (int64_t)first;
    range->last = (int64_t)last;
    return RF_OK;
}

static size_t count_items(rf_slice list)
{
    size_t count = 0;
    for (rf_slice item; list_next(&list, ',', &item);)
        count++;
    return count;
}

rf_code rf_filter_dbs(rf_filter *filter, rf_side side, const char *list, rf_error *error)
{
    rf_slice rest = text_slice(list), item;
    size_t count = filter->db_count;
    struct db_range *dbs = realloc(filter->dbs, (count + count_items(rest)) * sizeof *dbs);
    if (!dbs)
        return fail(error, RF_E_MEMORY, "out of memory");
    for (filter->dbs = dbs; list_next(&rest, ',', &item); count++) {
        dbs[count].side = side;
        TRY(read_db_range(item, &dbs[count], error));
    }
    filter->db_count = count;
    filter->dbs_include |= side == RF_INCLUDE;
    filter->cached_db_accepted = rf_filter_accepts_db(filter, filter->cached_db);
    return RF_OK;
}

/* --- names ------------------------------------------------------------------------------------------ */

/* Takes ownership of the pattern's contents, also on error. */
static rf_code add_pattern(rf_filter *filter, struct pattern pattern, rf_error *error)
{
    struct pattern *patterns = realloc(filter->patterns, (filter->pattern_count + 1) * sizeof *patterns);
    if (!patterns) {
        glob_free(pattern.glob);
        regex_free(pattern.regex);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    patterns[filter->pattern_count++] = pattern;
    filter->patterns = patterns;
    filter->names_include |= pattern.side == RF_INCLUDE;
    return RF_OK;
}

rf_code rf_filter_glob(rf_filter *filter, rf_side side, const char *text, rf_error *error)
{
    struct pattern pattern = {.side = side};
    TRY(glob_new(text_slice(text), &pattern.glob, error));
    return add_pattern(filter, pattern, error);
}

rf_code rf_filter_regex(rf_filter *filter, rf_side side, const char *text, rf_error *error)
{
    struct pattern pattern = {.side = side};
    TRY(regex_new(text_slice(text), false, &pattern.regex, error));
    return add_pattern(filter, pattern, error);
}

/* --- types ------------------------------------------------------------------------------------------ */

#define TYPE_MENTION(name, text)   ", " text
#define WITHOUT_FIRST_COMMA(types) (&(types)[2])

enum { ALL_TYPES = (1 << RF_TYPE_COUNT) - 1 };

static rf_code read_type(rf_slice item, uint32_t *types, rf_error *error)
{
    rf_type type;
    if (!rf_type_parse(item, &type))
        return fail(error, RF_E_ARGUMENT, "unknown type '%.*s%s'; the types are %s", QUOTED(item),
                    WITHOUT_FIRST_COMMA(RF_TYPES(TYPE_MENTION)));
    *types |= UINT32_C(1) << type;
    return RF_OK;
}

rf_code rf_filter_types(rf_filter *filter, rf_side side, const char *list, rf_error *error)
{
    rf_slice rest = text_slice(list), item;
    uint32_t types = filter->types[side];
    while (list_next(&rest, ',', &item))
        TRY(read_type(item, &types, error));
    filter->types[side] = types;
    filter->types_rejected = filter->types[RF_EXCLUDE];
    if (filter->types[RF_INCLUDE])
        filter->types_rejected |= ALL_TYPES & ~filter->types[RF_INCLUDE];
    return RF_OK;
}

/* --- slots ------------------------------------------------------------------------------------------ */

static void parse_slots(rf_filter *filter, unsigned first, unsigned last)
{
    for (unsigned slot = first; slot <= last; slot++)
        filter->slots[slot / 64] |= UINT64_C(1) << slot % 64;
    filter->uses_slots = false;
    for (unsigned i = 0; i < RF_SLOTS / 64; i++)
        filter->uses_slots |= filter->slots[i] != UINT64_MAX;
}

rf_code rf_filter_slots(rf_filter *filter, const char *list, rf_error *error)
{
    unsigned first, last;
    for (rf_slice rest = text_slice(list); rest.ptr;)
        TRY(slot_list_next(&rest, ',', &first, &last, error));
    for (rf_slice rest = text_slice(list); rest.ptr;) {
        TRY(slot_list_next(&rest, ',', &first, &last, error));
        parse_slots(filter, first, last);
    }
    return RF_OK;
}

rf_code rf_filter_shard(rf_filter *filter, const char *part, rf_error *error)
{
    rf_slice n_text = text_slice(part), i_text;
    uint64_t n, i;
    unsigned first, last;
    list_next(&n_text, '/', &i_text);
    if (!n_text.ptr || !number_parse_u64(i_text, &i) || !number_parse_u64(n_text, &n) || i < 1 || i > n ||
        n > RF_SLOTS)
        return fail(error, RF_E_ARGUMENT,
                    "invalid shard '%.*s%s': use I/N, e.g. 2/8 for the second of eight; N is "
                    "at most %d",
                    QUOTED(text_slice(part)), RF_SLOTS);
    slot_range_equal((unsigned)n, (unsigned)i, &first, &last);
    parse_slots(filter, first, last);
    return RF_OK;
}
