/* SPDX-License-Identifier: MIT */
/* A rewrite: rules that change keys' databases, names and expiries.
 *
 * Rules apply to a key in this order, whatever the order in which they are added:
 *
 *   map-db FROM=TO       replaces the key's database; every mapping refers to the original database
 *   rename s/RE/REPL/g   replaces matches of a Perl-compatible regular expression over bytes in the name. In
 *                        REPL, \0 or & is the match, \1 to \9 are its groups, \\ and \& are literal. The
 *                        character after the s is the delimiter; inside RE and REPL a backslash must precede
 *                        it. Flags are g (all matches, as Perl finds them) and i. Each rename is applied to
 *                        the result of the one before
 *   hash-tag GLOB        adds braces to the name, as shown in the glob: "{user:*}:*" matches user:123:cart
 *                        (the pattern without its braces is matched) and makes {user:123}:cart. Each "*"
 *                        takes the shortest run that lets the whole pattern match, the leftmost first; "\{"
 *                        is a literal brace. The first rule that matches wins. A key that has an effective
 *                        tag keeps its name. The rule does not match if the braces would be empty, or if
 *                        braces in the name would change the effective tag
 *   flatten-dbs [TEMPLATE]   moves the key to database 0, and adds a prefix that shows its origin: the
 *                        template, db%d: by default, with the database's number for %d and a percent sign
 *                        for %%. Keys of database 0 get no prefix
 *   prefix-db0           ... unless this is given
 *   shift-expiry         shifts the key's expiry, and those of its fields
 *
 * A rule is one line of text, without line breaks and without leading or trailing spaces. A rewrite must be
 * used by one thread at a time. */
#ifndef RDBFERRY_REWRITE_H
#define RDBFERRY_REWRITE_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/filter.h>
#include <rdbferry/strings.h>
#include <stdbool.h>

typedef struct rf_rewrite rf_rewrite;

/* A rewrite without rules. Returns NULL if out of memory. */
RF_API rf_rewrite *rf_rewrite_new(void);

/* The same rules for another thread. `from` must outlive the rewrite, to which none may be added, nor to
 * `from` meanwhile. NULL: out of memory. */
RF_API rf_rewrite *rf_rewrite_share(rf_rewrite *from);

/* Adds the counts of a shared rewrite to those of the one it was made from; and clears them. */
RF_API void rf_rewrite_add_counts(rf_rewrite *rewrite, rf_rewrite *shared);
RF_API void rf_rewrite_clear_counts(rf_rewrite *shared);

/* `rewrite` may be NULL. */
RF_API void rf_rewrite_free(rf_rewrite *rewrite);

/* Each of these adds a rule. RF_E_ARGUMENT for an invalid one, which leaves the rewrite unchanged. */

/* "5=0,6=1": a rule for each; a database must not be mapped twice. */
RF_API rf_code rf_rewrite_map_db(rf_rewrite *rewrite, const char *mapping, rf_error *error);
RF_API rf_code rf_rewrite_rename(rf_rewrite *rewrite, const char *expression, rf_error *error);
RF_API rf_code rf_rewrite_hash_tag(rf_rewrite *rewrite, const char *glob, rf_error *error);
/* NULL: "db%d:". It must contain one %d. RF_E_ARGUMENT if called twice. */
RF_API rf_code rf_rewrite_flatten(rf_rewrite *rewrite, const char *prefix, rf_error *error);
/* Has no effect without flatten-dbs. */
RF_API void rf_rewrite_prefix_db0(rf_rewrite *rewrite);

/* The same rules as text, one per line: "map-db 5=0", "rename s/a/b/", "hash-tag {user:*}:*", "flatten-dbs",
 * "flatten-dbs d%d.", "prefix-db0". Surrounding space, empty lines and lines that begin with # are ignored.
 * `name` is used in errors, with the line: "rules.txt: line 3: ...". After an error no rule is added. */
RF_API rf_code rf_rewrite_rules(rf_rewrite *rewrite, rf_slice text, const char *name, rf_error *error);

/* Shifts later expiries by `ms`. The result is clamped to 0 (1970) to INT64_MAX. */
RF_API void rf_rewrite_shift_expiry(rf_rewrite *rewrite, int64_t ms);

/* Declares that only keys accepted by this filter will be rewritten: fewer keys may then be ambiguous. The
 * filter is examined immediately and not retained. */
RF_API void rf_rewrite_expect(rf_rewrite *rewrite, const rf_filter *filter);

/* Whether there are no rules, so that keys keep their names (their expiries may change). */
RF_API bool rf_rewrite_keeps_names(const rf_rewrite *rewrite);

/* Whether rf_rewrite_apply() reports every key as ambiguous. */
RF_API bool rf_rewrite_is_ambiguous(const rf_rewrite *rewrite);

/* Rewrites the db, key and expiry of an entry; if its name changes, its slot is reset. The new name is valid
 * until the next call. *ambiguous: another key might get the same name. Of any two keys that do, at least one
 * is ambiguous. RF_E_ARGUMENT if a regular expression fails or the name exceeds the limit of servers (512
 * MB); the error names the key, which is unchanged. */
RF_API rf_code rf_rewrite_apply(rf_rewrite *rewrite, rf_entry *entry, bool *ambiguous, rf_error *error);

/* The same for keys with plain strings, of which the database after that is known from another key. Returns
 * how many have been rewritten: the next one is ambiguous, or cannot be; it is unchanged, and not counted,
 * and left to rf_rewrite_apply(). New names are valid until rf_rewrite_release_names(). */
RF_API size_t rf_rewrite_strings(rf_rewrite *rewrite, int64_t db, rf_string *keys, size_t count);
RF_API void rf_rewrite_release_names(rf_rewrite *rewrite);

/* Whether a key of a target, judged by its db, key, type and expiry, could be the result of rewriting (NULL:
 * no rewrite) a key accepted by the filter: *drop is RF_DROP_NONE, or the reason to exclude it.
 * rf_rewrite_expect() must have been called with the same filter. If names are both filtered and rewritten,
 * the answer cannot be derived from a name: rf_rewrite_can_cover() then returns false, and
 * rf_rewrite_covers() must not be called. */
RF_API rf_code rf_rewrite_covers(const rf_rewrite *rewrite, const rf_filter *filter, const rf_entry *entry,
                                 rf_drop_reason *drop, rf_error *error);
RF_API bool rf_rewrite_can_cover(const rf_rewrite *rewrite, const rf_filter *filter);

/* Whether later keys are counted. Default: true. */
RF_API void rf_rewrite_count(rf_rewrite *rewrite, bool counts);

/* What one rule has done so far, for reports. */
typedef struct rf_rule_info {
    const char *rule; /* in the form that rf_rewrite_rules() accepts; valid as long as the rewrite */
    uint64_t keys;    /* changed by it */
} rf_rule_info;

/* The rules in the order of their application. Returns false past the last one. */
RF_API bool rf_rewrite_rule(const rf_rewrite *rewrite, size_t index, rf_rule_info *info);

typedef struct rf_rewrite_counts {
    uint64_t changed; /* keys whose database or name has changed */
    uint64_t tagged;  /* keys that had an effective tag before the hash-tag rules, and kept it */
} rf_rewrite_counts;

RF_API rf_rewrite_counts rf_rewrite_counts_get(const rf_rewrite *rewrite);

/* What one rule does to one key. Borrowed until the step function returns. */
typedef struct rf_rewrite_step {
    const char *rule;
    bool matched;
    const char *why_not; /* "another hash-tag rule matched", ...; NULL: it does not match, or it did */
    int64_t db;          /* after this rule */
    rf_slice key;
} rf_rewrite_step;

typedef void (*rf_rewrite_step_fn)(void *ctx, const rf_rewrite_step *step);

/* Reports the effect of each rule in turn on a key. Nothing is counted. After an error, which names the key,
 * the preceding rules have been reported. */
RF_API rf_code rf_rewrite_explain(rf_rewrite *rewrite, int64_t db, rf_slice key, rf_rewrite_step_fn fn,
                                  void *ctx, rf_error *error);

#endif
