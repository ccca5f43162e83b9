/* SPDX-License-Identifier: MIT */
/* Vector sets: what Redis 8.6 rejects, or cannot use, is a fault; what it accepts is none. */
#include "support/one_value.h"
#include <criterion/criterion.h>
#include <rdbferry/value.h>

/* An item: a number, or a string of so many bytes. */
struct item {
    uint64_t number;
    int length; /* -1: a number */
};

#define N(n)  \
    {         \
        n, -1 \
    }
#define S(n) \
    {        \
        0, n \
    }

/* Two nodes of three floats, with a link to each other in two layers. */
static const struct item sound[] = {
    N(3),           N(2), N(16 << 8), N(0),  S(1), S(12), N(11), N(2), N(1 << 24 | 1), N(1),  N(32),
    N(1),           N(0), N(1),       N(16), N(1), N(0),  N(5),  S(1), S(12),          N(11), N(1),
    N(1 << 24 | 1), N(1), N(32),      N(2),  N(0), N(1),  N(16), N(2), N(0),           N(5),
};
enum { SOUND = sizeof sound / sizeof *sound };
enum { DIMENSION, NODES, CONFIG, FLAGS, NAME, VECTOR, NUMBERS, ID, LEVEL, LINKS, MOST, LINK, WORST };

static size_t put_number(char *hex, uint64_t n)
{
    return (size_t)sprintf(hex, "81%016llx", (unsigned long long)n);
}

static void print(const struct item *items, size_t count, char *hex)
{
    hex += sprintf(hex, "81bde72da2bb1eb400");
    for (size_t i = 0; i < count; i++) {
        hex += sprintf(hex, items[i].length < 0 ? "02" : "05");
        hex += put_number(hex, items[i].length < 0 ? items[i].number : (uint64_t)items[i].length);
        for (int j = 0; j < items[i].length; j++)
            hex += sprintf(hex, "61");
    }
    sprintf(hex, "00");
}

/* NULL: no fault. */
static void expect(const char *magic, const struct item *items, size_t count, const char *fault)
{
    static char hex[8192];
    struct opened o;
    uint64_t elements;
    print(items, count, hex);
    open_value(&o, &(struct one_value){.magic = magic, .type = 7, .hex = hex});
    rf_code code = rf_value_check(o.entry.value, &elements, &o.error);
    cr_expect_eq(code, fault ? RF_E_CORRUPT : RF_OK, "%s: %s", fault ? fault : "none", o.error.message);
    cr_expect(!fault || strstr(o.error.message, fault), "%s: %s", fault, o.error.message);
    cr_expect(!fault || strcmp(o.error.key, "k") == 0, "%s", o.error.key);
    close_value(&o);
}

static void expect_changed(size_t at, struct item item, const char *fault)
{
    struct item items[SOUND];
    memcpy(items, sound, sizeof sound);
    items[at] = item;
    expect("REDIS0012", items, SOUND, fault);
    expect("REDIS0009", items, SOUND, NULL); /* a module of that name that is not built in */
}

Test(vector_set, is_sound)
{
    expect_changed(CONFIG, (struct item)N(4097 << 8), NULL);
    expect_changed(FLAGS, (struct item)N(4), NULL);
    expect_changed(NAME, (struct item)S(0), NULL);
    expect_changed(MOST, (struct item)N(1000), NULL);
    expect_changed(WORST, (struct item)N(UINT64_C(0x7fc00000) << 32), NULL);
    expect_changed(LEVEL, (struct item)N(2 << 24 | 1), NULL); /* not known yet */
}

Test(vector_set, faults)
{
    static const struct {
        size_t at;
        struct item item;
        const char *fault;
    } rows[] = {
        {DIMENSION, N(0), "invalid dimension (0)"},
        {DIMENSION, N(UINT64_C(1) << 40), "invalid dimension"},
        {DIMENSION, N(4), "invalid size of a vector (12)"},
        {DIMENSION, S(1), "unexpected kind of item"},
        {NODES, N(0), "no elements"},
        {NODES, N(1), "items after the last element"},
        {NODES, N(UINT64_MAX), "elements are missing"},
        {CONFIG, N(16 << 8 | 3), "unknown quantization (3)"},
        {CONFIG, N(16 << 8 | 1), "invalid size of a vector"},
        {CONFIG, N(16 << 8 | 2), "invalid size of a vector"},
        {FLAGS, N(1), "unexpected kind of item"},
        {VECTOR, S(11), "invalid size of a vector (11)"},
        {NUMBERS, N(5), "too few numbers"},
        {NUMBERS, N(10), "too few numbers of node (2)"},
        {NUMBERS, N(UINT64_C(1) << 61), "unexpected kind of item"},
        {ID, N(0), "invalid node (0)"},
        {ID, N(3), "a link without its reverse"},
        {ID, N(1), "invalid link"},
        {LEVEL, N(1 << 24), "a link without its reverse"},
        {LEVEL, N(1 << 24 | 2), "more links than"},
        {LEVEL, N(1 << 24 | 17), "the level of a node is out of range (17)"},
        {LEVEL, N(1 << 24 | 0xffffff), "the level of a node is out of range"},
        {LINKS, N(UINT64_MAX), "more links than"},
        {LINKS, N(2), "invalid link (0)"},
        {MOST, N(0), "the most links are out of range"},
        {MOST, N(UINT64_C(1) << 31), "the most links are out of range"},
        {LINK, N(0), "invalid link (0)"},
        {LINK, N(2), "invalid link (2)"},
        {LINK, N(9), "a link without its reverse"},
        {WORST, N(1), "the worst link is out of range (1)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_changed(rows[i].at, rows[i].item, rows[i].fault);
}

Test(vector_set, projection)
{
    static const struct {
        uint64_t input;
        int matrix;
        const char *fault;
    } rows[] = {
        {4, 48, NULL},
        {4, 47, "invalid size of the matrix (47)"},
        {4, 8, "invalid size of the matrix (8)"},
        {2, 24, "invalid dimension of the input (2)"},
        {0, 0, "invalid dimension of the input (0)"},
        {(UINT64_C(1) << 62) + 1, 12, "invalid dimension of the input"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct item items[SOUND + 2];
        memcpy(items, sound, (FLAGS + 1) * sizeof *sound);
        items[FLAGS] = (struct item)N(1);
        items[FLAGS + 1] = (struct item)N(rows[i].input);
        items[FLAGS + 2] = (struct item)S(rows[i].matrix);
        memcpy(items + FLAGS + 3, sound + FLAGS + 1, (SOUND - FLAGS - 1) * sizeof *sound);
        expect("REDIS0012", items, SOUND + 2, rows[i].fault);
    }
}

Test(vector_set, nothing_is_missing)
{
    for (size_t count = 0; count < SOUND; count++)
        expect("REDIS0012", sound, count, "");
}
