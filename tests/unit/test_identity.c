/* SPDX-License-Identifier: MIT */
/* What tells one input from another, and that looking at it changes nothing of what is read. */
#include "base/bytes.h"
#include "support/exact.h"
#include "support/scratch.h"
#include "support/stream.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <xxhash.h>

TestSuite(identity, .timeout = 120);

enum { PART = 64 * 1024 };

static void expect_hash(rf_slice first, rf_slice second, const rf_identity *found)
{
    struct buffer both = {0};
    char text[33];
    cr_assert(buffer_append(&both, first) && buffer_append(&both, second));
    XXH128_hash_t hash = XXH3_128bits(both.data, both.len);
    snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
    cr_assert_str_eq(found->hash, text);
    buffer_free(&both);
}

static rf_slice head_of(rf_slice bytes)
{
    return slice_of(bytes.ptr, bytes.len < PART ? bytes.len : PART);
}

static rf_slice tail_of(rf_slice bytes)
{
    size_t size = bytes.len < PART ? bytes.len : PART;
    return slice_of(bytes.ptr + bytes.len - size, size);
}

static void expect_all(rf_source *source, size_t step, rf_slice bytes)
{
    struct buffer out = {0};
    rf_error error;
    cr_assert_eq(source_read_all(source, step, &out, &error), RF_OK);
    cr_assert_eq(out.len, bytes.len);
    cr_assert(slice_equal(buffer_slice(&out), bytes));
    buffer_free(&out);
}

static const size_t sizes[] = {1, 9, 1000, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 7, 300000};

Test(identity, of_files_is_head_and_tail)
{
    struct scratch scratch;
    scratch_make(&scratch);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        rf_slice bytes = sample_bytes(sizes[i], i);
        rf_source *source;
        rf_identity found;
        rf_error error;
        scratch_write(&scratch, "file", bytes);
        cr_assert_eq(rf_source_open(scratch_path(&scratch, "file"), &source, &error), RF_OK);
        cr_assert_eq(rf_source_identity(source, &found, &error), RF_OK);
        cr_assert_eq(found.size, (int64_t)bytes.len);
        expect_hash(head_of(bytes), tail_of(bytes), &found);
        expect_all(source, 4096, bytes);
        rf_source_close(source);
        exact_free(bytes);
    }
    scratch_remove(&scratch);
}

/* --- pipes ---------------------------------------------------------------------------------------------- */

struct writing {
    int fd;
    size_t step;
    rf_slice bytes;
};

static void *write_slowly(void *ctx)
{
    struct writing *w = ctx;
    for (size_t at = 0, n; at < w->bytes.len; at += n) {
        n = w->bytes.len - at < w->step ? w->bytes.len - at : w->step;
        cr_assert_eq(write(w->fd, w->bytes.ptr + at, n), (ssize_t)n);
    }
    close(w->fd);
    return NULL;
}

/* Whatever the sizes of writes, and whether anybody asks. */
static void check_pipe(rf_slice bytes, rf_slice plain, size_t step, bool asks)
{
    int fds[2];
    pthread_t thread;
    rf_source *source;
    rf_identity found;
    rf_error error;
    cr_assert_eq(pipe(fds), 0);
    struct writing writing = {fds[1], step, bytes};
    cr_assert_eq(pthread_create(&thread, NULL, write_slowly, &writing), 0);
    cr_assert_eq(rf_source_open_fd(fds[0], "pipe", &source, &error), RF_OK);
    if (asks) {
        cr_assert_eq(rf_source_identity(source, &found, &error), RF_OK);
        cr_assert_eq(found.size, -1);
        expect_hash(head_of(bytes), (rf_slice){0}, &found);
    }
    expect_all(source, 1000, plain);
    rf_source_close(source);
    close(fds[0]);
    pthread_join(thread, NULL);
}

Test(identity, of_pipes_is_the_head)
{
    static const size_t steps[] = {7, 4096, 65536};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        rf_slice bytes = sample_bytes(sizes[i], i);
        for (size_t j = sizes[i] > PART; j < sizeof steps / sizeof *steps; j++) {
            check_pipe(bytes, bytes, steps[j], true);
            check_pipe(bytes, bytes, steps[j], false);
        }
        exact_free(bytes);
    }
}

Test(identity, is_of_the_file_as_it_lies_there)
{
    rf_slice plain = sample_bytes(200000, 1);
    struct buffer packed = {0};
    gzip_append(&packed, plain);
    check_pipe(buffer_slice(&packed), plain, 4096, true);
    check_pipe(buffer_slice(&packed), plain, 4096, false);
    buffer_free(&packed);
    exact_free(plain);
}

Test(identity, memory_has_none)
{
    rf_source *source;
    rf_identity found;
    rf_error error;
    cr_assert_eq(rf_source_open_memory("abc", 3, "memory", &source, &error), RF_OK);
    cr_assert_eq(rf_source_identity(source, &found, &error), RF_E_ARGUMENT);
    rf_source_close(source);
}
