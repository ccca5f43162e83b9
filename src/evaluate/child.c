/* SPDX-License-Identifier: MIT */
/* Starting and ending the process. Between fork and exec only async-signal-safe functions are called: other
 * threads may have held locks. */
#include "evaluate/child.h"
#include "base/clock.h"
#include "base/fail.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLL_MS = 10, EXEC_FAILED = 127 };

struct start {
    char *const *argv;
    char *const *environment;
    int directory, output;
    int failure; /* a pipe that exec closes: errno */
    pid_t parent;
};

/* --- in the child -------------------------------------------------------------------------------------- */

/* Signals are blocked in this process, and SIGPIPE is ignored. */
static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become(const struct start *start)
{
    int nothing = open("/dev/null", O_RDONLY);
    reset_signals();
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC); /* those that this process has inherited */
    if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == start->parent &&
        nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 && dup2(start->output, STDOUT_FILENO) >= 0 &&
        dup2(start->output, STDERR_FILENO) >= 0 && fchdir(start->directory) == 0)
        execve(start->argv[0], start->argv, start->environment);
    const int failure = errno;
    if (write(start->failure, &failure, sizeof failure) < 0)
        _exit(EXEC_FAILED + 1);
    _exit(EXEC_FAILED);
}

/* --- in this process ----------------------------------------------------------------------------------- */

static void remove_child(struct cleanup *cleanup)
{
    struct child *child = (struct child *)cleanup;
    kill(-child->pid, SIGKILL);
    while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
        ;
}

/* 0: the program runs. */
static int read_failure(int pipe)
{
    int failure = 0;
    ssize_t n;
    while ((n = read(pipe, &failure, sizeof failure)) < 0 && errno == EINTR)
        ;
    return n == (ssize_t)sizeof failure ? failure : 0;
}

/* Lists the child as soon as it exists. */
static rf_code fork_listed(struct child *child, const struct start *start, rf_error *error)
{
    TRY(cleanup_begin(start->argv[0], error));
    rf_code code = RF_OK;
    child->pid = fork();
    if (child->pid == 0)
        become(start);
    if (child->pid > 0) {
        setpgid(child->pid, child->pid); /* whichever of the two processes comes first */
        cleanup_list(&child->cleanup);
    } else {
        code = fail_errno(error, RF_E_TARGET, "cannot start %s", start->argv[0]);
    }
    cleanup_end();
    return code;
}

rf_code child_start(struct child *child, char *const argv[], int directory, int output, rf_error *error)
{
    int ends[2];
    const char *path = getenv("PATH"), *name = strrchr(argv[0], '/') + 1;
    char *found;
    *child = (struct child){.cleanup.remove = remove_child};
    if (asprintf(&found, "PATH=%s", path ? path : "/usr/bin:/bin") < 0)
        return fail(error, RF_E_MEMORY, "out of memory");
    if (pipe2(ends, O_CLOEXEC) < 0) {
        free(found);
        return fail_errno(error, RF_E_TARGET, "cannot start %s", name);
    }
    char locale[] = "LC_ALL=C";
    char *const environment[] = {found, locale, NULL};
    const struct start start = {.argv = argv,
                                .environment = environment,
                                .directory = directory,
                                .output = output,
                                .failure = ends[1],
                                .parent = getpid()};
    rf_code code = fork_listed(child, &start, error);
    close(ends[1]);
    if (code == RF_OK && (errno = read_failure(ends[0])) != 0) {
        code = fail_errno(error, RF_E_TARGET, "cannot execute %s", name);
        child_stop(child);
    }
    close(ends[0]);
    free(found);
    return code;
}

/* Does not collect the status: until then the number is not used for another process. */
bool child_is_running(const struct child *child)
{
    siginfo_t info = {0};
    return child->cleanup.listed &&
           waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

bool child_wait(const struct child *child, int64_t timeout_ms)
{
    const int64_t deadline = clock_monotonic_ms() + timeout_ms;
    while (child_is_running(child)) {
        if (clock_monotonic_ms() >= deadline)
            return false;
        clock_sleep_ms(POLL_MS);
    }
    return true;
}

void child_stop(struct child *child)
{
    cleanup_remove(&child->cleanup);
}

void child_format_end(const struct child *child, char *out, size_t size)
{
    if (WIFSIGNALED(child->status))
        snprintf(out, size, "was killed by SIG%s%s", sigabbrev_np(WTERMSIG(child->status)),
                 WTERMSIG(child->status) == SIGKILL ? ", perhaps for lack of memory" : "");
    else
        snprintf(out, size, "ended with status %d", WEXITSTATUS(child->status));
}
