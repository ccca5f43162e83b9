/* SPDX-License-Identifier: MIT */
/* Which files an input is read from, also while a server is at work in its directory. */
#include "base/buffer.h"
#include "base/fail.h"
#include "support/run.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <rdbferry/aofdir.h>
#include <rdbferry/reader.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND(value) "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n" value "\r\n"
#define ROUNDS         200

static struct scratch directory;

static void put(const char *name, const char *text)
{
    scratch_write(&directory, name, (rf_slice){(const uint8_t *)text, strlen(text)});
}

static void begin(void)
{
    scratch_make(&directory);
}

static void end(void)
{
    scratch_remove(&directory);
}

TestSuite(files, .init = begin, .fini = end, .timeout = 120);

/* The last argument of every command of one file, appended to `values`. */
static rf_code read_values(const rf_files *files, size_t number, char *values, unsigned *notices,
                           rf_error *error)
{
    const rf_reader_options options = {.notify = {count_notice, notices}};
    rf_source *source;
    rf_reader *reader;
    rf_entry entry;
    rf_code code = rf_files_open(files, number, &source, error);
    if (code == RF_OK)
        code = rf_reader_open(source, &options, &reader, error);
    if (code != RF_OK)
        return code;
    while ((code = rf_reader_next(reader, &entry, error)) == RF_OK)
        strncat(values, (const char *)entry.argv[entry.argc - 1].ptr, entry.argv[entry.argc - 1].len);
    rf_reader_close(reader);
    return code == RF_END ? RF_OK : code;
}

static rf_code read_all(const rf_files *files, char *values, unsigned *notices, rf_error *error)
{
    rf_code code = RF_OK;
    *values = '\0';
    for (size_t i = 0; i < files->count && code == RF_OK; i++)
        code = read_values(files, i, values, notices, error);
    return code;
}

static void expect_values(const char *name, const char *expected, uint64_t no_data)
{
    rf_files files = {0};
    rf_error error;
    char values[64];
    unsigned notices[RF_NOTICE_COUNT] = {0};
    cr_assert_eq(rf_files_add(&files, name, &error), RF_OK, "%s: %s", name, error.message);
    cr_expect(files.count > 0);
    cr_expect_eq(read_all(&files, values, notices, &error), RF_OK, "%s: %s", name, error.message);
    cr_expect_str_eq(values, expected, "%s", name);
    cr_expect_eq(notices[RF_NOTICE_NO_DATA], no_data, "%s", name);
    rf_files_free(&files);
}

static void expect_refused(const char *name)
{
    rf_files files = {0};
    rf_error error;
    char values[64];
    unsigned notices[RF_NOTICE_COUNT] = {0};
    rf_code code = rf_files_add(&files, name, &error);
    cr_expect(code != RF_OK || read_all(&files, values, notices, &error) == RF_E_FORMAT, "%s", name);
    rf_files_free(&files);
}

/* --- order -------------------------------------------------------------------------------------------- */

Test(files, the_base_comes_first)
{
    put("b", COMMAND("b"));
    put("i", COMMAND("i"));
    put("j", COMMAND("j"));
    put("h", COMMAND("h"));
    static const char *const orders[] = {
        "file b seq 1 type b\nfile i seq 1 type i\nfile j seq 2 type i\n",
        "file i seq 1 type i\nfile b seq 1 type b\nfile j seq 2 type i\n",
        "file i seq 1 type i\nfile h seq 1 type h\nfile j seq 2 type i\nfile b seq 9 type b\n",
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        put("a.manifest", orders[i]);
        expect_values(directory.path, "bij", 0);
        expect_values(scratch_path(&directory, "a.manifest"), "bij", 0);
    }
    put("a.manifest", "file i seq 1 type i\nfile i seq 2 type i\nfile b seq 1 type b\n");
    expect_values(directory.path, "bii", 0); /* twice, as servers do */
}

/* --- nothing in it ------------------------------------------------------------------------------------ */

Test(files, directories_without_data)
{
    put("b.aof", "");
    put("i.aof", "");
    put("j.aof", COMMAND("j"));
    put("a.manifest", "file b.aof seq 1 type b\nfile i.aof seq 1 type i\n");
    expect_values(directory.path, "", 1);
    put("a.manifest", "file i.aof seq 1 type i\n");
    expect_values(directory.path, "", 1);
    put("a.manifest", "file b.aof seq 1 type b\nfile i.aof seq 1 type i\nfile j.aof seq 2 type i\n");
    expect_values(directory.path, "j", 0);
    put("a.manifest", "file b.aof seq 1 type h\n");
    expect_refused(directory.path);
    put("a.manifest", "");
    expect_refused(directory.path);
}

/* A server never writes an RDB without a byte in it. */
Test(files, an_rdb_that_is_lost)
{
    put("b.rdb", "");
    put("i.aof", COMMAND("i"));
    put("a.manifest", "file b.rdb seq 1 type b\nfile i.aof seq 1 type i\n");
    expect_refused(directory.path);
}

Test(files, an_empty_file)
{
    static const uint8_t gzip[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0";
    static const char *const refused[] = {"e",         "e.rdb",   "e.rdb.gz", "e.aof.gz",
                                          "e.aof.lz4", "e.jsonl", "eaof"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        put(refused[i], "");
        expect_refused(scratch_path(&directory, refused[i]));
    }
    put("e.aof", "");
    expect_values(scratch_path(&directory, "e.aof"), "", 1);
    scratch_write(&directory, "f.aof.gz", (rf_slice){gzip, sizeof gzip});
    expect_values(scratch_path(&directory, "f.aof.gz"), "", 1);
    scratch_write(&directory, "f.rdb.gz", (rf_slice){gzip, sizeof gzip});
    expect_refused(scratch_path(&directory, "f.rdb.gz"));
}

/* --- manifests ---------------------------------------------------------------------------------------- */

Test(files, what_a_server_was_about_to_rename)
{
    put("i.aof", COMMAND("i"));
    put("a.manifest", "file i.aof seq 1 type i\n");
    put("temp-a.manifest", "file x seq 1 type b\n");
    put("temp-b.aof.manifest", "");
    expect_values(directory.path, "i", 0);
    cr_assert_eq(unlink(scratch_path(&directory, "a.manifest")), 0);
    expect_refused(directory.path);
}

/* The base of an AOF of one file, which a server has not moved in yet. */
Test(files, an_upgrade_that_was_interrupted)
{
    char path[600];
    struct scratch inner;
    snprintf(inner.path, sizeof inner.path, "%.400s/dir", directory.path);
    cr_assert_eq(mkdir(inner.path, 0700), 0);
    put("a.aof", COMMAND("o"));
    scratch_write(&inner, "a.aof.manifest", SLICE("file a.aof seq 1 type b\n"));
    expect_values(inner.path, "o", 0);
    snprintf(path, sizeof path, "%s/a.aof.manifest", inner.path);
    expect_values(path, "o", 0);

    static const char *const others[] = {"file a.aof seq 1 type b\nfile i seq 1 type i\n",
                                         "file a.aof seq 1 type i\n", "file b.aof seq 1 type b\n"};
    scratch_write(&inner, "i", SLICE(COMMAND("i")));
    put("b.aof", COMMAND("b"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        rf_files files = {0};
        rf_error error;
        char values[64];
        unsigned notices[RF_NOTICE_COUNT] = {0};
        scratch_write(&inner, "a.aof.manifest", (rf_slice){(const uint8_t *)others[i], strlen(others[i])});
        cr_assert_eq(rf_files_add(&files, inner.path, &error), RF_OK);
        cr_expect_eq(read_all(&files, values, notices, &error), RF_E_READ, "%s", others[i]);
        rf_files_free(&files);
    }
    scratch_remove(&inner);
}

/* --- servers at work ---------------------------------------------------------------------------------- */

Test(files, what_is_removed_later_is_still_read)
{
    rf_files files = {0};
    rf_error error;
    char values[64];
    unsigned notices[RF_NOTICE_COUNT] = {0};
    put("b.aof", COMMAND("b"));
    put("i.aof", COMMAND("i"));
    put("a.manifest", "file b.aof seq 1 type b\nfile i.aof seq 1 type i\n");
    cr_assert_eq(rf_files_add(&files, directory.path, &error), RF_OK);
    cr_assert_eq(unlink(scratch_path(&directory, "b.aof")), 0);
    put("i.aof", COMMAND("i") COMMAND("j")); /* written to since */
    put("a.manifest", "file c.aof seq 2 type b\n");
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(read_all(&files, values, notices, &error), RF_OK, "%s", error.message);
        cr_expect_str_eq(values, "bi");
    }
    cr_expect_not(rf_files_changed(&files, 0));
    cr_expect(rf_files_changed(&files, 1));
    rf_files_free(&files);
}

/* Beyond a quarter of the descriptors they are opened when they are read, and a change is noticed. */
Test(files, few_descriptors)
{
    struct rlimit limit;
    rf_files files = {0};
    rf_error error;
    char values[64];
    unsigned notices[RF_NOTICE_COUNT] = {0};
    struct buffer manifest = {0};
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 80;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int i = 1; i <= 40; i++) {
        char name[16], line[64];
        snprintf(name, sizeof name, "i%d", i);
        snprintf(line, sizeof line, "file %s seq %d type i\n", name, i);
        put(name, COMMAND("i"));
        buffer_append(&manifest, (rf_slice){(const uint8_t *)line, strlen(line)});
    }
    scratch_write(&directory, "a.manifest", buffer_slice(&manifest));
    cr_assert_eq(rf_files_add(&files, directory.path, &error), RF_OK);
    cr_assert_eq(files.count, 40);
    cr_expect_geq(rf_files_descriptor(&files, 19), 0);
    cr_expect_eq(rf_files_descriptor(&files, 20), -1);
    cr_expect_eq(read_all(&files, values, notices, &error), RF_OK, "%s", error.message);
    cr_expect_eq(strlen(values), 40);
    cr_expect_not(rf_files_changed(&files, 39));
    put("new", "file i1 seq 1 type i\n");
    cr_assert_eq(rename(scratch_path(&directory, "new"), scratch_path(&directory, "a.manifest")), 0);
    cr_expect(rf_files_changed(&files, 39));
    rf_files_free(&files);
    buffer_free(&manifest);
}

/* Rewrites as a server does them: new files, the manifest, and then the old ones go. */
static void *rewrite_on_and_on(void *stop)
{
    for (int n = 2; !atomic_load((atomic_bool *)stop); n++) {
        char name[32], manifest[64], old[32];
        snprintf(name, sizeof name, "b.%d.aof", n);
        snprintf(old, sizeof old, "b.%d.aof", n - 1);
        snprintf(manifest, sizeof manifest, "file %s seq %d type b\n", name, n);
        put(name, COMMAND("b"));
        put("temp-a.manifest", manifest);
        rename(scratch_path(&directory, "temp-a.manifest"), scratch_path(&directory, "a.manifest"));
        unlink(scratch_path(&directory, old));
    }
    return NULL;
}

Test(files, a_server_that_rewrites_its_aof)
{
    atomic_bool stop = false;
    pthread_t server;
    char path[600];
    snprintf(path, sizeof path, "%s", directory.path);
    put("b.1.aof", COMMAND("b"));
    put("a.manifest", "file b.1.aof seq 1 type b\n");
    cr_assert_eq(pthread_create(&server, NULL, rewrite_on_and_on, &stop), 0);
    for (int i = 0; i < ROUNDS; i++)
        expect_values(path, "b", 0);
    atomic_store(&stop, true);
    pthread_join(server, NULL);
}

Test(files, an_input_that_was_refused_fails_again_when_it_is_opened)
{
    rf_files files = {0};
    rf_error why, error;
    rf_source *source;
    put("a.manifest", "");
    cr_assert_eq(rf_files_add(&files, directory.path, &why), RF_E_CORRUPT);
    cr_assert_eq(files.count, 0);
    cr_assert_eq(rf_files_add_failed(&files, directory.path, &why, &error), RF_OK);
    cr_assert_eq(files.count, 1);
    cr_expect_eq(rf_files_open(&files, 0, &source, &error), RF_E_CORRUPT);
    cr_expect_null(source);
    cr_expect_str_eq(error.message, why.message);
    cr_expect_eq(rf_files_descriptor(&files, 0), -1);
    rf_files_free(&files);
}

/* --- replacing ----------------------------------------------------------------------------------------- */

static void expect_value(const rf_files *files, size_t number, const char *name, const char *value)
{
    char values[64] = "";
    unsigned notices[RF_NOTICE_COUNT] = {0};
    rf_error error;
    cr_expect_str_eq(files->paths[number], name);
    cr_expect_eq(read_values(files, number, values, notices, &error), RF_OK, "%s", error.message);
    cr_expect_str_eq(values, value);
}

Test(files, replaced)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    rf_files files = {0};
    rf_error error, why;
    for (size_t i = 0; i < 4; i++) {
        char text[] = COMMAND("a");
        text[sizeof text - 1 - 3] = *names[i];
        put(names[i], text);
        cr_assert_eq(rf_files_add(&files, scratch_path(&directory, names[i]), &error), RF_OK);
    }
    put("new", COMMAND("x"));
    int fd = open(scratch_path(&directory, "new"), O_RDONLY | O_CLOEXEC);
    cr_assert_eq(unlink(scratch_path(&directory, "new")), 0);
    cr_assert_eq(rf_files_replace(&files, 1, 3, "b and c", fd, NULL, &error), RF_OK);
    cr_assert_eq(files.count, 3);
    expect_value(&files, 0, scratch_path(&directory, "a"), "a");
    for (int again = 0; again < 2; again++)
        expect_value(&files, 1, "b and c", "x");
    expect_value(&files, 2, scratch_path(&directory, "d"), "d");
    const rf_files part = rf_files_part(&files, 1, 3);
    cr_expect_eq(part.count, 2);
    expect_value(&part, 0, "b and c", "x");

    fail(&why, RF_E_UNSUPPORTED, "because");
    cr_assert_eq(rf_files_replace(&files, 0, 1, "failed", -1, &why, &error), RF_OK);
    cr_assert_eq(files.count, 3);
    rf_source *source;
    cr_expect_eq(rf_files_open(&files, 0, &source, &error), RF_E_UNSUPPORTED);
    cr_expect_str_eq(error.message, "because");
    cr_expect_str_eq(rf_files_failure(&files, 0)->message, "because");
    cr_expect_null(rf_files_failure(&files, 1));
    rf_files_free(&files);
}
