/* SPDX-License-Identifier: MIT */
#include "cmd/run/spawn.h"
#include "base/clock.h"
#include "base/fail.h"
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLL_MS = 20 };

/* The words of `text`, which is changed; NULL: out of memory. The caller frees the array. */
static char **split(char *text)
{
    char **words = malloc((strlen(text) / 2 + 2) * sizeof *words), *rest = NULL;
    size_t count = 0;
    if (!words)
        return NULL;
    for (char *word = strtok_r(text, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
        words[count++] = word;
    words[count] = NULL;
    return words;
}

/* Signals that this process blocks or ignores have their usual effect. Returns an errno. */
static int start(char **words, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    sigemptyset(&none);
    sigfillset(&usual);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    int failure = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    if (failure == 0)
        failure = posix_spawnp(pid, words[0], &files, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failure;
}

static rf_code wait_for(pid_t pid, rf_code (*tick)(void *ctx, rf_error *error), void *ctx, rf_error *error)
{
    int status;
    pid_t ended;
    while ((ended = waitpid(pid, &status, WNOHANG)) == 0) {
        rf_code code = tick(ctx, error);
        if (code != RF_OK) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return code;
        }
        clock_sleep_ms(POLL_MS);
    }
    if (ended < 0)
        return fail_errno(error, RF_E_WRITE, "cannot wait for it");
    if (WIFSIGNALED(status))
        return fail(error, RF_E_WRITE, "ended by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status) == 0 ? RF_OK : fail(error, RF_E_WRITE, "exit status %d", WEXITSTATUS(status));
}

rf_code spawn_and_wait(const char *command, rf_code (*tick)(void *ctx, rf_error *error), void *ctx,
                       rf_error *error)
{
    char *text = strdup(command), **words = text ? split(text) : NULL;
    pid_t pid;
    rf_code code;
    if (!words) {
        code = fail(error, RF_E_MEMORY, "out of memory");
    } else if (!words[0]) {
        code = fail(error, RF_E_ARGUMENT, "no program is named");
    } else {
        errno = start(words, &pid);
        code = errno ? fail_errno(error, RF_E_WRITE, "cannot run it") : wait_for(pid, tick, ctx, error);
    }
    free(words);
    free(text);
    return code;
}
