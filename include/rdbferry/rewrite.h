/* SPDX-License-Identifier: MIT */
/* A rewrite: rules that change keys' databases, names and expiries.
 *
 * Whatever the order in which rules are added, a key passes them in this one:
 *
 *   map-db FROM=TO       its database becomes another one; each mapping looks at the one it came from
 *   rename s/RE/REPL/g   its name, by a Perl-compatible regular expression over bytes; in REPL, \0 or & is
 *                        what has matched, \1 to \9 are its groups, \\ and \& are these two themselves. The
 *                        character behind the s delimits, and is one of RE or REPL with a backslash before
 *                        it; flags are g (all matches, as Perl finds them) and i. Each rename gets what the
 *                        one before has made
 *   hash-tag GLOB        its name gets braces, as the glob shows them: "{user:*}:*" matches user:123:cart (it
 *                        is the pattern without its braces that matches) and makes {user:123}:cart. Each "*"
 *                        takes the shortest run that lets the whole pattern match, the leftmost first; "\{"
 *                        is a brace of the name. The first rule that matches wins. A key that has an
 *                        effective tag keeps its name. Where nothing is between the braces, or braces of the
 *                        name itself would make the effective tag another one, the rule does not match
 *   flatten-dbs [TEMPLATE]   it goes to database 0, and its name gets a prefix that says where from: the
 *                        template, db%d: unless it is given, with the database's number for %d and a percent
 *                        sign for %%. Keys of database 0 get none
 *   prefix-db0           ... unless this is said
 *   shift-expiry         its expiry, and those of its fields, move
 *
 * A rule is one line of text: no line break in it, no space at its ends.
 * A rewrite is used by one thread at a time. */
#ifndef RDBFERRY_REWRITE_H
#define RDBFERRY_REWRITE_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/filter.h>
#include <stdbool.h>

typedef struct rf_rewrite rf_rewrite;

/* One that changes nothing. NULL when memory is out. */
RF_API rf_rewrite *rf_rewrite_new(void);

/* NULL is let through. */
RF_API void rf_rewrite_free(rf_rewrite *rewrite);

/* Each of these adds a rule. RF_E_ARGUMENT for one that makes no sense: the rewrite is as it was. */

/* "5=0,6=1": a rule for each; a database mapped twice makes no sense. */
RF_API rf_code rf_rewrite_map_db(rf_rewrite *rewrite, const char *mapping, rf_error *error);
RF_API rf_code rf_rewrite_rename(rf_rewrite *rewrite, const char *expression, rf_error *error);
RF_API rf_code rf_rewrite_hash_tag(rf_rewrite *rewrite, const char *glob, rf_error *error);
/* NULL: "db%d:". There has to be one %d in it. Said twice, RF_E_ARGUMENT. */
RF_API rf_code rf_rewrite_flatten(rf_rewrite *rewrite, const char *prefix, rf_error *error);
/* Does nothing without flatten-dbs. */
RF_API void rf_rewrite_prefix_db0(rf_rewrite *rewrite);

/* The same rules as text, one a line: "map-db 5=0", "rename s/a/b/", "hash-tag {user:*}:*", "flatten-dbs",
 * "flatten-dbs d%d.", "prefix-db0". Space around them, empty lines and lines that begin with # mean nothing.
 * `name` stands in errors, which tell the line: "rules.txt: line 3: ...". After an error none is added. */
RF_API rf_code rf_rewrite_rules(rf_rewrite *rewrite, rf_slice text, const char *name, rf_error *error);

/* By how much expiries move from here on. One that would lie before 1970 becomes 0, one that is too large
 * INT64_MAX. */
RF_API void rf_rewrite_shift_expiry(rf_rewrite *rewrite, int64_t ms);

/* Says that only keys which this filter takes will come: fewer keys may then be ambiguous. It is looked at
 * at once, and not kept. */
RF_API void rf_rewrite_expect(rf_rewrite *rewrite, const rf_filter *filter);

/* Whether there are no rules, so that keys come out as they went in (their expiries aside). */
RF_API bool rf_rewrite_keeps_names(const rf_rewrite *rewrite);

/* Whether rf_rewrite_apply() finds every key ambiguous. */
RF_API bool rf_rewrite_is_ambiguous(const rf_rewrite *rewrite);

/* Rewrites a key: its db, key and expiry; its slot is forgotten with its name. The new name lies in the
 * rewrite, until the next call. *ambiguous: another key might come out with this name. Of any two that do, at
 * least one is ambiguous. RF_E_ARGUMENT where a regular expression gives up or the name becomes longer than a
 * server takes (512 MB); the error names the key, which is as it was. */
RF_API rf_code rf_rewrite_apply(rf_rewrite *rewrite, rf_entry *entry, bool *ambiguous, rf_error *error);

/* Whether a key of a target could be one that the filter takes and the rewrite (NULL: none) has made, by its
 * db, key, type and expiry: *drop is RF_DROP_TAKEN, or the reason against it. rf_rewrite_expect() has to have
 * seen the same filter. Where names are both chosen and rewritten, a name does not tell:
 * rf_rewrite_can_cover() is false then, and this is not to be asked. */
RF_API rf_code rf_rewrite_covers(const rf_rewrite *rewrite, const rf_filter *filter, const rf_entry *entry,
                                 rf_drop *drop, rf_error *error);
RF_API bool rf_rewrite_can_cover(const rf_rewrite *rewrite, const rf_filter *filter);

/* Whether what follows is counted; at first it is. */
RF_API void rf_rewrite_count(rf_rewrite *rewrite, bool counts);

/* What one rule has done so far, for reports. */
typedef struct rf_rule_info {
    const char *rule; /* as rf_rewrite_rules() takes it; lives as long as the rewrite */
    uint64_t keys;    /* changed by it */
} rf_rule_info;

/* The rules in the order in which keys pass them; false past the last one. */
RF_API bool rf_rewrite_rule(const rf_rewrite *rewrite, size_t index, rf_rule_info *info);

typedef struct rf_rewrite_counts {
    uint64_t changed; /* keys of which database or name is another one */
    uint64_t tagged;  /* keys that had an effective tag where there are hash-tag rules, and so kept it */
} rf_rewrite_counts;

RF_API rf_rewrite_counts rf_rewrite_counts_get(const rf_rewrite *rewrite);

/* What one rule does to one key. Borrowed until the step function returns. */
typedef struct rf_rewrite_step {
    const char *rule;
    bool matched;
    const char *why_not; /* "another hash-tag rule has matched", ...; NULL: it does not match, or it did */
    int64_t db;          /* behind this rule */
    rf_slice key;
} rf_rewrite_step;

typedef void (*rf_rewrite_step_fn)(void *ctx, const rf_rewrite_step *step);

/* Tells for each rule in turn what it does to a key. Nothing is counted. After an error, which names the key,
 * the rules up to there have been told. */
RF_API rf_code rf_rewrite_explain(rf_rewrite *rewrite, int64_t db, rf_slice key, rf_rewrite_step_fn fn,
                                  void *ctx, rf_error *error);

#endif
