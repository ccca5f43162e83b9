/* SPDX-License-Identifier: MIT */
/* What of the names in a directory is a leftover of a killed run. */
#include "base/bytes.h"
#include "io/temp_path.h"
#include "io/tempdir.h"
#include "io/tempfile.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <rdbferry/sink.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

TestSuite(leftovers, .init = setup, .fini = teardown, .timeout = 120);

Test(leftovers, names)
{
    char longest[300] = "", shown[300] = ".";
    memset(longest, 'x', TEMP_NAME_SHOWN + 20);
    memset(shown + 1, 'x', TEMP_NAME_SHOWN);
    strcat(shown, ".rdbferry-abcdef");
    cr_expect(temp_path_is_temporary(shown, longest, false));
    cr_expect(temp_path_is_temporary(".a.rdb.rdbferry-a_-Z09", "a.rdb", false));
    cr_expect_not(temp_path_is_temporary("a.rdb.rdbferry-abcdef", "a.rdb", false));
    cr_expect_not(temp_path_is_temporary(".a.rdb.rdbferry-abcde", "a.rdb", false));
    cr_expect_not(temp_path_is_temporary(".a.rdb.rdbferry-abcdefg", "a.rdb", false));
    cr_expect_not(temp_path_is_temporary(".a.rdb.rdbferry-abc.ef", "a.rdb", false));
    cr_expect_not(temp_path_is_temporary(".a.rdb2.rdbferry-abcdef", "a.rdb", false));
    cr_expect_not(temp_path_is_temporary(".rdbferry-abcdef", "", false));
    cr_expect(temp_path_is_temporary(".a.1.base.rdb.rdbferry-abcdef", "a.", true));
    cr_expect_not(temp_path_is_temporary(".b.1.base.rdb.rdbferry-abcdef", "a.", true));
    cr_expect_not(temp_path_is_temporary("", "a", true));
}

static uint64_t removed(const char *name)
{
    return rf_remove_leftovers(scratch_path(&scratch, name), NULL).count;
}

Test(leftovers, open_ones_stay)
{
    struct tempfile *file;
    struct tempdir *dir;
    cr_assert_eq(tempfile_create(scratch_path(&scratch, "out"), &file, &error), RF_OK);
    cr_assert_eq(tempdir_create(scratch_path(&scratch, "out"), false, &dir, &error), RF_OK);
    cr_expect_eq(removed("out"), 0);
    cr_expect_eq(scratch_count(&scratch), 2);
    tempdir_close(dir);
    cr_assert_eq(tempfile_commit(file, false, &error), RF_OK);
    tempfile_close(file);
    cr_expect_eq(removed("out"), 0);
    cr_expect_eq(scratch_count(&scratch), 1);
}

Test(leftovers, sizes)
{
    scratch_write(&scratch, ".out.rdbferry-abcdef", SLICE("12345"));
    cr_assert_eq(mkdir(scratch_path(&scratch, ".out.rdbferry-ABCDEF"), 0700), 0);
    scratch_write(&scratch, ".out.rdbferry-ABCDEF/a", SLICE("123"));
    cr_assert_eq(mkdir(scratch_path(&scratch, ".out.rdbferry-ABCDEF/b"), 0700), 0);
    scratch_write(&scratch, ".out.rdbferry-ABCDEF/b/c", SLICE("12"));
    const rf_leftovers found = rf_remove_leftovers(scratch_path(&scratch, "out///"), NULL);
    cr_expect_eq(found.count, 2);
    cr_expect_eq(found.bytes, 10);
    cr_expect_eq(scratch_count(&scratch), 0);
}

/* One that is being created is found before it is locked. */
Test(leftovers, claim)
{
    scratch_write(&scratch, "x", SLICE(""));
    int mine = open(scratch_path(&scratch, "x"), O_RDWR), other = open(scratch_path(&scratch, "x"), O_RDWR);
    cr_assert(mine >= 0 && other >= 0);
    cr_assert_eq(flock(other, LOCK_EX), 0);
    cr_expect_not(temp_path_claim(mine));
    cr_assert_eq(unlink(scratch_path(&scratch, "x")), 0);
    close(other);
    cr_expect_not(temp_path_claim(mine));
    close(mine);
}

struct remover {
    char *path;
    atomic_bool enough;
};

static void *remove_again_and_again(void *arg)
{
    struct remover *remover = arg;
    while (!atomic_load(&remover->enough))
        rf_remove_leftovers(remover->path, NULL);
    return NULL;
}

/* A directory may be removed before it is locked. */
Test(leftovers, created_meanwhile)
{
    enum { TIMES = 10000 };
    struct remover remover = {.path = strdup(scratch_path(&scratch, "out"))};
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, remove_again_and_again, &remover), 0);
    for (int i = 0; i < TIMES; i++) {
        struct tempdir *dir;
        cr_assert_eq(tempdir_create(remover.path, false, &dir, &error), RF_OK, "%s", error.message);
        tempdir_close(dir);
    }
    atomic_store(&remover.enough, true);
    pthread_join(thread, NULL);
    free(remover.path);
    cr_expect_eq(scratch_count(&scratch), 0);
}

Test(leftovers, of_another_user)
{
    if (geteuid() != 0)
        cr_skip("files are given away by root alone");
    scratch_write(&scratch, ".out.rdbferry-abcdef", SLICE("12345"));
    cr_assert_eq(chown(scratch_path(&scratch, ".out.rdbferry-abcdef"), 12345, 12345), 0);
    cr_expect_eq(removed("out"), 0);
    cr_assert_eq(chown(scratch.path, 12345, 12345), 0); /* it may have been given to the directory's owner */
    cr_expect_eq(removed("out"), 1);
}

Test(leftovers, no_directory)
{
    cr_expect_eq(rf_remove_leftovers("/missing/out", "appendonly.aof").count, 0);
    cr_expect_eq(rf_remove_leftovers("", NULL).count, 0);
    cr_expect_eq(rf_remove_leftovers("/", NULL).count, 0);
}
