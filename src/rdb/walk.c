/* SPDX-License-Identifier: MIT */
/* What the walk functions share: notices, expiries out of range, and the search for duplicate members. The
 * table of members belongs to the value, and is created by the first walk that needs it. */
#include "rdb/walk.h"

static void value_notice(const struct rf_value *value, rf_notice_code code, const char *detail)
{
    const rf_notify *notify = value->notify;
    if (notify->fn)
        notify->fn(notify->ctx, &(rf_notice){.code = code,
                                             .offset = (int64_t)value->offset,
                                             .db = (int)value->db,
                                             .key = value->key,
                                             .detail = detail});
}

void value_contradicts(struct rf_value *value, const char *detail)
{
    if (value->contradiction)
        return;
    value->contradiction = detail;
    value_notice(value, RF_NOTICE_STREAM_LENGTH, detail);
}

COLD rf_code walk_expiry_out_of_range(struct walk *k, rf_slice field)
{
    rf_error escaped;
    error_key(&escaped, -1, field);
    return CORRUPT(k, "the expiry of %s '%s' is out of range",
                   k->value->type->encoding.type == RF_SET ? "member" : "field", escaped.key);
}

rf_code walk_smallest_expiry(struct walk *k, uint64_t ms)
{
    return k->visitor && field_expiry(ms) != (int64_t)ms
               ? CORRUPT(k, "the minimum expiry of the elements is out of range")
               : RF_OK;
}

/* --- duplicates --------------------------------------------------------------------------------------- */

COLD rf_code walk_not_unique(struct walk *k, enum dup_set_result answer, const char *what, rf_slice name)
{
    rf_error escaped;
    if (answer == DUP_SET_FAILED)
        return k->w->error->code;
    error_key(&escaped, -1, name);
    return window_fail(k->w, RF_E_DUPLICATE, "duplicate %s '%s'", what, escaped.key);
}

static rf_code conclude(struct walk *k, enum dup_set_result answer)
{
    if (LIKELY(answer == DUP_SET_NEW))
        return RF_OK;
    return answer == DUP_SET_DUPLICATE ? window_fail(k->w, RF_E_DUPLICATE, "duplicate member or field")
                                       : k->w->error->code;
}

/* For a large value, the end only shows that a member is duplicated, not which one: if the value is still
 * available, it is walked again. */
COLD static rf_code seek(struct walk *k, const uint8_t *start)
{
    static const rf_visitor silent = {.unique = RF_UNIQUE_ALL};
    struct walk rewalk = *k;
    rewalk.visitor = &silent;
    k->w->pos = start;
    dup_set_seek(k->dup_set);
    TRY(k->value->type->walk(&rewalk));
    return conclude(k, DUP_SET_DUPLICATE);
}

static const bool has_elements[RF_TYPE_COUNT] = {
    [RF_SET] = true,    [RF_ZSET] = true,      [RF_HASH] = true,
    [RF_STREAM] = true, [RF_PATH_HASH] = true, [RF_MODULE] = true};

rf_code walk_unique_members(struct walk *k)
{
    struct rf_value *value = k->value;
    const uint8_t *start = window_is_memory(k->w) ? k->w->pos : NULL;
    if (!has_elements[value->type->encoding.type])
        return value->type->walk(k);
    if (!value->dup_set && !(value->dup_set = dup_set_new()))
        return window_fail(k->w, RF_E_MEMORY, "out of memory to compare members");
    k->dup_set = value->dup_set;
    k->dup_left = k->visitor->unique == RF_UNIQUE_FIRST && !value->unguarded ? RF_UNIQUE_FIRST_MOST
                                                                             : UINT64_MAX;
    dup_set_begin(k->dup_set, k->w->error);
    TRY(value->type->walk(k));
    enum dup_set_result answer = dup_set_end(k->dup_set);
    return UNLIKELY(answer == DUP_SET_DUPLICATE && start) ? seek(k, start) : conclude(k, answer);
}
