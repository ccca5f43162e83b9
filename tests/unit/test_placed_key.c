/* SPDX-License-Identifier: MIT */
/* Placed keys come out as they were packed, with tags of their own. */
#include "base/bytes.h"
#include "cmd/run/placed_key.c"
#include "support/exact.h"
#include <criterion/criterion.h>

static struct placed_key random_key(uint64_t *state, char text[8])
{
    struct placed_key key = {.slot = (unsigned)(next_random(state) % RF_SLOTS), .bytes = next_random(state)};
    for (int i = 0; i < 8; i++)
        text[i] = (char)next_random(state);
    if (next_random(state) % 3)
        key.tag = slice_of(text, 1 + next_random(state) % 8);
    return key;
}

Test(placed_key, packed_and_unpacked)
{
    uint64_t state = 4711;
    struct buffer packed = {0};
    for (size_t count = 1; count <= PLACED_KEYS_MOST; count++) {
        struct placed_key keys[PLACED_KEYS_MOST], found[PLACED_KEYS_MOST];
        char texts[PLACED_KEYS_MOST][8];
        for (size_t i = 0; i < count; i++)
            keys[i] = random_key(&state, texts[i]);
        packed.len = 0;
        cr_assert(placed_keys_pack(&packed, keys, count));
        rf_slice exact = exact_copy(packed.data, packed.len);
        cr_assert_eq(placed_keys_unpack(exact, found), count);
        for (size_t i = 0; i < count; i++) {
            cr_assert_eq(found[i].slot, keys[i].slot);
            cr_assert_eq(found[i].bytes, keys[i].bytes);
            cr_assert_eq(found[i].tag.ptr == NULL, keys[i].tag.ptr == NULL);
            cr_assert(slice_equal(found[i].tag, keys[i].tag));
            cr_assert(!found[i].tag.ptr || (found[i].tag.ptr >= exact.ptr &&
                                            found[i].tag.ptr + found[i].tag.len <= exact.ptr + exact.len));
        }
        exact_free(exact);
    }
    buffer_free(&packed);
}
