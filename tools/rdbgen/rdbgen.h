/* SPDX-License-Identifier: MIT */
/* What the command line says, and the kinds of files that can be asked for. */
#ifndef RDBGEN_H
#define RDBGEN_H

#include <rdbferry/version.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    const char *output, *json; /* json: NULL where none is wanted */
    uint64_t seed;
    rf_dialect dialect;
    int rdb_version;
    size_t keys;     /* about how many, for `types`; how many files, for `values` and `files` */
    bool no_modules; /* for `types`: nothing that modules or a slot migration write */
    double scale;    /* for the others */
};

/* bench_*.c: large files as servers write them. */
void generate_strings(const struct options *options);
void generate_mixed(const struct options *options);
void generate_bigkeys(const struct options *options);

/* mutants.c: a folder of small files, each sound or damaged, of one key or of records in any order. */
void generate_values(const struct options *options);
void generate_files(const struct options *options);

/* types.c: a small file with everything in it. */
void generate_types(const struct options *options);

#endif
