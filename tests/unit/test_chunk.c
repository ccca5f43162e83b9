/* SPDX-License-Identifier: MIT */
/* The words that stand in where a machine has no wide registers: everywhere but here the others are tested.
 */
#define CHUNK_OF_WORDS
#include "base/chunk.h"
#include "support/exact.h"
#include <criterion/criterion.h>

Test(chunk, answers_are_for_each_byte)
{
    static const uint8_t special[] = {0x00, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x5b, 0x5c, 0x5d,
                                      0x79, 0x7b, 0x7d, 0x7f, 0x80, 0x9f, 0xa2, 0xdc, 0xff};
    uint64_t random = 1;
    for (int round = 0; round < 100000; round++) {
        uint8_t bytes[CHUNK], stored[CHUNK];
        unsigned high = 0, escaped = 0, braces = 0, equal = 0;
        for (unsigned i = 0; i < CHUNK; i++) {
            bytes[i] = special[next_random(&random) % sizeof special];
            high |= (unsigned)(bytes[i] >= 0x80) << i;
            braces |= (unsigned)(bytes[i] == '{' || bytes[i] == '}') << i;
            equal |= (unsigned)(bytes[i] == bytes[0]) << i;
            escaped |= (unsigned)(bytes[i] < 0x20 || bytes[i] == '"' || bytes[i] == '\\') << i;
        }
        chunk c = chunk_load(bytes);
        cr_assert_eq(chunk_high(c), high);
        cr_assert_eq(chunk_escaped(c), escaped);
        cr_assert_eq(chunk_braces(c), braces);
        cr_assert_eq(chunk_equal(c, bytes[0]), equal);
        chunk_store(stored, c);
        cr_assert(memcmp(stored, bytes, CHUNK) == 0);
    }
}

Test(chunk, a_part_ends_in_zeros)
{
    for (size_t n = 0; n < CHUNK; n++) {
        uint8_t bytes[CHUNK] = {0}, stored[CHUNK];
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)(0xf0 + i);
        rf_slice exact = exact_copy(bytes, n);
        chunk_store(stored, chunk_load_part(exact.ptr, n));
        cr_expect(memcmp(stored, bytes, CHUNK) == 0, "%zu", n);
        exact_free(exact);
    }
}
