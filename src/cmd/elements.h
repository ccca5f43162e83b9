/* SPDX-License-Identifier: MIT */
/* A value of any type as a sequence of elements, each with a kind, a name that is unique within its kind, and
 * a content. Two values are equal if their elements are. */
#ifndef CMD_ELEMENTS_H
#define CMD_ELEMENTS_H

#include <rdbferry/value.h>
#include <stdbool.h>
#include <stdio.h>

enum element_kind {
    ELEMENT_ITEM,
    ELEMENT_MEMBER,
    ELEMENT_SCORED,
    ELEMENT_FIELD,
    ELEMENT_INSERT_INDEX,
    ELEMENT_SLOT,
    ELEMENT_ENTRY,
    ELEMENT_LAST_ID,
    ELEMENT_DELETED_ID,
    ELEMENT_ADDED,
    ELEMENT_GROUP,
    ELEMENT_CONSUMER,
    ELEMENT_PENDING,
    ELEMENT_MODULE,
    ELEMENT_PART,
};

struct element {
    enum element_kind kind;
    rf_slice name, content; /* bytes, or made text, depending on the kind */
    int64_t expire_ms;      /* RF_NO_EXPIRY: none */
};

/* Borrows the element until it returns. Anything but RF_OK ends the walk; the callback fills the error that
 * was passed to the walk. */
typedef rf_code element_fn(void *ctx, const struct element *element);

/* The value must be held, otherwise it is used up. A string has no elements. */
rf_code elements_walk(rf_value *value, element_fn *fn, void *ctx, rf_error *error);

/* Prints "field 'name': 'content', expires 2026-01-01T00:00:00.000Z"; long content is cut. */
void element_print(FILE *out, const struct element *element);

#endif
