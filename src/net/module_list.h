/* SPDX-License-Identifier: MIT */
/* What MODULE LIST answers:
 *
 *   [["name", name, "ver", number, ...], ...]
 *
 * Nothing in it says which versions of its values a module reads. */
#ifndef NET_MODULE_LIST_H
#define NET_MODULE_LIST_H

#include "base/buffer.h"
#include "net/reply.h"

/* Appends the names in a reply that is an array, each with its NUL, and an empty name behind them. False when
 * memory is out. */
bool module_list_names(struct reply list, rf_slice rest, struct buffer *names);

#endif
