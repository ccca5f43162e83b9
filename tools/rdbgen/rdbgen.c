/* SPDX-License-Identifier: MIT */
/* rdbgen: makes RDB files, for tests and benchmarks. The same options give the same bytes, always.
 *
 *   rdbgen --kind types -o FILE [--seed N] [--rdb-version V] [--dialect redis|valkey|dragonfly]
 *                               [--keys N] [--plain-json FILE] [--no-modules]
 *       A small file with every opcode and every value type that this version has, each in all its forms.
 *       --plain-json says what is in it, for tests to compare with what a reader or a server says.
 *       --no-modules leaves out what modules write and slot imports, so that any server loads it. The
 *       version is 1-17 (15) or, for valkey, also 80 (the default) and 81, and for dragonfly, which writes
 *       nothing of modules, 9; --keys says about how many there are to be.
 *
 *   rdbgen --kind values|files -o FOLDER [--seed N] [--rdb-version V] [--dialect D] [--keys N] [--no-modules]
 *       N small files (180), 00000.rdb and so on: with a single key of that number, or with records in any
 * order. Elements have forms that no server writes, and still reads; six files in ten are damaged, most of
 * them in one place inside of a structure whose lengths still fit.  The checksum is right.
 *
 *   rdbgen --kind strings|mixed|bigkeys -o FILE [--seed N] [--scale 1.0]
 *       Files of 0.3, 1 and 0.6 GB to measure with, RDB version 10.
 *
 * main reads the options; types.c, mutants.c and bench_*.c write, by way of rdb_out.c (the file) and pack.c
 * (the blobs in it). */
#include "rdbgen.h"

#include "rdb_out.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct kind {
    const char *name;
    void (*generate)(const struct options *options);
} kinds[] = {
    {"types", generate_types},     {"values", generate_values}, {"files", generate_files},
    {"strings", generate_strings}, {"mixed", generate_mixed},   {"bigkeys", generate_bigkeys},
};

static _Noreturn void usage(void)
{
    fputs("usage: rdbgen --kind types|values|files|strings|mixed|bigkeys -o FILE [--seed N] [--scale X]\n"
          "       [--rdb-version V] [--dialect redis|valkey|dragonfly] [--keys N] [--plain-json FILE]\n"
          "       [--no-modules]\n",
          stderr);
    exit(2);
}

static uint64_t parse_number(const char *text, uint64_t most)
{
    char *end;
    errno = 0;
    uint64_t n = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || n > most)
        die("'%s' is not a number, or too large", text);
    return n;
}

static double parse_scale(const char *text)
{
    char *end;
    double scale = strtod(text, &end);
    if (end == text || *end || !(scale > 0 && scale <= 1000))
        die("'%s' is not a scale", text);
    return scale;
}

static rf_dialect parse_dialect(const char *text)
{
    static const char *const names[RF_DIALECTS] = {
        [RF_REDIS] = "redis", [RF_VALKEY] = "valkey", [RF_DRAGONFLY] = "dragonfly"};
    for (int i = 0; i < RF_DIALECTS; i++)
        if (strcmp(text, names[i]) == 0)
            return (rf_dialect)i;
    die("'%s' is none of redis, valkey and dragonfly", text);
}

static const struct kind *parse_kind(const char *text)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, text) == 0)
            return &kinds[i];
    die("'%s' is no kind of file", text);
}

static void check_version(struct options *options)
{
    static const int usual[RF_DIALECTS] = {[RF_REDIS] = 15, [RF_VALKEY] = 80, [RF_DRAGONFLY] = 9};
    bool valkey = options->dialect == RF_VALKEY;
    if (options->rdb_version == 0)
        options->rdb_version = usual[options->dialect];
    if (options->dialect == RF_DRAGONFLY && options->rdb_version != usual[RF_DRAGONFLY])
        die("RDB version %d is not dragonfly's", options->rdb_version);
    options->no_modules |= options->dialect == RF_DRAGONFLY;
    int version = options->rdb_version;
    bool of_valkey = version == 80 || version == 81;
    if (version > 17 && !(valkey && of_valkey))
        die("RDB version %d is none of 1-17 and, for valkey, 80 and 81", version);
    if (valkey && version > 11 && !of_valkey)
        die("RDB version %d is none of valkey's", version);
}

static const struct kind *parse_options(int argc, char **argv, struct options *options)
{
    static const struct option long_options[] = {
        {"kind", required_argument, NULL, 'k'},
        {"seed", required_argument, NULL, 's'},
        {"scale", required_argument, NULL, 'x'},
        {"rdb-version", required_argument, NULL, 'v'},
        {"dialect", required_argument, NULL, 'd'},
        {"keys", required_argument, NULL, 'n'},
        {"no-modules", no_argument, NULL, 'm'},
        {"plain-json", required_argument, NULL, 'j'},
        {0},
    };
    const struct kind *kind = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "o:", long_options, NULL)) != -1) {
        switch (option) {
        case 'k': kind = parse_kind(optarg); break;
        case 'o': options->output = optarg; break;
        case 's': options->seed = parse_number(optarg, UINT64_MAX); break;
        case 'x': options->scale = parse_scale(optarg); break;
        case 'v': options->rdb_version = (int)parse_number(optarg, 9999); break;
        case 'd': options->dialect = parse_dialect(optarg); break;
        case 'n': options->keys = parse_number(optarg, 1000000); break;
        case 'j': options->json = optarg; break;
        case 'm': options->no_modules = true; break;
        default: usage();
        }
    }
    if (!kind || !options->output || optind < argc)
        usage();
    return kind;
}

int main(int argc, char **argv)
{
    struct options options = {.seed = 1, .scale = 1};
    const struct kind *kind = parse_options(argc, argv, &options);
    check_version(&options);
    kind->generate(&options);
    return 0;
}
