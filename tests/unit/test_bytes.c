/* SPDX-License-Identifier: MIT */
/* Searching and comparing bytes, in allocations of exactly their size. */
#include "base/bytes.h"
#include "support/exact.h"
#include <criterion/criterion.h>

static size_t naive_find(rf_slice bytes, uint8_t value)
{
    size_t at = 0;
    while (at < bytes.len && bytes.ptr[at] != value)
        at++;
    return at;
}

/* Values that differ by 1, and by the top bit, from the one that is searched for. */
Test(bytes, find_every_length)
{
    static const uint8_t alphabet[] = {0x00, 0x01, 0x7a, 0x7b, 0x7c, 0x80, 0xfb, 0xff};
    uint64_t state = 4711;
    for (size_t n = 0; n <= BYTES_FEW + 40; n++)
        for (int round = 0; round < 200; round++) {
            uint8_t bytes[BYTES_FEW + 40];
            const size_t values = 1 + next_random(&state) % sizeof alphabet;
            for (size_t i = 0; i < n; i++)
                bytes[i] = alphabet[next_random(&state) % values];
            rf_slice exact = exact_copy(bytes, n);
            for (size_t i = 0; i < sizeof alphabet; i++)
                cr_assert_eq(bytes_find(exact.ptr, n, alphabet[i]), naive_find(exact, alphabet[i]),
                             "%zu bytes, %02x", n, alphabet[i]);
            exact_free(exact);
        }
}

Test(bytes, load_fewer_than_eight)
{
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7};
    uint64_t expected = 0;
    for (size_t n = 0; n <= sizeof bytes; n++) {
        rf_slice exact = exact_copy(bytes, n);
        cr_expect_eq(load_short(exact.ptr, n), expected, "%zu bytes", n);
        exact_free(exact);
        expected |= (uint64_t)(n + 1) << 8 * n;
    }
}
