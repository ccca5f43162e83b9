/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "io/tempfile.h"
#include "support/exact.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <rdbferry/sink.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct scratch scratch;
static rf_error error;

static void setup(void)
{
    scratch_make(&scratch);
}

static void teardown(void)
{
    scratch_remove(&scratch);
}

TestSuite(tempfile, .init = setup, .fini = teardown, .timeout = 120);

static struct tempfile *create(const char *name)
{
    struct tempfile *file = NULL;
    cr_assert_eq(tempfile_create(scratch_path(&scratch, name), &file, &error), RF_OK, "%s", error.message);
    cr_assert_eq(write(tempfile_fd(file), "new", 3), 3);
    return file;
}

static void expect_content(const char *name, rf_slice expected)
{
    rf_slice file = scratch_read(&scratch, name);
    cr_assert(slice_equal(file, expected));
    exact_free(file);
}

Test(tempfile, only_its_owner_reads_it)
{
    struct stat st;
    umask(0);
    struct tempfile *file = create("out");
    cr_assert_eq(fstat(tempfile_fd(file), &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0600);
    tempfile_close(file);
    cr_assert_eq(scratch_count(&scratch), 0);
}

Test(tempfile, commit)
{
    struct tempfile *file = create("out");
    cr_assert_eq(tempfile_commit(file, false, &error), RF_OK);
    tempfile_close(file);
    expect_content("out", SLICE("new"));
    cr_assert_eq(scratch_count(&scratch), 1);
}

Test(tempfile, replaces_only_when_told)
{
    scratch_write(&scratch, "out", SLICE("old"));
    struct tempfile *file = create("out");
    cr_assert_eq(tempfile_commit(file, false, &error), RF_E_EXISTS);
    expect_content("out", SLICE("old"));
    cr_assert_eq(tempfile_commit(file, true, &error), RF_OK);
    expect_content("out", SLICE("new"));
    tempfile_close(file);
    cr_assert_eq(scratch_count(&scratch), 1);
}

Test(tempfile, in_the_working_directory)
{
    struct tempfile *file = NULL;
    cr_assert_eq(chdir(scratch.path), 0);
    cr_assert_eq(tempfile_create("out", &file, &error), RF_OK);
    cr_assert_eq(chdir("/"), 0);
    cr_assert_eq(tempfile_commit(file, false, &error), RF_OK);
    tempfile_close(file);
    expect_content("out", SLICE(""));
}

Test(tempfile, long_names)
{
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    struct tempfile *file = create(name);
    cr_assert_eq(tempfile_commit(file, false, &error), RF_OK);
    tempfile_close(file);
    expect_content(name, SLICE("new"));
}

Test(tempfile, no_file_name)
{
    struct tempfile *file = NULL;
    cr_assert_eq(tempfile_create(scratch_path(&scratch, ""), &file, &error), RF_E_ARGUMENT);
    cr_assert_null(file);
}

Test(tempfile, nothing_appears_after_the_end)
{
    struct tempfile *done = create("done"), *half = create("half"), *none = NULL;
    cr_assert_eq(tempfile_commit(done, false, &error), RF_OK);
    rf_cleanup_temp_files();
    cr_assert_eq(scratch_count(&scratch), 1);
    cr_assert_eq(tempfile_commit(half, false, &error), RF_E_WRITE);
    cr_assert_eq(tempfile_create(scratch_path(&scratch, "late"), &none, &error), RF_E_WRITE);
    cr_assert_null(none);
    tempfile_close(done);
    tempfile_close(half);
    expect_content("done", SLICE("new"));
    cr_assert_eq(scratch_count(&scratch), 1);
}
