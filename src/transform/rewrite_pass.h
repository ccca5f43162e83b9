/* SPDX-License-Identifier: MIT */
/* A key being rewritten: what the passes over entries and over keys with plain strings have in common. */
#ifndef TRANSFORM_REWRITE_PASS_H
#define TRANSFORM_REWRITE_PASS_H

#include "base/bytes.h"
#include "transform/rewrite_dbs.h"

/* What a new name consists of: the prefix, and the name with braces around a part of it. */
struct name_parts {
    rf_slice prefix, name;
    struct tag_span tag; /* from == to: no braces */
};

/* A key being rewritten. As long as only the parts of a name are known, it is not made. */
struct passage {
    int64_t db;
    struct name_parts parts; /* the name is the key's own, or in names[spare ^ 1]; its ptr is not NULL */
    unsigned spare;
    bool ambiguous;
    uint64_t counts;       /* what is added to the counters of rules */
    rf_rewrite_step_fn fn; /* called for each rule; may be NULL */
    void *ctx;
};

/* Applies the rules; p->parts.name is the new name then, and the only part. After an error the rules before
 * have been counted. */
rf_code rewrite_pass(rf_rewrite *rewrite, struct passage *p, rf_error *error);

/* `by` is added to the counters of what happens to the key. */
static inline struct passage passage_of(int64_t db, rf_slice key, uint64_t by)
{
    return (struct passage){.db = db, .parts.name = key.ptr ? key : SLICE(""), .counts = by};
}

/* --- the parts of a name ---------------------------------------------------------------------------- */

static inline bool parts_have_tag(const struct name_parts *parts)
{
    return parts->tag.from < parts->tag.to;
}

/* Whether they are more than the name. */
static inline bool parts_are_more(const struct name_parts *parts)
{
    return parts_have_tag(parts) || parts->prefix.len > 0;
}

static inline size_t parts_length(const struct name_parts *parts)
{
    return parts->prefix.len + parts->name.len + (parts_have_tag(parts) ? 2 : 0);
}

static inline void parts_put(const struct name_parts *parts, uint8_t *to)
{
    bytes_copy(to, parts->prefix.ptr, parts->prefix.len);
    to += parts->prefix.len;
    if (parts_have_tag(parts))
        hash_tag_put(parts->name, parts->tag, to);
    else
        bytes_copy(to, parts->name.ptr, parts->name.len);
}

/* --- what the database decides ---------------------------------------------------------------------- */

/* A database that is mapped to itself does not change. */
static inline void count_map(const rf_rewrite *w, uint64_t counts)
{
    if (w->route.map && w->route.mapped != w->route.from)
        w->route.map->keys += counts;
}

static inline void count_prefix(const rf_rewrite *w, uint64_t counts)
{
    if (w->route.prefixes)
        w->route.prefixes->keys += counts;
}

/* Whether a name may begin with the prefix of another database, by its first byte, also with braces. */
static inline bool may_have_prefix(const struct route *route, rf_slice name)
{
    const unsigned first = name.len > 0 ? name.ptr[0] : UINT8_MAX + 1;
    return first - route->least < route->firsts || '{' - route->least < route->firsts;
}

/* --- braces ----------------------------------------------------------------------------------------- */

bool rewrite_has_braces(rf_slice name);

/* Whether one of eight bytes is "{" or "}", 7b and 7d; also true for "y" (79) and 7f. */
static inline bool may_have_braces(uint64_t bytes)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t other = (bytes ^ each * '{') & ~(each * 6);
    return ((other - each) & ~other & each * 0x80) != 0;
}

static inline bool has_braces(rf_slice name)
{
    bool may = may_have_braces(name.len < 8 ? load_short(name.ptr, name.len)
                                            : load_le64(name.ptr + name.len - 8));
    for (size_t i = 0; i + 8 < name.len; i += 8)
        may |= may_have_braces(load_le64(name.ptr + i));
    return UNLIKELY(may) && rewrite_has_braces(name);
}

/* The first rule that finds a tag, or NULL. */
static inline struct rule *find_tag(const rf_rewrite *w, rf_slice name, bool braces, struct tag_span *span)
{
    struct rule *const end = w->rules + w->first[RULE_HASH_TAG + 1];
    for (struct rule *rule = w->rules + w->first[RULE_HASH_TAG]; rule < end; rule++)
        if (hash_tag_find(rule->tag, name, braces, span) == TAG_FOUND)
            return rule;
    return NULL;
}

/* --- expiries --------------------------------------------------------------------------------------- */

static inline int64_t shifted(int64_t expire_ms, int64_t by)
{
    int64_t sum;
    if (__builtin_add_overflow(expire_ms, by, &sum))
        sum = by < 0 ? 0 : INT64_MAX;
    return sum < 0 ? 0 : sum;
}

#endif
