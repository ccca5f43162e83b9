/* SPDX-License-Identifier: MIT */
/* A hook for encoders whose output is appended to that of another one: called instead of writing that the
 * following keys are in another database. */
#ifndef BASE_SELECT_HOOK_H
#define BASE_SELECT_HOOK_H

#include <stdint.h>

struct select_hook {
    void (*fn)(void *ctx, int64_t db); /* NULL: it is written */
    void *ctx;
};

#endif
