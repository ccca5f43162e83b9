/* SPDX-License-Identifier: MIT */
/* A function library is known by a name that stands in its code. */
#ifndef RDB_FUNCTION_NAME_H
#define RDB_FUNCTION_NAME_H

#include <rdbferry/slice.h>

/* The name in the first line of a library's code, "#!<engine> name=<name>\n"; where there is none, that line.
 * It lies in `code`. */
rf_slice function_name(rf_slice code);

#endif
