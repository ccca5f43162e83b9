/* SPDX-License-Identifier: MIT */
/* Lists in options: items between separators, and items that are numbers or ranges of numbers. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <rdbferry/slice.h>
#include <stdbool.h>
#include <stdint.h>

/* Removes the first item from the list; it points into the list and may be empty. False if there are no more.
 * A list of zero bytes has one empty item; one whose ptr is NULL has none. */
bool list_next(rf_slice *list, char separator, rf_slice *item);

/* Reads "7" (*first and *last are both 7 then) or "0-3": canonical decimal numbers, none above `most`, the
 * second one not below the first. False for anything else. */
bool list_range(rf_slice item, uint64_t most, uint64_t *first, uint64_t *last);

/* The arguments for "'%.*s%s'", which quotes a text in a message: shortened with "..." if it is long. */
#define QUOTED(text) \
    (int)((text).len < 64 ? (text).len : 64), (const char *)(text).ptr, (text).len <= 64 ? "" : "..."

#endif
