/* SPDX-License-Identifier: MIT */
/* Which vendor's server has saved an RDB. */
#ifndef RDB_PRODUCT_H
#define RDB_PRODUCT_H

#include "base/bytes.h"
#include <rdbferry/slice.h>

/* The server that writes AUX fields of this name, and no other does; NULL: none is known. */
const char *product_of_aux(rf_slice name);

#endif
