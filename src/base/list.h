/* SPDX-License-Identifier: MIT */
/* Lists as options take them: items between separators, and items that are numbers or ranges of them. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>

/* Takes the first item off the list; it lies in it, and may be empty. False when there are no more. A list
 * without bytes has one item, which is empty; one whose ptr is NULL has none. */
bool list_next(rf_slice *list, char separator, rf_slice *item);

/* Reads "7" (*first and *last are both 7 then) or "0-3": canonical decimal numbers, none above `most`, the
 * second one not below the first. False if it is not that. */
bool list_range(rf_slice item, uint64_t most, uint64_t *first, uint64_t *last);

/* The arguments of "'%.*s%s'", which quotes a text in a message: shortened with "..." where it is long. */
#define QUOTED(text) \
    (int)((text).len < 64 ? (text).len : 64), (const char *)(text).ptr, (text).len <= 64 ? "" : "..."

#endif
