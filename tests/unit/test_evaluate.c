/* SPDX-License-Identifier: MIT */
/* What is known of a private server without one: finding the program, and reading its log. That it evaluates
 * a log, and is always gone afterwards, is shown with real servers. */
#include "evaluate/child.h"
#include "evaluate/server_log.h"
#include "support/scratch.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <rdbferry/evaluate.h>
#include <rdbferry/sink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct scratch directory;

static void begin(void)
{
    scratch_make(&directory);
}

static void end(void)
{
    scratch_remove(&directory);
}

TestSuite(evaluate, .init = begin, .fini = end, .timeout = 120);

static void put(const char *name, const char *text, mode_t mode)
{
    char path[4096];
    scratch_write(&directory, name, (rf_slice){(const uint8_t *)text, strlen(text)});
    snprintf(path, sizeof path, "%s/%s", directory.path, name);
    chmod(path, mode);
}

/* A file that holds `text`. */
static int holding(const char *text)
{
    char path[4096];
    put("log", text, 0600);
    snprintf(path, sizeof path, "%s/log", directory.path);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static void expect_reason(const char *text, const char *expected)
{
    char reason[SERVER_LOG_TEXT];
    int fd = holding(text);
    server_log_reason(fd, reason);
    close(fd);
    cr_expect_str_eq(reason, expected);
}

#define AT "7:M 01 Dec 2026 08:00:00.123 "

Test(evaluate, reason)
{
    expect_reason("", "");
    expect_reason(AT
                  "# oO0OoO0OoO0Oo Redis is starting\n" AT "# Redis version=7.0.15, bits=64\n" AT
                  "# WARNING Memory overcommit must be enabled!\n" AT "* Ready to accept # connections\n" AT
                  "# == CRITICAL == This server is sending an error to its AOF-loading-client: 'ERR x'\n" AT
                  "# Unknown command 'X' reading the append only file log.aof\n",
                  "Unknown command 'X' reading the append only file log.aof");
    expect_reason("[7] 01 Dec 08:00:00.123 # Bad file format\r\n", "Bad file format");
    expect_reason("\n*** FATAL CONFIG FILE ERROR ***\nat line 2\n>>> 'x'\n",
                  "*** FATAL CONFIG FILE ERROR *** at line 2 >>> 'x'");
    expect_reason("server: error while loading shared libraries: \033[2J\n",
                  "server: error while loading shared libraries: \\x1b[2J");
    expect_reason("12: no log line\n12 neither\n7:M", "12: no log line 12 neither 7:M");
}

Test(evaluate, long_reason_is_cut)
{
    char text[3 * 1024 + 1], reason[SERVER_LOG_TEXT];
    memset(text, '\1', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    int fd = holding(text);
    server_log_reason(fd, reason);
    close(fd);
    cr_expect_lt(strlen(reason), sizeof reason);
    cr_expect_str_eq(reason + strlen(reason) - 3, "...");
}

Test(evaluate, first_error)
{
    char text[SERVER_LOG_TEXT];
    int fd = holding(AT "# Server initialized\n" AT
                        "# == CRITICAL == This server is sending an error to its AOF-loading-client: "
                        "'-WRONGTYPE' after processing the command 'incr'\n" AT
                        "# == CRITICAL == This server is sending an error to its AOF-loading-client: 'no'\n");
    server_log_first_error(fd, text);
    cr_expect_str_eq(text, "'-WRONGTYPE' after processing the command 'incr'");
    close(fd);
}

Test(evaluate, version)
{
    static const struct {
        const char *text;
        rf_server server; /* 0.0: it is none */
    } cases[] = {
        {"Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64\n", {RF_REDIS, 7, 0}},
        {"Redis server v=2.8.24 sha=0\n", {RF_REDIS, 2, 8}},
        {"Valkey server v=8.1.7 sha=0\n", {RF_VALKEY, 8, 1}},
        {"a line before\nValkey server v=9.0.4 sha=0\n", {RF_VALKEY, 9, 0}},
        {"redis-cli 7.0.15\n", {0}},
        {"Redis server v=\n", {0}},
        {"", {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rf_server found = {0};
        int fd = holding(cases[i].text);
        cr_expect_eq(server_log_version(fd, &found), cases[i].server.major > 0, "%s", cases[i].text);
        cr_expect(found.dialect == cases[i].server.dialect && found.major == cases[i].server.major &&
                      found.minor == cases[i].server.minor,
                  "%s", cases[i].text);
        close(fd);
    }
}

Test(evaluate, program)
{
    char expected[4096], *path;
    rf_error error;
    put("server", "#!/bin/sh\n", 0700);
    put("text", "#!/bin/sh\n", 0600);
    cr_assert_eq(chdir(directory.path), 0);
    cr_assert_not_null(getcwd(expected, sizeof expected - 16));
    strcat(expected, "/server");
    setenv("PATH", "/nowhere::/bin", 1);
    cr_assert_eq(rf_server_program("server", &path, &error), RF_OK);
    cr_expect(strstr(path, "/server") && access(path, X_OK) == 0);
    free(path);
    cr_assert_eq(rf_server_program("sh", &path, &error), RF_OK);
    cr_expect_str_eq(path, "/bin/sh");
    free(path);
    setenv("PATH", "/bin", 1);
    cr_expect_eq(rf_server_program("server", &path, &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_server_program("./text", &path, &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_server_program("./", &path, &error), RF_E_ARGUMENT);
    cr_expect_eq(rf_server_program("", &path, &error), RF_E_ARGUMENT);
    unsetenv("PATH");
    cr_expect_eq(rf_server_program("sh", &path, &error), RF_E_ARGUMENT);
}

static void start(struct child *child, const char *script)
{
    char shell[] = "/bin/sh", option[] = "-c";
    char *copy = strdup(script);
    char *const argv[] = {shell, option, copy, NULL};
    rf_error error;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC), root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_assert_eq(child_start(child, argv, root, null, &error), RF_OK, "%s", error.message);
    close(null);
    close(root);
    free(copy);
}

Test(evaluate, child_ends)
{
    struct child child;
    char end_text[64];
    start(&child, "exit 7");
    cr_expect(child_wait(&child, 60000));
    cr_expect_not(child_is_running(&child));
    child_stop(&child);
    child_stop(&child);
    child_format_end(&child, end_text, sizeof end_text);
    cr_expect_str_eq(end_text, "ended with status 7");
    start(&child, "kill -SEGV $$");
    cr_expect(child_wait(&child, 60000));
    child_stop(&child);
    child_format_end(&child, end_text, sizeof end_text);
    cr_expect_str_eq(end_text, "was killed by SIGSEGV");
}

/* As for a signal. */
Test(evaluate, child_is_ended)
{
    struct child child;
    start(&child, "sleep 600 & sleep 600");
    cr_expect_not(child_wait(&child, 1));
    cr_expect(child_is_running(&child));
    rf_cleanup_temp_files();
    cr_expect_not(child_is_running(&child));
    cr_expect(kill(child.pid, 0) < 0);
}
