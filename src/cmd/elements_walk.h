/* SPDX-License-Identifier: MIT */
/* A walk over elements from the inside: what its visitor's functions share. */
#ifndef CMD_ELEMENTS_WALK_H
#define CMD_ELEMENTS_WALK_H

#include "elements.h"

struct elements {
    element_fn *fn;
    void *ctx;
    rf_error *error;
    uint64_t index; /* of the next item, or part of a module's value */
    FILE *text;     /* where names and contents are made that are not bytes of the value */
    char *made;     /* what is in there, after elements_made() */
    size_t size;
    char *group, *consumer; /* of a stream, as they are shown; NULL: none yet */
};

/* Hands on an element made of bytes. */
rf_code elements_put(struct elements *elements, enum element_kind kind, rf_slice name, rf_slice content,
                     int64_t expire_ms);

/* Begins a text; what is printed to `text` up to elements_named() is a name, the rest a content. */
FILE *elements_begin(struct elements *elements);
size_t elements_named(struct elements *elements);

/* Hands on an element made of the text, of which the first `name` bytes are its name. */
rf_code elements_put_made(struct elements *elements, enum element_kind kind, size_t name);

/* The text so far as a string to be freed; `*into` is freed before. */
rf_code elements_keep(struct elements *elements, char **into);

/* The visitor's functions for streams; `ctx` is a struct elements. */
rf_code elements_stream_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs);
rf_code elements_stream(void *ctx, const rf_stream *stream);
rf_code elements_group(void *ctx, const rf_group *group);
rf_code elements_consumer(void *ctx, const rf_consumer *consumer);
rf_code elements_pending(void *ctx, const rf_pending *pending);
rf_code elements_unowned(void *ctx, const rf_pending *pending);

#endif
