/* SPDX-License-Identifier: MIT */
/* Splits that come to nothing: nothing of them is left. */
#include "support/exact.h"
#include "support/splits.h"
#include "support/tree.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct scratch scratch;
static rf_topology *topology;
static rf_error error;
static rf_sink_options options = {.target = {RF_REDIS, 8, 10}, .saved_at = 1700000000, .hash = true};
static rf_split_options split = {.kind = RF_SINK_RDB, .appendfilename = "appendonly.aof"};

static void setup(void)
{
    scratch_make(&scratch);
    umask(022);
}

static void teardown(void)
{
    rf_topology_free(topology);
    tree_remove_all(&scratch);
}

TestSuite(sink_split_end, .init = setup, .fini = teardown, .timeout = 120);

static void cut_equal(uint64_t shards)
{
    rf_topology_free(topology);
    cr_assert_eq(rf_topology_equal(shards, &topology, &error), RF_OK, "%s", error.message);
    split.topology = topology;
}

static rf_sink *open_split(void)
{
    rf_sink *sink = NULL;
    cr_assert_eq(rf_sink_open_split(scratch_path(&scratch, "out"), &split, &options, &sink, &error), RF_OK,
                 "%s", error.message);
    return sink;
}

static void expect_tree(const char *expected)
{
    const char *tree = tree_text(&scratch);
    cr_expect_str_eq(tree, expected, "%s", tree);
}

/* Puts one key and a library. */
static rf_sink *open_and_put(void)
{
    struct build b = {0};
    put_bytes(&b, SLICE("REDIS0011"));
    put_hex(&b, "f5 0178 00 016b 0176");
    put_end(&b);
    rf_sink *sink = open_split();
    cr_assert_eq(splits_put(sink, built(&b), NULL, &error), RF_OK, "%s", error.message);
    build_free(&b);
    return sink;
}

Test(sink_split_end, closed_at_any_point)
{
    split.kind = RF_SINK_AOFDIR;
    cut_equal(70);
    rf_sink_close(open_split());
    expect_tree("");
    rf_sink_close(open_and_put());
    expect_tree("");
    rf_sink *sink = open_and_put();
    cr_assert_eq(rf_sink_complete(sink, &error), RF_OK);
    rf_sink_close(sink);
    expect_tree("");
}

Test(sink_split_end, what_cannot_be_opened)
{
    rf_sink *sink = NULL;
    cut_equal(3);
    split.kind = RF_SINK_AOFDIR;
    split.appendfilename = "a/b";
    cr_expect_eq(rf_sink_open_split(scratch_path(&scratch, "out"), &split, &options, &sink, &error),
                 RF_E_ARGUMENT);
    split.kind = RF_SINK_RDB;
    options.target = (rf_server){0};
    cr_expect_eq(rf_sink_open_split(scratch_path(&scratch, "out"), &split, &options, &sink, &error),
                 RF_E_ARGUMENT);
    split.kind = RF_SINK_JSONL;
    cr_expect_eq(rf_sink_open_split(scratch_path(&scratch, "no/out"), &split, &options, &sink, &error),
                 RF_E_WRITE);
    cr_expect_null(sink);
    expect_tree("");
}

Test(sink_split_end, no_nodes_for_dragonfly)
{
    rf_sink *sink = NULL;
    cr_assert_eq(rf_nodes_parse("a,b", 0, &split.nodes, &error), RF_OK);
    cr_assert_eq(rf_nodes_topology(split.nodes, NULL, &topology, &error), RF_OK);
    split.topology = topology;
    options.target = (rf_server){RF_DRAGONFLY, 1, 0};
    cr_expect_eq(rf_sink_open_split(scratch_path(&scratch, "out"), &split, &options, &sink, &error),
                 RF_E_ARGUMENT);
    cr_expect_null(sink);
    expect_tree("");
    rf_nodes_free(split.nodes);
}

static void expect_no_room(uint64_t shards)
{
    struct build b = {0};
    signal(SIGXFSZ, SIG_IGN);
    splits_input(&b, 3000, splits_seed());
    cut_equal(shards);
    rf_sink *sink = open_split();
    splits_limit(RLIMIT_FSIZE, 10000);
    rf_code code = splits_put(sink, built(&b), NULL, &error);
    if (code == RF_OK)
        code = rf_sink_finish(sink, &error);
    cr_expect_eq(code, RF_E_WRITE);
    cr_expect(strstr(error.message, "out/shard-") && strstr(error.message, "File too large"), "%s",
              error.message);
    rf_sink_close(sink);
    expect_tree("");
    build_free(&b);
}

Test(sink_split_end, no_room)
{
    expect_no_room(3);
}

Test(sink_split_end, no_room_for_one_of_many)
{
    expect_no_room(80);
}

Test(sink_split_end, a_name_that_appears_meanwhile)
{
    cut_equal(2);
    rf_sink *sink = open_and_put();
    scratch_write(&scratch, "out", SLICE("x"));
    cr_expect_eq(rf_sink_finish(sink, &error), RF_E_EXISTS);
    rf_sink_close(sink);
    expect_tree("0644 out 1\n");
}

/* A program that is killed at any time leaves all or nothing. */
static void *await_signal(void *arg)
{
    sigset_t set;
    int caught;
    (void)arg;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigwait(&set, &caught);
    rf_cleanup_temp_files();
    _exit(3);
}

static void run_child(rf_slice input)
{
    pthread_t thread;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_create(&thread, NULL, await_signal, NULL);
    rf_sink *sink = NULL;
    rf_code code = rf_sink_open_split(scratch_path(&scratch, "out"), &split, &options, &sink, &error);
    if (code == RF_OK)
        code = splits_put(sink, input, NULL, &error);
    if (code == RF_OK)
        code = rf_sink_complete(sink, &error);
    if (code == RF_OK)
        code = rf_sink_add_file(sink, "plan.json", SLICE("{\n  \"rdbferry\":1}"), &error);
    if (code == RF_OK)
        code = rf_sink_finish(sink, &error);
    rf_sink_close(sink);
    if (code != RF_OK)
        pause(); /* the other thread is about to end it */
    _exit(0);
}

static void kill_after(rf_slice input, useconds_t delay, const char *whole)
{
    char before[64 * 1024];
    int status;
    snprintf(before, sizeof before, "%s", tree_text(&scratch));
    pid_t child = fork();
    if (child == 0)
        run_child(input);
    usleep(delay);
    kill(child, SIGTERM);
    cr_assert_eq(waitpid(child, &status, 0), child);
    const char *after = tree_text(&scratch);
    cr_assert(strcmp(after, whole) == 0 || strcmp(after, before) == 0, "%u us:\n%s", (unsigned)delay, after);
    cr_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 3 || strcmp(after, whole) == 0);
}

Test(sink_split_end, killed_at_any_time)
{
    struct build b = {0};
    char whole[64 * 1024];
    uint64_t seed = splits_seed();
    splits_input(&b, 300, seed);
    cut_equal(20);
    split.kind = RF_SINK_AOFDIR;
    options.force = true;
    rf_slice input = built(&b);
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    pid_t child = fork();
    if (child == 0)
        run_child(input);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    clock_gettime(CLOCK_MONOTONIC, &end);
    int64_t us = (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000;
    snprintf(whole, sizeof whole, "%s", tree_text(&scratch));
    cr_assert(strstr(whole, "out/plan.json"));
    for (int round = 0; round < 12; round++) {
        if (round % 2 == 0) {
            tree_remove_all(&scratch);
            cr_assert_eq(mkdir(scratch.path, 0700), 0);
        }
        kill_after(input, (useconds_t)(next_random(&seed) % (uint64_t)(us + us / 4)), whole);
    }
    build_free(&b);
}
