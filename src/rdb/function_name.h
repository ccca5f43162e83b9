/* SPDX-License-Identifier: MIT */
/* The name of a function library, which is part of its code. */
#ifndef RDB_FUNCTION_NAME_H
#define RDB_FUNCTION_NAME_H

#include <rdbferry/slice.h>

/* The name in the first line of a library's code, "#!<engine> name=<name>\n"; without one, that line. Points
 * into `code`. */
rf_slice function_name(rf_slice code);

#endif
