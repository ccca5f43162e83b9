/* SPDX-License-Identifier: MIT */
/* Which keys are ambiguous: of any that come out as one, all but one at most; and no more than need be.
 *
 * Random rules get all names up to a length, in a few databases, and then what has come out of those, as if
 * it had been there before. Keys that come out as one are found by sorting. */
#include "base/bytes.h"
#include "support/exact.h"
#include "support/rewrites.h"
#include <criterion/criterion.h>
#include <stdio.h>

enum { DATABASES = 4, LONGEST = 24 };

/* A key, and what has become of it. */
struct pair {
    int32_t db, new_db;
    char name[LONGEST], new_name[LONGEST];
    bool ambiguous;
};

struct pairs {
    struct pair *items;
    size_t count, cap;
};

static void add(struct pairs *pairs, int64_t db, const char *name)
{
    if (pairs->count == pairs->cap) {
        pairs->cap = pairs->cap ? 2 * pairs->cap : 4096;
        pairs->items = realloc(pairs->items, pairs->cap * sizeof *pairs->items);
        cr_assert(pairs->items);
    }
    struct pair *pair = &pairs->items[pairs->count++];
    *pair = (struct pair){.db = (int32_t)db};
    snprintf(pair->name, LONGEST, "%s", name);
}

static int by_source(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return x->db != y->db ? x->db - y->db : strcmp(x->name, y->name);
}

static int by_result(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return x->new_db != y->new_db ? x->new_db - y->new_db : strcmp(x->new_name, y->new_name);
}

/* Every key once. */
static void dedupe(struct pairs *pairs)
{
    size_t kept = 0;
    qsort(pairs->items, pairs->count, sizeof *pairs->items, by_source);
    for (size_t i = 0; i < pairs->count; i++)
        if (kept == 0 || by_source(&pairs->items[kept - 1], &pairs->items[i]) != 0)
            pairs->items[kept++] = pairs->items[i];
    pairs->count = kept;
}

static void rewrite_all(rf_rewrite *rewrite, struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        struct pair *pair = &pairs->items[i];
        struct location location = rewritten(rewrite, pair->db, slice_of(pair->name, strlen(pair->name)),
                                             &pair->ambiguous);
        pair->new_db = (int32_t)location.db;
        cr_assert_lt(location.name.len, LONGEST);
        memcpy(pair->new_name, location.name.ptr, location.name.len);
        pair->new_name[location.name.len] = '\0';
    }
}

/* Every name of up to `longest` of the letters, in every database whose bit is set. */
static void add_names(struct pairs *pairs, const char *letters, size_t longest, unsigned dbs)
{
    size_t count = strlen(letters), names = 1;
    for (size_t len = 0; len <= longest; len++, names *= count)
        for (size_t i = 0; i < names; i++) {
            char name[8] = "";
            size_t number = i;
            for (size_t at = 0; at < len; at++, number /= count)
                name[at] = letters[number % count];
            for (int db = 0; db < DATABASES; db++)
                if (dbs >> db & 1)
                    add(pairs, db, name);
        }
}

/* What has come out, in each of the databases, where it is short enough to go once more. */
static void add_results(struct pairs *pairs, unsigned dbs)
{
    for (size_t i = 0, count = pairs->count; i < count; i++)
        for (int db = 0; db < DATABASES; db++)
            if (dbs >> db & 1 && strlen(pairs->items[i].new_name) <= 9) {
                char name[LONGEST];
                strcpy(name, pairs->items[i].new_name);
                add(pairs, db, name);
            }
}

/* All keys that come out as the first one does. */
static size_t group_size(const struct pairs *pairs, size_t first)
{
    size_t end = first + 1;
    while (end < pairs->count && by_result(&pairs->items[first], &pairs->items[end]) == 0)
        end++;
    return end - first;
}

struct outcome {
    size_t colliding, ambiguous; /* keys beyond the first of a group; keys */
    size_t loose;                /* groups with a short name of which each key is ambiguous: one too many */
};

static struct outcome check_groups(struct pairs *pairs, const char *rules)
{
    struct outcome outcome = {0};
    qsort(pairs->items, pairs->count, sizeof *pairs->items, by_result);
    for (size_t i = 0, size; i < pairs->count; i += size) {
        const struct pair *clear = NULL;
        bool has_short = false;
        size = group_size(pairs, i);
        outcome.colliding += size - 1;
        for (size_t k = i; k < i + size; k++) {
            const struct pair *pair = &pairs->items[k];
            outcome.ambiguous += pair->ambiguous;
            has_short |= strlen(pair->name) <= 2;
            if (pair->ambiguous)
                continue;
            cr_assert(!clear, "%s\n'%s' (%d) and '%s' (%d) become '%s' (%d)", rules, clear->name, clear->db,
                      pair->name, pair->db, pair->new_name, pair->new_db);
            clear = pair;
        }
        outcome.loose += has_short && !clear;
    }
    return outcome;
}

/* `filter` may be NULL. */
static struct outcome check_rules(const char *rules, const char *letters, size_t longest, const char *dbs)
{
    rf_error error;
    unsigned set = 15;
    rf_rewrite *rewrite = rewrite_of(rules);
    if (dbs) {
        rf_filter *filter = rf_filter_new();
        cr_assert(filter);
        cr_assert_eq(rf_filter_dbs(filter, RF_INCLUDE, dbs, &error), RF_OK, "%s", error.message);
        rf_rewrite_expect(rewrite, filter);
        for (int db = 0; db < DATABASES; db++)
            if (!rf_filter_accepts_db(filter, db))
                set &= ~(1u << db);
        rf_filter_free(filter);
    }
    struct pairs pairs = {0};
    add_names(&pairs, letters, longest, set);
    rewrite_all(rewrite, &pairs);
    add_results(&pairs, set);
    dedupe(&pairs);
    rewrite_all(rewrite, &pairs);
    struct outcome outcome = check_groups(&pairs, rules);
    if (rf_rewrite_is_ambiguous(rewrite))
        cr_assert_eq(outcome.ambiguous, pairs.count);
    free(pairs.items);
    rf_rewrite_free(rewrite);
    return outcome;
}

/* --- random rules ----------------------------------------------------------------------------------- */

struct text {
    char bytes[512];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void line(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text->len += (size_t)vsnprintf(text->bytes + text->len, sizeof text->bytes - text->len, format, args);
    va_end(args);
}

static bool one_in(uint64_t *state, unsigned n)
{
    return next_random(state) % n == 0;
}

static void add_maps(struct text *text, uint64_t *state)
{
    for (int db = 0; db < DATABASES; db++)
        if (one_in(state, 2))
            line(text, "map-db %d=%d\n", db, (int)(next_random(state) % DATABASES));
}

static void add_renames(struct text *text, uint64_t *state)
{
    static const char *const general[] = {"s/a/1/", "s/[a1]/:/g", "s/^a|^1//", "s/(.)(.)/\\2\\1/",
                                          "s/^d/a/i"};
    char from[4], to[4];
    if (one_in(state, 10))
        line(text, "rename %s\n", general[next_random(state) % 5]);
    for (int i = 0; i < 2; i++)
        if (one_in(state, 2))
            line(text, "rename s/^%s/%s/%s\n", random_letters("a1:}d", 2, state, from),
                 random_letters("a1:{}d", 2, state, to), one_in(state, 4) ? "g" : "");
}

static void add_tags(struct text *text, uint64_t *state)
{
    static const char *const elements[] = {"a", "1",    ":",    "d",   "*",   "*",
                                           "?", "[a1]", "[^:]", "\\{", "\\}", "[{]"};
    for (int rules = (int)(next_random(state) % 3); rules > 0; rules--) {
        line(text, "hash-tag ");
        for (int at = 0; at < 6; at++) {
            line(text, "%s%s",
                 at == 2   ? "{"
                 : at == 5 ? "}"
                           : "",
                 at == 3 || one_in(state, 2) ? elements[next_random(state) % 12] : "");
        }
        line(text, "\n");
    }
}

static void add_flatten(struct text *text, uint64_t *state)
{
    static const char *const templates[] = {
        "d%d:", "%d:", "d%d", "d%d1", "1%d:", "%da", "%d{", "{%d}:", "%d}", "a%d%%"};
    if (one_in(state, 2))
        line(text, "flatten-dbs %s\n", templates[next_random(state) % 10]);
    if (one_in(state, 4))
        line(text, "prefix-db0\n");
}

Test(rewrite_ambiguous, of_any_that_collide_all_but_one, .timeout = 120)
{
    static const char *const filters[] = {NULL, NULL, "0", "1,2", "0,3", "1-3", "2"};
    uint64_t state = printed_seed();
    size_t colliding = 0, rounds = 0, clear = 0;
    for (int round = 0; round < 600; round++) {
        struct text text = {.bytes = ""};
        if (one_in(&state, 2))
            add_maps(&text, &state);
        add_renames(&text, &state);
        add_tags(&text, &state);
        add_flatten(&text, &state);
        struct outcome outcome = check_rules(
            text.bytes, "a1:{}d", 3, filters[next_random(&state) % (sizeof filters / sizeof *filters)]);
        colliding += outcome.colliding;
        rounds += outcome.colliding > 0;
        clear += outcome.ambiguous == 0;
    }
    cr_expect_gt(colliding, 1000);
    cr_expect_gt(rounds, 100);
    cr_expect_gt(clear, 30);
}

/* --- no more than need be --------------------------------------------------------------------------- */

/* Rules, letters of names, databases. None of the names has braces, or a rename that is not of a prefix. */
static const struct {
    const char *rules, *letters, *dbs;
    bool one_to_one;
} tight[] = {
    {"", "a1:", NULL, true},
    {"map-db 0=1", "a1:", NULL, false},
    {"map-db 0=1,1=0,2=3,3=2", "a1:", NULL, true},
    {"map-db 0=1,1=2,2=3,3=0", "a1:", NULL, true},
    {"map-db 0=9,1=9,2=9,3=9", "a1:", "0-3", false},
    {"map-db 1=0,2=0,3=0", "a1:", NULL, false},
    {"map-db 1=0,2=0,3=0", "a1:", "1-3", false},
    {"map-db 1=0", "a1:", "1,2", true},
    {"map-db 0=1,1=2", "a1:", "0,2", true},
    {"rename s/^a/1/", "a1:", "0", false},
    {"rename s/^a/a1/", "a1:", "0", true},
    {"rename s/^a1/a/", "a1:", "0", false},
    {"rename s/^/a/", "a1:", "0", true},
    {"rename s/^a//", "a1:", "0", false},
    {"rename s/^a:/1:/g", "a1:", NULL, false},
    {"hash-tag {*}:*", "a1:", NULL, false},
    {"hash-tag a{*}:*\nhash-tag *{?}", "a1:", NULL, false},
    {"flatten-dbs", "a1:", NULL, false},
    {"flatten-dbs %d:", "a12:", NULL, false},
    {"flatten-dbs %d:", "a12:", "0,2", false},
    {"flatten-dbs a%da", "a12:", NULL, false},
    {"flatten-dbs 1%d:", "a1:", NULL, false},
    {"flatten-dbs %d:\nprefix-db0", "012:", NULL, true},
    {"flatten-dbs %d:\nmap-db 0=1,1=0", "a12:", NULL, false},
    {"flatten-dbs %d:\nmap-db 2=1", "a12:", "0,2", false},
    {"flatten-dbs\nhash-tag {*}:*\nmap-db 1=2,2=1", "a1:", NULL, false},
    {"flatten-dbs x%d:\nhash-tag {*}:*\nrename s/^a/b/", "a1:", NULL, false},
};

/* Whatever collides with a key of a short name is among the longer ones. So each group has one key that is
 * not ambiguous; all keys are alone in theirs where the rules bring no two together. */
Test(rewrite_ambiguous, no_more_than_need_be)
{
    for (size_t i = 0; i < sizeof tight / sizeof *tight; i++) {
        struct outcome outcome = check_rules(tight[i].rules, tight[i].letters, 4, tight[i].dbs);
        cr_expect_eq(outcome.loose, 0, "%s (%s)", tight[i].rules, tight[i].dbs ? tight[i].dbs : "all");
        if (tight[i].one_to_one)
            cr_expect_eq(outcome.ambiguous, 0, "%s (%s)", tight[i].rules,
                         tight[i].dbs ? tight[i].dbs : "all");
        else
            cr_expect_gt(outcome.colliding, 0, "%s (%s)", tight[i].rules,
                         tight[i].dbs ? tight[i].dbs : "all");
    }
}

/* --- by hand ---------------------------------------------------------------------------------------- */

static const struct {
    const char *rules;
    int64_t db;
    const char *key;
    bool ambiguous;
} keys[] = {
    {"flatten-dbs", 0, "db5:a", true},
    {"flatten-dbs", 0, "db2147483647:", true},
    {"flatten-dbs", 0, "db5", false},
    {"flatten-dbs", 0, "db05:a", false},
    {"flatten-dbs", 0, "db0:a", false},
    {"flatten-dbs", 0, "db:a", false},
    {"flatten-dbs", 0, "db99999999999999999999:a", false},
    {"flatten-dbs", 0, "a:db5:a", false},
    {"flatten-dbs", 5, "db5:a", false},
    {"flatten-dbs\nprefix-db0", 0, "db5:a", false},
    {"flatten-dbs %d", 0, "a", true},
    {"flatten-dbs db%d0:", 3, "a", true},
    {"map-db 5=0", 5, "a", true},
    {"map-db 5=0", 0, "a", false},
    {"map-db 5=0", 4, "a", false},
    {"rename s/^a\\.b:/c:/", 0, "a.b:", false},
    {"rename s/^a\\.b:/c:/", 0, "c:x", true},
    {"rename s/^a\\.b:/c:/", 0, "d:x", false},
    {"rename s/^a/&b/", 0, "ab", false}, /* becomes abb */
    {"rename s/^a/\\0/", 0, "ab", false},
    {"rename s/^a:/b:/i", 0, "x", true},
    {"rename s/^a.:/b:/", 0, "x", true},
    {"rename s/a:/b:/", 0, "x", true},
    {"rename s/^a:/b:/\nrename s/x/y/", 0, "x", true},
    {"hash-tag {user:*}:*", 0, "user:1:x", false},
    {"hash-tag {user:*}:*", 0, "{user:1}:x", true},
    {"hash-tag {user:*}:*", 0, "{user:1:x}", false}, /* the rule would make another name of user:1:x */
    {"hash-tag {user:*}:*", 0, "user:{1}:x", false},
    {"hash-tag {user:*}:*", 0, "{user:1}:{x}", false}, /* what becomes this is ambiguous itself */
    {"hash-tag {user:*}:*", 0, "user:1:{x", true},
    {"hash-tag {user:*}:*", 0, "order:{x", false},
};

Test(rewrite_ambiguous, keys_one_by_one)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        bool ambiguous;
        rf_rewrite *rewrite = rewrite_of(keys[i].rules);
        rewritten(rewrite, keys[i].db, slice_of(keys[i].key, strlen(keys[i].key)), &ambiguous);
        cr_expect_eq(ambiguous, keys[i].ambiguous, "%s: %s", keys[i].rules, keys[i].key);
        rf_rewrite_free(rewrite);
    }
}

/* What is expected may be said before the rules, and anew. */
Test(rewrite_ambiguous, what_is_expected)
{
    rf_error error;
    bool ambiguous;
    rf_filter *some = rf_filter_new(), *all = rf_filter_new();
    cr_assert(some && all);
    cr_assert_eq(rf_filter_dbs(some, RF_INCLUDE, "0,5", &error), RF_OK);
    rf_rewrite *rewrite = rf_rewrite_new();
    rf_rewrite_expect(rewrite, some);
    cr_assert_eq(rf_rewrite_rules(rewrite, SLICE("map-db 5=6\nflatten-dbs"), "rules", &error), RF_OK);
    rewritten(rewrite, 0, SLICE("db6:a"), &ambiguous);
    cr_expect(ambiguous);
    rewritten(rewrite, 0, SLICE("db5:a"), &ambiguous);
    cr_expect_not(ambiguous);
    rewritten(rewrite, 5, SLICE("a"), &ambiguous);
    cr_expect_not(ambiguous);
    rf_rewrite_expect(rewrite, all);
    rewritten(rewrite, 5, SLICE("a"), &ambiguous);
    cr_expect(ambiguous);
    rewritten(rewrite, 0, SLICE("db7:a"), &ambiguous);
    cr_expect(ambiguous);
    rf_rewrite_free(rewrite);
    rf_filter_free(some);
    rf_filter_free(all);
}
