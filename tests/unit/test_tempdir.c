/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "io/tempdir.h"
#include "support/exact.h"
#include "support/tree.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <rdbferry/sink.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct scratch scratch;
static rf_error error;
static bool cannot_exchange;

/* In place of the system's: a file system that can do less. */
int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    if (cannot_exchange && (flags & RENAME_EXCHANGE)) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

static void setup(void)
{
    scratch_make(&scratch);
    umask(022);
}

static void teardown(void)
{
    tree_remove_all(&scratch);
}

TestSuite(tempdir, .init = setup, .fini = teardown, .timeout = 120);

static void put_file(struct tempdir *dir, const char *name, rf_slice bytes)
{
    int fd = -1;
    cr_assert_eq(tempdir_create_file(dir, name, &fd, &error), RF_OK, "%s", error.message);
    cr_assert_eq(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    close(fd);
}

/* With a file "a" of three bytes, and one in a directory. */
static struct tempdir *make(const char *target, bool force)
{
    struct tempdir *dir = NULL;
    cr_assert_eq(tempdir_create(target, force, &dir, &error), RF_OK, "%s", error.message);
    put_file(dir, "a", SLICE("new"));
    cr_assert_eq(tempdir_make_directory(dir, "sub", &error), RF_OK, "%s", error.message);
    put_file(dir, "sub/b", SLICE("more"));
    return dir;
}

static struct tempdir *make_out(bool force)
{
    return make(scratch_path(&scratch, "out"), force);
}

static void expect_tree(const char *expected)
{
    const char *tree = tree_text(&scratch);
    cr_expect_str_eq(tree, expected, "%s", tree);
}

#define OUT "0644 out/a 3\n0644 out/sub/b 4\n0755 out/\n0755 out/sub/\n"

static void commit(struct tempdir *dir)
{
    cr_expect_eq(tempdir_commit(dir, &error), RF_OK, "%s", error.message);
    tempdir_close(dir);
}

/* --- appearing ----------------------------------------------------------------------------------------- */

Test(tempdir, appears_with_the_commit_only)
{
    struct tempdir *dir = make_out(false);
    expect_tree("0600 .out.rdbferry-XXXXXX/a 3\n0600 .out.rdbferry-XXXXXX/sub/b 4\n"
                "0700 .out.rdbferry-XXXXXX/\n0700 .out.rdbferry-XXXXXX/sub/\n");
    commit(dir);
    expect_tree(OUT);
}

/* That of the commit. */
Test(tempdir, modes_follow_umask)
{
    static const mode_t masks[] = {0, 022, 027, 077};
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        char expected[256];
        unsigned file = 0666 & ~masks[i], directory = 0777 & ~masks[i];
        struct tempdir *dir = make_out(false);
        umask(masks[i]);
        commit(dir);
        snprintf(expected, sizeof expected, "%04o out/a 3\n%04o out/sub/b 4\n%04o out/\n%04o out/sub/\n",
                 file, file, directory, directory);
        expect_tree(expected);
        tree_remove_all(&scratch);
        cr_assert_eq(mkdir(scratch.path, 0700), 0);
    }
}

Test(tempdir, what_directories_inherit_stays)
{
    cr_assert_eq(chmod(scratch.path, 02755), 0);
    commit(make_out(false));
    expect_tree("0644 out/a 3\n0644 out/sub/b 4\n2755 out/\n2755 out/sub/\n");
}

Test(tempdir, over_an_empty_directory)
{
    tree_make(&scratch, "out");
    commit(make_out(false));
    expect_tree(OUT);
    cr_expect_eq(unlink(scratch_path(&scratch, "out/a")), 0);
}

Test(tempdir, paths_and_names)
{
    char *path;
    struct tempdir *dir = make(scratch_path(&scratch, "out//"), false);
    cr_expect_str_eq(tempdir_target(dir), scratch_path(&scratch, "out"));
    path = tempdir_path(dir, "sub/b");
    cr_expect_str_eq(path, scratch_path(&scratch, "out/sub/b"));
    free(path);
    cr_expect_eq(tempdir_file_size(dir, "sub/b"), 4);
    cr_expect_eq(tempdir_file_size(dir, "sub"), -1);
    cr_expect_eq(tempdir_file_size(dir, "none"), -1);
    commit(dir);
    expect_tree(OUT);
}

Test(tempdir, in_the_working_directory)
{
    cr_assert_eq(chdir(scratch.path), 0);
    struct tempdir *dir = make("out", false);
    cr_assert_eq(chdir("/"), 0);
    put_file(dir, "late", SLICE(""));
    commit(dir);
    expect_tree("0644 out/a 3\n0644 out/late 0\n0644 out/sub/b 4\n0755 out/\n0755 out/sub/\n");
}

Test(tempdir, a_link_leads_to_the_target)
{
    tree_make(&scratch, "real");
    cr_assert_eq(symlink("real", scratch_path(&scratch, "out")), 0);
    struct tempdir *dir = make_out(false);
    cr_expect(strstr(tree_text(&scratch), ".real.rdbferry-XXXXXX/a"));
    commit(dir);
    expect_tree("0644 real/a 3\n0644 real/sub/b 4\n0755 real/\n0755 real/sub/\nout@\n");
}

Test(tempdir, the_directory_one_is_in)
{
    tree_make(&scratch, "out");
    cr_assert_eq(chdir(scratch_path(&scratch, "out")), 0);
    commit(make(".", false));
    expect_tree(OUT);
}

Test(tempdir, names_that_are_taken_in_it)
{
    int fd = -1;
    struct tempdir *dir = make_out(false);
    cr_expect_eq(tempdir_create_file(dir, "a", &fd, &error), RF_E_EXISTS);
    cr_expect_eq(tempdir_make_directory(dir, "sub", &error), RF_E_EXISTS);
    cr_expect(strstr(error.message, scratch_path(&scratch, "out/sub")), "%s", error.message);
    cr_expect_eq(tempdir_create_file(dir, "none/a", &fd, &error), RF_E_WRITE);
    cr_expect_eq(fd, -1);
    tempdir_close(dir);
    expect_tree("");
}

/* --- what is in the way -------------------------------------------------------------------------------- */

static void expect_refused(bool force, rf_code code)
{
    struct tempdir *none = NULL;
    char before[4096];
    snprintf(before, sizeof before, "%s", tree_text(&scratch));
    cr_expect_eq(tempdir_create(scratch_path(&scratch, "out"), force, &none, &error), code);
    cr_expect_null(none);
    cr_expect(strstr(error.message, scratch_path(&scratch, "out")), "%s", error.message);
    expect_tree(before);
}

static void expect_refused_at_commit(struct tempdir *dir)
{
    cr_expect_eq(tempdir_commit(dir, &error), RF_E_EXISTS);
    tempdir_close(dir);
}

static void make_split(void)
{
    tree_make(&scratch, "out");
    tree_make(&scratch, "out/deep");
    tree_make(&scratch, "out/deep/deeper");
    scratch_write(&scratch, "out/plan.json", SLICE("{\n  \"rdbferry\":1}"));
    scratch_write(&scratch, "out/deep/deeper/old", SLICE("old"));
}

/* A file that is called so by chance. */
Test(tempdir, another_plan_is_not_ours)
{
    struct tempdir *dir = NULL;
    make_split();
    scratch_write(&scratch, "out/plan.json", SLICE("{\n  \"steps\": []}"));
    cr_expect_eq(tempdir_create(scratch_path(&scratch, "out"), true, &dir, &error), RF_E_EXISTS);
    cr_expect_null(dir);
}

Test(tempdir, only_what_is_empty_is_replaced)
{
    scratch_write(&scratch, "out", SLICE(""));
    expect_refused(false, RF_E_EXISTS);
    expect_refused(true, RF_E_EXISTS);
    unlink(scratch_path(&scratch, "out"));
    cr_assert_eq(symlink("nowhere", scratch_path(&scratch, "out")), 0);
    expect_refused(true, RF_E_EXISTS);
    unlink(scratch_path(&scratch, "out"));
    tree_make(&scratch, "out");
    scratch_write(&scratch, "out/.hidden", SLICE(""));
    expect_refused(false, RF_E_EXISTS);
    expect_refused(true, RF_E_EXISTS);
    tree_make(&scratch, "out/plan.json");
    expect_refused(true, RF_E_EXISTS);
    rmdir(scratch_path(&scratch, "out/plan.json"));
    cr_assert_eq(symlink(".hidden", scratch_path(&scratch, "out/plan.json")), 0);
    expect_refused(true, RF_E_EXISTS);
}

Test(tempdir, a_split_is_replaced_only_when_told)
{
    make_split();
    expect_refused(false, RF_E_EXISTS);
    commit(make_out(true));
    expect_tree(OUT);
}

Test(tempdir, force_replaces_nothing_or_an_empty_directory)
{
    commit(make_out(true));
    expect_tree(OUT);
    tree_remove_all(&scratch);
    cr_assert_eq(mkdir(scratch.path, 0700), 0);
    tree_make(&scratch, "out");
    commit(make_out(true));
    expect_tree(OUT);
}

Test(tempdir, replacing_where_nothing_can_be_exchanged)
{
    cannot_exchange = true;
    make_split();
    commit(make_out(true));
    expect_tree(OUT);
}

/* What links of the old directory lead to stays. */
Test(tempdir, replacing_follows_no_link)
{
    make_split();
    tree_make(&scratch, "outside");
    scratch_write(&scratch, "outside/x", SLICE("x"));
    cr_assert_eq(symlink("../outside", scratch_path(&scratch, "out/link")), 0);
    cr_assert_eq(symlink("../../outside/x", scratch_path(&scratch, "out/deep/link")), 0);
    commit(make_out(true));
    expect_tree(
        "0644 out/a 3\n0644 out/sub/b 4\n0644 outside/x 1\n0755 out/\n0755 out/sub/\n0755 outside/\n");
}

Test(tempdir, a_file_that_appears_meanwhile)
{
    struct tempdir *dir = make_out(true);
    scratch_write(&scratch, "out", SLICE("x"));
    expect_refused_at_commit(dir);
    expect_tree("0644 out 1\n");
}

Test(tempdir, a_directory_that_appears_meanwhile)
{
    struct tempdir *dir = make_out(false);
    make_split();
    expect_refused_at_commit(dir);
    dir = NULL;
    cr_expect_eq(tempdir_create(scratch_path(&scratch, "out"), true, &dir, &error), RF_OK);
    unlink(scratch_path(&scratch, "out/plan.json"));
    expect_refused_at_commit(dir);
    expect_tree("0644 out/deep/deeper/old 3\n0755 out/\n0755 out/deep/\n0755 out/deep/deeper/\n");
}

Test(tempdir, a_split_that_goes_meanwhile)
{
    make_split();
    struct tempdir *dir = make_out(true);
    cr_assert_eq(rename(scratch_path(&scratch, "out"), scratch_path(&scratch, "elsewhere")), 0);
    commit(dir);
    cr_expect(strstr(tree_text(&scratch), "0644 elsewhere/plan.json 17\n"));
    cr_expect_eq(access(scratch_path(&scratch, "out/sub/b"), F_OK), 0);
}

Test(tempdir, a_mount_point)
{
    tree_make(&scratch, "out");
    const char *out = scratch_path(&scratch, "out");
    if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        cr_skip_test("no namespaces here");
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("none", out, "tmpfs", 0, NULL) < 0)
        cr_skip_test("nothing can be mounted here");
    expect_refused(false, RF_E_WRITE);
    cr_expect(strstr(error.message, "mount point"), "%s", error.message);
    umount(out);
}

Test(tempdir, no_place_beside_it)
{
    struct tempdir *none = NULL;
    cr_expect_eq(tempdir_create(scratch_path(&scratch, "no/out"), false, &none, &error), RF_E_WRITE);
    cr_expect(strstr(error.message, strerror(ENOENT)));
    cr_expect_eq(tempdir_create("", false, &none, &error), RF_E_ARGUMENT);
    tree_make(&scratch, "locked");
    tree_make(&scratch, "locked/out");
    cr_assert_eq(chmod(scratch_path(&scratch, "locked"), 0555), 0);
    if (geteuid() == 0) {
        cr_assert_eq(chmod(scratch.path, 0755), 0);
        cr_assert_eq(seteuid(65534), 0);
    }
    cr_expect_eq(tempdir_create(scratch_path(&scratch, "locked/out"), false, &none, &error), RF_E_WRITE);
    cr_expect(strstr(error.message, strerror(EACCES)), "%s", error.message);
    cr_expect_null(none);
    if (getuid() == 0)
        cr_assert_eq(seteuid(0), 0);
    cr_assert_eq(chmod(scratch_path(&scratch, "locked"), 0755), 0);
}

/* --- nothing comes of it ------------------------------------------------------------------------------- */

/* Whatever else has come to be in it. */
static void litter(const struct scratch *in)
{
    char path[1024] = "";
    FILE *found = popen("ls -d .out.rdbferry-*", "r");
    cr_assert(fgets(path, sizeof path, found));
    pclose(found);
    path[strcspn(path, "\n")] = '\0';
    cr_assert_eq(chdir(path), 0);
    cr_assert_eq(mkdir("x", 0700) + mkdir("x/y", 0700) + mkdir("x/y/z", 0700), 0);
    cr_assert_eq(symlink("../outside", "link") + symlink("/nowhere", "x/y/z/link"), 0);
    cr_assert_eq(mkfifo("x/fifo", 0600), 0);
    cr_assert_eq(chdir(in->path), 0);
}

static struct tempdir *make_littered(void)
{
    cr_assert_eq(chdir(scratch.path), 0);
    tree_make(&scratch, "outside");
    scratch_write(&scratch, "outside/x", SLICE("x"));
    struct tempdir *dir = make("out", false);
    litter(&scratch);
    return dir;
}

Test(tempdir, uncommitted_leaves_nothing)
{
    tempdir_close(make_littered());
    tempdir_close(NULL);
    expect_tree("0644 outside/x 1\n0755 outside/\n");
}

Test(tempdir, removed_when_the_program_ends)
{
    int fd = -1;
    struct tempdir *dir = make_littered(), *none = NULL;
    rf_cleanup_temp_files();
    expect_tree("0644 outside/x 1\n0755 outside/\n");
    cr_expect_eq(tempdir_create_file(dir, "late", &fd, &error), RF_E_WRITE);
    cr_expect(strstr(error.message, "stopping"), "%s", error.message);
    cr_expect_eq(tempdir_make_directory(dir, "late", &error), RF_E_WRITE);
    cr_expect_eq(tempdir_commit(dir, &error), RF_E_WRITE);
    cr_expect_eq(tempdir_create(scratch_path(&scratch, "late"), false, &none, &error), RF_E_WRITE);
    tempdir_close(dir);
    expect_tree("0644 outside/x 1\n0755 outside/\n");
}

Test(tempdir, done_stays_when_the_program_ends)
{
    struct tempdir *dir = make_out(false);
    cr_expect_eq(tempdir_commit(dir, &error), RF_OK);
    rf_cleanup_temp_files();
    tempdir_close(dir);
    expect_tree(OUT);
}

/* Ends the program as soon as the new directory is there. */
static void *end_in_the_middle(void *path)
{
    while (access(path, F_OK) != 0)
        sched_yield();
    rf_cleanup_temp_files();
    _exit(0);
}

Test(tempdir, the_old_directory_goes_before_the_program)
{
    enum { OLD = 3000 };
    make_split();
    for (int i = 0; i < OLD; i++) {
        char name[64];
        snprintf(name, sizeof name, "out/deep/%d", i);
        scratch_write(&scratch, name, SLICE("x"));
    }
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        char path[1024];
        snprintf(path, sizeof path, "%s", scratch_path(&scratch, "out/sub/b"));
        struct tempdir *dir = make_out(true);
        pthread_create(&thread, NULL, end_in_the_middle, path);
        commit(dir);
        pause();
    }
    cr_assert_eq(waitpid(child, NULL, 0), child);
    expect_tree(OUT);
}

/* What cannot be removed of the old directory is told; the new one is in place all the same. */
Test(tempdir, an_old_directory_that_does_not_go)
{
    if (geteuid() == 0) {
        cr_assert_eq(chmod(scratch.path, 0777), 0);
        cr_assert_eq(seteuid(65534), 0);
    }
    make_split();
    cr_assert_eq(chmod(scratch_path(&scratch, "out/deep/deeper"), 0500), 0);
    struct tempdir *dir = make_out(true);
    cr_expect_eq(tempdir_commit(dir, &error), RF_E_WRITE);
    cr_expect(strstr(error.message, "complete"), "%s", error.message);
    tempdir_close(dir);
    if (getuid() == 0)
        cr_assert_eq(seteuid(0), 0);
    expect_tree("0500 .out.rdbferry-XXXXXX/deep/deeper/\n0644 .out.rdbferry-XXXXXX/deep/deeper/old 3\n"
                "0644 out/a 3\n0644 out/sub/b 4\n0755 .out.rdbferry-XXXXXX/\n"
                "0755 .out.rdbferry-XXXXXX/deep/\n0755 out/\n0755 out/sub/\n");
}
