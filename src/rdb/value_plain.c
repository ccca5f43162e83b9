/* SPDX-License-Identifier: MIT */
/* Strings and the plain collections: a count, then the elements one by one, as hash tables, linked lists and
 * skip lists are saved. Constant memory whatever the count, which is not trusted for allocation.
 *
 *   string  list: n (item)*  set: n (member)*  zset: n (member score)*  hash: n (field value)*
 *
 * (Valkey src/rdb.c: rdbLoadObject) */
#include "base/double_text.h"
#include "rdb/walk.h"
#include <math.h>

rf_code walk_string(struct walk *k)
{
    if (!k->visitor)
        return rdb_skip_string(k->w);
    rf_slice value;
    TRY(rdb_string(k->w, &value));
    return VISIT(k, string, value);
}

static rf_code skip_strings(struct walk *k, uint64_t n)
{
    for (; n > 0; n--) {
        window_release(k->w);
        TRY(rdb_skip_string(k->w));
    }
    return RF_OK;
}

rf_code walk_list(struct walk *k)
{
    uint64_t n;
    TRY(rdb_length(k->w, &n));
    if (!k->visitor)
        return skip_strings(k, n);
    for (; n > 0; n--) {
        rf_slice item;
        window_release(k->w);
        TRY(rdb_string(k->w, &item));
        TRY(VISIT(k, item, item));
    }
    return RF_OK;
}

rf_code walk_set(struct walk *k)
{
    uint64_t n;
    TRY(walk_count(k, &n));
    if (!k->visitor)
        return skip_strings(k, n);
    for (; n > 0; n--) {
        rf_slice member;
        window_release(k->w);
        TRY(rdb_string(k->w, &member));
        TRY(walk_unique(k, 0, "member", member));
        TRY(VISIT(k, member, member, RF_NO_EXPIRY));
    }
    return RF_OK;
}

/* A length byte, or 253 NaN, 254 +inf, 255 -inf; then that many bytes of text. */
static rf_code text_score(struct walk *k, double *score)
{
    uint8_t n;
    *score = 0;
    TRY(rdb_u8(k->w, &n));
    if (n >= 253) {
        *score = n == 253 ? NAN : n == 254 ? INFINITY : -INFINITY;
        return RF_OK;
    }
    TRY(window_need(k->w, n));
    if (!double_parse((rf_slice){k->w->pos, n}, score))
        TRY(WRONG(k, "invalid score"));
    k->w->pos += n;
    return RF_OK;
}

static rf_code binary_score(struct walk *k, double *score)
{
    TRY(window_need(k->w, 8));
    *score = load_le_double(k->w->pos);
    k->w->pos += 8;
    return RF_OK;
}

static rf_code zset(struct walk *k, rf_code (*read_score)(struct walk *, double *))
{
    uint64_t n;
    TRY(walk_count(k, &n));
    for (; n > 0; n--) {
        rf_slice member = {0};
        double score;
        window_release(k->w);
        TRY(walk_read_member(k, &member));
        TRY(read_score(k, &score));
        if (isnan(score))
            TRY(WRONG(k, "invalid score (NaN)"));
        if (k->visitor)
            TRY(VISIT(k, scored, member, score));
    }
    return RF_OK;
}

rf_code walk_zset_text(struct walk *k)
{
    return zset(k, text_score);
}

rf_code walk_zset(struct walk *k)
{
    return zset(k, binary_score);
}

/* One field and its value; expire_ms was read before; 0: it is out of range. */
static rf_code hash_pair(struct walk *k, int64_t expire_ms)
{
    rf_slice field, value;
    if (!k->visitor)
        return skip_strings(k, 2);
    TRY(rdb_string(k->w, &field));
    if (UNLIKELY(expire_ms == 0))
        return walk_expiry_out_of_range(k, field);
    TRY(walk_unique(k, 0, "field", field));
    TRY(rdb_string(k->w, &value));
    return VISIT(k, field, field, value, expire_ms);
}

rf_code walk_hash(struct walk *k)
{
    uint64_t n;
    TRY(walk_count(k, &n));
    for (; n > 0; n--) {
        window_release(k->w);
        TRY(hash_pair(k, RF_NO_EXPIRY));
    }
    return RF_OK;
}

/* n (ttl field value)*; ttl 0: none, else the expiry is base + ttl. */
static rf_code hash_with_ttl(struct walk *k, uint64_t base)
{
    uint64_t n;
    TRY(walk_count(k, &n));
    for (; n > 0; n--) {
        uint64_t ttl;
        window_release(k->w);
        TRY(rdb_length(k->w, &ttl));
        bool in_range = ttl >> RDB_FIELD_EXPIRE_BITS == 0;
        TRY(hash_pair(k, ttl == 0 ? RF_NO_EXPIRY : in_range ? field_expiry(base + ttl) : 0));
    }
    return RF_OK;
}

rf_code walk_hash_ttl_prerelease(struct walk *k)
{
    return hash_with_ttl(k, 0);
}

/* The minimum expiry first; each ttl is then relative to it, plus one. */
rf_code walk_hash_ttl(struct walk *k)
{
    uint64_t smallest;
    TRY(rdb_u64le(k->w, &smallest));
    TRY(hash_with_ttl(k, smallest - 1));
    return walk_smallest_expiry(k, smallest);
}

/* The members of a set in the same form: minimum, n, (ttl member)*. The minimum does not show whether there
 * are any: 0 as well as another one may be followed by either. */
rf_code walk_set_ttl(struct walk *k)
{
    uint64_t smallest, n;
    TRY(rdb_u64le(k->w, &smallest));
    TRY(walk_count(k, &n));
    for (; n > 0; n--) {
        uint64_t ttl;
        rf_slice member = {0};
        window_release(k->w);
        TRY(rdb_length(k->w, &ttl));
        TRY(walk_read_member(k, &member));
        bool in_range = ttl >> RDB_FIELD_EXPIRE_BITS == 0;
        int64_t expire_ms = ttl == 0 ? RF_NO_EXPIRY : in_range ? field_expiry(smallest - 1 + ttl) : 0;
        if (k->visitor && expire_ms == 0)
            return walk_expiry_out_of_range(k, member);
        if (k->visitor)
            TRY(VISIT(k, member, member, expire_ms));
    }
    return walk_smallest_expiry(k, smallest);
}

/* n (field value i64le)*; -1: no expiry. */
rf_code walk_hash_ttl_valkey(struct walk *k)
{
    uint64_t n;
    TRY(walk_count(k, &n));
    for (; n > 0; n--) {
        rf_slice field = {0}, value = {0};
        uint64_t expire;
        window_release(k->w);
        if (k->visitor) {
            TRY(rdb_string(k->w, &field));
            TRY(walk_unique(k, 0, "field", field));
            TRY(rdb_string(k->w, &value));
        } else {
            TRY(skip_strings(k, 2));
        }
        TRY(rdb_u64le(k->w, &expire));
        if (k->visitor && (int64_t)expire < 1 && (int64_t)expire != RF_NO_EXPIRY)
            return walk_expiry_out_of_range(k, field);
        if (k->visitor)
            TRY(VISIT(k, field, field, value, (int64_t)expire));
    }
    return RF_OK;
}
