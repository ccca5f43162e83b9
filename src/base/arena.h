/* SPDX-License-Identifier: MIT */
/* An arena: scratch memory for one element, allocated piece by piece and freed all at once.
 *
 * Used for decompressed strings, numbers converted to text, arrays of slices. Returns NULL if out of memory.
 * Not thread-safe. Under AddressSanitizer every piece is an allocation of its own, so that overruns are
 * detected. */
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
    uint8_t *pos, *end;         /* free space in the newest chunk */
    uint8_t *start;             /* the value of pos when nothing is allocated */
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

/* Frees everything; one chunk of at most 1 MiB is kept for reuse. */
static inline void arena_reset(struct arena *arena)
{
    if (arena->pos != arena->start)
        arena_reset_slow(arena);
}

#endif
