/* SPDX-License-Identifier: MIT */
/* Values that are not what they should be, one damage at a time. */
#ifndef TESTS_DAMAGES_H
#define TESTS_DAMAGES_H

#include "support/one_value.h"

enum frame {
    FRAMED, /* it is clear where the value ends */
    LOST,   /* nobody can tell */
};

struct damage {
    struct one_value value;
    enum frame frame;
    const char *message; /* a part of it */
};

extern const struct damage damages[];
extern const size_t damage_count;

#endif
