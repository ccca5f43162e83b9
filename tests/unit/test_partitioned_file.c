/* SPDX-License-Identifier: MIT */
/* Records in partitions on disk, against the same bytes in memory. */
#include "base/buffer.h"
#include "base/bytes.h"
#include "io/partitioned_file.h"
#include "support/exact.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PARTITIONS = 5, RECORDS = 3000 };

/* What is to be read back: records.data + at is next. */
struct expected {
    struct buffer records;
    size_t at, chunks;
};

static rf_code on_records(void *ctx, rf_slice records, rf_error *error)
{
    struct expected *expected = ctx;
    (void)error;
    cr_assert_gt(records.len, 0);
    cr_assert_eq((uintptr_t)records.ptr % 8, 0);
    cr_assert_leq(records.len, expected->records.len - expected->at);
    cr_assert(memcmp(records.ptr, expected->records.data + expected->at, records.len) == 0);
    expected->at += records.len;
    expected->chunks++;
    return RF_OK;
}

static void put(struct partitioned_file *file, struct expected *expected, size_t partition, uint64_t *state)
{
    static uint8_t bytes[3000];
    static const uint8_t zeros[8];
    rf_error error;
    size_t most = next_random(state) % 50 ? 40 : sizeof bytes / 2;
    size_t head = next_random(state) % most + 1, tail = next_random(state) % most;
    memset(bytes, (int)(next_random(state) % 256), sizeof bytes);
    bytes[0] = (uint8_t)*state;
    cr_assert_eq(
        partitioned_file_put(file, partition, slice_of(bytes, head), slice_of(bytes + head, tail), &error),
        RF_OK, "%s", error.message);
    cr_assert(buffer_append(&expected[partition].records, slice_of(bytes, head + tail)));
    cr_assert(buffer_append(&expected[partition].records, slice_of(zeros, -(head + tail) % 8)));
}

static void expect_same(struct partitioned_file *file, struct expected *expected, size_t partition)
{
    rf_error error;
    for (int turn = 0; turn < 2; turn++) {
        expected->at = 0;
        cr_assert_eq(partitioned_file_read(file, partition, on_records, expected, &error), RF_OK, "%s",
                     error.message);
        cr_expect_eq(expected->at, expected->records.len);
    }
}

/* The last partition stays empty. */
static void expect_partitions(size_t buffer, bool compress, uint64_t *state)
{
    struct expected expected[PARTITIONS] = {0};
    struct partitioned_file *file = partitioned_file_new(PARTITIONS, buffer, compress);
    rf_error error;
    cr_assert_not_null(file);
    for (int i = 0; i < RECORDS; i++)
        put(file, expected, next_random(state) % (PARTITIONS - 1), state);
    cr_assert_eq(partitioned_file_end(file, &error), RF_OK);
    for (size_t i = 0; i < PARTITIONS; i++) {
        expect_same(file, &expected[i], i);
        cr_expect_eq(expected[i].chunks > 0, i < PARTITIONS - 1);
        buffer_free(&expected[i].records);
        partitioned_file_drop(file, i);
        expected[i] = (struct expected){0};
        expect_same(file, &expected[i], i);
    }
    partitioned_file_free(file);
}

Test(partitioned_file, is_read_as_it_was_written)
{
    uint64_t state = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)state);
    for (int compress = 0; compress < 2; compress++) {
        expect_partitions(PARTITION_MIN_BUFFER, compress, &state);
        expect_partitions(2048, compress, &state);
        expect_partitions(PARTITION_MAX_BUFFER, compress, &state);
    }
    partitioned_file_free(NULL);
}

Test(partitioned_file, buffers_are_within_bounds)
{
    cr_expect_eq(partitioned_file_buffer(64, 0), PARTITION_MIN_BUFFER);
    cr_expect_eq(partitioned_file_buffer(64, 64 * 1003), 1000);
    cr_expect_eq(partitioned_file_buffer(64, UINT64_MAX), PARTITION_MAX_BUFFER);
}

/* Shortens the only file without a name; returns how long it was. */
static off_t cut(off_t by)
{
    struct stat stat;
    for (int fd = 3; fd < 256; fd++)
        if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_nlink == 0 && stat.st_size >= by) {
            cr_assert_eq(ftruncate(fd, stat.st_size - by), 0);
            return stat.st_size;
        }
    return 0;
}

Test(partitioned_file, one_that_was_cut_is_noticed)
{
    for (int compress = 0; compress < 2; compress++) {
        struct expected expected = {0};
        struct partitioned_file *file = partitioned_file_new(1, PARTITION_MIN_BUFFER, compress);
        uint64_t state = 7;
        rf_error error;
        for (int i = 0; i < 100; i++)
            put(file, &expected, 0, &state);
        cr_assert_eq(partitioned_file_end(file, &error), RF_OK);
        for (off_t left = cut(1) - 1; left > 0; left -= left > 40 ? 40 : left) {
            expected.at = 0;
            cr_assert_eq(partitioned_file_read(file, 0, on_records, &expected, &error), RF_E_WRITE);
            cr_assert_str_eq(error.message, "temporary file corrupted");
            cut(left > 40 ? 40 : left);
        }
        buffer_free(&expected.records);
        partitioned_file_free(file);
    }
}
