/* SPDX-License-Identifier: MIT */
/* File names, and the files that they refer to. */
#include "cmd/run/paths.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool is_dash(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

bool same_file(const struct stat *a, const struct stat *b)
{
    return S_ISREG(a->st_mode) && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static const char *directory_of(const char *path, char directory[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    snprintf(directory, PATH_MAX, "%.*s", (int)(slash - path + 1), path);
    return directory;
}

bool stat_directory(const char *path, struct stat *found)
{
    char directory[PATH_MAX];
    return stat(directory_of(path, directory), found) == 0;
}

bool directory_is_writable(const char *path)
{
    char directory[PATH_MAX];
    return faccessat(AT_FDCWD, directory_of(path, directory), W_OK | X_OK, AT_EACCESS) == 0;
}

static bool stat_output(const char *path, struct stat *found)
{
    return (is_dash(path) ? fstat(STDOUT_FILENO, found) : stat(path, found)) == 0;
}

const char *path_last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool same_path(const char *a, const char *b)
{
    struct stat of_a, of_b;
    if (stat_output(a, &of_a) && stat_output(b, &of_b))
        return same_file(&of_a, &of_b);
    return strcmp(path_last_part(a), path_last_part(b)) == 0 && stat_directory(a, &of_a) &&
           stat_directory(b, &of_b) && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

bool path_lies_in(const char *path, const char *directory)
{
    char *inner = realpath(path, NULL), *outer = realpath(directory, NULL);
    size_t length = outer ? strlen(outer) : 0;
    bool lies = inner && outer && strncmp(inner, outer, length) == 0 &&
                (inner[length] == '/' || inner[length] == '\0' || strcmp(outer, "/") == 0);
    free(inner);
    free(outer);
    return lies;
}
