/* SPDX-License-Identifier: MIT */
/* An arena: scratch memory of one element, taken piece by piece and given back all at once.
 *
 * Good for: decompressed strings, numbers turned into text, arrays of slices. Errors: NULL when memory
 * is out. Threads: none. Under AddressSanitizer every piece is an allocation of its own, so that an
 * overrun is seen. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SEPARATE
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_SEPARATE
#endif
#endif

struct arena_chunk;

struct arena {
    uint8_t *pos, *end;         /* free room in the newest chunk */
    uint8_t *start;             /* where pos stands when nothing is taken */
    struct arena_chunk *chunks; /* newest first */
};

/* A zeroed arena is empty and ready. */
void arena_free(struct arena *arena);

void *arena_alloc_slow(struct arena *arena, size_t size);
void arena_reset_slow(struct arena *arena);

/* `size` bytes, aligned for pointers and 64-bit integers. */
static inline void *arena_alloc(struct arena *arena, size_t size)
{
#if !defined(ARENA_SEPARATE)
    size_t rounded = (size + 15) & ~(size_t)15; /* 0: nothing, or too much; both are rare */
    if (rounded - 1 < (size_t)(arena->end - arena->pos)) {
        void *p = arena->pos;
        arena->pos += rounded;
        return p;
    }
#endif
    return arena_alloc_slow(arena, size);
}

/* Everything taken is gone; one chunk of at most 1 MiB is kept for the next round. */
static inline void arena_reset(struct arena *arena)
{
    if (arena->pos != arena->start)
        arena_reset_slow(arena);
}

#endif
