/* SPDX-License-Identifier: MIT */
/* A value of any type as a run of elements, each with a kind, a name that no other of its kind has, and what
 * it holds. Two values are the same where their elements are. */
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
    rf_slice name, content; /* bytes, or text that stands for itself, as the kind is */
    int64_t expire_ms;      /* RF_NO_EXPIRY: none */
};

/* Borrows the element until it returns. Anything but RF_OK ends the walk; it fills the error that the walk
 * was given. */
typedef rf_code element_fn(void *ctx, const struct element *element);

/* The value has to be held, or is used up. A string has no elements. */
rf_code elements_walk(rf_value *value, element_fn *fn, void *ctx, rf_error *error);

/* "field 'name': 'content', expires 2026-01-01T00:00:00.000Z"; what is long is cut. */
void element_print(FILE *out, const struct element *element);

#endif
