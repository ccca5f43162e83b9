/* SPDX-License-Identifier: MIT */
/* Small files that are written in one step. */
#include "base/bytes.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <rdbferry/sink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];

static void begin(void)
{
    strcpy(directory, "/tmp/rdbferry-save-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    cr_assert_eq(chdir(directory), 0);
    umask(027);
}

static void end(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(save, .init = begin, .fini = end);

static void expect_file(const char *path, const char *content, mode_t mode)
{
    char text[64] = "";
    struct stat there;
    int fd = open(path, O_RDONLY);
    cr_assert_geq(fd, 0);
    cr_expect_geq(read(fd, text, sizeof text - 1), 0);
    cr_expect_eq(fstat(fd, &there), 0);
    cr_expect_str_eq(text, content);
    cr_expect_eq(there.st_mode & 0777, mode, "%o", there.st_mode);
    close(fd);
}

/* A link that the owner of the directory has made does not lead to a file of somebody else. */
Test(save, owner)
{
    struct stat st;
    rf_error error;
    if (geteuid() != 0)
        cr_skip("files are given away by root alone");
    cr_assert_eq(mkdir("theirs", 0755), 0);
    cr_assert_eq(chown("theirs", 12345, 54321), 0);
    cr_assert_eq(rf_file_save("theirs/a", SLICE("a"), 0, &error), RF_OK);
    cr_assert_eq(rf_file_save("b", SLICE("b"), RF_SAVE_PRIVATE, &error), RF_OK);
    cr_assert_eq(symlink("../b", "theirs/b"), 0);
    cr_assert_eq(rf_file_save("theirs/b", SLICE("c"), RF_SAVE_PRIVATE, &error), RF_OK);
    cr_expect(stat("theirs/a", &st) == 0 && st.st_uid == 12345 && st.st_gid == 54321);
    cr_expect(stat("b", &st) == 0 && st.st_uid == 0);
    const rf_ownership ownership = rf_outputs_ownership();
    cr_expect_eq(ownership.given, 1);
    cr_expect_eq(ownership.failed, 0);
    cr_expect_eq(ownership.uid, 12345);
}

static size_t files(void)
{
    size_t count = 0;
    DIR *dir = opendir(".");
    cr_assert_not_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

Test(save, a_file_is_replaced)
{
    rf_error error;
    cr_assert_eq(rf_file_save("file", SLICE("one"), 0, &error), RF_OK);
    expect_file("file", "one", 0640);
    cr_assert_eq(rf_file_save("./file", (rf_slice){0}, RF_SAVE_UNSYNCED, &error), RF_OK);
    expect_file("file", "", 0640);
    cr_assert_eq(rf_file_save("file", SLICE("two"), RF_SAVE_PRIVATE, &error), RF_OK);
    expect_file("file", "two", 0600);
    cr_expect_eq(files(), 1);
}

Test(save, a_new_file_replaces_none)
{
    rf_error error;
    cr_assert_eq(rf_file_save("file", SLICE("one"), RF_SAVE_NEW, &error), RF_OK);
    cr_expect_eq(rf_file_save("file", SLICE("two"), RF_SAVE_NEW, &error), RF_E_EXISTS);
    cr_expect_eq(errno, EEXIST);
    expect_file("file", "one", 0640);
    cr_expect_eq(rf_file_save("/dev/null", SLICE("new"), RF_SAVE_NEW, &error), RF_OK);
    cr_expect_eq(files(), 1);
}

Test(save, a_link_is_preserved)
{
    rf_error error;
    struct stat there;
    cr_assert_eq(mkdir("within", 0700), 0);
    cr_assert_eq(rf_file_save("within/file", SLICE("old"), 0, &error), RF_OK);
    cr_assert_eq(symlink("within/file", "link"), 0);
    cr_assert_eq(rf_file_save("link", SLICE("new"), 0, &error), RF_OK);
    expect_file("within/file", "new", 0640);
    cr_expect(lstat("link", &there) == 0 && S_ISLNK(there.st_mode));
    cr_expect_eq(files(), 2);
}

Test(save, a_fifo_is_written_to)
{
    rf_error error;
    char text[8] = "";
    cr_assert_eq(mkfifo("fifo", 0600), 0);
    int fd = open("fifo", O_RDONLY | O_NONBLOCK);
    cr_assert_eq(rf_file_save("fifo", SLICE("new"), 0, &error), RF_OK);
    cr_expect_eq(read(fd, text, sizeof text), 3);
    cr_expect_str_eq(text, "new");
    cr_expect_eq(rf_file_save("/dev/null", SLICE("new"), 0, &error), RF_OK);
    close(fd);
}

static void expect_failure(const char *path, int reason, const char *message)
{
    rf_error error;
    errno = 0;
    cr_expect_neq(rf_file_save(path, SLICE("new"), 0, &error), RF_OK);
    cr_expect_eq(errno, reason, "%s: %s", path, strerror(errno));
    cr_expect_str_eq(error.message, message);
}

/* A directory in which no file can be created, by a user whom permissions concern. */
Test(save, what_cannot_be_replaced_is_overwritten_on_request)
{
    enum { NOBODY = 65534 };
    rf_error error;
    cr_assert_eq(mkdir("shut", 0700), 0);
    cr_assert_eq(rf_file_save("shut/file", SLICE("a long one"), 0, &error), RF_OK);
    cr_assert_eq(chmod("shut/file", 0666) + chmod("shut", 0555) + chmod(".", 0755), 0);
    if (geteuid() == 0)
        cr_assert_eq(seteuid(NOBODY), 0);
    cr_expect_eq(rf_file_save("shut/file", SLICE("new"), 0, &error), RF_E_WRITE);
    cr_expect_eq(errno, EACCES);
    expect_file("shut/file", "a long one", 0666);
    cr_expect_eq(rf_file_save("shut/file", SLICE("new"), RF_SAVE_IN_PLACE, &error), RF_OK);
    expect_file("shut/file", "new", 0666);
    cr_expect_eq(rf_file_save("shut/file", (rf_slice){0}, RF_SAVE_IN_PLACE | RF_SAVE_UNSYNCED, &error),
                 RF_OK);
    expect_file("shut/file", "", 0666);
    cr_expect_eq(rf_file_save("shut/other", SLICE("new"), RF_SAVE_IN_PLACE, &error), RF_E_WRITE);
    cr_expect_eq(errno, EACCES);
    if (getuid() == 0)
        cr_assert_eq(seteuid(0), 0);
    cr_assert_eq(chmod("shut", 0700), 0);
}

Test(save, errno_is_the_reason)
{
    expect_failure("none/file", ENOENT, "none/file: cannot open the directory: No such file or directory");
    expect_failure("", ENOENT, ": not a valid file name");
    expect_failure(".", EISDIR, ".: cannot open: Is a directory");
    expect_failure("/dev/full", ENOSPC, "/dev/full: cannot write: No space left on device");
    cr_expect_eq(files(), 0);
    rf_cleanup_temp_files();
    expect_failure("file", ECANCELED, "file: not written: the program is stopping");
    cr_expect_eq(files(), 0);
}
