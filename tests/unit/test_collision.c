/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "support/exact.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <rdbferry/collision.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

/* --- what comes ------------------------------------------------------------------------------------- */

/* A key, or a library of which `code` tells the codes apart. */
struct item {
    bool is_library;
    int db;
    unsigned name, code;
    bool ambiguous;
};

static rf_entry entry_of(const struct item *item, char text[64])
{
    if (item->is_library) {
        int len = snprintf(text, 64, "#!lua name=n%u\ncode %u", item->name, item->code);
        return (rf_entry){.kind = RF_ENTRY_FUNCTION, .text = slice_of(text, (size_t)len)};
    }
    int len = snprintf(text, 64, "n%u", item->name);
    return (rf_entry){.kind = RF_ENTRY_KEY, .db = item->db, .key = slice_of(text, (size_t)len)};
}

static rf_known note(rf_collisions *collisions, const struct item *item)
{
    char text[64];
    rf_entry entry = entry_of(item, text);
    rf_known known = (rf_known)-1;
    rf_error error;
    cr_assert_eq(rf_collisions_note(collisions, &entry, item->ambiguous, &known, &error), RF_OK, "%s",
                 error.message);
    return known;
}

static void compare(rf_collisions *collisions, const struct item *item)
{
    char text[64];
    rf_entry entry = entry_of(item, text);
    rf_error error;
    cr_assert_eq(rf_collisions_compare(collisions, &entry, item->ambiguous, &error), RF_OK, "%s",
                 error.message);
}

static uint64_t settle(rf_collisions *collisions)
{
    uint64_t count = UINT64_MAX;
    rf_error error;
    cr_assert_eq(rf_collisions_resolve(collisions, &count, &error), RF_OK, "%s", error.message);
    return count;
}

static rf_collision tell(rf_collisions *collisions, const struct item *item)
{
    char text[64];
    rf_entry entry = entry_of(item, text);
    rf_collision told;
    rf_collisions_lookup(collisions, &entry, &told);
    return told;
}

/* --- by hand ---------------------------------------------------------------------------------------- */

static void expect_told(rf_collisions *collisions, const struct item *item, uint64_t name, uint64_t number,
                        uint64_t count)
{
    rf_collision told = tell(collisions, item);
    cr_expect(
        told.number == number && told.count == count && !told.duplicate && (count == 1 || told.name == name),
        "n%u: name %" PRIu64 ", %" PRIu64 " of %" PRIu64, item->name, told.name, told.number, told.count);
}

static void expect_told_again(rf_collisions *collisions, const struct item *item, uint64_t number,
                              uint64_t count)
{
    rf_collision told = tell(collisions, item);
    cr_expect(told.number == number && told.count == count && told.duplicate, "n%u: %" PRIu64 " of %" PRIu64,
              item->name, told.number, told.count);
}

Test(collision, nothing)
{
    rf_collisions *collisions = rf_collisions_new(0);
    cr_expect_not(rf_collisions_is_open(collisions));
    cr_expect_eq(settle(collisions), 0);
    expect_told(collisions, &(struct item){.name = 1}, 0, 1, 1);
    rf_collisions_free(collisions);
    rf_collisions_free(NULL);
}

Test(collision, ambiguous_ones_among_themselves)
{
    static const struct item a = {.name = 1, .ambiguous = true}, b = {.name = 2, .ambiguous = true},
                             elsewhere = {.db = 1, .name = 1, .ambiguous = true};
    rf_collisions *collisions = rf_collisions_new(0);
    cr_expect_eq(note(collisions, &a), RF_KNOWN_NOT);
    cr_expect_eq(note(collisions, &b), RF_KNOWN_NOT);
    cr_expect_eq(note(collisions, &elsewhere), RF_KNOWN_NOT);
    cr_expect_eq(note(collisions, &b), RF_KNOWN_OTHER);
    cr_expect_eq(note(collisions, &b), RF_KNOWN_OTHER);
    cr_expect_not(rf_collisions_is_open(collisions));
    cr_expect_eq(settle(collisions), 1);
    expect_told(collisions, &a, 0, 1, 1);
    expect_told(collisions, &b, 0, 1, 3);
    expect_told(collisions, &elsewhere, 0, 1, 1);
    expect_told(collisions, &b, 0, 2, 3);
    expect_told(collisions, &b, 0, 3, 3);
    rf_collisions_free(collisions);
}

/* The other one may come before it or behind it; an ambiguous one does not meet itself. */
Test(collision, an_ambiguous_one_and_another)
{
    static const struct item items[] = {{.name = 1},
                                        {.name = 2, .ambiguous = true},
                                        {.name = 1, .ambiguous = true},
                                        {.name = 3, .ambiguous = true},
                                        {.name = 2},
                                        {.name = 4}};
    rf_collisions *collisions = rf_collisions_new(0);
    for (size_t i = 0; i < 6; i++)
        cr_expect_eq(note(collisions, &items[i]), RF_KNOWN_NOT);
    cr_expect(rf_collisions_is_open(collisions));
    for (size_t i = 0; i < 6; i++)
        compare(collisions, &items[i]);
    cr_expect_eq(settle(collisions), 2);
    for (int turn = 0; turn < 2; turn++) {
        expect_told(collisions, &items[0], 0, 1, 2);
        expect_told(collisions, &items[1], 1, 1, 2);
        expect_told(collisions, &items[2], 0, 2, 2);
        expect_told(collisions, &items[3], 0, 1, 1);
        expect_told(collisions, &items[4], 1, 2, 2);
        expect_told(collisions, &items[5], 0, 1, 1);
        rf_collisions_rewind(collisions);
    }
    rf_collisions_free(collisions);
}

/* A seed that has the database in it would be set off by a byte of the name. */
Test(collision, numbers_in_several_databases)
{
    enum { NUMBERS = 40000 };
    rf_collisions *collisions = rf_collisions_new(0);
    char text[32];
    rf_error error;
    rf_known known;
    for (int i = 0; i < 3 * NUMBERS; i++) {
        int len = snprintf(text, sizeof text, "%08d", (i % 3 == 0 ? 10000000 : 0) + i / 3);
        rf_entry key = {.kind = RF_ENTRY_KEY, .db = i % 3, .key = slice_of(text, (size_t)len)};
        cr_assert_eq(rf_collisions_note(collisions, &key, true, &known, &error), RF_OK);
        cr_assert_eq(known, RF_KNOWN_NOT, "%s in %d", text, i % 3);
    }
    rf_collisions_free(collisions);
}

Test(collision, the_empty_name)
{
    rf_collisions *collisions = rf_collisions_new(0);
    rf_entry entry = {.kind = RF_ENTRY_KEY}, other = {.kind = RF_ENTRY_KEY, .key = SLICE("")};
    rf_known known;
    rf_error error;
    cr_expect_eq(rf_collisions_note(collisions, &entry, true, &known, &error), RF_OK);
    cr_expect_eq(known, RF_KNOWN_NOT);
    cr_expect_eq(rf_collisions_note(collisions, &other, true, &known, &error), RF_OK);
    cr_expect_eq(known, RF_KNOWN_OTHER);
    rf_collisions_free(collisions);
}

Test(collision, libraries)
{
    static const struct item one = {.is_library = true, .name = 1, .code = 1},
                             changed = {.is_library = true, .name = 1, .code = 2},
                             two = {.is_library = true, .name = 2, .code = 1}, key = {.name = 1};
    rf_collisions *collisions = rf_collisions_new(1);
    cr_expect_eq(note(collisions, &one), RF_KNOWN_NOT);
    cr_expect_eq(note(collisions, &two), RF_KNOWN_NOT);
    cr_expect_eq(note(collisions, &key), RF_KNOWN_NOT);
    cr_expect_eq(note(collisions, &two), RF_KNOWN_SAME);
    cr_expect_eq(note(collisions, &one), RF_KNOWN_SAME);
    cr_expect_eq(note(collisions, &changed), RF_KNOWN_OTHER);
    cr_expect_eq(note(collisions, &one), RF_KNOWN_SAME);
    cr_expect_eq(note(collisions, &changed), RF_KNOWN_SAME);
    cr_expect_not(rf_collisions_is_open(collisions));
    cr_expect_eq(settle(collisions), 1);
    for (int turn = 0; turn < 2; turn++) {
        expect_told(collisions, &one, 0, 1, 2);
        expect_told(collisions, &two, 0, 1, 1);
        expect_told(collisions, &key, 0, 1, 1);
        expect_told_again(collisions, &two, 1, 1);
        expect_told_again(collisions, &one, 1, 2);
        expect_told(collisions, &changed, 0, 2, 2);
        expect_told_again(collisions, &one, 1, 2);
        expect_told_again(collisions, &changed, 2, 2);
        rf_collisions_rewind(collisions);
    }
    rf_collisions_free(collisions);
}

Test(collision, libraries_without_a_name)
{
    static const struct {
        const char *code;
        rf_known known;
    } libraries[] = {
        {"", RF_KNOWN_NOT}, {"", RF_KNOWN_SAME}, {"x", RF_KNOWN_NOT}, {"x\n name=y", RF_KNOWN_OTHER}};
    rf_collisions *collisions = rf_collisions_new(0);
    for (size_t i = 0; i < 4; i++) {
        const char *code = libraries[i].code;
        rf_entry entry = {.kind = RF_ENTRY_FUNCTION, .text = slice_of(code, strlen(code))};
        rf_known known;
        rf_error error;
        cr_assert_eq(rf_collisions_note(collisions, &entry, true, &known, &error), RF_OK);
        cr_expect_eq(known, libraries[i].known, "%zu: %d", i, (int)known);
    }
    rf_collisions_free(collisions);
}

Test(collision, nothing_else_counts)
{
    static const rf_entry_kind kinds[] = {RF_ENTRY_AUX, RF_ENTRY_MODULE_AUX, RF_ENTRY_KEY_COUNTS,
                                          RF_ENTRY_COMMAND};
    rf_collisions *collisions = rf_collisions_new(0);
    rf_error error;
    uint64_t count;
    for (size_t i = 0; i < 8; i++) {
        rf_known known = RF_KNOWN_OTHER;
        rf_entry entry = {.kind = kinds[i / 2], .name = SLICE("x"), .text = SLICE("y")};
        cr_expect_eq(rf_collisions_note(collisions, &entry, i % 2, &known, &error), RF_OK);
        cr_expect_eq(known, RF_KNOWN_NOT);
        cr_expect_eq(rf_collisions_compare(collisions, &entry, i % 2, &error), RF_OK);
    }
    cr_expect_not(rf_collisions_is_open(collisions));
    cr_expect_eq(rf_collisions_resolve(collisions, &count, &error), RF_OK);
    cr_expect_eq(count, 0);
    rf_collisions_free(collisions);
}

/* --- against a sorted array ------------------------------------------------------------------------- */

struct expected {
    uint64_t names; /* that collide */
    rf_collision *told;
};

static const struct item *sorted_items; /* qsort's compare function has no other way to them */

static int compare_names(const struct item *a, const struct item *b)
{
    if (a->is_library != b->is_library)
        return a->is_library - b->is_library;
    if (a->db != b->db)
        return a->db < b->db ? -1 : 1;
    return (a->name > b->name) - (a->name < b->name);
}

static int compare_places(const void *a, const void *b)
{
    size_t i = *(const size_t *)a, k = *(const size_t *)b;
    int order = compare_names(&sorted_items[i], &sorted_items[k]);
    return order ? order : (i > k) - (i < k);
}

/* The first of the n places that has the same code, or i. */
static size_t first_with_code_of(const struct item *items, const size_t *places, size_t i)
{
    size_t first = 0;
    while (first < i && items[places[first]].code != items[places[i]].code)
        first++;
    return items[places[i]].is_library ? first : i;
}

/* Fills in a run of equal names, of which places[0 .. n) are the places in the order in which they come. */
static bool expect_run(const struct item *items, const size_t *places, size_t n, rf_collision *told)
{
    uint64_t count = 0;
    for (size_t i = 0; i < n; i++) {
        size_t first = first_with_code_of(items, places, i);
        rf_collision *same = &told[places[first]];
        told[places[i]] = first < i ? (rf_collision){.number = same->number, .duplicate = true}
                                    : (rf_collision){.number = ++count};
    }
    for (size_t i = 0; i < n; i++)
        told[places[i]].count = count;
    return count > 1;
}

static struct expected expect(const struct item *items, size_t count)
{
    struct expected expected = {.told = calloc(count, sizeof *expected.told)};
    size_t *places = calloc(count, sizeof *places);
    for (size_t i = 0; i < count; i++)
        places[i] = i;
    sorted_items = items;
    qsort(places, count, sizeof *places, compare_places);
    for (size_t i = 0, n; i < count; i += n) {
        for (n = 1; i + n < count && compare_names(&items[places[i]], &items[places[i + n]]) == 0;)
            n++;
        expected.names += expect_run(items, places + i, n, expected.told);
    }
    free(places);
    return expected;
}

/* The first of each name that collides has the next number; the others that of the first. */
static void expect_tellings(rf_collisions *collisions, const struct item *items, size_t count,
                            const struct expected *expected, uint64_t seed)
{
    struct item *firsts = calloc(expected->names + 1, sizeof *firsts);
    uint64_t names = 0;
    for (size_t i = 0; i < count; i++) {
        rf_collision told = tell(collisions, &items[i]), *wanted = &expected->told[i];
        cr_assert(told.number == wanted->number && told.count == wanted->count &&
                      told.duplicate == wanted->duplicate,
                  "seed %" PRIu64 ", item %zu: %" PRIu64 " of %" PRIu64 " for %" PRIu64 " of %" PRIu64, seed,
                  i, told.number, told.count, wanted->number, wanted->count);
        if (told.count == 1)
            continue;
        if (told.number == 1 && !told.duplicate) {
            cr_assert_eq(told.name, names, "seed %" PRIu64 ", item %zu", seed, i);
            firsts[names++] = items[i];
        }
        cr_assert_lt(told.name, names);
        cr_assert_eq(compare_names(&firsts[told.name], &items[i]), 0, "seed %" PRIu64 ", item %zu", seed, i);
    }
    cr_assert_eq(names, expected->names);
    free(firsts);
}

/* What note() tells at once: of keys, that an ambiguous one with the name has come. */
static rf_known expect_known(const struct item *item, const rf_collision *told, size_t ambiguous_before)
{
    if (!item->is_library)
        return item->ambiguous && ambiguous_before > 0 ? RF_KNOWN_OTHER : RF_KNOWN_NOT;
    if (told->duplicate)
        return RF_KNOWN_SAME;
    return told->number > 1 ? RF_KNOWN_OTHER : RF_KNOWN_NOT;
}

/* For each item, how many ambiguous ones of its name have come before. */
static size_t *count_ambiguous(const struct item *items, size_t count, unsigned names, unsigned dbs)
{
    size_t *counts = calloc((size_t)names * dbs, sizeof *counts), *before = calloc(count, sizeof *before);
    for (size_t i = 0; i < count; i++)
        if (!items[i].is_library) {
            size_t *of_name = &counts[(size_t)items[i].db * names + items[i].name];
            before[i] = *of_name;
            *of_name += items[i].ambiguous;
        }
    free(counts);
    return before;
}

struct shape {
    size_t items;
    unsigned names, dbs;
    unsigned ambiguous; /* per cent */
    bool libraries;     /* some are */
    bool spills[5];     /* with each of the limits */
};

static const uint64_t limits[] = {1, 40000, 300000, 3000000, 0};

/* Of two with one name at least one is ambiguous. */
static struct item *make_items(const struct shape *shape, uint64_t *random)
{
    struct item *items = calloc(shape->items, sizeof *items);
    bool *plain = calloc((size_t)shape->names * shape->dbs, sizeof *plain);
    for (size_t i = 0; i < shape->items; i++) {
        struct item *item = &items[i];
        if (shape->libraries && next_random(random) % 200 == 0) {
            *item = (struct item){.is_library = true,
                                  .name = (unsigned)(next_random(random) % 20),
                                  .code = (unsigned)(next_random(random) % 2)};
            continue;
        }
        item->db = (int)(next_random(random) % shape->dbs);
        item->name = (unsigned)(next_random(random) % shape->names);
        bool *taken = &plain[(size_t)item->db * shape->names + item->name];
        item->ambiguous = *taken || next_random(random) % 100 < shape->ambiguous;
        *taken |= !item->ambiguous;
    }
    free(plain);
    return items;
}

static void expect_found(const struct shape *shape, const struct item *items, const struct expected *expected,
                         size_t limit, uint64_t seed)
{
    rf_collisions *collisions = rf_collisions_new(limits[limit]);
    size_t *ambiguous = count_ambiguous(items, shape->items, shape->names, shape->dbs);
    bool some = false, others = false;
    for (size_t i = 0; i < shape->items; i++) {
        rf_known known = note(collisions, &items[i]);
        bool at_once = items[i].is_library || !rf_collisions_is_spilled(collisions);
        rf_known wanted = at_once ? expect_known(&items[i], &expected->told[i], ambiguous[i]) : RF_KNOWN_NOT;
        cr_assert_eq(known, wanted, "seed %" PRIu64 ", item %zu: %d", seed, i, (int)known);
        some |= !items[i].is_library && items[i].ambiguous;
        others |= !items[i].is_library && !items[i].ambiguous;
    }
    free(ambiguous);
    cr_expect_eq(rf_collisions_is_spilled(collisions), shape->spills[limit], "limit %zu", limit);
    cr_assert_eq(rf_collisions_is_open(collisions), some && others);
    for (size_t i = 0; i < shape->items && rf_collisions_is_open(collisions); i++)
        compare(collisions, &items[i]);
    cr_assert_eq(settle(collisions), expected->names, "seed %" PRIu64 ", limit %zu", seed, limit);
    expect_tellings(collisions, items, shape->items, expected, seed);
    rf_collisions_rewind(collisions);
    expect_tellings(collisions, items, shape->items, expected, seed);
    rf_collisions_free(collisions);
}

static void expect_same_whatever_the_memory(const struct shape *shape)
{
    uint64_t seed = (uint64_t)time(NULL), random = seed * 2 + 1;
    struct item *items = make_items(shape, &random);
    struct expected expected = expect(items, shape->items);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        expect_found(shape, items, &expected, i, seed);
    free(expected.told);
    free(items);
}

Test(collision, few_keys_of_many_shapes)
{
    for (unsigned round = 0; round < 60; round++)
        expect_same_whatever_the_memory(&(struct shape){.items = round,
                                                        .names = round % 7 * 5 + 1,
                                                        .dbs = round % 3 + 1,
                                                        .ambiguous = round * 37 % 101,
                                                        .libraries = round % 2});
}

Test(collision, few_are_ambiguous)
{
    expect_same_whatever_the_memory(
        &(struct shape){.items = 30000, .names = 1000000, .dbs = 3, .ambiguous = 1, .libraries = true});
}

Test(collision, half_of_them_are_ambiguous)
{
    expect_same_whatever_the_memory(&(struct shape){.items = 30000,
                                                    .names = 30000,
                                                    .dbs = 2,
                                                    .ambiguous = 50,
                                                    .libraries = true,
                                                    .spills = {true, true, true}});
}

Test(collision, all_are_ambiguous)
{
    expect_same_whatever_the_memory(&(struct shape){
        .items = 30000, .names = 40000, .dbs = 1, .ambiguous = 100, .spills = {true, true, true}});
}

Test(collision, most_names_collide)
{
    expect_same_whatever_the_memory(
        &(struct shape){.items = 30000, .names = 3000, .dbs = 1, .ambiguous = 90, .spills = {true, true}});
}

Test(collision, all_have_one_name)
{
    expect_same_whatever_the_memory(&(struct shape){.items = 5000, .names = 1, .dbs = 1, .ambiguous = 100});
}

/* A partition is gone through several times. */
Test(collision, many_times_what_fits)
{
    expect_same_whatever_the_memory(&(struct shape){
        .items = 250000, .names = 400000, .dbs = 1, .ambiguous = 80, .spills = {true, true, true, true}});
}

/* Of what a part is held against nothing is kept. */
Test(collision, others_are_many_times_what_fits)
{
    expect_same_whatever_the_memory(&(struct shape){
        .items = 250000, .names = 2000000, .dbs = 1, .ambiguous = 20, .spills = {true, true, true}});
}

static size_t resident(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024;
}

/* 24 MB of hashes in 2 MiB. (A sanitizer keeps what is freed.) */
Test(collision, memory_is_bounded)
{
    enum { KEYS = 1500000, LIMIT = 2 << 20, OTHER_MEMORY = 1 << 20 };
    rf_collisions *collisions = rf_collisions_new(LIMIT);
    size_t before = resident(), most = LIMIT + OTHER_MEMORY;
    for (unsigned i = 0; i < KEYS; i++)
        cr_assert_eq(note(collisions, &(struct item){.name = i, .ambiguous = i % 2}), RF_KNOWN_NOT);
    for (unsigned i = 0; i < KEYS; i++)
        compare(collisions, &(struct item){.name = i, .ambiguous = i % 2});
    cr_expect_eq(settle(collisions), 0);
    rf_collisions_free(collisions);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    most *= 100;
#endif
    cr_expect_lt(resident() - before, most);
}

/* --- what can go wrong ------------------------------------------------------------------------------ */

static void expect_write_error(void)
{
    rf_collisions *collisions = rf_collisions_new(1);
    rf_code code = RF_OK;
    rf_error error;
    char text[64];
    for (unsigned i = 0; i < 100000 && code == RF_OK; i++) {
        rf_known known;
        rf_entry entry = entry_of(&(struct item){.name = i}, text);
        code = rf_collisions_note(collisions, &entry, true, &known, &error);
    }
    cr_expect_eq(code, RF_E_WRITE);
    cr_expect(strstr(error.message, "temporary file"), "%s", error.message);
    rf_collisions_free(collisions);
}

Test(collision, no_place_for_temporary_files)
{
    setenv("TMPDIR", "/nonexistent", 1);
    expect_write_error();
}

/* As on a disk that is full. Nothing is left of what was written. */
Test(collision, no_room_for_temporary_files)
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
