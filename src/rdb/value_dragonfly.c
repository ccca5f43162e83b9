/* SPDX-License-Identifier: MIT */
/* Hashes and sets of Dragonfly whose fields or members expire:
 *
 *   hash: n (field value expiry)*   set: n (member expiry)*
 *
 * An expiry is a string with a number: seconds since 2023-02-01 00:00 UTC, or -1 for none. (Dragonfly
 * src/server/common.h: kMemberExpiryBase, rdb_save.cc: SaveHSetObject, SaveSetObject) */
#include "base/number.h"
#include "rdb/rdb_read.h"
#include "rdb/walk.h"

static rf_code read_expiry(struct walk *k, rf_slice owner, int64_t *expire_ms)
{
    rf_slice text;
    int64_t seconds;
    TRY(rdb_string(k->w, &text));
    *expire_ms = RF_NO_EXPIRY;
    if (slice_equal(text, SLICE("-1")))
        return RF_OK;
    if (!number_parse_i64(text, &seconds) || seconds < 0 || seconds > UINT32_MAX)
        return k->frame_only ? RF_OK : walk_expiry_out_of_range(k, owner);
    *expire_ms = (RDB_DRAGONFLY_EXPIRY_BASE + seconds) * 1000;
    return RF_OK;
}

static rf_code skip_strings(struct walk *k, int n)
{
    for (int i = 0; i < n; i++)
        TRY(rdb_skip_string(k->w));
    return RF_OK;
}

static rf_code expiring_field(struct walk *k)
{
    rf_slice field, value;
    int64_t expire_ms;
    TRY(rdb_string(k->w, &field));
    TRY(walk_unique(k, 0, "field", field));
    TRY(rdb_string(k->w, &value));
    TRY(read_expiry(k, field, &expire_ms));
    return VISIT(k, field, field, value, expire_ms);
}

rf_code walk_hash_ttl_dragonfly(struct walk *k)
{
    uint64_t n;
    TRY(walk_count(k, &n));
    for (; n > 0; n--) {
        window_release(k->w);
        TRY(k->visitor ? expiring_field(k) : skip_strings(k, 3));
    }
    return RF_OK;
}

static rf_code expiring_member(struct walk *k)
{
    rf_slice member;
    int64_t expire_ms;
    TRY(walk_read_member(k, &member));
    TRY(read_expiry(k, member, &expire_ms));
    return VISIT(k, member, member, expire_ms);
}

rf_code walk_set_ttl_dragonfly(struct walk *k)
{
    uint64_t n;
    TRY(walk_count(k, &n));
    for (; n > 0; n--) {
        window_release(k->w);
        TRY(k->visitor ? expiring_member(k) : skip_strings(k, 2));
    }
    return RF_OK;
}
