/* SPDX-License-Identifier: MIT */
/* Internals of a walk over elements, shared by its visitor functions. */
#ifndef CMD_ELEMENTS_WALK_H
#define CMD_ELEMENTS_WALK_H

#include "elements.h"

struct elements {
    element_fn *fn;
    void *ctx;
    rf_error *error;
    uint64_t index; /* of the next item, or part of a module's value */
    FILE *text;     /* buffer for names and contents that are not bytes of the value */
    char *made;     /* its content, valid after elements_made() */
    size_t size;
    char *group, *consumer; /* of a stream, formatted; NULL: none yet */
};

/* Passes on an element made of bytes. */
rf_code elements_put(struct elements *elements, enum element_kind kind, rf_slice name, rf_slice content,
                     int64_t expire_ms);

/* Starts a text. Output to `text` up to elements_named() is the name, the rest the content. */
FILE *elements_begin(struct elements *elements);
size_t elements_named(struct elements *elements);

/* Passes on an element made of the text, whose first `name` bytes are its name. */
rf_code elements_put_made(struct elements *elements, enum element_kind kind, size_t name);

/* Returns the text so far as a string; frees the previous `*into`. The caller frees it. */
rf_code elements_keep(struct elements *elements, char **into);

/* Visitor functions for streams; `ctx` is a struct elements. */
rf_code elements_stream_entry(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs);
rf_code elements_stream(void *ctx, const rf_stream *stream);
rf_code elements_group(void *ctx, const rf_group *group);
rf_code elements_consumer(void *ctx, const rf_consumer *consumer);
rf_code elements_pending(void *ctx, const rf_pending *pending);
rf_code elements_unowned(void *ctx, const rf_pending *pending);

#endif
