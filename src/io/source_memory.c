/* SPDX-License-Identifier: MIT */
/* The bottom of a source: bytes in memory. */
#include "base/fail.h"
#include "io/source.h"
#include <stdlib.h>
#include <string.h>

struct memory_origin {
    struct origin origin;
    rf_slice left;
};

static rf_code memory_read(struct layer *layer, uint8_t *out, size_t cap, size_t *n, rf_error *error)
{
    struct memory_origin *memory = (struct memory_origin *)layer;
    (void)error;
    *n = memory->left.len < cap ? memory->left.len : cap;
    if (*n == 0)
        return RF_OK;
    memcpy(out, memory->left.ptr, *n);
    memory->left.ptr += *n;
    memory->left.len -= *n;
    atomic_fetch_add_explicit(&memory->origin.position, *n, memory_order_relaxed);
    return RF_OK;
}

static bool memory_tail(struct origin *origin, uint8_t *out, size_t n)
{
    const struct memory_origin *memory = (struct memory_origin *)origin;
    if (memory->left.len < n)
        return false;
    memcpy(out, memory->left.ptr + memory->left.len - n, n);
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
        .left = bytes,
    };
    *out = &memory->origin;
    return RF_OK;
}
