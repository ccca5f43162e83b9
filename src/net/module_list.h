/* SPDX-License-Identifier: MIT */
/* The reply to MODULE LIST:
 *
 *   [["name", name, "ver", number, ...], ...]
 *
 * It does not show which value versions a module supports. */
#ifndef NET_MODULE_LIST_H
#define NET_MODULE_LIST_H

#include "base/buffer.h"
#include "net/reply.h"

/* Appends the names in an array reply, each terminated by a NUL, and an empty name at the end. Returns false
 * if out of memory. */
bool module_list_names(struct reply list, rf_slice rest, struct buffer *names);

#endif
