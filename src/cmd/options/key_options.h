/* SPDX-License-Identifier: MIT */
/* Options that filter and rewrite keys, common to all commands. Their results are stored in the command's
 * struct common_options. */
#ifndef CMD_OPTIONS_KEY_OPTIONS_H
#define CMD_OPTIONS_KEY_OPTIONS_H

#include "cmd/options/options.h"
#include <rdbferry/filter.h>
#include <rdbferry/rewrite.h>
#include <stdbool.h>

enum { SHIFT_NONE, SHIFT_BY, SHIFT_AUTO };

struct key_options {
    rf_filter *filter;   /* NULL: no such options */
    rf_rewrite *rewrite; /* NULL: no such options */
    int expired;         /* rf_expired */
    int shift;           /* SHIFT_... */
    int64_t shift_ms;    /* SHIFT_BY */
    bool prefix_db0;
    char *chosen; /* the options that made `filter`, one per line: "--match user:*"; NULL: none */
};

/* False: the options cannot be combined; the error has been printed. Afterwards `filter` is not NULL. */
bool key_options_finalize(struct key_options *keys, const char *command);

void key_options_free(struct key_options *keys);

/* Option handlers; `into` is a struct key_options. */
rf_code opt_db(const char *argument, void *into, rf_error *error);
rf_code opt_no_db(const char *argument, void *into, rf_error *error);
rf_code opt_match(const char *argument, void *into, rf_error *error);
rf_code opt_no_match(const char *argument, void *into, rf_error *error);
rf_code opt_regex(const char *argument, void *into, rf_error *error);
rf_code opt_no_regex(const char *argument, void *into, rf_error *error);
rf_code opt_type(const char *argument, void *into, rf_error *error);
rf_code opt_no_type(const char *argument, void *into, rf_error *error);
rf_code opt_only_slots(const char *argument, void *into, rf_error *error);
rf_code opt_shard(const char *argument, void *into, rf_error *error);
rf_code opt_rename(const char *argument, void *into, rf_error *error);
rf_code opt_hash_tag(const char *argument, void *into, rf_error *error);
rf_code opt_flatten(const char *argument, void *into, rf_error *error);
rf_code opt_map_db(const char *argument, void *into, rf_error *error);
rf_code opt_rules(const char *argument, void *into, rf_error *error);
rf_code opt_shift(const char *argument, void *into, rf_error *error);

extern const struct option_choice expired_choices[];

/* clang-format off */
#define KEY_ROW(type, letter, name, argument, help, function) \
    {OPTION_HANDLER, letter, name, argument, help, .offset = offsetof(type, common.keys), .handle = function}

/* `type`: the command's struct, which has a member `common`. */
#define FILTER_ROWS(type)                                                                                     \
    {OPTION_HEADING, .help = "Filtering keys (options combine; exclusions win)"},                               \
    KEY_ROW(type, 'd', "db", "LIST", "only these databases: 0,5-7", opt_db),                              \
    KEY_ROW(type, 'D', "no-db", "LIST", "not these databases", opt_no_db),                                         \
    KEY_ROW(type, 'k', "match", "GLOB", "only keys that match, as in KEYS: 'user:*'", opt_match),       \
    KEY_ROW(type, 'K', "no-match", "GLOB", "no keys that match", opt_no_match),                                 \
    KEY_ROW(type, 0, "key-regex", "RE", "only keys that contain a match of this\nPerl-compatible regular expression", opt_regex), \
    KEY_ROW(type, 0, "no-key-regex", "RE", "no keys that contain a match", opt_no_regex),                       \
    KEY_ROW(type, 't', "type", "LIST", "only these types: string, list, set, zset, hash,\nstream, module, array", opt_type), \
    KEY_ROW(type, 'T', "no-type", "LIST", "not these types", opt_no_type),                                     \
    {OPTION_CHOICE, 0, "expired", "POLICY", "expired keys: keep, drop, or only these (keep)", \
     .offset = offsetof(type, common.keys.expired), .choices = expired_choices},                              \
    KEY_ROW(type, 0, "only-slots", "LIST", "only these cluster slots, after renaming: 0-5460", opt_only_slots), \
    KEY_ROW(type, 0, "shard", "I/N", "only the slots of the I-th of N equal ranges", opt_shard)

#define REWRITE_ROWS(type)                                                                                    \
    {OPTION_HEADING, .help = "Rewriting keys, in this order (see 'rdbferry help rules')"},                    \
    KEY_ROW(type, 0, "map-db", "FROM=TO", "move keys to another database: 5=0,6=0", opt_map_db),            \
    KEY_ROW(type, 0, "rename", "s/RE/REPL/", "rename keys; \\1 is the match of the first group;\nflags: g, i", opt_rename), \
    KEY_ROW(type, 0, "hash-tag", "GLOB", "add a hash tag: '{user:*}:*' turns user:1:cart into\n{user:1}:cart; the first match wins", opt_hash_tag), \
    {OPTION_HANDLER, 0, "flatten-dbs", "PREFIX", "move all keys to database 0; prefix the names of\nthose in other databases (db%d:)", \
     .offset = offsetof(type, common.keys), .handle = opt_flatten, .optional = true},                        \
    {OPTION_FLAG, 0, "prefix-db0", .help = "prefix the names in database 0 as well",                          \
     .offset = offsetof(type, common.keys.prefix_db0)},                                                       \
    KEY_ROW(type, 0, "rules", "FILE", "read such rules from FILE, one per line", opt_rules),                            \
    KEY_ROW(type, 0, "shift-expiry", "DURATION", "extend expiries of keys and fields by DURATION, or by\nthe age of the input: auto", opt_shift)
/* clang-format on */

#endif
