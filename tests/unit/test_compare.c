/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
#include "base/bytes.h"
#include "support/exact.h"
#include "support/record.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <rdbferry/compare.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* --- what is told, as lines ------------------------------------------------------------------------- */

static void put_record(struct buffer *out, const char *side, const rf_key_record *record)
{
    if (!record)
        return;
    record_text(out, " %s %" PRId64 " ", side, record->db);
    record_bytes(out, slice_of(record->key.ptr, record->key.len < 40 ? record->key.len : 40));
    record_text(out, " %d %" PRIx64 "%" PRIx64 " %" PRId64 " %u:%" PRIu64, (int)record->type,
                record->value.low, record->value.high, record->expire_ms, record->input, record->offset);
}

static void put_line(struct buffer *out, const rf_difference *difference)
{
    record_text(out, "%s", (const char *const[]){"added", "removed", "changed", "twice"}[difference->kind]);
    put_record(out, "before", difference->before);
    put_record(out, "after", difference->after);
    record_text(out, "\n");
}

static rf_code take(void *ctx, const rf_difference *difference, rf_error *error)
{
    (void)error;
    put_line(ctx, difference);
    return RF_OK;
}

static int order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in an order that depends on nothing else. */
static void sort_lines(struct buffer *text)
{
    size_t count = 0, n = 0;
    struct buffer sorted = {0};
    record_end(text);
    for (const char *at = (const char *)text->data; (at = strchr(at, '\n')); at++)
        count++;
    char **lines = calloc(count + 1, sizeof *lines);
    for (char *line = strtok((char *)text->data, "\n"); line; line = strtok(NULL, "\n"))
        lines[n++] = line;
    qsort(lines, n, sizeof *lines, order);
    for (size_t i = 0; i < n; i++)
        record_text(&sorted, "%s\n", lines[i]);
    record_end(&sorted);
    free(lines);
    buffer_free(text);
    *text = sorted;
}

/* --- sets ------------------------------------------------------------------------------------------- */

struct set {
    rf_key_record *records;
    size_t count;
};

static rf_code compare(const struct set sets[2], rf_compare_options options, struct buffer *told,
                       rf_error *error)
{
    rf_compare *c;
    options.fn = take;
    options.ctx = told;
    rf_code code = rf_compare_open(&options, &c, error);
    for (size_t i = 0; i < sets[0].count && code == RF_OK; i++)
        code = rf_compare_add_before(c, &sets[0].records[i], error);
    for (size_t i = 0; i < sets[1].count && code == RF_OK; i++)
        code = rf_compare_add_after(c, &sets[1].records[i], error);
    if (code == RF_OK)
        code = rf_compare_finish(c, error);
    rf_compare_close(c);
    sort_lines(told);
    return code;
}

static void expect_told(const struct set sets[2], rf_compare_options options, const char *expected)
{
    static const uint64_t limits[] = {1, 3000, 20000, 0};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct buffer told = {0};
        rf_error error;
        options.memory = limits[i];
        cr_assert_eq(compare(sets, options, &told, &error), RF_OK, "%s", error.message);
        cr_expect_str_eq((const char *)told.data, expected, "memory %" PRIu64 ":\n%s", limits[i],
                         (const char *)told.data);
        buffer_free(&told);
    }
}

#define KEY(text) .key = {(const uint8_t *)(text), sizeof(text) - 1}

static rf_key_record first_set[] = {
    {KEY("same"), .type = RF_LIST, .value = {1, 2}, .expire_ms = 5, .offset = 1},
    {KEY("gone"), .type = RF_SET, .value = {3, 4}, .expire_ms = RF_NO_EXPIRY, .offset = 2},
    {KEY("type"), .type = RF_SET, .value = {3, 4}, .expire_ms = RF_NO_EXPIRY, .offset = 3},
    {KEY("low"), .type = RF_HASH, .value = {5, 6}, .expire_ms = RF_NO_EXPIRY, .offset = 4},
    {KEY("high"), .type = RF_HASH, .value = {5, 6}, .expire_ms = RF_NO_EXPIRY, .offset = 5},
    {KEY("ttl"), .type = RF_HASH, .value = {5, 6}, .expire_ms = 1000, .offset = 6},
    {KEY("lost ttl"), .type = RF_HASH, .value = {5, 6}, .expire_ms = 0, .offset = 7},
    {.db = 7, KEY("same"), .type = RF_HASH, .value = {7, 8}, .expire_ms = RF_NO_EXPIRY, .offset = 8},
    {.db = RF_LIBRARY, KEY("same"), .value = {9, 9}, .expire_ms = RF_NO_EXPIRY, .offset = 9},
    {.db = RF_LIBRARY, KEY("lib"), .value = {9, 9}, .expire_ms = RF_NO_EXPIRY, .offset = 10},
    {KEY(""), .type = RF_STRING, .value = {0, 0}, .expire_ms = RF_NO_EXPIRY, .offset = 11},
};
static rf_key_record second_set[] = {
    {KEY("lost ttl"), .type = RF_HASH, .value = {5, 6}, .expire_ms = RF_NO_EXPIRY, .input = 1, .offset = 1},
    {.db = RF_LIBRARY, KEY("same"), .value = {9, 9}, .expire_ms = 1, .input = 1, .offset = 2},
    {.db = RF_LIBRARY, KEY("lib"), .value = {9, 8}, .expire_ms = RF_NO_EXPIRY, .input = 1, .offset = 3},
    {.db = 7, KEY("same"), .type = RF_HASH, .value = {7, 8}, .expire_ms = -1, .input = 1, .offset = 4},
    {KEY("same"), .type = RF_LIST, .value = {1, 2}, .expire_ms = 5, .input = 1, .offset = 5},
    {KEY("type"), .type = RF_ZSET, .value = {3, 4}, .expire_ms = RF_NO_EXPIRY, .input = 1, .offset = 6},
    {KEY("new"), .type = RF_ZSET, .value = {3, 4}, .expire_ms = RF_NO_EXPIRY, .input = 1, .offset = 7},
    {KEY("ttl"), .type = RF_HASH, .value = {5, 6}, .expire_ms = 1100, .input = 1, .offset = 8},
    {KEY("high"), .type = RF_HASH, .value = {5, 7}, .expire_ms = RF_NO_EXPIRY, .input = 1, .offset = 9},
    {KEY("low"), .type = RF_HASH, .value = {4, 6}, .expire_ms = RF_NO_EXPIRY, .input = 1, .offset = 10},
    {KEY(""), .type = RF_STRING, .value = {0, 0}, .expire_ms = RF_NO_EXPIRY, .input = 1, .offset = 11},
};
#define WHOLE(array)                             \
    {                                            \
        (array), sizeof(array) / sizeof *(array) \
    }
static const struct set by_hand[2] = {WHOLE(first_set), WHOLE(second_set)};

Test(compare, each_kind)
{
    expect_told(by_hand, (rf_compare_options){0},
                "added after 0 new 3 34 -1 1:7\n"
                "changed before -1 lib 0 99 -1 0:10 after -1 lib 0 98 -1 1:3\n"
                "changed before 0 high 4 56 -1 0:5 after 0 high 4 57 -1 1:9\n"
                "changed before 0 lost ttl 4 56 0 0:7 after 0 lost ttl 4 56 -1 1:1\n"
                "changed before 0 low 4 56 -1 0:4 after 0 low 4 46 -1 1:10\n"
                "changed before 0 ttl 4 56 1000 0:6 after 0 ttl 4 56 1100 1:8\n"
                "changed before 0 type 2 34 -1 0:3 after 0 type 3 34 -1 1:6\n"
                "removed before 0 gone 2 34 -1 0:2\n");
}

Test(compare, names_only)
{
    expect_told(by_hand, (rf_compare_options){.names_only = true},
                "added after 0 new 3 34 -1 1:7\n"
                "removed before 0 gone 2 34 -1 0:2\n");
}

Test(compare, nothing)
{
    expect_told((const struct set[2]){{0}}, (rf_compare_options){0}, "");
    expect_told((const struct set[2]){by_hand[0], by_hand[0]}, (rf_compare_options){0}, "");
}

Test(compare, expiries_within_the_tolerance)
{
    rf_key_record a = first_set[5], b = a;
    b.expire_ms += 100;
    cr_expect(rf_key_record_differs(&a, &b, 99));
    cr_expect(rf_key_record_differs(&b, &a, 99));
    cr_expect_not(rf_key_record_differs(&a, &b, 100));
    cr_expect_not(rf_key_record_differs(&b, &a, 100));
    a.expire_ms = INT64_MIN;
    b.expire_ms = INT64_MAX;
    cr_expect(rf_key_record_differs(&a, &b, INT64_MAX));
    a.expire_ms = RF_NO_EXPIRY;
    b.expire_ms = 0;
    cr_expect(rf_key_record_differs(&a, &b, INT64_MAX));
    cr_expect(rf_key_record_differs(&b, &a, INT64_MAX));
}

/* What comes after the first of its name does not count for anything else. */
Test(compare, twice)
{
    static rf_key_record first[] = {
        {KEY("a"), .value = {1, 1}, .expire_ms = RF_NO_EXPIRY, .offset = 1},
        {KEY("b"), .value = {1, 1}, .expire_ms = RF_NO_EXPIRY, .offset = 2},
        {KEY("a"), .value = {2, 2}, .expire_ms = RF_NO_EXPIRY, .offset = 3},
        {KEY("a"), .value = {3, 3}, .expire_ms = RF_NO_EXPIRY, .offset = 4},
    };
    static rf_key_record second[] = {
        {KEY("a"), .value = {1, 1}, .expire_ms = RF_NO_EXPIRY, .input = 1, .offset = 1},
        {KEY("a"), .value = {2, 2}, .expire_ms = RF_NO_EXPIRY, .input = 1, .offset = 2},
        {KEY("c"), .value = {1, 1}, .expire_ms = RF_NO_EXPIRY, .input = 1, .offset = 3},
        {KEY("c"), .value = {1, 1}, .expire_ms = RF_NO_EXPIRY, .input = 1, .offset = 4},
    };
    const struct set sets[2] = {WHOLE(first), WHOLE(second)}, one[2] = {WHOLE(first), {0}};
    expect_told(sets, (rf_compare_options){0},
                "added after 0 c 0 11 -1 1:3\n"
                "removed before 0 b 0 11 -1 0:2\n"
                "twice before 0 a 0 11 -1 0:1 after 0 a 0 22 -1 0:3\n"
                "twice before 0 a 0 11 -1 0:1 after 0 a 0 33 -1 0:4\n"
                "twice before 0 a 0 11 -1 1:1 after 0 a 0 22 -1 1:2\n"
                "twice before 0 c 0 11 -1 1:3 after 0 c 0 11 -1 1:4\n");
    expect_told(one, (rf_compare_options){.one_set = true},
                "twice before 0 a 0 11 -1 0:1 after 0 a 0 22 -1 0:3\n"
                "twice before 0 a 0 11 -1 0:1 after 0 a 0 33 -1 0:4\n");
}

/* --- at random, against something simpler ------------------------------------------------------------ */

enum { NAMES = 3000, LONGEST = 3000 };

/* Few names and few values, so that all kinds come about; some names are longer than a buffer. */
static void fill(struct set *set, size_t count, uint32_t input, uint64_t *state)
{
    set->records = calloc(count, sizeof *set->records);
    set->count = count;
    for (size_t i = 0; i < count; i++) {
        uint64_t name = next_random(state) % NAMES;
        size_t length = name % 97 == 0 ? LONGEST - name % 1000 : 4 + name % 30;
        char *key = malloc(length);
        memset(key, 'x', length);
        memcpy(key, &(uint32_t){(uint32_t)name}, 4);
        set->records[i] = (rf_key_record){
            .db = (int64_t)(name % 5) - 1,
            .key = slice_of(key, length),
            .type = (rf_type)(name % RF_TYPE_COUNT + next_random(state) % 20 / 19) % RF_TYPE_COUNT,
            .value = {name, next_random(state) % 10 / 9},
            .expire_ms = next_random(state) % 10 == 0 ? (int64_t)(next_random(state) % 200) : RF_NO_EXPIRY,
            .input = input,
            .offset = i,
        };
    }
}

static void free_set(struct set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free((void *)(uintptr_t)set->records[i].key.ptr);
    free(set->records);
}

static const rf_key_record *first_like(const struct set *set, const rf_key_record *record)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->records[i].db == record->db && slice_equal(set->records[i].key, record->key))
            return &set->records[i];
    return NULL;
}

static void tell(struct buffer *out, rf_difference_kind kind, const rf_key_record *before,
                 const rf_key_record *after)
{
    put_line(out, &(const rf_difference){kind, before, after});
}

static bool naively_differs(const rf_key_record *a, const rf_key_record *b, int64_t tolerance)
{
    bool expiry = (a->expire_ms == -1) != (b->expire_ms == -1) ||
                  llabs(a->expire_ms - b->expire_ms) > tolerance;
    return memcmp(&a->value, &b->value, sizeof a->value) != 0 ||
           (a->db != RF_LIBRARY && (a->type != b->type || expiry));
}

static void compare_naively(const struct set sets[2], const rf_compare_options *options, struct buffer *out)
{
    for (size_t side = 0; side < 2; side++)
        for (size_t i = 0; i < sets[side].count; i++) {
            const rf_key_record *record = &sets[side].records[i];
            const rf_key_record *first = first_like(&sets[side], record);
            const rf_key_record *other = first_like(&sets[!side], record);
            if (first != record)
                tell(out, RF_DUPLICATE, first, record);
            else if (!other && !options->one_set)
                tell(out, side ? RF_ADDED : RF_REMOVED, side ? NULL : record, side ? record : NULL);
            else if (other && side && !options->names_only &&
                     naively_differs(other, record, options->expiry_tolerance_ms))
                tell(out, RF_CHANGED, other, record);
        }
    sort_lines(out);
}

static uint64_t seed_of_the_day(void)
{
    const char *given = getenv("COMPARE_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32;
    return seed ? seed : 1;
}

static void expect_as_naively(const struct set sets[2], rf_compare_options options, uint64_t seed)
{
    static const uint64_t limits[] = {1, 2000, 5000, 17000, 60000, 200000, 500000, 10000000, 0};
    struct buffer expected = {0};
    compare_naively(sets, &options, &expected);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct buffer told = {0};
        rf_error error;
        options.memory = limits[i];
        cr_assert_eq(compare(sets, options, &told, &error), RF_OK, "%s", error.message);
        cr_expect(slice_equal(buffer_slice(&told), buffer_slice(&expected)),
                  "COMPARE_SEED=%" PRIu64 " memory %" PRIu64, seed, limits[i]);
        buffer_free(&told);
    }
    buffer_free(&expected);
}

Test(compare, as_something_simpler_does)
{
    uint64_t seed = seed_of_the_day(), state = seed;
    struct set sets[2];
    fill(&sets[0], 2000 + next_random(&state) % 2000, 0, &state);
    fill(&sets[1], 2000 + next_random(&state) % 2000, 1, &state);
    expect_as_naively(sets, (rf_compare_options){0}, seed);
    expect_as_naively(sets, (rf_compare_options){.expiry_tolerance_ms = 50}, seed);
    expect_as_naively(sets, (rf_compare_options){.names_only = true}, seed);
    free_set(&sets[1]);
    sets[1] = (struct set){0};
    expect_as_naively(sets, (rf_compare_options){.one_set = true}, seed);
    free_set(&sets[0]);
}

/* --- limits and failures ---------------------------------------------------------------------------- */

struct counts {
    uint64_t of[4];
};

static rf_code count_kind(void *ctx, const rf_difference *difference, rf_error *error)
{
    (void)error;
    ((struct counts *)ctx)->of[difference->kind]++;
    return RF_OK;
}

static rf_key_record numbered(char name[32], uint64_t n)
{
    int length = snprintf(name, 32, "key:%" PRIu64, n);
    return (rf_key_record){.key = slice_of(name, (size_t)length), .value = {n, n}, .expire_ms = RF_NO_EXPIRY};
}

/* One key in `step` of the first set is gone from the second. */
static rf_code compare_many(rf_compare *c, uint64_t keys, uint64_t step, rf_error *error)
{
    char name[32];
    rf_code code = RF_OK;
    for (uint64_t i = 0; i < keys && code == RF_OK; i++) {
        rf_key_record record = numbered(name, i);
        code = rf_compare_add_before(c, &record, error);
    }
    for (uint64_t i = 0; i < keys && code == RF_OK; i++) {
        rf_key_record record = numbered(name, i);
        if (i % step != 0)
            code = rf_compare_add_after(c, &record, error);
    }
    return code == RF_OK ? rf_compare_finish(c, error) : code;
}

static size_t resident(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024;
}

/* 1.2 million records of 64 bytes in 4 MiB. (A sanitizer keeps what is freed.) */
Test(compare, memory_is_bounded)
{
    enum { KEYS = 600000, LIMIT = 4 << 20, OTHER_MEMORY = 1 << 20 };
    struct counts counts = {0};
    rf_compare *c;
    rf_error error;
    size_t before = resident(), most = LIMIT + OTHER_MEMORY;
    rf_compare_options options = {.memory = LIMIT, .fn = count_kind, .ctx = &counts};
    cr_assert_eq(rf_compare_open(&options, &c, &error), RF_OK);
    cr_assert_eq(compare_many(c, KEYS, 1000, &error), RF_OK, "%s", error.message);
    rf_compare_close(c);
    cr_expect_eq(counts.of[RF_REMOVED], KEYS / 1000);
    cr_expect_eq(counts.of[RF_ADDED] + counts.of[RF_CHANGED] + counts.of[RF_DUPLICATE], 0);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    most *= 100;
#endif
    cr_expect_lt(resident() - before, most);
}

static void expect_write_error(void)
{
    struct counts counts = {0};
    rf_compare *c;
    rf_error error;
    rf_compare_options options = {.memory = 100000, .fn = count_kind, .ctx = &counts};
    cr_assert_eq(rf_compare_open(&options, &c, &error), RF_OK);
    cr_assert_eq(compare_many(c, 100000, 1000, &error), RF_E_WRITE);
    cr_expect_eq(error.code, RF_E_WRITE);
    cr_expect(strstr(error.message, "a temporary file in "), "%s", error.message);
    rf_compare_close(c);
}

Test(compare, no_place_for_temporary_files)
{
    setenv("TMPDIR", "/nonexistent", 1);
    expect_write_error();
}

/* A file may not grow beyond a few kilobytes, as on a disk that is full. Nothing is left of what was written.
 */
Test(compare, no_room_for_temporary_files)
{
    struct scratch scratch;
    scratch_make(&scratch);
    setenv("TMPDIR", scratch.path, 1);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){8192, 8192});
    expect_write_error();
    cr_expect_eq(scratch_count(&scratch), 0);
    scratch_remove(&scratch);
}

static rf_code refuse(void *ctx, const rf_difference *difference, rf_error *error)
{
    (void)ctx, (void)difference;
    *error = (rf_error){.code = RF_E_EXISTS};
    return RF_E_EXISTS;
}

Test(compare, what_the_listener_says_ends_it)
{
    for (uint64_t memory = 10000; memory <= 100000000; memory *= 10000) {
        rf_compare *c;
        rf_error error;
        rf_compare_options options = {.memory = memory, .fn = refuse};
        cr_assert_eq(rf_compare_open(&options, &c, &error), RF_OK);
        cr_expect_eq(compare_many(c, 1000, 10, &error), RF_E_EXISTS);
        cr_expect_eq(error.code, RF_E_EXISTS);
        rf_compare_close(c);
    }
    rf_compare_close(NULL);
}

Test(compare, the_first_set_comes_first)
{
    rf_compare *c;
    rf_error error;
    char name[32];
    rf_key_record record = numbered(name, 1);
    rf_compare_options options = {.fn = refuse};
    cr_assert_eq(rf_compare_open(&options, &c, &error), RF_OK);
    cr_expect_eq(rf_compare_add_before(c, &record, &error), RF_OK);
    cr_expect_eq(rf_compare_add_after(c, &record, &error), RF_OK);
    cr_expect_eq(rf_compare_add_before(c, &record, &error), RF_E_ARGUMENT);
    record.db = INT64_MAX;
    cr_expect_eq(rf_compare_add_after(c, &record, &error), RF_E_ARGUMENT);
    rf_compare_close(c);
}

/* --- entries ---------------------------------------------------------------------------------------- */

Test(compare, the_record_of_an_entry)
{
    rf_key_record record;
    rf_entry key = {
        .kind = RF_ENTRY_KEY, .offset = 5, .db = 3, .key = SLICE("k"), .type = RF_ZSET, .expire_ms = 99};
    rf_key_record_of(&key, (rf_digest){1, 2}, 7, &record);
    cr_expect(slice_equal(record.key, SLICE("k")));
    cr_expect(record.db == 3 && record.type == RF_ZSET && record.expire_ms == 99 && record.offset == 5);
    cr_expect(record.value.low == 1 && record.value.high == 2 && record.input == 7);

    rf_entry library = {.kind = RF_ENTRY_FUNCTION, .offset = 6, .text = SLICE("#!lua name=one\ncode")};
    rf_key_record_of(&library, (rf_digest){3, 4}, 8, &record);
    cr_expect(slice_equal(record.key, SLICE("one")));
    cr_expect(record.db == RF_LIBRARY && record.expire_ms == RF_NO_EXPIRY && record.offset == 6);
    cr_expect(record.value.low == 3 && record.value.high == 4 && record.input == 8);
}
