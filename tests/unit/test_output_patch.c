/* SPDX-License-Identifier: MIT */
/* Bytes of an output changed after they were put in. */
#include "codec/crc64.h"
#include "io/output.h"
#include "support/exact.h"
#include "support/scratch.h"
#include "support/stream.h"
#include <criterion/criterion.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { SIZE = 3000000 };

static const struct output_options summed = {.force = true, .crc = true, .hash = true};

static struct scratch scratch;
static struct output out;
static rf_error error;

static void setup(void)
{
    scratch_make(&scratch);
    cr_assert_eq(output_open(scratch_path(&scratch, "out"), &summed, &out, &error), RF_OK);
}

static void teardown(void)
{
    output_close(&out);
    scratch_remove(&scratch);
}

TestSuite(output_patch, .init = setup, .fini = teardown, .timeout = 120);

static void patch(uint64_t offset, rf_slice bytes)
{
    cr_assert_eq(output_patch(&out, offset, bytes, &error), RF_OK, "%s", error.message);
}

/* Ends the output, and expects the file and what is told of it to be this. */
static void expect_file(const void *expected, size_t size)
{
    rf_output_info info;
    cr_assert_eq(output_finish(&out, &error), RF_OK, "%s", error.message);
    cr_assert_eq(output_commit(&out, &error), RF_OK, "%s", error.message);
    rf_slice file = scratch_read(&scratch, "out");
    cr_assert(slice_equal(file, slice_of(expected, size)));
    output_info(&out, &info);
    cr_assert_eq(info.bytes, size);
    cr_assert_eq(info.xxh3, XXH3_64bits(expected, size));
    exact_free(file);
}

Test(output_patch, anywhere)
{
    uint64_t seed = (uint64_t)getpid() * 2654435761 + 1;
    cr_log_info("seed %llu", (unsigned long long)seed);
    rf_slice bytes = sample_bytes(SIZE, 1);
    uint8_t *expected = malloc(SIZE);
    size_t put = 0;
    while (put < SIZE) {
        size_t part = next_random(&seed) % 200000 + 1;
        part = part < SIZE - put ? part : SIZE - put;
        outbuf_put(&out.buf, bytes.ptr + put, part);
        memcpy(expected + put, bytes.ptr + put, part);
        put += part;
        cr_assert_eq(output_offset(&out), put);

        uint8_t changed[300];
        uint64_t offset = next_random(&seed) % put, room = put - offset;
        size_t n = next_random(&seed) % (room < sizeof changed ? room + 1 : sizeof changed);
        memset(changed, (int)next_random(&seed), sizeof changed);
        patch(offset, slice_of(changed, n));
        memcpy(expected + offset, changed, n);
        cr_assert_eq(output_offset(&out), put);
    }
    expect_file(expected, SIZE);
    free(expected);
    exact_free(bytes);
}

Test(output_patch, what_was_put_in_last)
{
    outbuf_put(&out.buf, "abcdef", 6);
    patch(4, SLICE("XY"));
    outbuf_put(&out.buf, "ghi", 3);
    patch(5, SLICE("Zzg"));
    patch(0, SLICE("a"));
    patch(9, SLICE(""));
    expect_file("abcdXZzgi", 9);
}

/* The checksum stays that of the bytes as they were put in, also of those that no writer has seen yet. */
Test(output_patch, the_checksum_knows_nothing_of_it)
{
    uint64_t crc;
    outbuf_put(&out.buf, "abcdef", 6);
    patch(1, SLICE("XXX"));
    outbuf_put(&out.buf, "ghi", 3);
    patch(6, SLICE("YYY"));
    cr_assert_eq(output_crc(&out, &crc, &error), RF_OK);
    cr_assert_eq(crc, crc64(0, "abcdefghi", 9));
    expect_file("aXXXefYYY", 9);
}

Test(output_patch, no_bytes_at_all)
{
    cr_assert_eq(output_offset(&out), 0);
    patch(0, SLICE(""));
    expect_file("", 0);
}

static bool can_patch(const char *path, rf_compression compress)
{
    struct output other;
    struct output_options options = {.compress = compress, .force = true};
    cr_assert_eq(output_open(path, &options, &other, &error), RF_OK, "%s", error.message);
    bool can = output_can_patch(&other);
    output_close(&other);
    return can;
}

Test(output_patch, where_it_works)
{
    const char *path = scratch_path(&scratch, "other");
    cr_expect(output_can_patch(&out));
    cr_expect(can_patch(path, RF_PLAIN));
    cr_expect_not(can_patch(path, RF_GZIP));
    cr_expect_not(can_patch(path, RF_LZ4));
    cr_expect_not(can_patch("-", RF_PLAIN));
    cr_expect_not(can_patch("/dev/null", RF_PLAIN));
}

/* A file that somebody has cut meanwhile has no hash to be told. */
Test(output_patch, a_file_that_became_shorter)
{
    outbuf_put(&out.buf, "abcdef", 6);
    patch(1, SLICE("X"));
    int found = -1;
    for (int fd = 3; fd < 64 && found < 0; fd++) {
        struct stat st;
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 6 && st.st_nlink == 1)
            found = fd;
    }
    cr_assert_geq(found, 0);
    cr_assert_eq(ftruncate(found, 3), 0);
    cr_expect_eq(output_finish(&out, &error), RF_E_WRITE);
}
