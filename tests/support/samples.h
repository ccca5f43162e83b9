/* SPDX-License-Identifier: MIT */
/* Small inputs that between them have every type, every record and every form of an AOF. */
#ifndef TESTS_SAMPLES_H
#define TESTS_SAMPLES_H

#include "support/rdb_build.h"

struct sample {
    const char *name;
    const char *magic, *hex; /* of an RDB without its end; NULL: there is none */
    const char *commands;    /* behind it, or alone; NULL: none */
};

enum { SAMPLES = 10 };

extern const struct sample samples[SAMPLES];

/* Appends the whole input. */
void put_sample(struct build *b, const struct sample *sample);

#endif
