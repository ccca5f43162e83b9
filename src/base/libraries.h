/* SPDX-License-Identifier: MIT */
/* The libraries that are linked, with the versions that are in use, which may be newer than those built with.
 */
#ifndef BASE_LIBRARIES_H
#define BASE_LIBRARIES_H

#include <stdbool.h>
#include <stddef.h>

struct library {
    const char *name;
    char version[32];
};

/* False: there are not so many. */
bool library_at(size_t index, struct library *out);

#endif
