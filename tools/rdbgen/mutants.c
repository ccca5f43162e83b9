/* SPDX-License-Identifier: MIT */
/* `values` and `files`: small files that are sound or damaged in one place, to hold a reader's verdict
 * against a server's. */
#include "gen.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

typedef void content_writer(struct types *types);

static void one_key(struct types *types)
{
    gen_any_key(types, types->name);
}

static void records(struct types *types)
{
    for (size_t n = rng_below(&types->rng, 12); n > 0; n--) {
        if (rng_below(&types->rng, 2))
            gen_any_key(types, (rf_slice){0});
        else
            gen_any_record(types);
    }
}

/* --- damage ------------------------------------------------------------------------------------------- */

/* Takes back all that has been written since the last flush. */
static void write_again(struct types *types, content_writer *emit, struct rng rng)
{
    types->out.pos = types->out.start;
    types->rng = rng;
    types->mutation.passed = 0;
    emit(types);
}

static void write_damaged(struct types *types, content_writer *emit)
{
    struct mutation *mutation = &types->mutation;
    struct rng rng = types->rng;
    mutation->passed = mutation->at = 0;
    emit(types);
    if (mutation->passed == 0)
        return;
    mutation->at = 1 + rng_below(&mutation->rng, mutation->passed);
    write_again(types, emit, rng);
    mutation->at = 0;
}

/* Anywhere, and nothing is made to fit; a single key's type and name are left. */
static void write_noisy(struct types *types, content_writer *emit)
{
    struct rdb_out *out = &types->out;
    struct buffer bytes = {0};
    emit(types);
    put(&bytes, slice_of(out->start, (size_t)(out->pos - out->start)));
    size_t start = types->name.len ? types->name.len + 2 : 0;
    if (bytes.len > start)
        mutate_bytes(&types->mutation, &bytes, start, bytes.len);
    out->pos = out->start;
    out_bytes(out, bytes.data, bytes.len);
    buffer_free(&bytes);
}

/* --- files -------------------------------------------------------------------------------------------- */

static void generate_one(struct types *types, content_writer *emit, const char *path)
{
    struct rng *rng = &types->mutation.rng;
    size_t choice = rng_below(rng, 20);
    out_open(&types->out, path, types->options->dialect, types->options->rdb_version);
    out_flush(&types->out);
    if (choice < 8)
        emit(types);
    else if (choice < 17)
        write_damaged(types, emit);
    else
        write_noisy(types, emit);
    out_close(&types->out);
}

static void generate(const struct options *options, content_writer *emit)
{
    enum { FILES = 180, PATH_MAX_LEN = 4096 };
    struct types types = {.options = options, .odd = true};
    struct rng seeds = {options->seed};
    size_t count = options->keys ? options->keys : FILES;
    if (mkdir(options->output, 0777) != 0 && errno != EEXIST)
        die("%s: %s", options->output, strerror(errno));
    for (size_t i = 0; i < count; i++) {
        char path[PATH_MAX_LEN], name[16];
        int length = snprintf(name, sizeof name, "%05zu", i);
        snprintf(path, sizeof path, "%s/%s.rdb", options->output, name);
        types.name = slice_of(name, emit == one_key ? (size_t)length : 0);
        types.rng.state = rng_next(&seeds);
        types.mutation.rng.state = rng_next(&seeds);
        generate_one(&types, emit, path);
    }
    buffer_free(&types.mutation.scratch);
    buffer_free(&types.pack.bytes);
    arena_free(&types.arena);
}

void generate_values(const struct options *options)
{
    generate(options, one_key);
}

void generate_files(const struct options *options)
{
    generate(options, records);
}
