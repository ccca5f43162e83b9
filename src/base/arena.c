/* SPDX-License-Identifier: MIT */
/* The arena's chunks: a list, newest first, each larger than the one before, up to a limit.
 *
 *     | struct arena_chunk | pieces ... | free | */
#include "base/arena.h"
#include <stdlib.h>

enum { FIRST_CHUNK = 4 * 1024, LARGEST_KEPT = 1024 * 1024 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    uint8_t bytes[];
};

static struct arena_chunk *add_chunk(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = malloc(sizeof *chunk + size);
    if (chunk) {
        *chunk = (struct arena_chunk){.next = arena->chunks, .size = size};
        arena->chunks = chunk;
    }
    return chunk;
}

void arena_free(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *arena = (struct arena){0};
}

#if defined(ARENA_SEPARATE)

void *arena_alloc_slow(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = size > PTRDIFF_MAX ? NULL : add_chunk(arena, size);
    if (!chunk)
        return NULL;
    return arena->pos = arena->end = chunk->bytes;
}

void arena_reset_slow(struct arena *arena)
{
    arena_free(arena);
}

#else

void *arena_alloc_slow(struct arena *arena, size_t size)
{
    if (size > PTRDIFF_MAX)
        return NULL;
    size_t rounded = size ? (size + 15) & ~(size_t)15 : 16;
    size_t wanted = arena->chunks ? arena->chunks->size * 2 : FIRST_CHUNK;
    if (wanted > LARGEST_KEPT)
        wanted = LARGEST_KEPT;
    if (wanted < rounded)
        wanted = rounded;

    struct arena_chunk *chunk = add_chunk(arena, wanted);
    if (!chunk)
        return NULL;
    arena->start = NULL;
    arena->pos = chunk->bytes + rounded;
    arena->end = chunk->bytes + wanted;
    return chunk->bytes;
}

/* Keeps the newest chunk that may be kept: nearly always the largest one. */
void arena_reset_slow(struct arena *arena)
{
    struct arena_chunk *kept = NULL;
    for (struct arena_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        if (!kept && chunk->size <= LARGEST_KEPT)
            kept = chunk;
        else
            free(chunk);
    }
    arena->chunks = kept;
    arena->pos = arena->start = kept ? kept->bytes : NULL;
    arena->end = kept ? kept->bytes + kept->size : NULL;
    if (kept)
        kept->next = NULL;
}

#endif
