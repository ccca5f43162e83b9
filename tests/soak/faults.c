/* SPDX-License-Identifier: MIT */
/* Calls that fail when they are told to: linked into rdbferry with --wrap=NAME for every line below that
 * begins with FAULTY. Only what the program and the library call themselves is wrapped, nothing inside other
 * libraries.
 *
 *   FAULT_CALL=class  FAULT_NTH=n  FAULT_ERRNO=number  FAULT_FOREVER=1
 *       The n-th call of the class fails (and all after it) with this error; with FAULT_ERRNO=0 it does a
 * part of what it should, if it is a read or a write, and nothing happens otherwise. FAULT_COUNTS=file At the
 * end "class calls" is written there, a line for each class. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum class { OPEN, CLOSE, READ, WRITE, SYNC, RENAME, UNLINK, MODE, MEMORY, MAP, THREAD, STDIO, CLASSES };

static const char *const names[CLASSES] = {"open",   "close", "read",   "write", "sync",   "rename",
                                           "unlink", "mode",  "memory", "map",   "thread", "stdio"};

static atomic_ulong calls[CLASSES];
static enum class chosen = CLASSES;
static unsigned long nth;
static int error_number;
static bool forever;

static unsigned long number_of(const char *name)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void read_environment(void)
{
    const char *call = getenv("FAULT_CALL");
    for (chosen = 0; call && chosen < CLASSES && strcmp(call, names[chosen]) != 0;)
        chosen++;
    if (!call)
        chosen = CLASSES;
    nth = number_of("FAULT_NTH");
    error_number = (int)number_of("FAULT_ERRNO");
    forever = number_of("FAULT_FOREVER") > 0;
}

__attribute__((destructor)) static void write_counts(void)
{
    const char *path = getenv("FAULT_COUNTS");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file)
        return;
    for (size_t i = 0; i < CLASSES; i++)
        fprintf(file, "%s %lu\n", names[i], atomic_load(&calls[i]));
    fclose(file);
}

/* Whether this call is the one. */
static bool is_due(enum class class)
{
    unsigned long number = atomic_fetch_add(&calls[class], 1) + 1;
    return class == chosen && (number == nth || (forever && number > nth));
}

static bool fails(enum class class)
{
    if (!is_due(class) || error_number == 0)
        return false;
    errno = error_number;
    return true;
}

/* How many of n bytes are to be moved; 0: it fails. */
static size_t part(enum class class, size_t n)
{
    if (!is_due(class))
        return n;
    errno = error_number;
    return error_number ? 0 : (n + 1) / 2;
}

#define FAULTY(name, class, type, failure, parameters, arguments)  \
    type __real_##name parameters;                                 \
    type __wrap_##name parameters;                                 \
    type __wrap_##name parameters                                  \
    {                                                              \
        return fails(class) ? (failure) : __real_##name arguments; \
    }

/* One that ends something ends it in any case. */
#define FAULTY_END(name, class, type, failure, parameters, arguments) \
    type __real_##name parameters;                                    \
    type __wrap_##name parameters;                                    \
    type __wrap_##name parameters                                     \
    {                                                                 \
        bool failing = fails(class);                                  \
        int error = errno;                                            \
        type result = __real_##name arguments;                        \
        errno = failing ? error : errno;                              \
        return failing ? (failure) : result;                          \
    }

/* One that moves `n` bytes may move less. */
#define FAULTY_MOVE(name, class, parameters, arguments)         \
    ssize_t __real_##name parameters;                           \
    ssize_t __wrap_##name parameters;                           \
    ssize_t __wrap_##name parameters                            \
    {                                                           \
        size_t wanted = n;                                      \
        n = part(class, n);                                     \
        return n == 0 && wanted ? -1 : __real_##name arguments; \
    }

/* clang-format off */
FAULTY(open, OPEN, int, -1, (const char *path, int flags, mode_t mode), (path, flags, mode))
FAULTY(openat, OPEN, int, -1, (int dir, const char *path, int flags, mode_t mode), (dir, path, flags, mode))
FAULTY(mkdirat, OPEN, int, -1, (int dir, const char *path, mode_t mode), (dir, path, mode))
FAULTY(mkostemp, OPEN, int, -1, (char *pattern, int flags), (pattern, flags))
FAULTY(eventfd, OPEN, int, -1, (unsigned value, int flags), (value, flags))
FAULTY(epoll_create1, OPEN, int, -1, (int flags), (flags))
FAULTY(fopen, OPEN, FILE *, NULL, (const char *path, const char *mode), (path, mode))
FAULTY(fdopen, OPEN, FILE *, NULL, (int fd, const char *mode), (fd, mode))
FAULTY_END(close, CLOSE, int, -1, (int fd), (fd))
FAULTY_MOVE(read, READ, (int fd, void *to, size_t n), (fd, to, n))
FAULTY_MOVE(pread, READ, (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
FAULTY_MOVE(write, WRITE, (int fd, const void *from, size_t n), (fd, from, n))
FAULTY_MOVE(pwrite, WRITE, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))
FAULTY(fsync, SYNC, int, -1, (int fd), (fd))
FAULTY(rename, RENAME, int, -1, (const char *from, const char *to), (from, to))
FAULTY(renameat, RENAME, int, -1, (int a, const char *from, int b, const char *to), (a, from, b, to))
FAULTY(renameat2, RENAME, int, -1, (int a, const char *from, int b, const char *to, unsigned flags), (a, from, b, to, flags))
FAULTY(linkat, RENAME, int, -1, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
FAULTY(unlink, UNLINK, int, -1, (const char *path), (path))
FAULTY(unlinkat, UNLINK, int, -1, (int dir, const char *path, int flags), (dir, path, flags))
FAULTY(fchmod, MODE, int, -1, (int fd, mode_t mode), (fd, mode))
FAULTY(ftruncate, MODE, int, -1, (int fd, off_t size), (fd, size))
FAULTY(malloc, MEMORY, void *, NULL, (size_t n), (n))
FAULTY(calloc, MEMORY, void *, NULL, (size_t n, size_t size), (n, size))
FAULTY(realloc, MEMORY, void *, NULL, (void *old, size_t n), (old, n))
FAULTY(aligned_alloc, MEMORY, void *, NULL, (size_t alignment, size_t n), (alignment, n))
FAULTY(strdup, MEMORY, char *, NULL, (const char *text), (text))
FAULTY(strndup, MEMORY, char *, NULL, (const char *text, size_t n), (text, n))
FAULTY(open_memstream, MEMORY, FILE *, NULL, (char **text, size_t *n), (text, n))
FAULTY(mmap, MAP, void *, MAP_FAILED, (void *at, size_t n, int mode, int flags, int fd, off_t from), (at, n, mode, flags, fd, from))
FAULTY(pthread_create, THREAD, int, error_number, (pthread_t *thread, const pthread_attr_t *a, void *(*run)(void *), void *context), (thread, a, run, context))
FAULTY(fflush, STDIO, int, EOF, (FILE *file), (file))
FAULTY_END(fclose, STDIO, int, EOF, (FILE *file), (file))
/* clang-format on */

/* FAULTY, but for its arguments. What it leaves in *text is undefined. */
int __wrap_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **text, const char *format, ...)
{
    static char nowhere[] = "undefined";
    if (fails(MEMORY)) {
        *text = nowhere;
        return -1;
    }
    va_list arguments;
    va_start(arguments, format);
    int n = vasprintf(text, format, arguments);
    va_end(arguments);
    return n;
}
