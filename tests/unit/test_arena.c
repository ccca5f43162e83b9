/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "support/exact.h"
#include <criterion/criterion.h>

Test(arena, pieces_are_aligned_and_do_not_overlap)
{
    enum { PIECES = 2000 };
    struct arena arena = {0};
    static uint8_t *pieces[PIECES];
    static size_t sizes[PIECES];
    uint64_t state = 3;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < PIECES; i++) {
            sizes[i] = next_random(&state) % (i % 100 ? 200 : 100000);
            pieces[i] = arena_alloc(&arena, sizes[i]);
            cr_assert_not_null(pieces[i]);
            cr_assert_eq((uintptr_t)pieces[i] % 16, 0);
            memset(pieces[i], i & 0xff, sizes[i]);
        }
        for (int i = 0; i < PIECES; i++)
            for (size_t k = 0; k < sizes[i]; k++)
                cr_assert_eq(pieces[i][k], i & 0xff);
        arena_reset(&arena);
    }
    arena_free(&arena);
}

Test(arena, empty_pieces_are_there_too)
{
    struct arena arena = {0};
    cr_assert_not_null(arena_alloc(&arena, 0));
    arena_reset(&arena);
    cr_assert_not_null(arena_alloc(&arena, 0));
    arena_free(&arena);
    cr_assert_null(arena.chunks);
}

Test(arena, absurd_sizes_are_refused)
{
    struct arena arena = {0};
    cr_assert_not_null(arena_alloc(&arena, 10));
    cr_assert_null(arena_alloc(&arena, SIZE_MAX));
    cr_assert_null(arena_alloc(&arena, SIZE_MAX - 15));
    cr_assert_null(arena_alloc(&arena, SIZE_MAX - 16));
    cr_assert_not_null(arena_alloc(&arena, 10));
    arena_free(&arena);
}

Test(arena, an_empty_one_may_be_reset_and_freed)
{
    struct arena arena = {0};
    arena_reset(&arena);
    arena_free(&arena);
    cr_assert_null(arena.chunks);
}

#if !defined(ARENA_SEPARATE)
Test(arena, reset_keeps_one_chunk_of_bounded_size)
{
    struct arena arena = {0};
    void *first = arena_alloc(&arena, 100);
    arena_reset(&arena);
    cr_assert_eq(arena_alloc(&arena, 100), first, "the chunk is used again");

    cr_assert_not_null(arena_alloc(&arena, 8 << 20));
    cr_assert_not_null(arena_alloc(&arena, 1));
    arena_reset(&arena);
    cr_assert_not_null(arena.chunks);
    cr_assert_leq((size_t)(arena.end - arena.pos), 1 << 20);
    arena_free(&arena);
}
#endif
