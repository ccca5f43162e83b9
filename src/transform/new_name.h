/* SPDX-License-Identifier: MIT */
/* Building a key's new name. */
#ifndef TRANSFORM_NEW_NAME_H
#define TRANSFORM_NEW_NAME_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/fail.h"

/* The default limit of a server for strings. (Valkey src/config.c: proto-max-bulk-len) */
enum { LONGEST_NAME = 512 * 1024 * 1024 };

/* Reserves n more bytes. RF_E_ARGUMENT if the name would become longer than LONGEST_NAME. */
static inline rf_code name_reserve(struct buffer *name, size_t n, rf_error *error)
{
    if (UNLIKELY(n > LONGEST_NAME - name->len))
        return fail(error, RF_E_ARGUMENT, "the new key name is longer than 512 MB");
    if (UNLIKELY(name->cap - name->len < n) && !buffer_reserve(name, n))
        return fail(error, RF_E_MEMORY, "out of memory for a new key name");
    return RF_OK;
}

/* The space must have been reserved. */
static inline void name_put(struct buffer *name, rf_slice bytes)
{
    bytes_copy(name->data + name->len, bytes.ptr, bytes.len);
    name->len += bytes.len;
}

static inline rf_code name_append(struct buffer *name, rf_slice bytes, rf_error *error)
{
    TRY(name_reserve(name, bytes.len, error));
    name_put(name, bytes);
    return RF_OK;
}

#endif
