/* SPDX-License-Identifier: MIT */
#include "codec/crc64.h"
#include "codec/crc64_clmul.h"
#include "codec/crc64_slicing.h"
#include "support/exact.h"
#include <criterion/criterion.h>

static uint8_t *random_bytes(size_t n)
{
    uint64_t state = 4711;
    uint8_t *bytes = malloc(n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)next_random(&state);
    return bytes;
}

/* Bit by bit, as the definition goes. */
static uint64_t by_definition(uint64_t crc, const uint8_t *p, size_t n)
{
    for (; n > 0; n--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x95ac9329ac4bc9b5 : 0);
    }
    return crc;
}

Test(crc64, check_value)
{
    cr_assert_eq(crc64(0, "123456789", 9), 0xe9c6d914c4b8d9ca);
    cr_assert_eq(crc64_slicing(0, "123456789", 9), 0xe9c6d914c4b8d9ca);
    cr_assert_eq(crc64(0, NULL, 0), 0);
    cr_assert_eq(crc64(5, NULL, 0), 5);
}

Test(crc64, an_empty_rdb)
{
    rf_slice rdb = exact_hex("52454449533030 3130 ff a9fd37fe89a77eeb");
    cr_assert_eq(crc64(0, rdb.ptr, 10), 0xeb7ea789fe37fda9);
    cr_assert_eq(crc64(0, rdb.ptr, rdb.len), 0);
    exact_free(rdb);
}

Test(crc64, slicing_keeps_to_the_definition)
{
    uint8_t *bytes = random_bytes(600);
    for (size_t n = 0; n < 600; n++)
        cr_assert_eq(crc64_slicing(n, bytes, n), by_definition(n, bytes, n), "%zu bytes", n);
    free(bytes);
}

/* The ways that need instructions which not every CPU has. */
static const struct {
    bool (*available)(void);
    uint64_t (*crc64)(uint64_t crc, const void *bytes, size_t n);
} ways[] = {{crc64_has_clmul, crc64_clmul}, {crc64_has_wide_clmul, crc64_wide_clmul}};

enum { WAYS = sizeof ways / sizeof *ways };

Test(crc64, all_ways_agree_for_every_length)
{
    uint8_t *bytes = random_bytes(4096);
    uint64_t seed = 0x0123456789abcdef;
    for (size_t n = 0; n <= 4096; n++) {
        rf_slice exact = exact_copy(bytes, n);
        uint64_t expected = crc64_slicing(seed, exact.ptr, n);
        for (int i = 0; i < WAYS; i++)
            if (ways[i].available())
                cr_assert_eq(ways[i].crc64(seed, exact.ptr, n), expected, "way %d, %zu bytes", i, n);
        cr_assert_eq(crc64(seed, exact.ptr, n), expected);
        exact_free(exact);
    }
    free(bytes);
}

Test(crc64, all_ways_agree_at_every_alignment)
{
    uint8_t *bytes = random_bytes(8192);
    for (int i = 0; i < WAYS; i++)
        for (size_t from = 0; from < 64 && ways[i].available(); from++)
            for (size_t n = 200; n < 8000; n += 61)
                cr_assert_eq(ways[i].crc64(from, bytes + from, n), crc64_slicing(from, bytes + from, n),
                             "way %d, %zu bytes at %zu", i, n, from);
    free(bytes);
}

Test(crc64, may_be_fed_piece_by_piece)
{
    enum { SIZE = 100000 };
    uint8_t *bytes = random_bytes(SIZE);
    uint64_t whole = crc64(0, bytes, SIZE), state = 1, crc = 0;
    for (size_t at = 0, n; at < SIZE; at += n) {
        n = next_random(&state) % 3000;
        if (n > SIZE - at)
            n = SIZE - at;
        crc = crc64(crc, bytes + at, n);
    }
    cr_assert_eq(crc, whole);
    free(bytes);
}

Test(crc64, undo)
{
    enum { SIZE = 300 };
    uint8_t *bytes = random_bytes(SIZE);
    uint64_t whole = crc64(7, bytes, SIZE);
    for (size_t n = 0; n <= SIZE; n++)
        cr_assert_eq(crc64_undo(whole, bytes + SIZE - n, n), crc64(7, bytes, SIZE - n));
    free(bytes);
}

Test(crc64, zeros_that_nobody_goes_over)
{
    enum { SIZE = 300000 };
    uint8_t *zeros = calloc(1, SIZE);
    uint64_t state = 4711;
    for (size_t n = 0; n <= 1000; n++)
        cr_assert_eq(crc64_zeros(n, n), by_definition(n, zeros, n), "%zu zeros", n);
    for (int i = 0; i < 200; i++) {
        uint64_t crc = next_random(&state);
        size_t n = next_random(&state) % (SIZE + 1);
        cr_assert_eq(crc64_zeros(crc, n), crc64(crc, zeros, n), "%zu zeros", n);
    }
    free(zeros);
}

/* More of them than can be gone over: in two steps as in one; a 0 stays one. */
Test(crc64, very_many_zeros)
{
    uint64_t state = 815;
    for (int i = 0; i < 1000; i++) {
        uint64_t crc = next_random(&state), n = next_random(&state), part = next_random(&state) % n;
        cr_assert_eq(crc64_zeros(crc64_zeros(crc, part), n - part), crc64_zeros(crc, n));
        cr_assert_eq(crc64_zeros(0, n), 0);
    }
    cr_expect_eq(crc64_zeros(1, UINT64_MAX), 1, "the powers of x come round after 2^64-1 of them");
}

/* Bytes that change somewhere in the middle, as they do where a hole is filled. */
Test(crc64, of_changed_bytes)
{
    enum { SIZE = 20000, CHANGED = 18 };
    uint8_t *bytes = random_bytes(SIZE);
    uint64_t state = 11;
    for (int i = 0; i < 100; i++) {
        uint64_t before = crc64(0, bytes, SIZE);
        size_t at = next_random(&state) % (SIZE - CHANGED);
        uint8_t change[CHANGED];
        for (int j = 0; j < CHANGED; j++)
            bytes[at + (size_t)j] ^= change[j] = (uint8_t)next_random(&state);
        uint64_t moved = crc64_zeros(crc64(0, change, CHANGED), SIZE - at - CHANGED);
        cr_assert_eq(before ^ moved, crc64(0, bytes, SIZE));
    }
    free(bytes);
}
