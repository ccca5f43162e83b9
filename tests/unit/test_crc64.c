/* SPDX-License-Identifier: MIT */
#include "codec/crc64.h"
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

Test(crc64, both_ways_agree_for_every_length)
{
    if (!crc64_has_clmul())
        cr_skip_test("this CPU has no carry-less multiplication");
    uint8_t *bytes = random_bytes(4096);
    uint64_t seed = 0x0123456789abcdef;
    for (size_t n = 0; n <= 4096; n++) {
        rf_slice exact = exact_copy(bytes, n);
        uint64_t expected = crc64_slicing(seed, exact.ptr, n);
        cr_assert_eq(crc64_clmul(seed, exact.ptr, n), expected, "%zu bytes", n);
        cr_assert_eq(crc64(seed, exact.ptr, n), expected);
        exact_free(exact);
    }
    free(bytes);
}

Test(crc64, both_ways_agree_at_every_alignment)
{
    if (!crc64_has_clmul())
        cr_skip_test("this CPU has no carry-less multiplication");
    uint8_t *bytes = random_bytes(4096);
    for (size_t from = 0; from < 64; from++)
        for (size_t n = 200; n < 2000; n += 61)
            cr_assert_eq(crc64_clmul(from, bytes + from, n), crc64_slicing(from, bytes + from, n),
                         "%zu bytes at %zu", n, from);
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
