/* SPDX-License-Identifier: MIT */
/* Rules as text: what is taken, what is refused and how, and that what is told of them can be read again. */
#include "base/bytes.h"
#include "support/exact.h"
#include "support/rewrites.h"
#include <criterion/criterion.h>
#include <stdio.h>

static rf_code add(rf_rewrite *rewrite, const char *text, rf_error *error)
{
    rf_slice rules = exact_copy(text, strlen(text));
    rf_code code = rf_rewrite_rules(rewrite, rules, "rules.txt", error);
    exact_free(rules);
    return code;
}

/* The rules of a rewrite, a line each; in a static buffer. */
static const char *rules_of(const rf_rewrite *rewrite)
{
    static char text[4096];
    size_t len = 0;
    rf_rule_info info;
    text[0] = '\0';
    for (size_t i = 0; rf_rewrite_rule(rewrite, i, &info); i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s\n", info.rule);
    return text;
}

Test(rewrite_rules, all_kinds_in_the_order_in_which_keys_pass)
{
    rf_rewrite *rewrite = rewrite_of("flatten-dbs  d%d. \r\n"
                                     "  # a comment\n\n"
                                     "\thash-tag {b*}:*\n"
                                     "prefix-db0\n"
                                     "rename\ts/x y/ z /gi\n"
                                     "hash-tag {a b}*\n"
                                     "#map-db 1=1\n"
                                     "map-db 5=0,6=1\n"
                                     "rename s#a#b#\n"
                                     "prefix-db0\n"
                                     "map-db 1=1   ");
    static const char sorted[] = "map-db 5=0\nmap-db 6=1\nmap-db 1=1\n"
                                 "rename s/x y/ z /gi\nrename s#a#b#\n"
                                 "hash-tag {b*}:*\nhash-tag {a b}*\n"
                                 "prefix-db0\nflatten-dbs d%d.\n";
    cr_expect_str_eq(rules_of(rewrite), sorted);
    cr_expect_not(rf_rewrite_keeps_names(rewrite));
    rf_rewrite_free(rewrite);

    rewrite = rewrite_of(sorted);
    cr_expect_str_eq(rules_of(rewrite), sorted);
    rf_rewrite_free(rewrite);
}

Test(rewrite_rules, nothing_is_nothing)
{
    static const char *const texts[] = {"", "\n", "# map-db 1=2", " \t\r\n\v\f"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        rf_rewrite *rewrite = rewrite_of(texts[i]);
        cr_expect(rf_rewrite_keeps_names(rewrite));
        cr_expect_not(rf_rewrite_is_ambiguous(rewrite));
        cr_expect_str_eq(rules_of(rewrite), "");
        rf_rewrite_free(rewrite);
    }
    rf_rewrite_free(NULL);
}

static const struct {
    const char *text, *message; /* a part of it */
} refused[] = {
    {"map-dbs 1=2", "line 1: unknown rule 'map-dbs'"},
    {"map 1=2", "unknown rule 'map'"},
    {"flatten-dbsdb%d:", "unknown rule"},
    {"#\n\nrule", "line 3: "},
    {"map-db", "map-db needs an argument"},
    {"rename ", "rename needs an argument"},
    {"hash-tag", "hash-tag needs an argument"},
    {"prefix-db0 x", "prefix-db0 takes no argument"},
    {"map-db 1", "invalid database mapping '1'"},
    {"map-db =", "'='"},
    {"map-db 1=", "'1='"},
    {"map-db 1=2=3", "'1=2=3'"},
    {"map-db 1=2,", "''"},
    {"map-db ,1=2", "''"},
    {"map-db 1=2, 3=4", "' 3=4'"},
    {"map-db -1=2", "'-1=2'"},
    {"map-db 01=2", "'01=2'"},
    {"map-db 1=2147483648", "'1=2147483648'"},
    {"map-db 1=99999999999999999999999", "invalid database mapping"},
    {"map-db 1=2,1=3", "database 1 is mapped twice"},
    {"map-db 1=2\nmap-db 3=4,1=2", "line 2: database 1 is mapped twice"},
    {"rename s", "invalid rename"},
    {"rename x/a/b/", "invalid rename"},
    {"rename s/a/b", "invalid rename"},
    {"rename s/a", "invalid rename"},
    {"rename s/a\\/b/", "invalid rename"},
    {"rename s/a/b\\/", "invalid rename"},
    {"rename s/a/b/x", "invalid rename"},
    {"rename s/a/b/gg x", "invalid rename"},
    {"rename s\\a\\b\\", "invalid rename"},
    {"rename s/(/b/", "invalid regular expression"},
    {"rename s/a/\\n/", "invalid escape \\n"},
    {"rename s/^a/\\1/", "uses \\1"},
    {"rename s/(a)/\\2/", "uses \\2"},
    {"hash-tag user:*", "invalid hash-tag pattern"},
    {"hash-tag {}*", "invalid hash-tag pattern"},
    {"hash-tag }a{", "invalid hash-tag pattern"},
    {"hash-tag {a", "invalid hash-tag pattern"},
    {"hash-tag a}", "invalid hash-tag pattern"},
    {"hash-tag {a}{b}", "invalid hash-tag pattern"},
    {"hash-tag {a}}", "invalid hash-tag pattern"},
    {"hash-tag {{a}", "invalid hash-tag pattern"},
    {"hash-tag \\{a}", "invalid hash-tag pattern"},
    {"hash-tag {[a}", "invalid hash-tag pattern"},
    {"flatten-dbs db:", "must contain one %d"},
    {"flatten-dbs %d%d", "must contain one %d"},
    {"flatten-dbs %d%", "must contain one %d"},
    {"flatten-dbs %d%s", "must contain one %d"},
    {"flatten-dbs %%d", "must contain one %d"},
    {"flatten-dbs\nflatten-dbs", "line 2: flatten-dbs is given twice"},
};

Test(rewrite_rules, what_makes_no_sense)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        rf_error error;
        char text[256], message[512];
        rf_rewrite *rewrite = rewrite_of("map-db 7=8\nrename s/^7/8/\nhash-tag {7}*");
        static const char before[] = "map-db 7=8\nrename s/^7/8/\nhash-tag {7}*\n";
        snprintf(text, sizeof text, "%s", refused[i].text);
        cr_expect_eq(add(rewrite, text, &error), RF_E_ARGUMENT, "%s", text);
        cr_expect(strstr(error.message, refused[i].message), "%s: %s", text, error.message);
        rf_error_format(&error, message, sizeof message);
        cr_expect_eq(strncmp(message, "rules.txt: line ", 16), 0, "%s", message);
        cr_expect_str_eq(rules_of(rewrite), before);

        /* and none of the lines before it stays */
        snprintf(text, sizeof text, "hash-tag {6}*\nmap-db 9=9\nrename s/a/b/\nprefix-db0\n%s",
                 refused[i].text);
        cr_expect_eq(add(rewrite, text, &error), RF_E_ARGUMENT, "%s", text);
        cr_expect_str_eq(rules_of(rewrite), before);
        cr_expect_not(rf_rewrite_is_ambiguous(rewrite));
        cr_expect_eq(add(rewrite, "map-db 9=9\nmap-db 1=1\nflatten-dbs\nprefix-db0", &error), RF_OK);
        rf_rewrite_free(rewrite);
    }
}

Test(rewrite_rules, one_by_one)
{
    rf_error error;
    rf_rewrite *rewrite = rf_rewrite_new();
    cr_expect_eq(rf_rewrite_map_db(rewrite, "1=2,3=4,1=5", &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_rewrite_map_db(rewrite, "", &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_rewrite_rename(rewrite, "", &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_rewrite_hash_tag(rewrite, "", &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_rewrite_flatten(rewrite, "", &error), RF_E_ARGUMENT);
    cr_expect(rf_rewrite_keeps_names(rewrite));
    cr_expect_eq(rf_rewrite_flatten(rewrite, NULL, &error), RF_OK);
    cr_expect_eq(rf_rewrite_flatten(rewrite, NULL, &error), RF_E_ARGUMENT);
    rf_rewrite_prefix_db0(rewrite);
    rf_rewrite_prefix_db0(rewrite);
    cr_expect_eq(rf_rewrite_hash_tag(rewrite, "{a}*", &error), RF_OK);
    cr_expect_eq(rf_rewrite_rename(rewrite, "s/^a/b/", &error), RF_OK);
    cr_expect_eq(rf_rewrite_map_db(rewrite, "1=2,3=4", &error), RF_OK);
    cr_expect_str_eq(rules_of(rewrite),
                     "map-db 1=2\nmap-db 3=4\nrename s/^a/b/\nhash-tag {a}*\nprefix-db0\nflatten-dbs\n");
    rf_rewrite_free(rewrite);
}

/* What rules_of() says could not be read again. */
Test(rewrite_rules, a_rule_is_a_line)
{
    static const char *const globs[] = {"{a}\n", " {a}", "{a} ", "{a\n}*", "{a}\t"};
    for (size_t i = 0; i < sizeof globs / sizeof *globs; i++) {
        rf_error error;
        rf_rewrite *rewrite = rf_rewrite_new();
        cr_expect_eq(rf_rewrite_hash_tag(rewrite, globs[i], &error), RF_E_ARGUMENT, "%s", globs[i]);
        rf_rewrite_free(rewrite);
    }
    rf_error error;
    rf_rewrite *rewrite = rf_rewrite_new();
    cr_expect_eq(rf_rewrite_rename(rewrite, "s/a\n/b/", &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_rewrite_flatten(rewrite, "%d ", &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_rewrite_rules(rewrite, SLICE("map-db 1=2\nhash-tag {a\0}"), "x", &error), RF_E_ARGUMENT);
    cr_expect_str_eq(error.message, "line 2: contains a NUL byte");
    cr_expect(rf_rewrite_keeps_names(rewrite));
    cr_expect_eq(rf_rewrite_rules(rewrite, (rf_slice){0}, "x", &error), RF_OK);
    rf_rewrite_free(rewrite);
}

Test(rewrite_rules, many)
{
    char *text = malloc(1000 * 48);
    size_t len = 0;
    cr_assert(text);
    for (int i = 0; i < 1000; i++)
        len += (size_t)sprintf(text + len, "hash-tag {r%d:*}:*\nmap-db %d=%d\n", i, i, i + 1);
    bool ambiguous;
    rf_rewrite *rewrite = rewrite_of(text);
    struct location location = rewritten(rewrite, 999, SLICE("r999:x:y"), &ambiguous);
    cr_expect_eq(location.db, 1000);
    cr_expect(slice_equal(location.name, SLICE("{r999:x}:y")));
    rf_rewrite_free(rewrite);
    free(text);
}
