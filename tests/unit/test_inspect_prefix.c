/* SPDX-License-Identifier: MIT */
/* Prefixes of keys: finding out what delimits, and counting. */
#include "cmd/inspect/inspect_prefix.c"
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>

/* Adds as many keys as the format makes of what comes behind it, in which `i` counts. */
#define ADD(prefixes, count, ...)                                                                       \
    for (unsigned i = 0; i < (count); i++) {                                                            \
        char text_[256];                                                                                \
        int length_ = snprintf(text_, sizeof text_, __VA_ARGS__);                                       \
        cr_assert(prefixes_add((prefixes), (rf_slice){(uint8_t *)text_, (size_t)length_}, 100, i % 4)); \
    }

/* Adds up what is said of the keys. */
static void add_up(void *sum, uint64_t key)
{
    *(uint64_t *)sum += key;
}

static struct prefixes *fresh(const char *delimiters, unsigned depth)
{
    static const struct prefix_figures figures = {sizeof(uint64_t), add_up};
    static struct prefixes prefixes;
    cr_assert(prefixes_open(&prefixes, delimiters, depth, &figures));
    return &prefixes;
}

static void expect(const struct prefixes *prefixes, const char *prefix, uint64_t keys)
{
    const struct sketch_name *names[64];
    size_t count = sketch_top(&prefixes->sketch, false, names, 64);
    uint64_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (names[i]->length == strlen(prefix) && memcmp(names[i]->name, prefix, strlen(prefix)) == 0)
            found = names[i]->sum.count;
    cr_expect_eq(found, keys, "%s: %d", prefix, (int)found);
}

Test(inspect_prefix, colons_between_what_has_dashes)
{
    struct prefixes *prefixes = fresh(NULL, 3);
    ADD(prefixes, 500, "user:%08x-%u-%u", i * 2654435761u, i, i % 7);
    ADD(prefixes, 300, "order:%u:%u-x", i % 7, i);
    cr_assert(prefixes_end(prefixes));
    cr_expect_str_eq(prefixes->delimiters, ":");
    expect(prefixes, "user:", 500);
    expect(prefixes, "order:", 300);
    expect(prefixes, "order:3:", 43);
    prefixes_close(prefixes);
}

Test(inspect_prefix, kinds_of_keys)
{
    struct prefixes *prefixes = fresh(NULL, 3);
    ADD(prefixes, 600, "user:%u", i);
    ADD(prefixes, 400, "img/%u", i);
    ADD(prefixes, 50, "log.%u", i);
    ADD(prefixes, 40, "celery-task-meta-%08x-%u", i * 2654435761u, i);
    ADD(prefixes, 30, "_kombu_%u", i);
    ADD(prefixes, 1, "config");
    cr_assert(prefixes_end(prefixes));
    cr_expect_str_eq(prefixes->delimiters, ":/.-_");
    expect(prefixes, "img/", 400);
    expect(prefixes, "log.", 50);
    expect(prefixes, "celery-task-meta-", 40);
    expect(prefixes, "_kombu_", 30);
    cr_expect_eq(prefixes->rest.count, 1);
    prefixes_close(prefixes);
}

Test(inspect_prefix, nothing_delimits)
{
    struct prefixes *prefixes = fresh(NULL, 3);
    ADD(prefixes, 1000, "%u%u", i * 2654435761u, i);
    cr_assert(prefixes_end(prefixes));
    cr_expect_str_eq(prefixes->delimiters, "");
    cr_expect_eq(prefixes->sketch.count, 0);
    prefixes_close(prefixes);
}

Test(inspect_prefix, no_keys_and_empty_ones)
{
    struct prefixes *prefixes = fresh(NULL, 3);
    cr_assert(prefixes_end(prefixes));
    prefixes_close(prefixes);
    prefixes = fresh(NULL, 3);
    cr_assert(prefixes_add(prefixes, (rf_slice){0}, 1, 0));
    cr_assert(prefixes_end(prefixes));
    prefixes_close(prefixes);
}

Test(inspect_prefix, more_keys_than_are_kept)
{
    struct prefixes *prefixes = fresh(NULL, 1);
    ADD(prefixes, 30000, "a:%u", i);
    cr_expect_str_eq(prefixes->delimiters, ":");
    cr_assert(prefixes_end(prefixes));
    expect(prefixes, "a:", 30000);
    prefixes_close(prefixes);
}

/* What comes late in a file has a delimiter of its own, and what was passed by before is said. */
Test(inspect_prefix, kinds_one_after_the_other)
{
    struct prefixes *prefixes = fresh(NULL, 1);
    ADD(prefixes, 20000, "a:%u", i);
    ADD(prefixes, 9, "sess_%u", i);
    ADD(prefixes, 10000, "%08x", i * 2654435761u);
    ADD(prefixes, 10000, "sess_%u", i);
    cr_assert(prefixes_end(prefixes));
    cr_expect_str_eq(prefixes->delimiters, ":_");
    const struct sketch_name *names[2];
    cr_assert_eq(sketch_top(&prefixes->sketch, false, names, 2), 2);
    cr_expect_eq(names[0]->sum.count, 20000);
    cr_expect_eq(*(uint64_t *)names[0]->figures, 20000 / 4 * (0 + 1 + 2 + 3));
    cr_expect(sketch_is_exact(names[0]));
    cr_expect_leq(names[1]->sum.count, 10009);
    cr_expect_geq(names[1]->sum.count + names[1]->missed.count, 10009);
    cr_expect_eq(prefixes->rest.count + names[0]->sum.count + names[1]->sum.count, 40009);
    prefixes_close(prefixes);
}

Test(inspect_prefix, told_and_deep)
{
    struct prefixes *prefixes = fresh("#", 2);
    ADD(prefixes, 10, "a#b#c#%u:", i);
    cr_assert(prefixes_end(prefixes));
    expect(prefixes, "a#", 10);
    expect(prefixes, "a#b#", 10);
    expect(prefixes, "a#b#c#", 0);
    prefixes_close(prefixes);
    prefixes = fresh("#", 0);
    ADD(prefixes, 10, "a#b#c#%u:", i);
    cr_expect_eq(prefixes->sketch.count, 0);
    prefixes_close(prefixes);
}
