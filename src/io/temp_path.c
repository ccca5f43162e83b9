/* SPDX-License-Identifier: MIT */
/* Directories of targets, and temporary names in them. */
#include "io/temp_path.h"
#include "base/fail.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK ".rdbferry-"

enum { SUFFIX = 6, TRIES = 100 };

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

/* The directory can be synced only if it is readable; creating files in it requires less. */
static int open_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 || errno != EACCES ? fd : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int open_directory_of(char *target, char *name)
{
    if (name == target)
        return open_directory(".");
    if (name == target + 1)
        return open_directory("/");
    name[-1] = '\0';
    int fd = open_directory(target);
    name[-1] = '/';
    return fd;
}

rf_code temp_path_open(const char *target, struct temp_path *out, rf_error *error)
{
    struct temp_path made = {.target = strdup(target)};
    if (!made.target)
        return fail(error, RF_E_MEMORY, "out of memory");
    char *slash = strrchr(made.target, '/');
    made.name = slash ? slash + 1 : made.target;
    rf_code code = RF_OK;
    if (*made.name == '\0') {
        errno = ENOENT;
        code = fail(error, RF_E_ARGUMENT, "%s: not a valid file name", target);
    } else if ((made.dir = open_directory_of(made.target, made.name)) < 0) {
        code = fail_errno(error, RF_E_WRITE, "%s: cannot open the directory", target);
    }
    if (code == RF_OK)
        *out = made;
    else
        free(made.target);
    return code;
}

void temp_path_close(struct temp_path *temp_path)
{
    close(temp_path->dir);
    free(temp_path->target);
}

static void name_temporary(struct temp_path *temp_path)
{
    uint8_t random[SUFFIX];
    char suffix[SUFFIX + 1] = "";
    if (getrandom(random, sizeof random, 0) < 0)
        memset(random, 0, sizeof random); /* without randomness: names that already exist are skipped */
    for (int i = 0; i < SUFFIX; i++)
        suffix[i] = letters[random[i] % (sizeof letters - 1)];
    snprintf(temp_path->temporary, sizeof temp_path->temporary, ".%.*s" MARK "%s", (int)TEMP_NAME_SHOWN,
             temp_path->name, suffix);
}

int temp_path_make(struct temp_path *temp_path, int (*make)(int dir, const char *name))
{
    int made = -1;
    for (int tries = TRIES; tries > 0 && made < 0; tries--) {
        name_temporary(temp_path);
        made = make(temp_path->dir, temp_path->temporary);
        if (made < 0 && errno != EEXIST)
            break;
    }
    return made;
}

bool temp_path_claim(int fd)
{
    struct stat st;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno != EWOULDBLOCK;
    return fstat(fd, &st) < 0 || st.st_nlink > 0;
}

bool temp_path_is_temporary(const char *entry, const char *name, bool prefix)
{
    size_t length = strlen(entry), ending = sizeof MARK - 1 + SUFFIX, shown = strnlen(name, TEMP_NAME_SHOWN);
    if (length < 1 + shown + ending || *entry != '.' || memcmp(entry + 1, name, shown) != 0)
        return false;
    const char *mark = entry + length - ending;
    return (prefix || mark == entry + 1 + shown) && memcmp(mark, MARK, sizeof MARK - 1) == 0 &&
           strspn(mark + sizeof MARK - 1, letters) == SUFFIX;
}

rf_code temp_path_sync(const struct temp_path *temp_path, rf_error *error)
{
    /* EBADF: it could not be opened for reading; EINVAL: the file system does not sync directories */
    if (fsync(temp_path->dir) == 0 || errno == EBADF || errno == EINVAL)
        return RF_OK;
    return fail_errno(error, RF_E_WRITE, "%s: cannot sync the directory", temp_path->target);
}

/* umask() can only be read by setting it; the kernel also reports it in a file. */
mode_t current_umask(void)
{
    char line[128];
    unsigned mask;
    bool found = false;
    FILE *status = fopen("/proc/self/status", "re");
    while (status && !found && fgets(line, sizeof line, status))
        found = sscanf(line, "Umask: %o", &mask) == 1;
    if (status)
        fclose(status);
    if (!found)
        umask(mask = umask(077));
    return mask;
}
