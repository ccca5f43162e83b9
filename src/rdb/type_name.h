/* SPDX-License-Identifier: MIT */
/* The names of logical types. */
#ifndef RDB_TYPE_NAME_H
#define RDB_TYPE_NAME_H

#include <rdbferry/entry.h>
#include <stdbool.h>

/* The type of a name as the TYPE command reports it. False: none. */
bool type_of_name(rf_slice name, rf_type *out);

#endif
