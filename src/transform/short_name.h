/* SPDX-License-Identifier: MIT */
/* Names of up to 64 bytes, looked at in registers: without loops for up to 32, and without calls. */
#ifndef TRANSFORM_SHORT_NAME_H
#define TRANSFORM_SHORT_NAME_H

#include "base/chunk.h"
#include "transform/glob_elements.h"

enum { SHORT_NAME_MOST = 64 };

struct short_name {
    const uint8_t *bytes;
    chunk first, last;   /* the first 16 bytes, or fewer and then zeros; and the last 16, or the same */
    unsigned last_at;    /* the position of the last ones */
    uint64_t head, tail; /* the first 8 bytes, the first one lowest, and the last 8, the last one highest */
};

/* Of a name of 1 to SHORT_NAME_MOST bytes. */
static inline struct short_name short_name_load(rf_slice name)
{
    struct short_name s = {.bytes = name.ptr};
    const size_t n = name.len;
    if (n >= CHUNK) {
        s.last_at = (unsigned)n - CHUNK;
        s.first = chunk_load(name.ptr);
        s.last = chunk_load(name.ptr + s.last_at);
    } else {
        s.first = s.last = chunk_load_part(name.ptr, n);
    }
    s.head = n >= 8 ? load_le64(name.ptr) : load_short(name.ptr, n);
    s.tail = n >= 8 ? load_le64(name.ptr + n - 8) : s.head << 8 * (8 - n);
    return s;
}

static inline bool short_name_has_braces(const struct short_name *name)
{
    unsigned found = chunk_braces(name->first) | chunk_braces(name->last);
    for (unsigned at = CHUNK; at < name->last_at; at += CHUNK)
        found |= chunk_braces(chunk_load(name->bytes + at));
    return found != 0;
}

/* The position of the first byte of this value from `from` on; at least the length: there is none. */
static inline size_t short_name_find(const struct short_name *name, size_t from, uint8_t value)
{
    uint64_t found = chunk_equal(name->first, value) | (uint64_t)chunk_equal(name->last, value)
                                                           << name->last_at;
    for (unsigned at = CHUNK; at < name->last_at; at += CHUNK)
        found |= (uint64_t)chunk_equal(chunk_load(name->bytes + at), value) << at;
    found = found >> from << from;
    return found ? (size_t)__builtin_ctzll(found) : SHORT_NAME_MOST;
}

/* Writes the name, and up to 15 bytes after it. */
static inline void short_name_put(const struct short_name *name, uint8_t *to)
{
    chunk_store(to, name->first);
    for (unsigned at = CHUNK; at < name->last_at; at += CHUNK)
        chunk_store(to + at, chunk_load(name->bytes + at));
    chunk_store(to + name->last_at, name->last);
}

/* The same as glob_runs_match() for a pattern with a short form, and a name of n bytes. */
static inline bool short_name_match(const struct glob_runs *runs, const struct short_name *name, size_t n,
                                    size_t positions[GLOB_MARKS])
{
    const struct glob_form *form = &runs->form;
    size_t at = form->head.len;
    if (n < form->least || ((name->head ^ form->head_word) & form->head_mask) != 0 ||
        ((name->tail ^ form->tail_word) & form->tail_mask) != 0)
        return false;
    if (form->middle.len > 0 && (at = short_name_find(name, at, form->middle.ptr[0])) >= n - form->tail.len)
        return false;
    glob_form_place(runs, n, at, positions);
    return true;
}

#endif
