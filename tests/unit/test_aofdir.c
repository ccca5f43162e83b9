/* SPDX-License-Identifier: MIT */
#include "support/exact.h"
#include "support/rdb_build.h"
#include "support/record.h"
#include "support/run.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "appendonly.aof"
#define SET  "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"

static const rf_sink_options plain = {.target = {RF_REDIS, 7, 0}, .saved_at = -1},
                             forced = {.target = {RF_REDIS, 7, 0}, .saved_at = -1, .force = true};

static void put_rdb(struct build *b)
{
    put_bytes(b, SLICE("REDIS0009"));
    put_hex(b, "fe02 00 016b 0176");
    put_end(b);
}

/* A directory of its own inside the scratch directory. */
static struct scratch directory_in(const struct scratch *scratch)
{
    struct scratch directory;
    snprintf(directory.path, sizeof directory.path, "%.500s/dir", scratch->path);
    return directory;
}

static rf_code convert(const struct scratch *directory, rf_slice input, rf_aof_base base,
                       const rf_sink_options *options, rf_error *error)
{
    rf_sink *sink;
    rf_code code = rf_sink_open_aofdir(directory->path, NAME, base, options, &sink, error);
    return code == RF_OK ? run_sink(input, 0, sink, error) : code;
}

static void expect_file(const struct scratch *directory, const char *name, const char *content)
{
    rf_slice file = scratch_read(directory, name);
    cr_expect(slice_equal(file, slice_of(content, strlen(content))), "%s: %.*s", name, (int)file.len,
              (const char *)file.ptr);
    exact_free(file);
}

static void expect_told(const struct scratch *directory, const char *name, const char *told)
{
    struct buffer text = {0};
    rf_error error;
    rf_slice file = scratch_read(directory, name);
    cr_expect_eq(run_read(file, 0, &text, &error), RF_OK, "%s: %s", name, error.message);
    cr_expect(strstr(record_end(&text), told), "%s: %s", name, (const char *)text.data);
    exact_free(file);
    buffer_free(&text);
}

/* --- what is written --------------------------------------------------------------------------------- */

Test(aofdir, base_increment_and_manifest)
{
    struct build rdb = {0};
    struct scratch scratch, directory;
    rf_sink *sink;
    rf_error error;
    rf_output_info info;
    static const char *const names[] = {NAME ".1.base.rdb", NAME ".1.incr.aof", NAME ".manifest"};
    scratch_make(&scratch);
    directory = directory_in(&scratch);
    put_rdb(&rdb);
    put_bytes(&rdb, SLICE(SET)); /* a preamble and a tail */
    char with_slash[600];
    snprintf(with_slash, sizeof with_slash, "%s/", directory.path);
    cr_assert_eq(rf_sink_open_aofdir(with_slash, NAME, RF_BASE_RDB, &plain, &sink, &error), RF_OK);
    cr_assert_eq(run_sink(built(&rdb), 0, sink, &error), RF_OK, "%s", error.message);
    cr_expect_eq(scratch_count(&directory), 3);
    expect_file(&directory, names[2],
                "file " NAME ".1.base.rdb seq 1 type b\nfile " NAME ".1.incr.aof seq 1 type i\n");
    expect_file(&directory, names[1], "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n" SET);
    expect_told(&directory, names[0], "aux aof-base 1\ncounts 2 1 0\nkey 2 k string\nstring v\n");

    struct stat st;
    mode_t mask = umask(022);
    umask(mask);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(stat(scratch_path(&directory, names[i]), &st), 0);
        cr_expect_eq(st.st_mode & 0777, 0666 & ~mask);
    }

    /* The sizes it says are those on disk. */
    cr_assert_eq(rf_sink_open_aofdir(directory.path, NAME, RF_BASE_AOF, &forced, &sink, &error), RF_OK);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK);
    for (size_t i = 0; i < 3; i++) {
        cr_assert(rf_sink_output(sink, i, &info));
        cr_assert_eq(stat(info.path, &st), 0, "%s", info.path);
        cr_expect_eq((uint64_t)st.st_size, info.bytes);
    }
    cr_expect_not(rf_sink_output(sink, 3, &info));
    rf_sink_close(sink);
    scratch_remove(&directory);
    scratch_remove(&scratch);
    build_free(&rdb);
}

Test(aofdir, a_base_of_commands)
{
    struct build rdb = {0};
    struct scratch directory;
    rf_error error;
    scratch_make(&directory); /* which is there already, and stays */
    put_rdb(&rdb);
    rf_sink_options options = plain;
    options.compress = RF_GZIP; /* not of these files */
    cr_assert_eq(convert(&directory, built(&rdb), RF_BASE_AOF, &options, &error), RF_OK, "%s", error.message);
    expect_file(&directory, NAME ".manifest",
                "file " NAME ".1.base.aof seq 1 type b\nfile " NAME ".1.incr.aof seq 1 type i\n");
    expect_file(&directory, NAME ".1.base.aof",
                "*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
    expect_file(&directory, NAME ".1.incr.aof", "");
    scratch_remove(&directory);
    build_free(&rdb);
}

Test(aofdir, a_name_with_special_characters)
{
    struct scratch directory;
    rf_sink *sink;
    rf_error error;
    scratch_make(&directory);
    cr_assert_eq(rf_sink_open_aofdir(directory.path, "my \"aof\"", RF_BASE_AOF, &plain, &sink, &error),
                 RF_OK);
    cr_assert_eq(rf_sink_finish(sink, &error), RF_OK);
    rf_sink_close(sink);
    expect_file(
        &directory, "my \"aof\".manifest",
        "file \"my \\\"aof\\\".1.base.aof\" seq 1 type b\nfile \"my \\\"aof\\\".1.incr.aof\" seq 1 type i\n");
    scratch_remove(&directory);
}

Test(aofdir, names_that_are_none)
{
    rf_sink *sink;
    rf_error error;
    cr_expect_eq(rf_sink_open_aofdir("/tmp", "", RF_BASE_AOF, &plain, &sink, &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_sink_open_aofdir("/tmp", "a/b", RF_BASE_AOF, &plain, &sink, &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_sink_open_aofdir("/nonexistent/dir", NAME, RF_BASE_AOF, &plain, &sink, &error),
                 RF_E_WRITE);
    cr_expect_eq(rf_sink_open_aofdir("/dev/null", NAME, RF_BASE_AOF, &plain, &sink, &error), RF_E_WRITE);
}

/* --- what is there already --------------------------------------------------------------------------- */

static void put_old(const struct scratch *directory, const char *manifest)
{
    static const char *const files[] = {NAME ".3.base.rdb", NAME ".5.incr.aof", NAME ".2.base.rdb",
                                        "unlisted"};
    for (size_t i = 0; i < 4; i++)
        scratch_write(directory, files[i], slice_of(files[i], strlen(files[i])));
    scratch_write(directory, NAME ".manifest", slice_of(manifest, strlen(manifest)));
}

#define OLD                                                                          \
    "file " NAME ".3.base.rdb seq 3 type b\nfile " NAME ".2.base.rdb seq 2 type h\n" \
    "file " NAME ".5.incr.aof seq 5 type i\n"

Test(aofdir, what_is_there_stays_without_force)
{
    struct build rdb = {0};
    struct scratch directory;
    rf_error error;
    scratch_make(&directory);
    put_rdb(&rdb);
    put_old(&directory, OLD);
    cr_expect_eq(convert(&directory, built(&rdb), RF_BASE_RDB, &plain, &error), RF_E_EXISTS);
    cr_expect_eq(scratch_count(&directory), 5);
    expect_file(&directory, NAME ".manifest", OLD);
    scratch_remove(&directory);
    build_free(&rdb);
}

Test(aofdir, force_replaces_what_the_old_manifest_names)
{
    struct build rdb = {0};
    struct scratch directory;
    rf_error error;
    scratch_make(&directory);
    put_rdb(&rdb);
    put_old(&directory, OLD);
    cr_assert_eq(convert(&directory, built(&rdb), RF_BASE_RDB, &forced, &error), RF_OK, "%s", error.message);
    expect_file(&directory, NAME ".manifest",
                "file " NAME ".6.base.rdb seq 6 type b\nfile " NAME ".6.incr.aof seq 6 type i\n");
    expect_told(&directory, NAME ".6.base.rdb", "key 2 k string\n");
    expect_file(&directory, NAME ".6.incr.aof", "");
    expect_file(&directory, "unlisted", "unlisted");
    cr_expect_eq(scratch_count(&directory), 4);
    scratch_remove(&directory);
    build_free(&rdb);
}

/* A manifest may name anything in its directory, itself and the new files among them. */
Test(aofdir, an_old_manifest_that_names_the_new_files)
{
    struct build rdb = {0};
    struct scratch directory;
    rf_error error;
    scratch_make(&directory);
    put_rdb(&rdb);
    put_old(&directory, "file " NAME ".manifest seq 1 type h\nfile " NAME ".2.base.rdb seq 1 type b\n"
                        "file " NAME ".2.incr.aof seq 1 type i\n");
    cr_assert_eq(convert(&directory, built(&rdb), RF_BASE_RDB, &forced, &error), RF_OK, "%s", error.message);
    expect_file(&directory, NAME ".manifest",
                "file " NAME ".6.base.rdb seq 6 type b\nfile " NAME ".6.incr.aof seq 6 type i\n");
    expect_told(&directory, NAME ".6.base.rdb", "key 2 k string\n");
    expect_file(&directory, NAME ".6.incr.aof", "");
    cr_expect_neq(access(scratch_path(&directory, NAME ".2.base.rdb"), F_OK), 0);
    scratch_remove(&directory);
    build_free(&rdb);
}

Test(aofdir, an_old_manifest_that_is_damaged)
{
    struct build rdb = {0};
    struct scratch directory;
    rf_error error;
    scratch_make(&directory);
    put_rdb(&rdb);
    put_old(&directory, "garbage\n");
    cr_expect_eq(convert(&directory, built(&rdb), RF_BASE_RDB, &forced, &error), RF_E_EXISTS);
    cr_expect_eq(scratch_count(&directory), 5);
    expect_file(&directory, NAME ".manifest", "garbage\n");
    scratch_remove(&directory);
    build_free(&rdb);
}

Test(aofdir, another_servers_directory)
{
    struct build rdb = {0};
    struct scratch directory;
    rf_error error;
    scratch_make(&directory);
    put_rdb(&rdb);
    scratch_write(&directory, "other.aof.manifest", SLICE("file x seq 1 type b\n"));
    cr_expect_eq(convert(&directory, built(&rdb), RF_BASE_RDB, &forced, &error), RF_E_EXISTS);
    cr_expect(strstr(error.message, "other.aof.manifest"), "%s", error.message);
    cr_expect_eq(scratch_count(&directory), 1);
    scratch_remove(&directory);
    build_free(&rdb);
}

Test(aofdir, unlisted_files_of_the_same_names)
{
    struct build rdb = {0};
    struct scratch directory;
    rf_error error;
    scratch_make(&directory);
    put_rdb(&rdb);
    scratch_write(&directory, NAME ".1.incr.aof", SLICE("stray"));
    cr_expect_eq(convert(&directory, built(&rdb), RF_BASE_RDB, &plain, &error), RF_OK);
    expect_file(&directory, NAME ".2.incr.aof", "");
    cr_expect_eq(scratch_count(&directory), 4);
    cr_expect_eq(convert(&directory, built(&rdb), RF_BASE_RDB, &forced, &error), RF_OK);
    expect_file(&directory, NAME ".3.incr.aof", "");
    cr_expect_eq(scratch_count(&directory), 4);
    expect_file(&directory, NAME ".1.incr.aof", "stray");
    scratch_remove(&directory);
    build_free(&rdb);
}

/* --- runs that come to nothing ----------------------------------------------------------------------- */

Test(aofdir, an_abandoned_run_leaves_nothing)
{
    struct build damaged = {0};
    struct scratch scratch, directory;
    rf_error error;
    scratch_make(&scratch);
    directory = directory_in(&scratch);
    put_bytes(&damaged, SLICE("REDIS0009"));
    put_hex(&damaged, "00 016b 0176 02 016c 05");
    cr_expect_eq(convert(&directory, built(&damaged), RF_BASE_RDB, &plain, &error), RF_E_TRUNCATED);
    cr_expect_eq(scratch_count(&scratch), 0); /* the directory was ours */
    cr_expect_eq(convert(&directory, SLICE(SET "*2\r\n"), RF_BASE_AOF, &plain, &error), RF_E_TRUNCATED);
    cr_expect_eq(scratch_count(&scratch), 0);

    put_old(&scratch, OLD);
    cr_expect_eq(convert(&scratch, built(&damaged), RF_BASE_RDB, &forced, &error), RF_E_TRUNCATED);
    cr_expect_eq(scratch_count(&scratch), 5);
    expect_file(&scratch, NAME ".manifest", OLD);
    expect_file(&scratch, NAME ".3.base.rdb", NAME ".3.base.rdb");
    scratch_remove(&scratch);
    build_free(&damaged);
}

Test(aofdir, closed_before_it_was_finished)
{
    struct scratch scratch, directory;
    rf_sink *sink;
    rf_error error;
    scratch_make(&scratch);
    directory = directory_in(&scratch);
    cr_assert_eq(rf_sink_open_aofdir(directory.path, NAME, RF_BASE_RDB, &plain, &sink, &error), RF_OK);
    cr_expect_eq(scratch_count(&directory), 2);
    rf_sink_close(sink);
    cr_expect_eq(scratch_count(&scratch), 0);
    scratch_remove(&scratch);
}

/* --- other runs, and servers -------------------------------------------------------------------------- */

static const rf_sink_options unsafe = {
    .target = {RF_REDIS, 7, 0}, .saved_at = -1, .force = true, .unsafe = true};

Test(aofdir, two_runs_at_the_same_time)
{
    struct scratch directory;
    rf_sink *first, *second;
    rf_error error;
    scratch_make(&directory);
    put_old(&directory, OLD);
    cr_assert_eq(rf_sink_open_aofdir(directory.path, NAME, RF_BASE_RDB, &forced, &first, &error), RF_OK);
    cr_expect_eq(rf_sink_open_aofdir(directory.path, NAME, RF_BASE_RDB, &unsafe, &second, &error),
                 RF_E_EXISTS);
    cr_expect(strstr(error.message, "another rdbferry"), "%s", error.message);
    cr_assert_eq(rf_sink_finish(first, &error), RF_OK, "%s", error.message);
    rf_sink_close(first);
    cr_expect_eq(scratch_count(&directory), 4);
    cr_assert_eq(rf_sink_open_aofdir(directory.path, NAME, RF_BASE_RDB, &forced, &second, &error), RF_OK);
    rf_sink_close(second);
    scratch_remove(&directory);
}

/* Another process with a file open; it goes when the pipe is closed. */
static pid_t hold(const char *path, int flags, int *pipe_end)
{
    int ends[2];
    char ready;
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = open(path, flags);
        if (fd < 0 || write(ends[1], "r", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    cr_assert_eq(read(ends[0], &ready, 1), 1);
    close(ends[1]);
    *pipe_end = ends[0];
    return child;
}

static void let_go(pid_t child, int pipe_end)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(pipe_end);
}

Test(aofdir, what_a_server_has_open_stays)
{
    struct build rdb = {0};
    struct scratch directory;
    rf_error error;
    int end;
    scratch_make(&directory);
    put_rdb(&rdb);
    put_old(&directory, OLD);
    pid_t server = hold(scratch_path(&directory, NAME ".5.incr.aof"), O_WRONLY | O_APPEND, &end);
    cr_expect_eq(convert(&directory, built(&rdb), RF_BASE_RDB, &forced, &error), RF_E_EXISTS);
    cr_expect(strstr(error.message, "in use by") && strstr(error.message, "--force-unsafe"), "%s",
              error.message);
    expect_file(&directory, NAME ".manifest", OLD);
    cr_expect_eq(scratch_count(&directory), 5);
    cr_expect_eq(convert(&directory, built(&rdb), RF_BASE_RDB, &unsafe, &error), RF_OK, "%s", error.message);
    let_go(server, end);

    /* who only reads is no obstacle */
    pid_t reader = hold(scratch_path(&directory, NAME ".6.incr.aof"), O_RDONLY, &end);
    cr_expect_eq(convert(&directory, built(&rdb), RF_BASE_RDB, &forced, &error), RF_OK, "%s", error.message);
    let_go(reader, end);
    scratch_remove(&directory);
    build_free(&rdb);
}

/* It was started while the output was written. */
Test(aofdir, a_server_that_comes_meanwhile)
{
    struct scratch directory;
    rf_sink *sink;
    rf_error error;
    int end;
    scratch_make(&directory);
    put_old(&directory, OLD);
    cr_assert_eq(rf_sink_open_aofdir(directory.path, NAME, RF_BASE_RDB, &forced, &sink, &error), RF_OK);
    pid_t server = hold(scratch_path(&directory, NAME ".5.incr.aof"), O_WRONLY | O_APPEND, &end);
    cr_expect_eq(rf_sink_finish(sink, &error), RF_E_EXISTS);
    rf_sink_close(sink);
    let_go(server, end);
    expect_file(&directory, NAME ".manifest", OLD);
    cr_expect_eq(scratch_count(&directory), 5);
    scratch_remove(&directory);
}

Test(aofdir, a_file_that_a_server_has_open)
{
    struct scratch directory;
    rf_sink *sink;
    rf_error error;
    int end;
    scratch_make(&directory);
    scratch_write(&directory, "old.aof", SLICE(SET));
    pid_t server = hold(scratch_path(&directory, "old.aof"), O_RDWR, &end);
    cr_expect_eq(rf_sink_open_aof(scratch_path(&directory, "old.aof"), &forced, &sink, &error), RF_E_EXISTS);
    cr_expect(strstr(error.message, "in use by"), "%s", error.message);
    cr_assert_eq(rf_sink_open_aof(scratch_path(&directory, "old.aof"), &unsafe, &sink, &error), RF_OK);
    rf_sink_close(sink);
    let_go(server, end);
    expect_file(&directory, "old.aof", SET);
    scratch_remove(&directory);
}

/* --- places that are none ----------------------------------------------------------------------------- */

static rf_code open_and_close(const struct scratch *directory, const rf_sink_options *options,
                              rf_error *error)
{
    rf_sink *sink;
    rf_code code = rf_sink_open_aofdir(directory->path, NAME, RF_BASE_RDB, options, &sink, error);
    if (code == RF_OK)
        rf_sink_close(sink);
    return code;
}

Test(aofdir, a_directory_of_other_files)
{
    static const char *const others[] = {"dump.rdb", "redis.conf", "appendonly.aof", "backup.rdb",
                                         "lost+found"},
                             *const ours[] = {".snapshot", "temp-5.rdb", NAME ".7.base.rdb"};
    rf_error error;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct scratch directory;
        scratch_make(&directory);
        scratch_write(&directory, others[i], SLICE("x"));
        cr_expect_eq(open_and_close(&directory, &plain, &error), RF_E_EXISTS, "%s", others[i]);
        cr_expect(strstr(error.message, others[i]) && strstr(error.message, "/appendonlydir'?"), "%s",
                  error.message);
        cr_expect_eq(open_and_close(&directory, &forced, &error), RF_E_EXISTS, "%s", others[i]);
        cr_expect_eq(scratch_count(&directory), 1);
        cr_expect_eq(open_and_close(&directory, &unsafe, &error), RF_OK, "%s", error.message);
        scratch_remove(&directory);
    }
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        struct scratch directory;
        scratch_make(&directory);
        scratch_write(&directory, ours[i], SLICE("x"));
        cr_expect_eq(open_and_close(&directory, &plain, &error), RF_OK, "%s: %s", ours[i], error.message);
        scratch_remove(&directory);
    }
}

/* Also after an earlier run has fallen into the trap. */
Test(aofdir, where_a_server_has_its_aof_directory)
{
    static const char *const names[] = {"appendonlydir", "aof"};
    for (size_t i = 0; i < 2; i++) {
        struct scratch scratch, inner = {""};
        rf_error error;
        scratch_make(&scratch);
        snprintf(inner.path, sizeof inner.path, "%.400s/%s", scratch.path, names[i]);
        cr_assert_eq(mkdir(inner.path, 0700), 0);
        scratch_write(&inner, NAME ".manifest", SLICE("file b seq 1 type b\n"));
        scratch_write(&scratch, NAME ".manifest", SLICE("file b seq 1 type b\n"));
        cr_expect_eq(open_and_close(&scratch, &forced, &error), RF_E_EXISTS);
        cr_expect(strstr(error.message, names[i]) && strstr(error.message, "did you mean"), "%s",
                  error.message);
        scratch_remove(&inner);
        scratch_remove(&scratch);
    }
}

Test(aofdir, a_file_among_those_of_an_aof)
{
    struct scratch scratch, inner = {""};
    rf_sink *sink;
    rf_error error;
    scratch_make(&scratch);
    snprintf(inner.path, sizeof inner.path, "%.400s/appendonlydir", scratch.path);
    cr_assert_eq(mkdir(inner.path, 0700), 0);
    put_old(&inner, OLD);
    const char *refused[] = {scratch_path(&inner, NAME ".3.base.rdb"), scratch_path(&scratch, NAME)};
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(rf_sink_open_rdb(refused[i], false, &forced, &sink, &error), RF_E_EXISTS);
        cr_expect_eq(rf_sink_open_aof(refused[i], &forced, &sink, &error), RF_E_EXISTS);
        cr_expect_eq(rf_sink_open_jsonl(refused[i], RF_JSON_ESCAPE, &forced, &sink, &error), RF_E_EXISTS);
        cr_assert_eq(rf_sink_open_aof(refused[i], &unsafe, &sink, &error), RF_OK, "%s", error.message);
        rf_sink_close(sink);
    }
    cr_assert_eq(rf_sink_open_aof(scratch_path(&scratch, "other.aof"), &plain, &sink, &error), RF_OK);
    rf_sink_close(sink);
    scratch_remove(&inner);
    scratch_remove(&scratch);
}

/* --- ends that do not go well ------------------------------------------------------------------------- */

/* The manifest cannot be replaced: a directory has its name. */
Test(aofdir, a_failed_commit_leaves_nothing_new)
{
    struct scratch directory;
    rf_sink *sink;
    rf_error error;
    scratch_make(&directory);
    put_old(&directory, OLD);
    cr_assert_eq(rf_sink_open_aofdir(directory.path, NAME, RF_BASE_RDB, &forced, &sink, &error), RF_OK);
    cr_assert_eq(unlink(scratch_path(&directory, NAME ".manifest")), 0);
    cr_assert_eq(mkdir(scratch_path(&directory, NAME ".manifest"), 0700), 0);
    cr_expect_neq(rf_sink_finish(sink, &error), RF_OK);
    rf_sink_close(sink);
    cr_expect_eq(access(scratch_path(&directory, NAME ".3.base.rdb"), F_OK), 0);
    cr_assert_eq(rmdir(scratch_path(&directory, NAME ".manifest")), 0);
    scratch_write(&directory, NAME ".manifest", SLICE(OLD));
    cr_expect_eq(scratch_count(&directory), 5);
    scratch_remove(&directory);
}

/* What a killed run has left, or what is left of a server's data, is no output, and is not replaced either.
 */
static void expect_unnamed_files_stay(const char *manifest, bool force, const char *base)
{
    struct scratch directory;
    rf_sink *sink;
    rf_error error;
    unsigned counts[RF_NOTICE_COUNT] = {0};
    rf_sink_options options = force ? forced : plain;
    options.notify = (rf_notify){count_notice, counts};
    scratch_make(&directory);
    if (manifest)
        put_old(&directory, manifest);
    scratch_write(&directory, NAME ".7.base.rdb", SLICE("seven"));
    scratch_write(&directory, NAME ".6.incr.aof", SLICE("six"));
    scratch_write(&directory, NAME ".18446744073709551615.base.rdb", SLICE("absurd"));
    cr_assert_eq(rf_sink_open_aofdir(directory.path, NAME, RF_BASE_RDB, &options, &sink, &error), RF_OK, "%s",
                 error.message);
    cr_expect_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
    rf_sink_close(sink);
    cr_expect_eq(counts[RF_NOTICE_UNNAMED_FILE], 2);
    cr_expect_eq(access(scratch_path(&directory, base), F_OK), 0);
    rf_slice seven = scratch_read(&directory, NAME ".7.base.rdb");
    cr_expect(slice_equal(seven, SLICE("seven")));
    exact_free(seven);
    scratch_remove(&directory);
}

Test(aofdir, unnamed_files)
{
    expect_unnamed_files_stay(NULL, false, NAME ".8.base.rdb");
    expect_unnamed_files_stay(OLD, true, NAME ".8.base.rdb");
}

Test(aofdir, old_files_that_cannot_be_removed)
{
    struct scratch directory;
    rf_sink *sink;
    rf_error error;
    unsigned counts[RF_NOTICE_COUNT] = {0};
    rf_sink_options options = forced;
    options.notify = (rf_notify){count_notice, counts};
    scratch_make(&directory);
    put_old(&directory, OLD);
    cr_assert_eq(unlink(scratch_path(&directory, NAME ".2.base.rdb")), 0); /* which is no loss */
    cr_assert_eq(unlink(scratch_path(&directory, NAME ".3.base.rdb")), 0);
    cr_assert_eq(mkdir(scratch_path(&directory, NAME ".3.base.rdb"), 0700), 0);
    cr_assert_eq(rf_sink_open_aofdir(directory.path, NAME, RF_BASE_RDB, &options, &sink, &error), RF_OK);
    cr_expect_eq(rf_sink_finish(sink, &error), RF_OK, "%s", error.message);
    rf_sink_close(sink);
    cr_expect_eq(counts[RF_NOTICE_OLD_FILE], 1);
    cr_assert_eq(rmdir(scratch_path(&directory, NAME ".3.base.rdb")), 0);
    scratch_remove(&directory);
}
