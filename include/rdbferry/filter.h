/* SPDX-License-Identifier: MIT */
/* A filter: which keys are selected.
 *
 * Conditions are by database, name (globs and regular expressions), type, expiry and slot. For each kind, a
 * key must match one of the including conditions, if there are any, and none of the excluding ones. All kinds
 * but the slot refer to the key as it is in the input; the slot is that of the name under which it is
 * written. A filter must be used by one thread at a time. */
#ifndef RDBFERRY_FILTER_H
#define RDBFERRY_FILTER_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <stdbool.h>

typedef struct rf_filter rf_filter;

typedef enum rf_side { RF_INCLUDE, RF_EXCLUDE } rf_side;

/* Why a key is not selected. The names are those used in reports. */
/* clang-format off */
#define RF_DROPS(X)                                                                      \
    X(NONE, "taken") X(BY_DB, "db") X(BY_NAME, "name") X(BY_TYPE, "type")               \
    X(BY_EXPIRY, "expired") X(BY_SLOT, "slot") X(BY_FLUSH, "flushed")
/* clang-format on */

typedef enum rf_drop_reason {
#define RF_DROP_ENUM(name, text) RF_DROP_##name,
    RF_DROPS(RF_DROP_ENUM)
#undef RF_DROP_ENUM
        RF_DROP_COUNT
} rf_drop_reason;

/* A filter that selects everything. Returns NULL if out of memory. */
RF_API rf_filter *rf_filter_new(void);

/* The same conditions for another thread. `from` must outlive the filter, to which none may be added, nor to
 * `from` meanwhile. NULL: out of memory. */
RF_API rf_filter *rf_filter_share(const rf_filter *from);

/* `filter` may be NULL. */
RF_API void rf_filter_free(rf_filter *filter);

/* Each of these adds a condition. RF_E_ARGUMENT for an invalid text, which leaves the filter unchanged. */

/* "0", "0,5", "0-3,7". */
RF_API rf_code rf_filter_dbs(rf_filter *filter, rf_side side, const char *list, rf_error *error);

/* A glob in the syntax of KEYS and SCAN, over bytes: "*", "?", "[abc]", "[^a-z]", "\x" for x itself. */
RF_API rf_code rf_filter_glob(rf_filter *filter, rf_side side, const char *pattern, rf_error *error);

/* A Perl-compatible regular expression over bytes; matches anywhere in a name unless it is anchored. */
RF_API rf_code rf_filter_regex(rf_filter *filter, rf_side side, const char *pattern, rf_error *error);

/* "hash", "hash,stream"; "str" and "sortedset" are "string" and "zset". */
RF_API rf_code rf_filter_types(rf_filter *filter, rf_side side, const char *list, rf_error *error);

/* Only keys of these slots: "0-5460", "0-99,200". A second call adds slots to them. */
RF_API rf_code rf_filter_slots(rf_filter *filter, const char *list, rf_error *error);

/* "2/8": only the slots of the second of eight equal ranges, as rf_topology_equal() has them. */
RF_API rf_code rf_filter_shard(rf_filter *filter, const char *part, rf_error *error);

typedef enum rf_expired { RF_EXPIRED_KEEP, RF_EXPIRED_DROP, RF_EXPIRED_ONLY } rf_expired;

/* How keys that have expired at `now_ms` (Unix time) are treated. Default: RF_EXPIRED_KEEP. */
RF_API void rf_filter_expired(rf_filter *filter, rf_expired policy, int64_t now_ms);

/* Whether all keys pass unconditionally; whether keys of this database, of this type may pass; whether slots,
 * types matter. */
RF_API bool rf_filter_is_all(const rf_filter *filter);
RF_API bool rf_filter_accepts_db(const rf_filter *filter, int64_t db);
RF_API bool rf_filter_accepts_type(const rf_filter *filter, rf_type type);
RF_API bool rf_filter_uses_slots(const rf_filter *filter);
RF_API bool rf_filter_uses_types(const rf_filter *filter);

/* Checks a key as it is in the input against all conditions but the slot: *drop is RF_DROP_NONE or the first
 * reason to reject it. Its value is not touched. RF_E_ARGUMENT, naming the key, if a regular expression
 * fails. */
RF_API rf_code rf_filter_match(rf_filter *filter, const rf_entry *entry, rf_drop_reason *drop,
                               rf_error *error);

RF_API bool rf_filter_accepts_slot(const rf_filter *filter, unsigned slot);

#endif
