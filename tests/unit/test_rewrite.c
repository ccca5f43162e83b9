/* SPDX-License-Identifier: MIT */
/* What becomes of keys: by hand, against a model that does it the long way, and by Perl's own answers. */
#include "base/bytes.h"
#include "support/exact.h"
#include "support/rewrites.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <rdbferry/slot.h>
#include <stdio.h>
#include <sys/mman.h>

static const struct {
    const char *rules;
    int64_t db;
    const char *key;
    int64_t new_db;
    const char *new_key;
} cases[] = {
    {"", 3, "a", 3, "a"},
    /* map-db: at once, not one after the other */
    {"map-db 5=0", 5, "a", 0, "a"},
    {"map-db 5=0", 6, "a", 6, "a"},
    {"map-db 5=6,6=5", 5, "a", 6, "a"},
    {"map-db 5=6\nmap-db 6=5", 6, "a", 5, "a"},
    {"map-db 0=2147483647", 0, "a", 2147483647, "a"},
    /* rename: prefixes */
    {"rename s/^usr:/user:/", 0, "usr:1", 0, "user:1"},
    {"rename s/^usr:/user:/", 0, "xusr:1", 0, "xusr:1"},
    {"rename s/^a\\.b/x/", 0, "a.bc", 0, "xc"},
    {"rename s/^a\\.b/x/", 0, "aXbc", 0, "aXbc"},
    {"rename s/^/p:/", 0, "", 0, "p:"},
    {"rename s/^a//", 0, "a", 0, ""},
    {"rename s/^a/[&\\0\\&\\\\]/", 0, "ab", 0, "[aa&\\]b"},
    {"rename s/^a}]/x/", 0, "a}]b", 0, "xb"},
    {"rename s/^a/b/g", 0, "aa", 0, "ba"},
    {"rename s/^a/b/i", 0, "Aa", 0, "ba"},
    {"rename s/^a{2}/b/", 0, "aaa", 0, "ba"},
    {"rename s/^a|b/x/", 0, "cb", 0, "cx"},
    /* rename: delimiters */
    {"rename s|^a/|b/|", 0, "a/c", 0, "b/c"},
    {"rename s/^a\\/b/c\\/d/", 0, "a/b", 0, "c/d"},
    {"rename s|a\\|b|x\\|y|", 0, "za|b", 0, "zx|y"},
    {"rename sxa\\xbxcxg", 0, "axbaxb", 0, "cc"},
    {"rename s,[\\,],;,", 0, "a,b", 0, "a;b"},
    {"rename s&a&<\\&\\0>&", 0, "a", 0, "<&a>"},
    {"rename s a b g", 0, "aa", 0, "bb"},
    /* rename: groups, flags, one after the other */
    {"rename s/(\\w+)-(\\d+)/\\2:\\1/", 0, "user-17:x", 0, "17:user:x"},
    {"rename s/(a)|(b)/<\\1\\2>/g", 0, "abc", 0, "<a><b>c"},
    {"rename s/a/b/", 0, "aa", 0, "ba"},
    {"rename s/A/b/gi", 0, "aAc", 0, "bbc"},
    {"rename s/a/b/\nrename s/b/c/g", 0, "ab", 0, "cc"},
    /* empty matches, as Perl has them */
    {"rename s/a*/x/g", 0, "baaac", 0, "xbxxcx"},
    {"rename s/b*/-/g", 0, "abc", 0, "-a--c-"},
    {"rename s/x*/-/g", 0, "", 0, "-"},
    {"rename s/$/!/g", 0, "a", 0, "a!"},
    {"rename s/\\b/|/g", 0, "ab cd", 0, "|ab| |cd|"},
    {"rename s/(?=b)/-/g", 0, "abb", 0, "a-b-b"},
    {"rename s/a\\K/-/g", 0, "aab", 0, "a-a-b"},
    {"rename s/a|/x/g", 0, "aab", 0, "xxxbx"},
    {"rename s/|a/x/g", 0, "aab", 0, "xxxxxbx"},
    /* hash-tag */
    {"hash-tag {user:*}:*", 0, "user:123:cart", 0, "{user:123}:cart"},
    {"hash-tag {user:*}:*", 0, "user:123:cart:1", 0, "{user:123}:cart:1"},
    {"hash-tag {user:*}:*", 0, "user:123", 0, "user:123"},
    {"hash-tag {user:*}:*", 0, "user:{123}:cart", 0, "user:{123}:cart"},
    {"hash-tag user:{*}:*", 0, "user::cart", 0, "user::cart"},
    {"hash-tag {*}", 0, "a", 0, "{a}"},
    {"hash-tag {*}", 0, "", 0, ""},
    {"hash-tag {*}*", 0, "ab", 0, "ab"},
    {"hash-tag {a*}*b", 0, "axb", 0, "{a}xb"},
    {"hash-tag *{?}", 0, "abc", 0, "ab{c}"},
    {"hash-tag *:{[0-9]*}:*", 0, "cart:a:17:items", 0, "cart:a:{17}:items"},
    {"hash-tag \\{{*}", 0, "{a", 0, "{a"}, /* the tag would be "{a" */
    {"hash-tag {a*}", 0, "a{", 0, "{a{}"},
    {"hash-tag {a*}", 0, "a{}b", 0, "a{}b"},
    {"hash-tag {a\\}}b", 0, "a}b", 0, "a}b"},
    {"hash-tag {a}[}]b", 0, "a}b", 0, "{a}}b"},
    {"hash-tag {a*}:x\nhash-tag a:{*}", 0, "a:x", 0, "{a}:x"},
    {"hash-tag {a*}:x\nhash-tag a:{*}", 0, "a:y", 0, "a:{y}"},
    {"hash-tag {*}:*\nhash-tag :{*}", 0, ":x", 0, ":{x}"},
    {"hash-tag {*}a*", 0, "{}a", 0, "{}a"},
    /* flatten-dbs */
    {"flatten-dbs", 0, "a", 0, "a"},
    {"flatten-dbs", 12, "a", 0, "db12:a"},
    {"flatten-dbs", 1, "", 0, "db1:"},
    {"flatten-dbs x%%%d%%", 3, "a", 0, "x%3%a"},
    {"flatten-dbs\nprefix-db0", 0, "a", 0, "db0:a"},
    {"prefix-db0\nflatten-dbs", 7, "a", 0, "db7:a"},
    {"prefix-db0", 0, "a", 0, "a"},
    /* the page of rules_help.c */
    {"rename s/^app1://", 0, "app1:x", 0, "x"},
    {"rename s/^(\\w+)-(\\d+)/\\2:\\1/", 0, "user-17:name", 0, "17:user:name"},
    {"rename s/[^!-~]/_/g", 0, "a b\xff", 0, "a_b_"},
    {"hash-tag *:{[0-9]*}:*", 0, "cart:17:items", 0, "cart:{17}:items"},
    /* the order */
    {"flatten-dbs\nhash-tag {user:*}:*\nrename s/^u:/user:/\nmap-db 5=6", 5, "u:1:x", 0, "db6:{user:1}:x"},
    {"flatten-dbs\nmap-db 5=0", 5, "a", 0, "a"},
    {"flatten-dbs\nmap-db 0=5", 0, "a", 0, "db5:a"},
};

Test(rewrite, what_the_rules_say)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool ambiguous;
        rf_rewrite *rewrite = rewrite_of(cases[i].rules);
        rf_slice key = exact_copy(cases[i].key, strlen(cases[i].key));
        struct location location = rewritten(rewrite, cases[i].db, key, &ambiguous);
        rf_slice expected = slice_of(cases[i].new_key, strlen(cases[i].new_key));
        cr_expect_eq(location.db, cases[i].new_db, "'%s' '%s'", cases[i].rules, cases[i].key);
        cr_expect(slice_equal(location.name, expected), "'%s' '%s': '%.*s'", cases[i].rules, cases[i].key,
                  (int)location.name.len, (const char *)location.name.ptr);
        exact_free(key);
        rf_rewrite_free(rewrite);
    }
}

/* --- other fields ----------------------------------------------------------------------------------- */

Test(rewrite, any_byte_is_one)
{
    bool ambiguous;
    rf_rewrite *rewrite = rewrite_of("rename s/\\x00\\n/-/\nhash-tag {a*}:*\nflatten-dbs");
    struct location location = rewritten(rewrite, 1, SLICE("a\xff\0\n:\0"), &ambiguous);
    cr_expect(slice_equal(location.name, SLICE("db1:{a\xff-}:\0")));
    location = rewritten(rewrite, 1, (rf_slice){0}, &ambiguous);
    cr_expect(slice_equal(location.name, SLICE("db1:")));
    rf_rewrite_free(rewrite);
}

Test(rewrite, the_slot_goes_with_the_name)
{
    rf_error error;
    bool ambiguous;
    rf_rewrite *rewrite = rewrite_of("map-db 1=2\nrename s/^a/b/\nrename s/^same/same/");
    rf_entry entry = {.kind = RF_ENTRY_KEY, .db = 1, .key = SLICE("x"), .slot = 5};
    cr_expect_eq(rf_rewrite_apply(rewrite, &entry, &ambiguous, &error), RF_OK);
    cr_expect_eq(entry.slot, 5);
    entry.key = SLICE("same");
    cr_expect_eq(rf_rewrite_apply(rewrite, &entry, &ambiguous, &error), RF_OK);
    cr_expect_eq(entry.slot, 5);
    entry.key = SLICE("a");
    cr_expect_eq(rf_rewrite_apply(rewrite, &entry, &ambiguous, &error), RF_OK);
    cr_expect_eq(entry.slot, -1);
    rf_rewrite_free(rewrite);
}

Test(rewrite, expiries_move)
{
    static const struct {
        int64_t before, by, after;
    } shifts[] = {
        {RF_NO_EXPIRY, 5, RF_NO_EXPIRY},
        {RF_NO_EXPIRY, -5, RF_NO_EXPIRY},
        {100, 5, 105},
        {100, -100, 0},
        {100, -101, 0},
        {100, INT64_MIN, 0},
        {-5, 3, 0},
        {-5, 6, 1},
        {INT64_MIN, -1, 0},
        {INT64_MAX, 1, INT64_MAX},
        {1, INT64_MAX, INT64_MAX},
        {0, 0, 0},
    };
    for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++) {
        rf_error error;
        bool ambiguous = true;
        rf_rewrite *rewrite = rf_rewrite_new();
        rf_entry entry = {
            .kind = RF_ENTRY_KEY, .type = RF_HASH, .key = SLICE("x"), .expire_ms = shifts[i].before};
        rf_rewrite_shift_expiry(rewrite, shifts[i].by);
        cr_expect_eq(rf_rewrite_apply(rewrite, &entry, &ambiguous, &error), RF_OK);
        cr_expect_eq(entry.expire_ms, shifts[i].after, "%lld by %lld", (long long)shifts[i].before,
                     (long long)shifts[i].by);
        cr_expect_not(ambiguous);
        cr_expect(rf_rewrite_keeps_names(rewrite));
        rf_rewrite_free(rewrite);
    }
}

Test(rewrite, an_error_names_the_key_and_leaves_it)
{
    rf_error error;
    bool ambiguous;
    rf_rewrite *rewrite = rewrite_of("map-db 1=2\nrename s/^(a+)+$/x/\nflatten-dbs");
    char key[64] = {0};
    memset(key, 'a', sizeof key - 2);
    key[sizeof key - 2] = 'b';
    rf_entry entry = {.kind = RF_ENTRY_KEY, .db = 1, .key = slice_of(key, 63), .slot = 7, .expire_ms = 5};
    rf_rewrite_shift_expiry(rewrite, 10);
    cr_expect_eq(rf_rewrite_apply(rewrite, &entry, &ambiguous, &error), RF_E_ARGUMENT);
    cr_expect_str_eq(error.key, key);
    cr_expect_eq(error.db, 1);
    cr_expect_eq(entry.db, 1);
    cr_expect_eq((const void *)entry.key.ptr, (const void *)key);
    cr_expect_eq(entry.slot, 7);
    cr_expect_eq(entry.expire_ms, 5);
    rf_rewrite_free(rewrite);
}

/* What is too much is seen before it is copied: the name need not even be in memory. */
Test(rewrite, a_name_a_server_would_not_take)
{
    enum { LENGTH = 512 * 1024 * 1024 };
    rf_error error;
    bool ambiguous;
    rf_rewrite *rewrite = rewrite_of("flatten-dbs");
    uint8_t *key = mmap(NULL, LENGTH, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    cr_assert_neq((const void *)key, MAP_FAILED);
    rf_entry entry = {.kind = RF_ENTRY_KEY, .db = 1, .key = slice_of(key, LENGTH - 3)};
    cr_expect_eq(rf_rewrite_apply(rewrite, &entry, &ambiguous, &error), RF_E_ARGUMENT);
    cr_expect(strstr(error.message, "512 MB"), "%s", error.message);
    cr_expect_eq(entry.key.len, LENGTH - 3);
    munmap(key, LENGTH);
    rf_rewrite_free(rewrite);
}

Test(rewrite, long_names_in_little_time, .timeout = 20)
{
    enum { LENGTH = 1 << 24 };
    bool ambiguous;
    rf_rewrite *rewrite = rewrite_of("hash-tag *a*a*a*a*{b}*c\nhash-tag {*a*:*}*?a");
    uint8_t *key = malloc(LENGTH);
    cr_assert(key);
    memset(key, 'a', LENGTH);
    key[LENGTH - 3] = ':';
    struct location location = rewritten(rewrite, 0, slice_of(key, LENGTH), &ambiguous);
    cr_expect_eq(location.name.len, LENGTH + 2);
    cr_expect_eq(rf_hash_tag(location.name).len, LENGTH - 2);
    free(key);
    rf_rewrite_free(rewrite);
}

/* --- several threads ---------------------------------------------------------------------------------- */

enum { THREADS = 4, KEYS = 100000 };

/* Keys of one database on a thread. */
struct share {
    rf_rewrite *rewrite;
    int64_t db;
    size_t wrong;
};

static void *rewrite_keys(void *arg)
{
    struct share *share = arg;
    char name[32], expected[64];
    bool ambiguous;
    rf_error error;
    for (int i = 0; i < KEYS; i++) {
        snprintf(name, sizeof name, "u-%d:x", i);
        snprintf(expected, sizeof expected, "db%d:{user:%d}:x", (int)share->db, i);
        rf_entry entry = {.kind = RF_ENTRY_KEY, .db = share->db, .key = slice_of(name, strlen(name))};
        bool done = rf_rewrite_apply(share->rewrite, &entry, &ambiguous, &error) == RF_OK;
        share->wrong += !done || !slice_equal(entry.key, slice_of(expected, strlen(expected)));
    }
    return NULL;
}

Test(rewrite, shared_by_threads)
{
    rf_rewrite *rewrite = rewrite_of("rename s/u-(\\d+)/user:\\1/\nhash-tag {user:*}:*\nflatten-dbs");
    struct share shares[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        shares[i] = (struct share){.rewrite = rf_rewrite_share(rewrite), .db = i + 1};
        cr_assert(shares[i].rewrite);
    }
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, rewrite_keys, &shares[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(shares[i].wrong, 0);
        rf_rewrite_add_counts(rewrite, shares[i].rewrite);
        rf_rewrite_free(shares[i].rewrite);
    }
    cr_expect_eq(rf_rewrite_counts_get(rewrite).changed, THREADS * KEYS);
    rf_rewrite_free(rewrite);
}

/* --- what is counted -------------------------------------------------------------------------------- */

static uint64_t keys_of(const rf_rewrite *rewrite, const char *rule)
{
    rf_rule_info info;
    for (size_t i = 0; rf_rewrite_rule(rewrite, i, &info); i++)
        if (strcmp(info.rule, rule) == 0)
            return info.keys;
    return UINT64_MAX;
}

Test(rewrite, counts)
{
    static const struct {
        int64_t db;
        const char *key;
    } keys[] = {{0, "a:1:x"}, {0, "{t}:a"}, {3, "a:2:x"}, {4, "b"}, {0, "a"}, {0, "c:{t}"}, {0, "d"}};
    bool ambiguous;
    rf_rewrite *rewrite = rewrite_of("map-db 4=0,5=5\nrename s/^d/d/\nrename s/c/&/\nhash-tag {a:*}:*\n"
                                     "hash-tag {a}*\nflatten-dbs");
    for (size_t i = 0; i < 3 * sizeof keys / sizeof *keys; i++) {
        size_t at = i % (sizeof keys / sizeof *keys);
        rf_rewrite_count(rewrite, i / (sizeof keys / sizeof *keys) == 1);
        rewritten(rewrite, keys[at].db, slice_of(keys[at].key, strlen(keys[at].key)), &ambiguous);
    }
    cr_expect_eq(keys_of(rewrite, "map-db 4=0"), 1);
    cr_expect_eq(keys_of(rewrite, "map-db 5=5"), 0);
    cr_expect_eq(keys_of(rewrite, "rename s/^d/d/"), 0);
    cr_expect_eq(keys_of(rewrite, "rename s/c/&/"), 0);
    cr_expect_eq(keys_of(rewrite, "hash-tag {a:*}:*"), 2);
    cr_expect_eq(keys_of(rewrite, "hash-tag {a}*"), 1);
    cr_expect_eq(keys_of(rewrite, "flatten-dbs"), 1);
    rf_rewrite_counts counts = rf_rewrite_counts_get(rewrite);
    cr_expect_eq(counts.changed, 4);
    cr_expect_eq(counts.tagged, 2);
    rf_rewrite_free(rewrite);
}

/* --- random rules against a model ------------------------------------------------------------------- */

/* Rules as the model knows them. */
struct model {
    int64_t map[4];
    char old_prefix[8], new_prefix[8];
    char tags[2][16];
    const char *template; /* NULL: not flattened */
    bool prefix_db0;
};

/* Where the model has put braces. */
struct braces {
    const char *open, *close;
};

/* Writes t as the glob shows it from p on, stars trying 0, 1, 2, ... bytes; false if none fits. */
static bool model_tag(const char *p, const char *t, char *out, struct braces *at)
{
    if (*p == '{' || *p == '}') {
        *out = *p;
        *(*p == '{' ? &at->open : &at->close) = out;
        return model_tag(p + 1, t, out + 1, at);
    }
    if (*p == '*') {
        for (size_t run = 0; run <= strlen(t); run++) {
            memcpy(out, t, run);
            if (model_tag(p + 1, t + run, out + run, at))
                return true;
        }
        return false;
    }
    *out = *t;
    if (!*p || !*t)
        return *p == *t;
    return (*p == '?' || *p == *t) && model_tag(p + 1, t + 1, out + 1, at);
}

/* The first "{" and the first "}" behind it, with something between; or none. */
static struct braces model_braces(const char *name)
{
    const char *open = strchr(name, '{'), *close = open ? strchr(open, '}') : NULL;
    return close && close > open + 1 ? (struct braces){open, close} : (struct braces){0};
}

static int64_t model_rewrite(const struct model *model, int64_t db, char *name)
{
    char made[64];
    size_t old = strlen(model->old_prefix);
    db = model->map[db];
    if (strncmp(name, model->old_prefix, old) == 0) {
        snprintf(made, sizeof made, "%s%s", model->new_prefix, name + old);
        strcpy(name, made);
    }
    for (int i = 0; i < 2 && !model_braces(name).open; i++) {
        struct braces at, effective;
        if (!model_tag(model->tags[i], name, made, &at))
            continue;
        effective = model_braces(made);
        if (effective.open == at.open && effective.close == at.close)
            strcpy(name, made);
    }
    if (model->template && (db != 0 || model->prefix_db0)) {
        const char *number = strstr(model->template, "%d");
        snprintf(made, sizeof made, "%.*s%d%s%.32s", (int)(number - model->template), model->template,
                 (int)db & 3, number + 2, name);
        strcpy(name, made);
    }
    return model->template ? 0 : db;
}

/* A glob with braces around something. */
static void random_tag(uint64_t *state, char out[16])
{
    char parts[3][4];
    for (int i = 0; i < 3; i++)
        random_letters("ab*?:", i == 1 ? 2 : 3, state, parts[i]);
    snprintf(out, 16, "%s{%s%c}%s", parts[0], parts[1], "ab*?"[next_random(state) % 4], parts[2]);
}

static void random_model(uint64_t *state, struct model *model, char *text, size_t size)
{
    static const char *const templates[] = {"db%d:", "%d:", "d%d", "a%d1", NULL, NULL};
    random_letters("ab:", 2, state, model->old_prefix);
    random_letters("ab:{}", 2, state, model->new_prefix);
    random_tag(state, model->tags[0]);
    random_tag(state, model->tags[1]);
    model->template = templates[next_random(state) % 6];
    model->prefix_db0 = next_random(state) % 4 == 0;
    int used = snprintf(text, size, "rename s/^%s/%s/\nhash-tag %s\nhash-tag %s\n%s%s\n%s", model->old_prefix,
                        model->new_prefix, model->tags[0], model->tags[1],
                        model->template ? "flatten-dbs " : "", model->template ? model->template : "",
                        model->prefix_db0 ? "prefix-db0" : "");
    for (int db = 0; db < 4; db++) {
        model->map[db] = next_random(state) % 2 ? db : (int64_t)(next_random(state) % 4);
        used += snprintf(text + used, size - (size_t)used, "\nmap-db %d=%d", db, (int)model->map[db]);
    }
}

struct last_step {
    int64_t db;
    char name[64];
    size_t steps, matched;
};

static void note_step(void *ctx, const rf_rewrite_step *step)
{
    struct last_step *last = ctx;
    last->db = step->db;
    snprintf(last->name, sizeof last->name, "%.*s", (int)step->key.len, (const char *)step->key.ptr);
    last->steps++;
    last->matched += step->matched;
    cr_expect(step->matched ? !step->why_not : true);
}

Test(rewrite, random_rules_against_a_model)
{
    uint64_t state = printed_seed();
    size_t changed = 0;
    for (int round = 0; round < 3000; round++) {
        struct model model;
        char text[256], name[64], letters[16];
        bool ambiguous;
        rf_error error;
        random_model(&state, &model, text, sizeof text);
        rf_rewrite *rewrite = rewrite_of(text);
        for (int i = 0; i < 100; i++) {
            int64_t db = (int64_t)(next_random(&state) % 4);
            random_letters("aabb::{}", 8, &state, letters);
            strcpy(name, letters);
            int64_t new_db = model_rewrite(&model, db, name);
            rf_slice key = exact_copy(letters, strlen(letters));
            struct location location = rewritten(rewrite, db, key, &ambiguous);
            cr_assert(location.db == new_db && slice_equal(location.name, slice_of(name, strlen(name))),
                      "%s\n%d '%s': '%.*s', and not '%s'", text, (int)db, letters, (int)location.name.len,
                      (const char *)location.name.ptr, name);
            changed += strcmp(letters, name) != 0;

            struct last_step last = {0};
            cr_assert_eq(rf_rewrite_explain(rewrite, db, key, note_step, &last, &error), RF_OK);
            cr_assert_eq(last.db, new_db);
            cr_assert_str_eq(last.name, name);
            exact_free(key);
        }
        rf_rewrite_free(rewrite);
    }
    cr_expect_gt(changed, 50000);
}

Test(rewrite, tags_are_put_once)
{
    uint64_t state = printed_seed();
    size_t tagged = 0;
    for (int round = 0; round < 3000; round++) {
        char tags[2][16], text[64], letters[16], once[32];
        bool ambiguous;
        random_tag(&state, tags[0]);
        random_tag(&state, tags[1]);
        snprintf(text, sizeof text, "hash-tag %s\nhash-tag %s", tags[0], tags[1]);
        rf_rewrite *rewrite = rewrite_of(text);
        for (int i = 0; i < 50; i++) {
            random_letters("aabb::{}", 8, &state, letters);
            rf_slice key = slice_of(letters, strlen(letters));
            struct location location = rewritten(rewrite, 0, key, &ambiguous);
            if (slice_equal(location.name, key))
                continue;
            snprintf(once, sizeof once, "%.*s", (int)location.name.len, (const char *)location.name.ptr);
            cr_assert(rf_hash_tag(location.name).ptr, "%s\n'%s'", text, once);
            location = rewritten(rewrite, 0, slice_of(once, strlen(once)), &ambiguous);
            cr_assert(slice_equal(location.name, slice_of(once, strlen(once))), "%s\n'%s'", text, once);
            tagged++;
        }
        rf_rewrite_free(rewrite);
    }
    cr_expect_gt(tagged, 10000);
}

/* --- what each rule does ---------------------------------------------------------------------------- */

struct story {
    char text[1024];
    size_t len;
};

static void tell(void *ctx, const rf_rewrite_step *step)
{
    struct story *story = ctx;
    story->len += (size_t)snprintf(story->text + story->len, sizeof story->text - story->len,
                                   "%s: %s%s%s %d %.*s\n", step->rule, step->matched ? "yes" : "no",
                                   step->why_not ? ", " : "", step->why_not ? step->why_not : "",
                                   (int)step->db, (int)step->key.len, (const char *)step->key.ptr);
}

static void expect_story(const char *rules, int64_t db, const char *key, const char *expected)
{
    rf_error error;
    struct story story = {0};
    rf_rewrite *rewrite = rewrite_of(rules);
    cr_expect_eq(rf_rewrite_explain(rewrite, db, slice_of(key, strlen(key)), tell, &story, &error), RF_OK);
    cr_expect_str_eq(story.text, expected);
    cr_expect_eq(rf_rewrite_counts_get(rewrite).changed, 0);
    rf_rule_info info;
    for (size_t i = 0; rf_rewrite_rule(rewrite, i, &info); i++)
        cr_expect_eq(info.keys, 0);
    rf_rewrite_free(rewrite);
}

Test(rewrite, explanations)
{
    expect_story(
        "flatten-dbs\nhash-tag {b}:*\nhash-tag {a*}:*\nhash-tag {*}\nrename s/^x/a/\nrename s/^y/b/\n"
        "map-db 1=2,2=3",
        1, "x:1",
        "map-db 1=2: yes 2 x:1\n"
        "map-db 2=3: no, another map-db rule matched 2 x:1\n"
        "rename s/^x/a/: yes 2 a:1\n"
        "rename s/^y/b/: no 2 a:1\n"
        "hash-tag {b}:*: no 2 a:1\n"
        "hash-tag {a*}:*: yes 2 {a}:1\n"
        "hash-tag {*}: no, another hash-tag rule matched 2 {a}:1\n"
        "flatten-dbs: yes 0 db2:{a}:1\n");
    expect_story("flatten-dbs\nhash-tag {a}*", 0, "{a}",
                 "hash-tag {a}*: no, the name already has a hash tag 0 {a}\n"
                 "flatten-dbs: no, the key is in database 0 0 {a}\n");
    expect_story("hash-tag a{*}b\nhash-tag *{b}\nprefix-db0", 0, "ab",
                 "hash-tag a{*}b: no, the tag would be empty 0 ab\n"
                 "hash-tag *{b}: yes 0 a{b}\n"
                 "prefix-db0: no, no flatten-dbs rule 0 a{b}\n");
    expect_story("hash-tag *{b}", 0, "{}b",
                 "hash-tag *{b}: no, braces in the name would change the tag 0 {}b\n");
}
