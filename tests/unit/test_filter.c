/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <rdbferry/filter.h>
#include <rdbferry/slot.h>
#include <stdio.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static rf_slice slice(const char *text)
{
    return slice_of(text, strlen(text));
}

static rf_drop_reason matched(rf_filter *filter, const rf_entry *entry)
{
    rf_drop_reason drop = RF_DROP_COUNT;
    rf_error error;
    cr_assert_eq(rf_filter_match(filter, entry, &drop, &error), RF_OK, "%s", error.message);
    return drop;
}

static rf_drop_reason match(rf_filter *filter, int64_t db, const char *key)
{
    rf_entry entry = {.kind = RF_ENTRY_KEY, .db = db, .key = slice(key), .expire_ms = RF_NO_EXPIRY};
    return matched(filter, &entry);
}

static void add(rf_filter *filter, rf_side side, const char *text,
                rf_code (*fn)(rf_filter *, rf_side, const char *, rf_error *))
{
    rf_error error;
    cr_assert_eq(fn(filter, side, text, &error), RF_OK, "%s: %s", text, error.message);
}

/* --- one kind at a time ----------------------------------------------------------------------------- */

Test(filter, one_that_takes_everything)
{
    rf_filter *filter = rf_filter_new();
    cr_expect(rf_filter_is_all(filter));
    cr_expect_not(rf_filter_uses_slots(filter));
    cr_expect(rf_filter_accepts_db(filter, 0) && rf_filter_accepts_db(filter, 5));
    cr_expect(rf_filter_accepts_slot(filter, 0) && rf_filter_accepts_slot(filter, RF_SLOTS - 1));
    cr_expect_eq(match(filter, 0, ""), RF_DROP_NONE);
    cr_expect_eq(match(filter, 9, "x"), RF_DROP_NONE);
    rf_filter_free(filter);
    rf_filter_free(NULL);
}

static void expect_dbs(rf_filter *filter, const char *taken)
{
    for (int db = 0; taken[db]; db++) {
        bool wanted = taken[db] == '1';
        cr_expect_eq(rf_filter_accepts_db(filter, db), wanted, "%s: %d", taken, db);
        cr_expect_eq(match(filter, db, "k"), wanted ? RF_DROP_NONE : RF_DROP_BY_DB, "%s: %d", taken, db);
    }
}

Test(filter, databases)
{
    rf_filter *filter = rf_filter_new();
    expect_dbs(filter, "11111111111");
    add(filter, RF_EXCLUDE, "2,4-5", rf_filter_dbs);
    expect_dbs(filter, "11010011111");
    add(filter, RF_INCLUDE, "0-3,7", rf_filter_dbs);
    expect_dbs(filter, "11010001000");
    add(filter, RF_INCLUDE, "10", rf_filter_dbs);
    expect_dbs(filter, "11010001001");
    cr_expect_not(rf_filter_is_all(filter));
    rf_filter_free(filter);
}

Test(filter, a_database_that_has_been_judged_before)
{
    rf_filter *filter = rf_filter_new();
    cr_expect_eq(match(filter, 1, "k"), RF_DROP_NONE);
    add(filter, RF_EXCLUDE, "1", rf_filter_dbs);
    cr_expect_eq(match(filter, 1, "k"), RF_DROP_BY_DB);
    add(filter, RF_INCLUDE, "2147483647", rf_filter_dbs);
    cr_expect_eq(match(filter, 0, "k"), RF_DROP_BY_DB);
    cr_expect_eq(match(filter, 2147483647, "k"), RF_DROP_NONE);
    rf_filter_free(filter);
}

Test(filter, names)
{
    rf_filter *filter = rf_filter_new();
    add(filter, RF_INCLUDE, "user:*", rf_filter_glob);
    cr_expect_eq(match(filter, 0, "user:1"), RF_DROP_NONE);
    cr_expect_eq(match(filter, 0, "session:1"), RF_DROP_BY_NAME);
    add(filter, RF_INCLUDE, "on:[0-9]+$", rf_filter_regex);
    cr_expect_eq(match(filter, 0, "session:1"), RF_DROP_NONE);
    cr_expect_eq(match(filter, 0, "session:x"), RF_DROP_BY_NAME);
    add(filter, RF_EXCLUDE, "*:1", rf_filter_glob);
    cr_expect_eq(match(filter, 0, "session:1"), RF_DROP_BY_NAME);
    cr_expect_eq(match(filter, 0, "session:2"), RF_DROP_NONE);
    add(filter, RF_EXCLUDE, "^user:2", rf_filter_regex);
    cr_expect_eq(match(filter, 0, "user:2"), RF_DROP_BY_NAME);
    cr_expect_eq(match(filter, 0, "user:3"), RF_DROP_NONE);
    cr_expect_eq(match(filter, 0, "USER:3"), RF_DROP_BY_NAME);
    cr_expect_not(rf_filter_is_all(filter));
    rf_filter_free(filter);
}

Test(filter, names_that_exclude_alone)
{
    rf_filter *filter = rf_filter_new();
    rf_entry entry = {.kind = RF_ENTRY_KEY, .key = SLICE("a\0tmp"), .expire_ms = RF_NO_EXPIRY};
    add(filter, RF_EXCLUDE, "tmp$", rf_filter_regex);
    cr_expect_eq(match(filter, 0, "a:tmp"), RF_DROP_BY_NAME);
    cr_expect_eq(matched(filter, &entry), RF_DROP_BY_NAME);
    cr_expect_eq(match(filter, 0, "a:tm"), RF_DROP_NONE);
    cr_expect_eq(match(filter, 0, ""), RF_DROP_NONE);
    rf_filter_free(filter);
}

Test(filter, a_name_on_which_an_expression_gives_up)
{
    rf_filter *filter = rf_filter_new();
    rf_entry entry = {
        .kind = RF_ENTRY_KEY, .db = 3, .key = SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'")};
    rf_drop_reason drop;
    rf_error error;
    add(filter, RF_EXCLUDE, "^(a+)+$", rf_filter_regex);
    cr_expect_eq(rf_filter_match(filter, &entry, &drop, &error), RF_E_ARGUMENT);
    cr_expect_eq(error.db, 3);
    cr_expect_str_eq(error.key, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\x27");
    cr_expect(strstr(error.message, "'^(a+)+$' failed"), "%s", error.message);
    rf_filter_free(filter);
}

#define TYPE_TEXT(name, text) text,
static const char *const type_texts[] = {RF_TYPES(TYPE_TEXT)};

static void expect_types(rf_filter *filter, const char *taken)
{
    for (int type = 0; type < RF_TYPE_COUNT; type++) {
        rf_entry entry = {.kind = RF_ENTRY_KEY, .type = (rf_type)type, .expire_ms = RF_NO_EXPIRY};
        rf_drop_reason wanted = taken[type] == '1' ? RF_DROP_NONE : RF_DROP_BY_TYPE;
        cr_expect_eq(matched(filter, &entry), wanted, "%s: %s", taken, type_texts[type]);
    }
}

Test(filter, types)
{
    rf_filter *filter = rf_filter_new();
    add(filter, RF_EXCLUDE, "sortedset,module", rf_filter_types);
    expect_types(filter, "111011011");
    add(filter, RF_INCLUDE, "str,zset,hash", rf_filter_types);
    expect_types(filter, "100010000");
    add(filter, RF_INCLUDE, "array", rf_filter_types);
    expect_types(filter, "100010010");
    cr_expect_not(rf_filter_is_all(filter));
    rf_filter_free(filter);
}

Test(filter, every_type_by_its_name)
{
    rf_filter *all = rf_filter_new();
    for (int type = 0; type < RF_TYPE_COUNT; type++) {
        char taken[] = "000000000";
        rf_filter *filter = rf_filter_new();
        taken[type] = '1';
        add(filter, RF_INCLUDE, type_texts[type], rf_filter_types);
        expect_types(filter, taken);
        rf_filter_free(filter);
        add(all, RF_INCLUDE, type_texts[type], rf_filter_types);
    }
    expect_types(all, "111111111");
    cr_expect(rf_filter_is_all(all));
    rf_filter_free(all);
}

Test(filter, expiries)
{
    static const struct {
        rf_expired policy;
        int64_t expire_ms;
        rf_drop_reason drop;
    } cases[] = {
        {RF_EXPIRED_KEEP, 999, RF_DROP_NONE},       {RF_EXPIRED_DROP, RF_NO_EXPIRY, RF_DROP_NONE},
        {RF_EXPIRED_DROP, 1000, RF_DROP_BY_EXPIRY}, {RF_EXPIRED_DROP, 1001, RF_DROP_NONE},
        {RF_EXPIRED_DROP, 0, RF_DROP_BY_EXPIRY},    {RF_EXPIRED_ONLY, RF_NO_EXPIRY, RF_DROP_BY_EXPIRY},
        {RF_EXPIRED_ONLY, 1000, RF_DROP_NONE},      {RF_EXPIRED_ONLY, 1001, RF_DROP_BY_EXPIRY},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        rf_filter *filter = rf_filter_new();
        rf_entry entry = {.kind = RF_ENTRY_KEY, .expire_ms = cases[i].expire_ms};
        rf_filter_expired(filter, cases[i].policy, 1000);
        cr_expect_eq(matched(filter, &entry), cases[i].drop, "case %zu", i);
        cr_expect_eq(rf_filter_is_all(filter), cases[i].policy == RF_EXPIRED_KEEP);
        rf_filter_free(filter);
    }
}

/* --- slots ------------------------------------------------------------------------------------------ */

static unsigned slots_taken(const rf_filter *filter)
{
    unsigned count = 0;
    for (unsigned slot = 0; slot < RF_SLOTS; slot++)
        count += rf_filter_accepts_slot(filter, slot);
    return count;
}

Test(filter, slots)
{
    rf_filter *filter = rf_filter_new();
    rf_error error;
    cr_assert_eq(rf_filter_slots(filter, "5,100-163", &error), RF_OK);
    cr_expect(rf_filter_uses_slots(filter));
    cr_expect_not(rf_filter_is_all(filter));
    cr_expect(rf_filter_accepts_slot(filter, 5) && rf_filter_accepts_slot(filter, 100) &&
              rf_filter_accepts_slot(filter, 163));
    cr_expect_eq(slots_taken(filter), 65);
    cr_assert_eq(rf_filter_slots(filter, "16383,163-164", &error), RF_OK);
    cr_expect(rf_filter_accepts_slot(filter, RF_SLOTS - 1));
    cr_expect_eq(slots_taken(filter), 67);
    cr_expect_eq(match(filter, 0, "k"), RF_DROP_NONE);
    cr_assert_eq(rf_filter_slots(filter, "0-16383", &error), RF_OK);
    cr_expect_eq(slots_taken(filter), RF_SLOTS);
    cr_expect(rf_filter_is_all(filter) && !rf_filter_uses_slots(filter));
    rf_filter_free(filter);
}

static void expect_shard(const char *part, unsigned first, unsigned last)
{
    rf_filter *filter = rf_filter_new();
    rf_error error;
    cr_assert_eq(rf_filter_shard(filter, part, &error), RF_OK, "%s: %s", part, error.message);
    cr_expect(rf_filter_accepts_slot(filter, first) && rf_filter_accepts_slot(filter, last), "%s", part);
    cr_expect_eq(slots_taken(filter), last - first + 1, "%s: %u", part, slots_taken(filter));
    rf_filter_free(filter);
}

Test(filter, shards)
{
    expect_shard("1/1", 0, 16383);
    expect_shard("1/3", 0, 5460);
    expect_shard("2/3", 5461, 10922);
    expect_shard("3/3", 10923, 16383);
    expect_shard("3/5", 6554, 9829);
    expect_shard("2/8", 2048, 4095);
    expect_shard("1/16384", 0, 0);
    expect_shard("16384/16384", 16383, 16383);
}

/* --- what is invalid -------------------------------------------------------------------------------- */

typedef rf_code (*list_fn)(rf_filter *filter, const char *text, rf_error *error);

static rf_code add_dbs(rf_filter *filter, const char *text, rf_error *error)
{
    return rf_filter_dbs(filter, RF_INCLUDE, text, error);
}

static rf_code add_types(rf_filter *filter, const char *text, rf_error *error)
{
    return rf_filter_types(filter, RF_INCLUDE, text, error);
}

static rf_code add_regex(rf_filter *filter, const char *text, rf_error *error)
{
    return rf_filter_regex(filter, RF_INCLUDE, text, error);
}

static const struct {
    list_fn fn;
    const char *text, *quoted;
} refused[] = {
    {add_dbs, "", "''"},
    {add_dbs, "0,,1", "''"},
    {add_dbs, "0,", "''"},
    {add_dbs, "5-3", "invalid database or range '5-3': use numbers, e.g."},
    {add_dbs, "0,x", "'x'"},
    {add_dbs, "-1", "'-1'"},
    {add_dbs, "0-", "'0-'"},
    {add_dbs, "2147483648", "'2147483648'"},
    {add_dbs, "18446744073709551616", "'18446744073709551616'"},
    {add_types, "", "unknown type ''"},
    {add_types, "hash,blob",
     "unknown type 'blob'; the types are string, list, set, zset, hash, stream, module, array, path-hash"},
    {add_types, "Hash", "'Hash'"},
    {add_types, "hash,", "''"},
    {add_types, "has", "'has'"},
    {add_types, "hashes", "'hashes'"},
    {add_regex, "user:(", "'user:('"},
    {rf_filter_slots, "", "''"},
    {rf_filter_slots, "0-5460,16384", "invalid slot or slot range '16384': use numbers from 0 to 16383"},
    {rf_filter_slots, "1,5-3", "'5-3'"},
    {rf_filter_slots, "1,,2", "''"},
    {rf_filter_shard, "", "''"},
    {rf_filter_shard, "0/8", "invalid shard '0/8': use I/N, e.g. 2/8"},
    {rf_filter_shard, "9/8", "'9/8'"},
    {rf_filter_shard, "1", "'1'"},
    {rf_filter_shard, "1/", "'1/'"},
    {rf_filter_shard, "/8", "'/8'"},
    {rf_filter_shard, "1/0", "'1/0'"},
    {rf_filter_shard, "1/16385", "'1/16385'"},
    {rf_filter_shard, "1/2/3", "'1/2/3'"},
    {rf_filter_shard, "1/18446744073709551617", "'1/18446744073709551617'"},
};

Test(filter, text_without_sense)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        rf_filter *filter = rf_filter_new();
        rf_error error = {0};
        cr_expect_eq(refused[i].fn(filter, refused[i].text, &error), RF_E_ARGUMENT, "%s", refused[i].text);
        cr_expect(strstr(error.message, refused[i].quoted), "%s: %s", refused[i].text, error.message);
        cr_expect(rf_filter_is_all(filter), "%s", refused[i].text);
        cr_expect_eq(match(filter, 0, "k"), RF_DROP_NONE);
        rf_filter_free(filter);
    }
}

Test(filter, nothing_of_a_refused_list_stays)
{
    rf_filter *filter = rf_filter_new();
    rf_error error;
    add(filter, RF_INCLUDE, "1", rf_filter_dbs);
    cr_expect_eq(rf_filter_dbs(filter, RF_INCLUDE, "2,3,x", &error), RF_E_ARGUMENT);
    add(filter, RF_INCLUDE, "4", rf_filter_dbs);
    expect_dbs(filter, "01001");
    rf_filter_free(filter);
}

/* --- all kinds at once, against a naive filter ------------------------------------------------------ */

enum { CONDITIONS = 12, KEYS = 200, ROUNDS = 300, NOW = 1000 };

/* A condition as the naive filter has it, and as text. */
struct condition {
    enum { DB, PREFIX, SUFFIX, INFIX, TYPE, CONDITION_KINDS } kind;
    rf_side side;
    int first, last; /* databases; a type */
    char letter;     /* of a name */
};

static struct condition random_condition(uint64_t *random)
{
    struct condition condition = {
        .kind = next_random(random) % CONDITION_KINDS,
        .side = next_random(random) % 3 ? RF_INCLUDE : RF_EXCLUDE,
        .letter = (char)('a' + next_random(random) % 3),
        .first = (int)(next_random(random) % 6),
    };
    condition.last = condition.first + (condition.kind == DB ? (int)(next_random(random) % 3) : 0);
    return condition;
}

static void add_condition(rf_filter *filter, const struct condition *condition)
{
    char text[32];
    switch (condition->kind) {
    case DB:
        snprintf(text, sizeof text, "%d-%d", condition->first, condition->last);
        return add(filter, condition->side, text, rf_filter_dbs);
    case PREFIX:
        snprintf(text, sizeof text, "%c*", condition->letter);
        return add(filter, condition->side, text, rf_filter_glob);
    case SUFFIX:
        snprintf(text, sizeof text, "%c$", condition->letter);
        return add(filter, condition->side, text, rf_filter_regex);
    case INFIX:
        snprintf(text, sizeof text, "*[%c]*", condition->letter);
        return add(filter, condition->side, text, rf_filter_glob);
    case TYPE: return add(filter, condition->side, type_texts[condition->first], rf_filter_types);
    case CONDITION_KINDS: break;
    }
}

static bool is_met(const struct condition *condition, const rf_entry *entry)
{
    const uint8_t *key = entry->key.ptr;
    size_t len = entry->key.len;
    switch (condition->kind) {
    case DB: return entry->db >= condition->first && entry->db <= condition->last;
    case PREFIX: return len > 0 && key[0] == condition->letter;
    case SUFFIX: return len > 0 && key[len - 1] == condition->letter;
    case INFIX: return len > 0 && memchr(key, condition->letter, len);
    case TYPE: return (int)entry->type == condition->first;
    case CONDITION_KINDS: break;
    }
    return false;
}

static rf_drop_reason drop_of(const struct condition *condition)
{
    return condition->kind == DB     ? RF_DROP_BY_DB
           : condition->kind == TYPE ? RF_DROP_BY_TYPE
                                     : RF_DROP_BY_NAME;
}

static rf_drop_reason naive(const struct condition *conditions, size_t count, rf_expired policy,
                            const rf_entry *entry)
{
    for (rf_drop_reason drop = RF_DROP_BY_DB; drop <= RF_DROP_BY_TYPE; drop++) {
        bool some_include = false, included = false, excluded = false;
        for (size_t i = 0; i < count; i++) {
            bool met = is_met(&conditions[i], entry);
            if (drop_of(&conditions[i]) != drop)
                continue;
            some_include |= conditions[i].side == RF_INCLUDE;
            included |= conditions[i].side == RF_INCLUDE && met;
            excluded |= conditions[i].side == RF_EXCLUDE && met;
        }
        if (excluded || (some_include && !included))
            return drop;
    }
    bool has_expired = entry->expire_ms != RF_NO_EXPIRY && entry->expire_ms <= NOW;
    bool dropped = policy == RF_EXPIRED_DROP ? has_expired : policy == RF_EXPIRED_ONLY && !has_expired;
    return dropped ? RF_DROP_BY_EXPIRY : RF_DROP_NONE;
}

static rf_entry random_key(char name[4], uint64_t *random)
{
    size_t len = next_random(random) % 5;
    for (size_t i = 0; i < len; i++)
        name[i] = (char)('a' + next_random(random) % 4);
    return (rf_entry){
        .kind = RF_ENTRY_KEY,
        .db = (int64_t)(next_random(random) % 8),
        .key = slice_of(name, len),
        .type = (rf_type)(next_random(random) % RF_TYPE_COUNT),
        .expire_ms = next_random(random) % 2 ? RF_NO_EXPIRY : (int64_t)(next_random(random) % (2 * NOW)),
    };
}

Test(filter, random_conditions)
{
    uint64_t seed = (uint64_t)time(NULL), random = seed * 2 + 1;
    unsigned counts[RF_DROP_COUNT] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        struct condition conditions[CONDITIONS];
        size_t count = next_random(&random) % CONDITIONS;
        rf_expired policy = next_random(&random) % 3;
        rf_filter *filter = rf_filter_new();
        rf_filter_expired(filter, policy, NOW);
        for (size_t i = 0; i < count; i++) {
            conditions[i] = random_condition(&random);
            add_condition(filter, &conditions[i]);
        }
        for (int i = 0; i < KEYS; i++) {
            char name[4];
            rf_entry entry = random_key(name, &random);
            rf_drop_reason drop = matched(filter, &entry);
            cr_assert_eq(drop, naive(conditions, count, policy, &entry),
                         "seed %" PRIu64 " round %d key %d: %d", seed, round, i, (int)drop);
            cr_assert_eq(drop != RF_DROP_BY_DB, rf_filter_accepts_db(filter, entry.db));
            counts[drop]++;
        }
        rf_filter_free(filter);
    }
    for (rf_drop_reason drop = RF_DROP_NONE; drop <= RF_DROP_BY_EXPIRY; drop++)
        cr_expect_gt(counts[drop], 0, "seed %" PRIu64 ": never %d", seed, (int)drop);
}
