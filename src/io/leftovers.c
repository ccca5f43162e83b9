/* SPDX-License-Identifier: MIT */
/* Temporary files of killed processes. A process holds a lock on each of its own, which ends with it. Whoever
 * locks one may remove it: nobody else can be writing to it, and one that is just being created is given up
 * by its creator for another name (temp_path_claim()). */
#include "base/fail.h"
#include "io/owner.h"
#include "io/temp_path.h"
#include "io/tempdir.h"
#include "io/tree.h"
#include <dirent.h>
#include <fcntl.h>
#include <rdbferry/sink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct search {
    int dir;
    const char *name; /* of the target */
    bool prefix;      /* its files begin with it */
    bool is_there;    /* the target */
    rf_leftovers found;
};

/* Opens what may be a leftover by its type and owner, without following links. Returns -1 for anything else.
 */
static int open_leftover(int dir, const char *entry, struct stat *st)
{
    if (fstatat(dir, entry, st, AT_SYMLINK_NOFOLLOW) < 0 || !owner_is_ours(dir, st->st_uid))
        return -1;
    if (S_ISDIR(st->st_mode))
        return openat(dir, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    /* for writing: network file systems require that for the lock */
    return S_ISREG(st->st_mode) ? openat(dir, entry, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
                                : -1;
}

static bool is_same(int dir, const char *entry, int fd, const struct stat *seen)
{
    struct stat open_one, named;
    return fstat(fd, &open_one) == 0 && fstatat(dir, entry, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           open_one.st_dev == seen->st_dev && open_one.st_ino == seen->st_ino &&
           named.st_dev == seen->st_dev && named.st_ino == seen->st_ino;
}

/* A complete directory is kept while there is nothing under the name of the target: it may be the previous
 * one, of a process that was killed between two renames. */
static bool may_remove(const struct search *search, const char *entry, int fd, const struct stat *st)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0 && is_same(search->dir, entry, fd, st) &&
           (search->is_there || !S_ISDIR(st->st_mode) || !tempdir_holds_plan(fd));
}

static void remove_leftover(struct search *search, const char *entry)
{
    struct stat st;
    int fd = open_leftover(search->dir, entry, &st);
    if (fd < 0)
        return;
    if (may_remove(search, entry, fd, &st)) {
        uint64_t bytes = S_ISDIR(st.st_mode) ? tree_bytes(fd) : (uint64_t)st.st_size;
        if (tree_remove(search->dir, entry) == 0) {
            search->found.count++;
            search->found.bytes += bytes;
        }
    }
    close(fd);
}

/* The directory may be one of O_PATH. */
static void search_directory(struct search *search)
{
    int own = openat(search->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = own >= 0 ? fdopendir(own) : NULL;
    struct stat st;
    if (!dir && own >= 0)
        close(own);
    search->is_there = fstatat(search->dir, search->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
        if (temp_path_is_temporary(e->d_name, search->name, search->prefix))
            remove_leftover(search, e->d_name);
    if (dir)
        closedir(dir);
}

/* Next to the target; links are followed as they are when it is written. */
static void search_next_to(const char *path, rf_leftovers *found)
{
    struct temp_path temp_path;
    rf_error ignored;
    char *real = realpath(path, NULL);
    if (temp_path_open(real ? real : path, &temp_path, &ignored) == RF_OK) {
        struct search search = {.dir = temp_path.dir, .name = temp_path.name, .found = *found};
        search_directory(&search);
        *found = search.found;
        temp_path_close(&temp_path);
    }
    free(real);
}

static void search_in(const char *path, const char *appendfilename, rf_leftovers *found)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *name = NULL;
    if (dir < 0)
        return;
    if (asprintf(&name, "%s.", appendfilename) >= 0) {
        struct search search = {.dir = dir, .name = name, .prefix = true, .found = *found};
        search_directory(&search);
        *found = search.found;
        free(name);
    }
    close(dir);
}

rf_leftovers rf_remove_leftovers(const char *path, const char *appendfilename)
{
    rf_leftovers found = {0};
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    char *trimmed = strndup(path, length);
    if (trimmed)
        search_next_to(trimmed, &found);
    if (appendfilename)
        search_in(path, appendfilename, &found);
    free(trimmed);
    return found;
}
