/* SPDX-License-Identifier: MIT */
/* The bottom of a source: bytes in memory. */
#include "base/fail.h"
#include "io/source.h"
#include <stdlib.h>
#include <string.h>

struct memory_origin {
    struct origin origin;
    rf_slice bytes;
};

static rf_code memory_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct memory_origin *memory = (struct memory_origin *)layer;
    size_t pos = atomic_load_explicit(&memory->origin.position, memory_order_relaxed);
    size_t left = memory->bytes.len - pos;
    (void)error;
    *n = left < cap ? left : cap;
    if (*n == 0)
        return RF_OK;
    memcpy(out, memory->bytes.ptr + pos, *n);
    atomic_fetch_add_explicit(&memory->origin.position, *n, memory_order_relaxed);
    return RF_OK;
}

static bool memory_tail(struct origin *origin, uint8_t *out, size_t n)
{
    const struct memory_origin *memory = (struct memory_origin *)origin;
    if (memory->bytes.len < n)
        return false;
    memcpy(out, memory->bytes.ptr + memory->bytes.len - n, n);
    return true;
}

static void memory_close(struct layer *layer)
{
    free(layer);
}

rf_code origin_open_memory(rf_slice bytes, struct origin **out, rf_error *error)
{
    struct memory_origin *memory = calloc(1, sizeof *memory);
    if (!memory)
        return fail(error, RF_E_MEMORY, "out of memory");
    *memory = (struct memory_origin){
        .origin = {.layer = {.read = memory_read, .close = memory_close},
                   .size = (int64_t)bytes.len,
                   .tail = memory_tail},
        .bytes = bytes,
    };
    *out = &memory->origin;
    return RF_OK;
}
