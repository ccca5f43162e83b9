/* SPDX-License-Identifier: MIT */
/* The private server: its directory, its configuration, and its life.
 *
 *     $TMPDIR/.rdbferry-server.rdbferry-x7Kq2a/
 *         log.aof        what the caller writes; from 7.0 on the server moves it into `appendonlydir`
 *         server.conf    server.log    server.sock
 *         snapshot.rdb   the result
 *
 * The log is loaded as an AOF and not sent as requests: while a server loads, nothing expires, and it accepts
 * what only logs contain. It is a single file for all versions: those with AOF directories take it over as
 * they do at an upgrade. */
#include "base/clock.h"
#include "base/fail.h"
#include "evaluate/child.h"
#include "evaluate/server_log.h"
#include "io/anon_file.h"
#include "io/tempdir.h"
#include "net/client.h"
#include "net/info.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <rdbferry/evaluate.h>
#include <rdbferry/sink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG      "log.aof"
#define SNAPSHOT "snapshot.rdb"

enum {
    VERSION_MS = 60 * 1000, /* for --version */
    START_MS = 60 * 1000,   /* until the server listens, which it does before it loads */
    FIRST_PAUSE_MS = 5,
    LAST_PAUSE_MS = 200,
    DATABASES = 16,
};

struct rf_evaluation {
    char *program;
    const char *name; /* of its file, for messages */
    struct tempdir *dir;
    char *log;  /* its path */
    int output; /* what the server prints */
    struct child child;
    struct client *client;
    rf_server server;
};

/* --- the program --------------------------------------------------------------------------------------- */

static bool is_executable(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Symbolic links are kept: a server's name may decide which program it is. NULL if out of memory. */
static char *absolute(const char *path)
{
    char *out, *here = *path == '/' ? strdup("") : getcwd(NULL, 0);
    if (!here)
        return NULL;
    if (asprintf(&out, "%s%s%s", here, *here ? "/" : "", path) < 0)
        out = NULL;
    free(here);
    return out;
}

/* The first executable file of this name in $PATH; NULL: none. */
static char *search(const char *name)
{
    const char *at = getenv("PATH");
    while (at && *name) {
        size_t length = strcspn(at, ":");
        char *path;
        if (asprintf(&path, "%.*s/%s", length ? (int)length : 1, length ? at : ".", name) < 0)
            return NULL;
        if (is_executable(path))
            return path;
        free(path);
        at = at[length] ? at + length + 1 : NULL;
    }
    return NULL;
}

rf_code rf_server_program(const char *name, char **path, rf_error *error)
{
    char *found;
    if (strchr(name, '/') && !is_executable(name))
        return fail(error, RF_E_ARGUMENT, "'%.200s' is not a program that can be executed", name);
    found = strchr(name, '/') ? strdup(name) : search(name);
    if (!found)
        return fail(error, RF_E_ARGUMENT,
                    "'%.200s' is not in $PATH: install redis-server or valkey-server, or give its path",
                    name);
    *path = absolute(found);
    free(found);
    return *path ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* The version is printed as a server's log is. */
static rf_code ask_version(rf_evaluation *e, rf_error *error)
{
    char option[] = "--version";
    char *const argv[] = {e->program, option, NULL};
    int output;
    TRY(tempdir_create_file(e->dir, "version", &output, error));
    rf_code code = child_start(&e->child, argv, tempdir_descriptor(e->dir), output, error);
    bool ended = code == RF_OK && child_wait(&e->child, VERSION_MS);
    child_stop(&e->child);
    if (code == RF_OK && (!ended || !server_log_version(output, &e->server)))
        code = fail(error, RF_E_ARGUMENT, "%s is not a Redis or Valkey server: --version does not say so",
                    e->name);
    close(output);
    return code;
}

/* --- opening ------------------------------------------------------------------------------------------- */

static rf_code make_directory(rf_evaluation *e, rf_error *error)
{
    char *target;
    if (asprintf(&target, "%s/rdbferry-server", anon_file_directory()) < 0)
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_remove_leftovers(target, NULL);
    rf_code code = tempdir_create_scratch(target, &e->dir, error);
    free(target);
    TRY(code);
    TRY(tempdir_create_file(e->dir, "server.log", &e->output, error));
    e->log = tempdir_current_path(e->dir, LOG);
    return e->log ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

rf_code rf_evaluation_open(const char *program, rf_evaluation **out, rf_error *error)
{
    rf_evaluation *e = calloc(1, sizeof *e);
    if (!e)
        return fail(error, RF_E_MEMORY, "out of memory");
    e->output = -1;
    e->program = strdup(program);
    if (e->program)
        e->name = strrchr(e->program, '/') + 1;
    rf_code code = e->program ? make_directory(e, error) : fail(error, RF_E_MEMORY, "out of memory");
    if (code == RF_OK)
        code = ask_version(e, error);
    if (code == RF_OK)
        *out = e;
    else
        rf_evaluation_close(e);
    return code;
}

rf_server rf_evaluation_server(const rf_evaluation *e)
{
    return e->server;
}

const char *rf_evaluation_log(const rf_evaluation *e)
{
    return e->log;
}

/* --- starting ------------------------------------------------------------------------------------------ */

static rf_code write_file(int fd, const char *text, const char *name, rf_error *error)
{
    rf_code code = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text)
                       ? RF_OK
                       : fail_errno(error, RF_E_WRITE, "cannot write %s in %s", name, anon_file_directory());
    if (fd >= 0)
        close(fd);
    return code;
}

/* The last command of the log keeps the server from expiring keys after it has loaded them. */
static rf_code end_log(const rf_evaluation *e, rf_error *error)
{
    static const char no_expiration[] = "*3\r\n$5\r\nDEBUG\r\n$17\r\nSET-ACTIVE-EXPIRE\r\n$1\r\n0\r\n";
    return write_file(tempdir_open_file(e->dir, LOG, O_WRONLY | O_APPEND), no_expiration, "the log", error);
}

static rf_code write_configuration(const rf_evaluation *e, int64_t databases, rf_error *error)
{
    static const char format[] = "port 0\n"
                                 "unixsocket server.sock\n"
                                 "unixsocketperm 700\n"
                                 "loglevel warning\n"
                                 "databases %lld\n"
                                 "appendonly yes\n"
                                 "appendfilename " LOG "\n"
                                 "appendfsync no\n"
                                 "aof-load-truncated no\n"
                                 "auto-aof-rewrite-percentage 0\n"
                                 "save \"\"\n"
                                 "dbfilename " SNAPSHOT "\n"
                                 "maxmemory 0\n"
                                 "rename-command MIGRATE \"\"\n";
    char text[sizeof format + 32];
    int fd;
    snprintf(text, sizeof text, format, (long long)(databases > DATABASES ? databases : DATABASES));
    TRY(tempdir_create_file(e->dir, "server.conf", &fd, error));
    return write_file(fd, text, "the configuration", error);
}

/* Says why the server is not there any more. */
static rf_code fail_ended(rf_evaluation *e, rf_error *error)
{
    char reason[SERVER_LOG_TEXT], end[64];
    child_stop(&e->child);
    child_format_end(&e->child, end, sizeof end);
    server_log_reason(e->output, reason);
    return fail(error, server_log_is_about_data(reason) ? RF_E_UNSUPPORTED : RF_E_TARGET, "%.96s %s%s%.240s",
                e->name, end, *reason ? ": " : "", reason);
}

/* An error of the connection: the server has ended, or its socket cannot be used. */
static rf_code fail_connection(rf_evaluation *e, rf_error *error)
{
    return child_wait(&e->child, LAST_PAUSE_MS) ? fail_ended(e, error) : error->code;
}

static rf_code connect_to(rf_evaluation *e, rf_error *error)
{
    char path[64]; /* the full path may be too long for a socket */
    static const rf_target target = {.timeout_ms = INT_MAX};
    const rf_address address = {.host = path};
    const int64_t deadline = clock_monotonic_ms() + START_MS;
    snprintf(path, sizeof path, "/proc/self/fd/%d/server.sock", tempdir_descriptor(e->dir));
    while (child_is_running(&e->child)) {
        rf_code code = client_open(&target, &address, &e->client, error);
        if (code != RF_E_UNAVAILABLE)
            return code;
        if (clock_monotonic_ms() >= deadline)
            return fail(error, RF_E_TARGET, "%.96s does not listen on its socket after %d s", e->name,
                        START_MS / 1000);
        clock_sleep_ms(FIRST_PAUSE_MS);
    }
    return fail_ended(e, error);
}

static rf_code start(rf_evaluation *e, rf_error *error)
{
    char file[] = "server.conf";
    char *const argv[] = {e->program, file, NULL};
    TRY(child_start(&e->child, argv, tempdir_descriptor(e->dir), e->output, error));
    return connect_to(e, error);
}

/* --- loading and saving -------------------------------------------------------------------------------- */

static rf_code ask(rf_evaluation *e, const char *const *words, struct reply *reply, rf_error *error)
{
    rf_slice rest;
    rf_code code = client_query(e->client, words, reply, &rest, error);
    return code == RF_OK ? RF_OK : fail_connection(e, error);
}

static rf_code call(rf_evaluation *e, const char *const *words, struct reply *reply, rf_error *error)
{
    TRY(ask(e, words, reply, error));
    return reply->kind == REPLY_ERROR ? client_refused(e->client, words[0], *reply, error) : RF_OK;
}

/* 0: there is no such field. */
static double info_number(rf_slice info, const char *name)
{
    rf_slice value;
    char text[32];
    if (!info_field(info, name, &value))
        return 0;
    snprintf(text, sizeof text, "%.*s", value.len < sizeof text ? (int)value.len : 0,
             (const char *)value.ptr);
    return strtod(text, NULL);
}

/* Within a long script, or before 2.8 while loading, a server answers nothing else. */
static bool is_loading(struct reply reply)
{
    return reply_is_error(reply, "BUSY") || reply_is_error(reply, "LOADING") ||
           (reply.kind == REPLY_STRING && info_number(reply.text, "loading") != 0);
}

static rf_code await_loaded(rf_evaluation *e, const rf_evaluation_options *options, rf_error *error)
{
    static const char *const persistence[] = {"INFO", "persistence", NULL};
    struct reply reply;
    for (int64_t pause = FIRST_PAUSE_MS;; pause = pause < LAST_PAUSE_MS / 2 ? 2 * pause : LAST_PAUSE_MS) {
        TRY(ask(e, persistence, &reply, error));
        if (!is_loading(reply))
            return reply.kind == REPLY_ERROR ? client_refused(e->client, "INFO", reply, error) : RF_OK;
        if (options->on_loading && reply.kind == REPLY_STRING)
            options->on_loading(options->ctx, info_number(reply.text, "loading_loaded_perc") / 100);
        clock_sleep_ms(pause);
    }
}

static rf_code save(rf_evaluation *e, const rf_evaluation_options *options, rf_evaluation_result *result,
                    rf_error *error)
{
    static const char *const info[] = {"INFO", NULL}, *const save_words[] = {"SAVE", NULL};
    struct reply reply;
    TRY(call(e, info, &reply, error));
    result->memory = (uint64_t)info_number(reply.text, "used_memory");
    result->errors = (uint64_t)info_number(reply.text, "unexpected_error_replies");
    if (options->on_saving)
        options->on_saving(options->ctx);
    rf_code code = call(e, save_words, &reply, error);
    if (code == RF_E_TARGET && child_is_running(&e->child)) {
        char reason[SERVER_LOG_TEXT];
        server_log_reason(e->output, reason);
        return fail(error, RF_E_WRITE, "%.96s cannot save an RDB in %.96s: %.140s", e->name,
                    anon_file_directory(), reason);
    }
    return code;
}

static rf_code open_snapshot(rf_evaluation *e, rf_evaluation_result *result, rf_error *error)
{
    off_t size = tempdir_file_size(e->dir, SNAPSHOT);
    int fd = size >= 0 ? tempdir_open_file(e->dir, SNAPSHOT, O_RDONLY) : -1;
    if (fd < 0)
        return fail(error, RF_E_TARGET, "%s has not saved an RDB", e->name);
    result->fd = fd;
    result->bytes = (uint64_t)size;
    return RF_OK;
}

rf_code rf_evaluation_run(rf_evaluation *e, const rf_evaluation_options *options,
                          rf_evaluation_result *result, rf_error *error)
{
    *result = (rf_evaluation_result){.fd = -1};
    TRY(end_log(e, error));
    TRY(write_configuration(e, options->databases, error));
    TRY(start(e, error));
    TRY(await_loaded(e, options, error));
    TRY(save(e, options, result, error));
    child_stop(&e->child);
    if (result->errors > 0)
        server_log_first_error(e->output, result->first_error);
    return open_snapshot(e, result, error);
}

void rf_evaluation_close(rf_evaluation *e)
{
    if (!e)
        return;
    client_close(e->client);
    child_stop(&e->child);
    tempdir_close(e->dir);
    if (e->output >= 0)
        close(e->output);
    free(e->log);
    free(e->program);
    free(e);
}
