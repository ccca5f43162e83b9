/* SPDX-License-Identifier: MIT */
/* Outputs side by side: each has to come out as if it were alone. */
#include "base/buffer.h"
#include "codec/crc64.h"
#include "io/output.h"
#include "io/output_group.h"
#include "io/tempdir.h"
#include "support/exact.h"
#include "support/stream.h"
#include "support/tree.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <rdbferry/source.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xxhash.h>

enum { MANY = 150, SAMPLE = 4000000 };

static struct scratch scratch;
static struct tempdir *dir;
static struct output_group *group;
static struct output outputs[MANY];
static rf_slice sample;
static rf_error error;

static void setup(void)
{
    scratch_make(&scratch);
    sample = sample_bytes(SAMPLE, 1);
}

static void teardown(void)
{
    exact_free(sample);
    tree_remove_all(&scratch);
}

TestSuite(output_group, .init = setup, .fini = teardown, .timeout = 120);

static const char *name_of(size_t i)
{
    static char name[32];
    snprintf(name, sizeof name, "%03zu", i);
    return name;
}

static void open_outputs(size_t count, rf_compression compress)
{
    cr_assert_eq(tempdir_create(scratch_path(&scratch, "out"), false, &dir, &error), RF_OK);
    cr_assert_eq(output_group_open(count, &group, &error), RF_OK);
    struct output_options options = {
        .compress = compress, .crc = true, .hash = true, .group = group, .within = dir};
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(output_open(name_of(i), &options, &outputs[i], &error), RF_OK, "%s", error.message);
}

static void close_outputs(size_t count)
{
    for (size_t i = 0; i < count; i++)
        output_close(&outputs[i]);
    output_group_close(group);
    tempdir_close(dir);
}

/* --- what comes out ------------------------------------------------------------------------------------ */

/* Each output gets the sample from a place of its own on; how much, by parts of all sizes in a random order.
 * Those whose number divides by 7 get nothing. */
static void put_interleaved(size_t count, size_t *lengths, uint64_t *seed)
{
    size_t puts = 20 * count;
    memset(lengths, 0, count * sizeof *lengths);
    for (size_t n = 0; n < puts; n++) {
        size_t i = next_random(seed) % count;
        size_t part = next_random(seed) % (next_random(seed) % 16 == 0 ? SAMPLE / 32 : 2000);
        if (i % 7 == 0 || i * 100 + lengths[i] + part > SAMPLE)
            continue;
        outbuf_put(&outputs[i].buf, sample.ptr + i * 100 + lengths[i], part);
        lengths[i] += part;
    }
}

static void finish(size_t i, size_t length)
{
    uint64_t crc;
    cr_assert_eq(output_offset(&outputs[i]), length);
    cr_assert_eq(output_crc(&outputs[i], &crc, &error), RF_OK, "%s", error.message);
    cr_assert_eq(crc, crc64(0, sample.ptr + i * 100, length));
    cr_assert_eq(output_finish(&outputs[i], &error), RF_OK, "%s", error.message);
}

static void commit_all(size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(output_commit(&outputs[i], &error), RF_OK, "%s", error.message);
    cr_assert_eq(tempdir_commit(dir, &error), RF_OK, "%s", error.message);
}

static void expect_file(size_t i, size_t length)
{
    struct buffer content = {0};
    rf_output_info info;
    rf_source *source;
    char name[64];
    snprintf(name, sizeof name, "out/%s", name_of(i));
    output_info(&outputs[i], &info);
    cr_assert_str_eq(info.path, scratch_path(&scratch, name));
    rf_slice file = scratch_read(&scratch, name);
    cr_assert_eq(info.bytes, file.len);
    cr_assert_eq(info.xxh3, XXH3_64bits(file.ptr, file.len));
    exact_free(file);
    cr_assert_eq(rf_source_open(info.path, &source, &error), RF_OK);
    cr_assert_eq(source_read_all(source, 100000, &content, &error), RF_OK);
    cr_assert(slice_equal(buffer_slice(&content), slice_of(sample.ptr + i * 100, length)), "%zu", i);
    rf_source_close(source);
    buffer_free(&content);
}

static void run(size_t count, rf_compression compress)
{
    static size_t lengths[MANY];
    uint64_t seed = (uint64_t)getpid() * 2654435761 + count;
    cr_log_info("seed %llu", (unsigned long long)seed);
    open_outputs(count, compress);
    put_interleaved(count, lengths, &seed);
    for (size_t i = 0; i < count; i++)
        finish(i, lengths[i]);
    commit_all(count);
    for (size_t i = 0; i < count; i++)
        expect_file(i, lengths[i]);
    close_outputs(count);
    cr_assert_eq(scratch_count(&scratch), 1);
    tree_remove_all(&scratch);
    scratch_make(&scratch);
}

Test(output_group, few_or_many)
{
    static const size_t counts[] = {1, 2, 3, 5, 64, 65};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        run(counts[i], RF_PLAIN);
}

Test(output_group, compressed)
{
    run(3, RF_GZIP);
    run(3, RF_LZ4);
    run(70, RF_GZIP);
    run(70, RF_LZ4);
}

static void limit(int what, rlim_t soft)
{
    struct rlimit limits;
    cr_assert_eq(getrlimit(what, &limits), 0);
    limits.rlim_cur = soft;
    cr_assert_eq(setrlimit(what, &limits), 0);
}

Test(output_group, more_than_descriptors)
{
    limit(RLIMIT_NOFILE, 64);
    run(60, RF_PLAIN);
    run(MANY, RF_PLAIN);
    run(MANY, RF_LZ4);
}

static void expect_patched(size_t count)
{
    open_outputs(count, RF_PLAIN);
    for (size_t i = 0; i < count; i++)
        outbuf_put(&outputs[i].buf, sample.ptr, 300000);
    for (size_t i = 0; i < count; i++) {
        cr_assert(output_can_patch(&outputs[i]));
        cr_assert_eq(output_patch(&outputs[i], 299998, SLICE("XY"), &error), RF_OK, "%s", error.message);
        outbuf_put(&outputs[i].buf, "after", 5);
        cr_assert_eq(output_patch(&outputs[i], i, SLICE("XYZ"), &error), RF_OK, "%s", error.message);
        cr_assert_eq(output_finish(&outputs[i], &error), RF_OK, "%s", error.message);
    }
    commit_all(count);
    uint8_t *expected = malloc(300005);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        rf_output_info info;
        memcpy(expected, sample.ptr, 300000);
        memcpy(expected + 299998, "XYafter", 7);
        memcpy(expected + i, "XYZ", 3);
        snprintf(name, sizeof name, "out/%s", name_of(i));
        rf_slice file = scratch_read(&scratch, name);
        cr_expect(slice_equal(file, slice_of(expected, 300005)));
        output_info(&outputs[i], &info);
        cr_expect_eq(info.xxh3, XXH3_64bits(expected, 300005));
        exact_free(file);
    }
    free(expected);
    close_outputs(count);
}

Test(output_group, patched)
{
    expect_patched(3);
}

Test(output_group, patched_where_files_are_not_kept_open)
{
    expect_patched(66);
}

/* --- bounds -------------------------------------------------------------------------------------------- */

static size_t count_descriptors(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

Test(output_group, descriptors_are_kept_for_few)
{
    size_t before = count_descriptors();
    open_outputs(64, RF_PLAIN);
    cr_expect_geq(count_descriptors(), before + 64);
    close_outputs(64);
    cr_expect_eq(count_descriptors(), before);
    open_outputs(65, RF_PLAIN);
    cr_expect_leq(count_descriptors(), before + 2);
    close_outputs(65);
    cr_expect_eq(count_descriptors(), before);
}

static size_t block_size(size_t count)
{
    struct output_group *other;
    cr_assert_eq(output_group_open(count, &other, &error), RF_OK);
    size_t size = output_group_block_size(other);
    output_group_close(other);
    return size;
}

Test(output_group, blocks_shrink)
{
    cr_expect_eq(block_size(0), 512 * 1024);
    cr_expect_eq(block_size(1), 512 * 1024);
    cr_expect_eq(block_size(4), 512 * 1024);
    for (size_t count = 1; count < 2000; count += count / 3 + 1) {
        size_t size = block_size(count);
        cr_expect_geq(size, OUTBUF_RESERVE_MAX);
        cr_expect(count * size <= (2 << 20) || size == OUTBUF_RESERVE_MAX, "%zu of %zu", count, size);
    }
}

/* Each has a block of its own to write to, at one time. */
Test(output_group, all_have_room_at_once)
{
    enum { COUNT = 100 };
    open_outputs(COUNT, RF_PLAIN);
    for (int round = 0; round < 3; round++) {
        uint8_t *rooms[COUNT];
        for (size_t i = 0; i < COUNT; i++)
            memset(rooms[i] = outbuf_reserve(&outputs[i].buf, OUTBUF_RESERVE_MAX), (int)i,
                   OUTBUF_RESERVE_MAX);
        for (size_t i = 0; i < COUNT; i++) {
            cr_assert_eq(rooms[i][0] + 256 * rooms[i][OUTBUF_RESERVE_MAX - 1], i + 256 * i);
            outputs[i].buf.pos = rooms[i] + OUTBUF_RESERVE_MAX;
        }
    }
    close_outputs(COUNT);
    cr_expect_eq(scratch_count(&scratch), 0);
}

/* --- failures ------------------------------------------------------------------------------------------ */

/* Fills output 1 until it has failed, others a little; only that one tells. */
static void expect_failure_of_one(size_t count, const char *reason)
{
    for (int round = 0; round < 100000 && outputs[1].buf.code == RF_OK; round++)
        outbuf_put(&outputs[1].buf, sample.ptr, 100000);
    cr_assert_eq(outputs[1].buf.code, RF_E_WRITE);
    for (size_t i = 0; i < count; i++)
        outbuf_put(&outputs[i].buf, sample.ptr, 300000);
    for (size_t i = 0; i < count; i++) {
        error.message[0] = '\0';
        cr_expect_eq(output_finish(&outputs[i], &error), i == 1 ? RF_E_WRITE : RF_OK, "%zu: %s", i,
                     error.message);
        if (i == 1)
            cr_expect(strstr(error.message, reason) &&
                          strstr(error.message, scratch_path(&scratch, "out/001")),
                      "%s", error.message);
    }
    close_outputs(count);
    cr_expect_eq(scratch_count(&scratch), 0);
}

static void expect_failure_beyond_a_size(size_t count)
{
    signal(SIGXFSZ, SIG_IGN);
    limit(RLIMIT_FSIZE, 1000000);
    open_outputs(count, RF_PLAIN);
    expect_failure_of_one(count, strerror(EFBIG));
}

Test(output_group, a_file_that_grows_too_large)
{
    expect_failure_beyond_a_size(5);
}

Test(output_group, a_file_that_grows_too_large_among_many)
{
    expect_failure_beyond_a_size(80);
}

/* Also when there would be room again: bytes are missing. */
Test(output_group, a_failure_stays)
{
    signal(SIGXFSZ, SIG_IGN);
    open_outputs(2, RF_PLAIN);
    limit(RLIMIT_FSIZE, 1000);
    outbuf_put(&outputs[1].buf, sample.ptr, 2000);
    cr_expect_eq(output_patch(&outputs[1], 0, SLICE("x"), &error), RF_E_WRITE);
    limit(RLIMIT_FSIZE, RLIM_INFINITY);
    for (int i = 0; i < 20; i++)
        outbuf_put(&outputs[1].buf, sample.ptr, 300000);
    cr_expect_eq(output_finish(&outputs[1], &error), RF_E_WRITE);
    close_outputs(2);
    cr_expect_eq(scratch_count(&scratch), 0);
}

static void remove_one(void)
{
    char command[1200];
    snprintf(command, sizeof command, "rm %s/.out.rdbferry-*/001", scratch.path);
    cr_assert_eq(system(command), 0);
}

/* Where files are opened for each block it is found out at once, else at the commit. */
Test(output_group, a_file_that_somebody_removes_among_many)
{
    open_outputs(80, RF_PLAIN);
    remove_one();
    expect_failure_of_one(80, strerror(ENOENT));
}

static void expect_failure_at_the_commit(size_t count)
{
    open_outputs(count, RF_PLAIN);
    for (size_t i = 0; i < count; i++) {
        outbuf_put(&outputs[i].buf, sample.ptr, 1000);
        cr_assert_eq(output_finish(&outputs[i], &error), RF_OK);
    }
    remove_one();
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(output_commit(&outputs[i], &error), i == 1 ? RF_E_WRITE : RF_OK);
    close_outputs(count);
    cr_expect_eq(scratch_count(&scratch), 0);
}

Test(output_group, a_file_that_somebody_removes)
{
    expect_failure_at_the_commit(2);
    expect_failure_at_the_commit(80);
}

/* A link in a file's place is not written through. */
Test(output_group, a_file_that_becomes_a_link)
{
    char command[1200];
    scratch_write(&scratch, "outside", SLICE("x"));
    open_outputs(80, RF_PLAIN);
    remove_one();
    snprintf(command, sizeof command, "cd %s/.out.rdbferry-* && ln -s ../outside 001", scratch.path);
    cr_assert_eq(system(command), 0);
    outbuf_put(&outputs[1].buf, "y", 1);
    cr_expect_eq(output_finish(&outputs[1], &error), RF_E_WRITE);
    cr_expect(strstr(error.message, strerror(ELOOP)), "%s", error.message);
    close_outputs(80);
    rf_slice file = scratch_read(&scratch, "outside");
    cr_expect(slice_equal(file, SLICE("x")));
    exact_free(file);
}

Test(output_group, no_descriptor_left)
{
    cr_assert_eq(tempdir_create(scratch_path(&scratch, "out"), false, &dir, &error), RF_OK);
    cr_assert_eq(output_group_open(1, &group, &error), RF_OK);
    struct output_options options = {.group = group, .within = dir};
    int free_one = dup(0);
    close(free_one);
    limit(RLIMIT_NOFILE, (rlim_t)free_one);
    cr_expect_eq(output_open("0", &options, &outputs[0], &error), RF_E_WRITE);
    cr_expect(strstr(error.message, strerror(EMFILE)), "%s", error.message);
    cr_expect_null(outputs[0].state);
    limit(RLIMIT_NOFILE, 64);
    close_outputs(0);
    cr_expect_eq(scratch_count(&scratch), 0);
}
