/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
#include "codec/crc64.h"
#include "io/output.h"
#include "support/exact.h"
#include "support/scratch.h"
#include "support/stream.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <rdbferry/source.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static const struct output_options plain = {.compress = RF_PLAIN, .hash = true};

static struct scratch scratch;

static void setup(void)
{
    scratch_make(&scratch);
}

static void teardown(void)
{
    scratch_remove(&scratch);
}

/* All suites with a timeout have the same one: where they differ, Criterion 2.4 leaks in its own process. */
TestSuite(output, .init = setup, .fini = teardown, .timeout = 120);

static const char *target(void)
{
    return scratch_path(&scratch, "out");
}

/* Opens, puts and finishes; the first code that is not RF_OK. */
static rf_code write_to(const char *path, const struct output_options *options, rf_slice bytes,
                        struct output *out, rf_error *error)
{
    rf_code code = output_open(path, options, out, error);
    if (code != RF_OK)
        return code;
    outbuf_put(&out->buf, bytes.ptr, bytes.len);
    return output_finish(out, error);
}

/* The file holds `bytes`, packed as `layers` says, and is what output_info() tells. */
static void expect_file(const struct output *out, rf_slice bytes, const char *layers)
{
    struct buffer content = {0};
    rf_output_info info;
    rf_source *source;
    rf_error error;
    output_info(out, &info);
    rf_slice file = scratch_read(&scratch, "out");
    cr_assert_eq(info.bytes, file.len);
    cr_assert_eq(info.xxh3, XXH3_64bits(file.ptr, file.len));
    cr_assert_str_eq(info.path, target());
    exact_free(file);
    cr_assert_eq(rf_source_open(info.path, &source, &error), RF_OK);
    cr_assert_str_eq(rf_source_layers(source), layers);
    cr_assert_eq(source_read_all(source, 100000, &content, &error), RF_OK);
    cr_assert(slice_equal(buffer_slice(&content), bytes));
    rf_source_close(source);
    buffer_free(&content);
}

Test(output, round_trips)
{
    static const char *const layers[] = {
        [RF_PLAIN] = "", [RF_GZIP] = "gzip", [RF_LZ4] = "lz4", [RF_ZSTD] = "zstd"};
    static const size_t sizes[] = {0, 1, 100000, 1024 * 1024, 7000001};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        rf_slice bytes = sample_bytes(sizes[i], i);
        for (rf_compression compress = RF_PLAIN; compress <= RF_ZSTD; compress++) {
            struct output_options options = {.compress = compress, .force = true, .hash = true};
            struct output out;
            rf_error error;
            cr_assert_eq(write_to(target(), &options, bytes, &out, &error), RF_OK);
            cr_assert_eq(output_commit(&out, &error), RF_OK);
            expect_file(&out, bytes, layers[compress]);
            output_close(&out);
        }
        exact_free(bytes);
    }
    cr_assert_eq(scratch_count(&scratch), 1);
}

Test(output, envelope)
{
    rf_slice bytes = sample_bytes(700001, 3);
    for (rf_compression compress = RF_LZ4; compress <= RF_ZSTD; compress++) {
        struct output_options options = {
            .compress = compress, .in_envelope = true, .force = true, .hash = true};
        struct output out;
        rf_error error;
        cr_assert_eq(write_to(target(), &options, bytes, &out, &error), RF_OK);
        cr_assert_eq(output_commit(&out, &error), RF_OK);
        expect_file(&out, bytes, "vcs");
        output_close(&out);
    }
    exact_free(bytes);
}

Test(output, crc_at_any_time)
{
    const struct output_options options = {.compress = RF_LZ4, .crc = true, .hash = true};
    rf_slice bytes = sample_bytes(6000000, 1);
    struct output out;
    rf_error error;
    uint64_t crc;
    cr_assert_eq(output_open(target(), &options, &out, &error), RF_OK);
    cr_assert_eq(output_crc(&out, &crc, &error), RF_OK);
    cr_assert_eq(crc, 0);
    for (size_t at = 0; at < bytes.len; at += 1500000) {
        outbuf_put(&out.buf, bytes.ptr + at, 1500000);
        cr_assert_eq(output_crc(&out, &crc, &error), RF_OK);
        cr_assert_eq(crc, crc64(0, bytes.ptr, at + 1500000));
    }
    output_close(&out);
    exact_free(bytes);
}

Test(output, room)
{
    struct output out;
    rf_error error;
    cr_assert_eq(output_open(target(), &plain, &out, &error), RF_OK);
    for (int i = 0; i < 100; i++) {
        memset(outbuf_reserve(&out.buf, OUTBUF_RESERVE_MAX), i, OUTBUF_RESERVE_MAX);
        out.buf.pos += OUTBUF_RESERVE_MAX;
    }
    cr_assert_eq(output_finish(&out, &error), RF_OK);
    cr_assert_eq(output_commit(&out, &error), RF_OK);
    rf_slice file = scratch_read(&scratch, "out");
    cr_assert_eq(file.len, 100 * OUTBUF_RESERVE_MAX);
    for (size_t i = 0; i < file.len; i++)
        cr_assert_eq(file.ptr[i], i / OUTBUF_RESERVE_MAX);
    exact_free(file);
    output_close(&out);
}

/* --- names ------------------------------------------------------------------------------------------- */

Test(output, appears_with_the_commit_only)
{
    struct output out;
    rf_error error;
    cr_assert_eq(write_to(target(), &plain, SLICE("bytes"), &out, &error), RF_OK);
    cr_assert_neq(access(target(), F_OK), 0);
    cr_assert_eq(output_commit(&out, &error), RF_OK);
    cr_assert_eq(access(target(), F_OK), 0);
    output_close(&out);
    cr_assert_eq(scratch_count(&scratch), 1);
}

Test(output, uncommitted_leaves_nothing)
{
    struct output out;
    rf_error error;
    cr_assert_eq(write_to(target(), &plain, SLICE("bytes"), &out, &error), RF_OK);
    output_close(&out);
    cr_assert_null(out.state);
    output_close(&out);
    cr_assert_eq(scratch_count(&scratch), 0);
}

Test(output, name_taken)
{
    const struct output_options force = {.force = true, .hash = true};
    struct output out = {.state = NULL};
    rf_error error;
    scratch_write(&scratch, "out", SLICE("old"));
    cr_assert_eq(output_open(target(), &plain, &out, &error), RF_E_EXISTS);
    cr_assert_null(out.state);
    cr_assert(strstr(error.message, target()));
    cr_assert_eq(write_to(target(), &force, SLICE("new"), &out, &error), RF_OK);
    cr_assert_eq(output_commit(&out, &error), RF_OK);
    expect_file(&out, SLICE("new"), "");
    output_close(&out);
}

Test(output, name_taken_meanwhile)
{
    struct output out;
    rf_error error;
    cr_assert_eq(write_to(target(), &plain, SLICE("new"), &out, &error), RF_OK);
    scratch_write(&scratch, "out", SLICE("old"));
    cr_assert_eq(output_commit(&out, &error), RF_E_EXISTS);
    output_close(&out);
    rf_slice file = scratch_read(&scratch, "out");
    cr_assert(slice_equal(file, SLICE("old")));
    exact_free(file);
    cr_assert_eq(scratch_count(&scratch), 1);
}

Test(output, mode_follows_umask)
{
    struct output out;
    struct stat st;
    rf_error error;
    umask(027);
    cr_assert_eq(write_to(target(), &plain, SLICE("bytes"), &out, &error), RF_OK);
    cr_assert_eq(output_commit(&out, &error), RF_OK);
    cr_assert_eq(stat(target(), &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0640);
    output_close(&out);
}

Test(output, no_such_directory)
{
    struct output out;
    rf_error error;
    cr_assert_eq(output_open(scratch_path(&scratch, "no/out"), &plain, &out, &error), RF_E_WRITE);
    cr_assert(strstr(error.message, strerror(ENOENT)));
}

/* --- failures ---------------------------------------------------------------------------------------- */

/* Encoders go on after a failure, and find it in buf.code. */
static void expect_failure(struct output *out, const char *reason)
{
    rf_error error;
    rf_slice bytes = sample_bytes(300000, 1);
    for (int i = 0; i < 1000 && out->buf.code == RF_OK; i++)
        outbuf_put(&out->buf, bytes.ptr, bytes.len);
    cr_assert_eq(out->buf.code, RF_E_WRITE);
    for (int i = 0; i < 100; i++)
        outbuf_put(&out->buf, bytes.ptr, bytes.len);
    cr_assert_eq(output_failure(out, &error), RF_E_WRITE);
    cr_assert(strstr(error.message, reason), "%s", error.message);
    cr_assert_eq(output_finish(out, &error), RF_E_WRITE);
    output_close(out);
    exact_free(bytes);
}

Test(output, full_device)
{
    for (rf_compression compress = RF_PLAIN; compress <= RF_ZSTD; compress++) {
        struct output_options options = {.compress = compress, .hash = true};
        struct output out;
        rf_error error;
        cr_assert_eq(output_open("/dev/full", &options, &out, &error), RF_OK);
        expect_failure(&out, "/dev/full: cannot write: No space left on device");
    }
}

/* The little that is found out only at the end is found out. */
Test(output, full_device_at_the_end)
{
    struct output out;
    rf_error error;
    uint64_t crc;
    cr_assert_eq(write_to("/dev/full", &plain, SLICE("x"), &out, &error), RF_E_WRITE);
    output_close(&out);
    cr_assert_eq(output_open("/dev/full", &plain, &out, &error), RF_OK);
    outbuf_put(&out.buf, "x", 1);
    cr_assert_eq(output_crc(&out, &crc, &error), RF_E_WRITE);
    cr_assert_eq(out.buf.code, RF_E_WRITE);
    output_close(&out);
}

Test(output, full_stdout)
{
    struct output out;
    rf_error error;
    int full = open("/dev/full", O_WRONLY), before = dup(STDOUT_FILENO);
    dup2(full, STDOUT_FILENO);
    rf_code code = output_open("-", &plain, &out, &error);
    dup2(before, STDOUT_FILENO);
    cr_assert_eq(code, RF_OK);
    expect_failure(&out, "stdout: cannot write: No space left on device");
}

Test(output, pipe_without_a_reader)
{
    struct output out;
    rf_error error;
    cr_assert_eq(mkfifo(target(), 0600), 0);
    int reader = open(target(), O_RDONLY | O_NONBLOCK);
    cr_assert_eq(output_open(target(), &plain, &out, &error), RF_OK);
    close(reader);
    expect_failure(&out, strerror(EPIPE));
}

/* A pipe that somebody has made non-blocking is waited for. */
Test(output, pipe_that_does_not_block)
{
    struct output out;
    rf_error error;
    uint8_t block[10000];
    size_t got = 0;
    rf_slice bytes = sample_bytes(300000, 1);
    cr_assert_eq(mkfifo(target(), 0600), 0);
    int reader = open(target(), O_RDONLY | O_NONBLOCK), before = dup(STDOUT_FILENO);
    int writer = open(target(), O_WRONLY | O_NONBLOCK);
    dup2(writer, STDOUT_FILENO);
    rf_code code = output_open("-", &plain, &out, &error);
    dup2(before, STDOUT_FILENO);
    cr_assert_eq(code, RF_OK);
    outbuf_put(&out.buf, bytes.ptr, bytes.len);
    out.buf.next(&out.buf);
    while (got < bytes.len) {
        ssize_t n = read(reader, block, sizeof block);
        if (n > 0) {
            cr_assert_eq(memcmp(block, bytes.ptr + got, (size_t)n), 0);
            got += (size_t)n;
        }
    }
    cr_assert_eq(output_finish(&out, &error), RF_OK);
    cr_assert_eq(output_commit(&out, &error), RF_OK);
    output_close(&out);
    close(reader);
    close(writer);
    exact_free(bytes);
}
