/* SPDX-License-Identifier: MIT */
/* Keys with plain strings become what other keys become; those that are ambiguous are left as they are, and
 * are not counted. */
#include "base/bytes.h"
#include "support/exact.h"
#include "support/rewrites.h"
#include "transform/rewrite_names.h"
#include <criterion/criterion.h>
#include <rdbferry/slot.h>

enum { SHORT = 12, LONGEST = 80 };

static const char *const rules[] = {
    "flatten-dbs",
    "hash-tag {a*}*",
    "hash-tag *:{*}\nflatten-dbs",
    "hash-tag aa{a*}a\nhash-tag {a*}:*b\nhash-tag *b{*}\nflatten-dbs %d:",
    "hash-tag {a*:}aaaaaaaa\nhash-tag aaaaaaaab*{:}*\nflatten-dbs database_number_%d:",
    "hash-tag {a*b:}*a\nflatten-dbs",
    "hash-tag {a}*\nhash-tag a:{*}\nflatten-dbs x%d.\nprefix-db0",
    "map-db 1=2,2=1\nrename s/^a/db/\nhash-tag {*}:*",
    "map-db 1=0\nrename s/^:/{/\nflatten-dbs {%d}",
    "rename s/^a/ab/\nrename s/^ab/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/",
    "rename s/a/b/g",
    "",
};

/* What stands for a record in the input. */
static const uint8_t record[1];

/* What is known of its tag is so. */
static void check_tag(const rf_string *key)
{
    if (key->tag_length == 0)
        return;
    rf_slice tag = rf_hash_tag(key->key);
    cr_assert_eq(tag.ptr, key->key.ptr + key->tag_at);
    cr_assert_eq(tag.len, key->tag_length);
}

/* With one rewrite as a string, with the other one as an entry. Returns whether it is not ambiguous. */
static bool check_key(rf_rewrite *of_strings, rf_rewrite *of_entries, int64_t db, rf_slice name,
                      int64_t expire_ms)
{
    rf_error error;
    bool ambiguous;
    rf_entry entry = {.kind = RF_ENTRY_KEY, .db = db, .key = name, .expire_ms = expire_ms, .slot = 5};
    rf_string key = {.record = record, .key = name, .expire_ms = expire_ms, .slot = 5};
    const bool done = rf_rewrite_strings(of_strings, db, &key, 1) > 0;
    rf_rewrite_count(of_entries, done);
    cr_assert_eq(rf_rewrite_apply(of_entries, &entry, &ambiguous, &error), RF_OK);
    cr_assert_neq(done, ambiguous, "%.*s", (int)name.len, (const char *)name.ptr);
    if (!done)
        entry = (rf_entry){.key = name, .expire_ms = expire_ms, .slot = 5};
    cr_assert(slice_equal(key.key, entry.key), "%.*s", (int)name.len, (const char *)name.ptr);
    cr_assert_eq(key.expire_ms, entry.expire_ms);
    cr_assert_eq(key.slot, entry.slot);
    check_tag(&key);
    cr_assert_eq(key.record == record, slice_equal(entry.key, name) && entry.expire_ms == expire_ms);
    return done;
}

/* Most tags are known. */
Test(rewrite_strings, knows_tags)
{
    rf_rewrite *rewrite = rewrite_of("hash-tag *:{*}\nflatten-dbs");
    rf_string key = {.record = record, .key = SLICE("user:1234"), .expire_ms = RF_NO_EXPIRY, .slot = 5};
    cr_assert_eq(rf_rewrite_strings(rewrite, 1, &key, 1), 1);
    cr_assert(slice_equal(key.key, SLICE("db1:user:{1234}")));
    cr_assert_eq(key.tag_length, 4);
    check_tag(&key);
    rf_rewrite_free(rewrite);
}

static void check_counts(const rf_rewrite *of_strings, const rf_rewrite *of_entries)
{
    rf_rewrite_counts a = rf_rewrite_counts_get(of_strings), b = rf_rewrite_counts_get(of_entries);
    rf_rule_info one, other;
    cr_assert_eq(a.changed, b.changed);
    cr_assert_eq(a.tagged, b.tagged);
    for (size_t i = 0; rf_rewrite_rule(of_strings, i, &one); i++) {
        cr_assert(rf_rewrite_rule(of_entries, i, &other));
        cr_assert_eq(one.keys, other.keys, "%s", one.rule);
    }
}

static size_t check_keys(rf_rewrite *of_strings, rf_rewrite *of_entries, uint64_t *state)
{
    size_t done = 0;
    for (int n = 0; n < 5000; n++) {
        char text[LONGEST + 1];
        const char *letters = next_random(state) % 4 ? "aab:" : "ab:{}d1";
        random_letters(letters, next_random(state) % 4 ? SHORT : LONGEST, state, text);
        rf_slice name = exact_copy(text, strlen(text));
        const int64_t db = (int64_t)(next_random(state) % 3);
        done += check_key(of_strings, of_entries, db, name, next_random(state) % 2 ? RF_NO_EXPIRY : 1000);
        exact_free(name);
    }
    return done;
}

Test(rewrite_strings, as_entries)
{
    uint64_t state = printed_seed();
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        rf_rewrite *of_strings = rewrite_of(rules[i]), *of_entries = rewrite_of(rules[i]);
        size_t done = 0;
        for (int shift = 0; shift < 2; shift++) {
            rf_rewrite_shift_expiry(of_strings, shift * 500);
            rf_rewrite_shift_expiry(of_entries, shift * 500);
            done += check_keys(of_strings, of_entries, &state);
            check_counts(of_strings, of_entries);
        }
        cr_assert_eq(done == 0, rf_rewrite_is_ambiguous(of_strings), "%s", rules[i]);
        rf_rewrite_free(of_strings);
        rf_rewrite_free(of_entries);
    }
}

/* Keys in one call: up to the first one that is ambiguous, and with names of their own. */
static void check_batch(rf_rewrite *of_strings, rf_rewrite *of_entries, uint64_t *state)
{
    enum { MOST = 40 };
    const int64_t db = (int64_t)(next_random(state) % 3);
    rf_string keys[MOST];
    rf_slice names[MOST];
    for (size_t i = 0; i < MOST; i++) {
        char text[LONGEST + 1];
        random_letters(next_random(state) % 8 ? "aab:" : "ab:{}d1", next_random(state) % 4 ? SHORT : LONGEST,
                       state, text);
        names[i] = exact_copy(text, strlen(text));
        keys[i] = (rf_string){.record = record, .key = names[i], .expire_ms = RF_NO_EXPIRY, .slot = 5};
    }
    const size_t done = rf_rewrite_strings(of_strings, db, keys, MOST);
    for (size_t i = 0; i < MOST; i++) {
        rf_entry entry = {.kind = RF_ENTRY_KEY, .db = db, .key = names[i], .expire_ms = RF_NO_EXPIRY};
        rf_error error;
        bool ambiguous;
        rf_rewrite_count(of_entries, i < done);
        cr_assert_eq(rf_rewrite_apply(of_entries, &entry, &ambiguous, &error), RF_OK);
        cr_assert(i > done || ambiguous == (i == done));
        cr_assert(slice_equal(keys[i].key, i < done ? entry.key : names[i]));
    }
    rf_rewrite_release_names(of_strings);
    for (size_t i = 0; i < MOST; i++)
        exact_free(names[i]);
}

Test(rewrite_strings, several_at_once)
{
    uint64_t state = printed_seed();
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        rf_rewrite *of_strings = rewrite_of(rules[i]), *of_entries = rewrite_of(rules[i]);
        for (int round = 0; round < 1000; round++)
            check_batch(of_strings, of_entries, &state);
        check_counts(of_strings, of_entries);
        rf_rewrite_free(of_strings);
        rf_rewrite_free(of_entries);
    }
}

Test(rewrite_strings, a_brace_anywhere)
{
    rf_rewrite *of_strings = rewrite_of("hash-tag *:{*}\nflatten-dbs"),
               *of_entries = rewrite_of("hash-tag *:{*}\nflatten-dbs");
    for (size_t n = 1; n <= LONGEST; n++)
        for (size_t at = 0; at < n; at++) {
            char text[LONGEST];
            memset(text, 'a', n);
            text[n / 2] = ':';
            text[at] = at % 2 ? '{' : '}';
            rf_slice name = exact_copy(text, n);
            check_key(of_strings, of_entries, 1, name, RF_NO_EXPIRY);
            exact_free(name);
        }
    check_counts(of_strings, of_entries);
    rf_rewrite_free(of_strings);
    rf_rewrite_free(of_entries);
}

/* Of commands many have the key of the one before. */
static void check_commands(rf_rewrite *of_strings, rf_rewrite *of_commands, uint64_t *state)
{
    enum { MOST = 40 };
    const int64_t db = (int64_t)(next_random(state) % 3);
    rf_string keys[MOST];
    rf_plain_command commands[MOST];
    char texts[MOST][LONGEST + 1];
    for (size_t i = 0; i < MOST; i++) {
        if (i == 0 || next_random(state) % 2)
            random_letters(next_random(state) % 8 ? "aab:" : "ab:{}d1", SHORT, state, texts[i]);
        else
            strcpy(texts[i], texts[i - 1]);
        keys[i] = (rf_string){.key = slice_of(texts[i], strlen(texts[i])), .expire_ms = RF_NO_EXPIRY};
        commands[i] = (rf_plain_command){.key = keys[i].key};
    }
    const size_t done = rf_rewrite_strings(of_strings, db, keys, MOST);
    cr_assert_eq(rewrite_plain_commands(of_commands, db, commands, MOST), done);
    for (size_t i = 0; i < MOST; i++)
        cr_assert(slice_equal(commands[i].key, keys[i].key), "%s", texts[i]);
    rf_rewrite_release_names(of_strings);
    rf_rewrite_release_names(of_commands);
}

Test(rewrite_strings, commands_as_strings)
{
    uint64_t state = printed_seed();
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        rf_rewrite *of_strings = rewrite_of(rules[i]), *of_commands = rewrite_of(rules[i]);
        for (int round = 0; round < 1000; round++)
            check_commands(of_strings, of_commands, &state);
        check_counts(of_strings, of_commands);
        rf_rewrite_free(of_strings);
        rf_rewrite_free(of_commands);
    }
}

Test(rewrite_strings, counted_only_if_wanted)
{
    rf_rewrite *rewrite = rewrite_of("flatten-dbs");
    for (int counts = 0; counts < 2; counts++) {
        rf_string key = {.record = record, .key = SLICE("a"), .expire_ms = RF_NO_EXPIRY, .slot = -1};
        rf_rewrite_count(rewrite, counts);
        cr_assert_eq(rf_rewrite_strings(rewrite, 1, &key, 1), 1);
        cr_assert(slice_equal(key.key, SLICE("db1:a")));
        cr_assert_eq(rf_rewrite_counts_get(rewrite).changed, (uint64_t)counts);
    }
    rf_rewrite_free(rewrite);
}
