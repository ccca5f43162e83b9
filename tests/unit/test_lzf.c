/* SPDX-License-Identifier: MIT */
#include "codec/lzf.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <liblzf/lzf.h>
#include <stdio.h>

enum { SIZE_MAX_TESTED = 100000 };

/* Expands into exactly what lzf_expand() may write to. */
static bool expand(rf_slice in, size_t size, const uint8_t *expected)
{
    uint8_t *out = malloc(size + LZF_SLACK);
    bool fine = lzf_expand(in, out, size);
    if (fine && expected)
        cr_assert(size == 0 || memcmp(out, expected, size) == 0);
    free(out);
    return fine;
}

/* The block liblzf makes of `bytes`; empty where it finds nothing to save. */
static rf_slice compress(const uint8_t *bytes, size_t size)
{
    uint8_t *block = malloc(size + 1);
    unsigned len = lzf_compress(bytes, (unsigned)size, block, (unsigned)size - 1);
    rf_slice exact = exact_copy(block, len);
    free(block);
    return exact;
}

/* The beginning alone, out of no more of the block than that takes. */
static void check_starts(rf_slice block, const uint8_t *bytes, size_t size)
{
    uint8_t start[40];
    for (size_t wanted = 0; wanted <= sizeof start && wanted <= size; wanted++) {
        rf_slice part = exact_copy(block.ptr, block.len < 2 * wanted ? block.len : 2 * wanted);
        cr_assert_eq(lzf_expand_start(part, start, wanted), wanted);
        cr_assert(wanted == 0 || memcmp(start, bytes, wanted) == 0);
        exact_free(part);
    }
}

static void check_round_trip(const uint8_t *bytes, size_t size)
{
    rf_slice block = compress(bytes, size);
    if (block.len) {
        check_starts(block, bytes, size);
        cr_assert(expand(block, size, bytes), "%zu bytes", size);
        cr_assert_not(expand(block, size - 1, NULL));
        cr_assert_not(expand(block, size + 1, NULL));
        cr_assert_leq(size, block.len * LZF_MAX_RATIO);
    }
    exact_free(block);
}

/* Kinds of data, from one byte repeated over short and long periods and text to near noise. */
static void fill(uint8_t *bytes, size_t size, int kind, uint64_t *state)
{
    for (size_t i = 0; i < size; i++) {
        uint64_t random = next_random(state);
        if (kind < 20)
            bytes[i] = (uint8_t)(i % (size_t)(kind + 1));
        else if (kind < 24)
            bytes[i] = (uint8_t)("etaoin shrdlu"[random % 13]);
        else if (kind < 28)
            bytes[i] = random % 16 && i > 300 ? bytes[i - (size_t)(1 << (kind - 20))] : (uint8_t)random;
        else
            bytes[i] = (uint8_t)(random % (unsigned)(2 << (kind - 28)));
    }
}

Test(lzf, gives_back_what_liblzf_compressed)
{
    static const size_t sizes[] = {5,   8,   9,   17,  31,   32,   33,   63,   100,   255,
                                   263, 264, 265, 266, 1000, 8191, 8192, 8193, 20000, SIZE_MAX_TESTED};
    static uint8_t bytes[SIZE_MAX_TESTED];
    uint64_t state = 99;
    for (int kind = 0; kind < 34; kind++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            fill(bytes, sizes[i], kind, &state);
            check_round_trip(bytes, sizes[i]);
        }
}

Test(lzf, blocks_by_hand)
{
    uint8_t nothing[LZF_SLACK];
    static const struct {
        const char *block, *text;
    } rows[] = {
        {"00 61", "a"},
        {"02 616263", "abc"},
        {"02 616263 20 02", "abcabc"},
        {"03 61626361 e0 0f 02 01 6263", "abcabcabcabcabcabcabcabcabcabc"}, /* a server's */
        {"00 61 20 00", "aaaa"},
        {"01 6162 40 01 00 63 20 00", "abababcccc"},
        {"00 61 e0 00 00", "aaaaaaaaaa"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rf_slice block = exact_hex(rows[i].block);
        cr_assert(expand(block, strlen(rows[i].text), (const uint8_t *)rows[i].text), "%s", rows[i].block);
        exact_free(block);
    }
    cr_assert(lzf_expand((rf_slice){nothing, 0}, nothing, 0));
    cr_assert_not(lzf_expand((rf_slice){nothing, 0}, nothing, 1));
}

Test(lzf, every_distance_and_length)
{
    enum { SEED = 40 };
    for (size_t distance = 1; distance <= SEED; distance++)
        for (size_t length = 3; length <= 264; length++) {
            uint8_t block[64], expected[SEED + 264];
            size_t used = 0;
            for (size_t i = 0; i < SEED; i += 20) {
                block[used++] = 19;
                for (size_t k = 0; k < 20; k++)
                    expected[i + k] = block[used++] = (uint8_t)(7 * (i + k));
            }
            for (size_t i = 0; i < length; i++)
                expected[SEED + i] = expected[SEED + i - distance];
            size_t n = length - 2;
            block[used++] = (uint8_t)((n < 7 ? n : 7) << 5);
            if (n >= 7)
                block[used++] = (uint8_t)(n - 7);
            block[used++] = (uint8_t)(distance - 1);
            rf_slice exact = exact_copy(block, used);
            cr_assert(expand(exact, SEED + length, expected), "distance %zu length %zu", distance, length);
            exact_free(exact);
        }
}

Test(lzf, damaged_blocks_by_hand)
{
    static const struct {
        const char *block;
        size_t size;
    } rows[] = {
        {"00", 1},             /* no literal */
        {"02 6162", 3},        /* too few */
        {"02 616263", 2},      /* too many for the output */
        {"00 61 20", 4},       /* no distance */
        {"00 61 e0", 10},      /* no long length */
        {"00 61 e0 00", 10},   /* no distance after it */
        {"00 61 20 01", 4},    /* before the start */
        {"20 00", 3},          /* the same, at once */
        {"00 61 3f ff", 4},    /* far before the start */
        {"00 61 20 00", 3},    /* a match too long for the output */
        {"00 61 e0 ff 00", 9}, /* a very long one */
        {"00 61", 2},          /* too little */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rf_slice block = exact_hex(rows[i].block);
        cr_assert_not(expand(block, rows[i].size, NULL), "%s", rows[i].block);
        exact_free(block);
    }
}

Test(lzf, truncated_blocks_are_refused)
{
    static uint8_t bytes[3000];
    uint64_t state = 5;
    for (int kind = 0; kind < 34; kind++) {
        fill(bytes, sizeof bytes, kind, &state);
        rf_slice block = compress(bytes, sizeof bytes);
        for (size_t len = 0; len < block.len; len++) {
            rf_slice cut = exact_copy(block.ptr, len);
            cr_assert_not(expand(cut, sizeof bytes, NULL));
            exact_free(cut);
        }
        exact_free(block);
    }
}

/* Whatever liblzf accepts, and only that, is accepted, with the same result. */
static void check_like_liblzf(rf_slice block, size_t size)
{
    uint8_t *theirs = malloc(size);
    unsigned made = lzf_decompress(block.ptr, (unsigned)block.len, theirs, (unsigned)size);
    cr_assert_eq(expand(block, size, made == size ? theirs : NULL), made == size);
    free(theirs);
}

Test(lzf, damage_is_judged_as_liblzf_does)
{
    static uint8_t bytes[600];
    uint64_t state = 6;
    for (int kind = 0; kind < 34; kind++) {
        fill(bytes, sizeof bytes, kind, &state);
        rf_slice block = compress(bytes, sizeof bytes);
        uint8_t *p = (uint8_t *)(uintptr_t)block.ptr;
        for (int round = 0; block.len && round < 1500; round++) {
            size_t at = next_random(&state) % block.len;
            uint8_t before = p[at];
            p[at] = (uint8_t)next_random(&state);
            check_like_liblzf(block, sizeof bytes);
            p[at] = before;
        }
        exact_free(block);
    }
}
