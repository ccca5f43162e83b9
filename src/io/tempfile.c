/* SPDX-License-Identifier: MIT */
/* Temporary files: made and renamed relative to their directory, which is kept open, so that a change of
 * the working directory does not matter. */
#include "io/tempfile.h"
#include "base/fail.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <rdbferry/sink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SUFFIX = 6, NAME_SHOWN = 200 /* bytes of a long name that the temporary one shows */ };

struct tempfile {
    struct tempfile *next; /* in `unfinished` */
    int fd, dir;
    bool listed, directory;
    char *name; /* of the target, within its directory */
    char temporary[NAME_SHOWN + 32];
    char target[]; /* as it was given, for messages */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows, and of names on disk */
static struct tempfile *unfinished;
static bool ended; /* rf_remove_unfinished() was called: nothing new appears */

static void list(struct tempfile *file)
{
    file->next = unfinished;
    file->listed = true;
    unfinished = file;
}

static void unlist(struct tempfile *file)
{
    struct tempfile **at = &unfinished;
    while (*at && *at != file)
        at = &(*at)->next;
    if (*at)
        *at = file->next;
    file->listed = false;
}

/* A directory that is not empty stays. */
static void remove_listed(struct tempfile *file)
{
    unlinkat(file->dir, file->directory ? file->name : file->temporary, file->directory ? AT_REMOVEDIR : 0);
    unlist(file);
}

static pthread_mutex_t commits = PTHREAD_MUTEX_INITIALIZER; /* taken before `lock` */

void tempfile_commits_begin(void)
{
    pthread_mutex_lock(&commits);
}

void tempfile_commits_end(void)
{
    pthread_mutex_unlock(&commits);
}

void rf_remove_unfinished(void)
{
    pthread_mutex_lock(&commits);
    pthread_mutex_lock(&lock);
    ended = true;
    while (unfinished) /* newest first: files before the directory that was made for them */
        remove_listed(unfinished);
    pthread_mutex_unlock(&lock);
    pthread_mutex_unlock(&commits);
}

static rf_code fail_ended(const struct tempfile *file, rf_error *error)
{
    return fail(error, RF_E_WRITE, "%s: the program is being stopped", file->target);
}

/* --- making one -------------------------------------------------------------------------------------- */

static void name_temporary(struct tempfile *file)
{
    static const char letters[64] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    uint8_t random[SUFFIX];
    char suffix[SUFFIX + 1] = "";
    if (getrandom(random, sizeof random, 0) < 0)
        memset(random, 0, sizeof random); /* O_EXCL still guards the name */
    for (int i = 0; i < SUFFIX; i++)
        suffix[i] = letters[random[i] % sizeof letters];
    snprintf(file->temporary, sizeof file->temporary, ".%.*s.rdbferry-%s", (int)NAME_SHOWN, file->name,
             suffix);
}

/* The directory can be synced if it can be read; making files in it needs less. */
static int open_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 || errno != EACCES ? fd : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Splits the target into directory and name; opens the directory. */
static rf_code enter_directory(struct tempfile *file, rf_error *error)
{
    char *slash = strrchr(file->target, '/');
    file->name = slash ? slash + 1 : file->target;
    if (*file->name == '\0')
        return fail(error, RF_E_ARGUMENT, "%s: not a file name", file->target);
    if (slash && slash != file->target) {
        *slash = '\0';
        file->dir = open_directory(file->target);
        *slash = '/';
    } else {
        file->dir = open_directory(slash ? "/" : ".");
    }
    return file->dir >= 0 ? RF_OK
                          : fail_errno(error, RF_E_WRITE, "%s: cannot open the directory", file->target);
}

static rf_code make_listed(struct tempfile *file, rf_error *error)
{
    pthread_mutex_lock(&lock);
    rf_code code = ended ? fail_ended(file, error) : RF_OK;
    for (int tries = 100; code == RF_OK && file->fd < 0; tries--) {
        name_temporary(file);
        file->fd = openat(file->dir, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY,
                          0600);
        if (file->fd < 0 && (errno != EEXIST || tries == 0))
            code = fail_errno(error, RF_E_WRITE, "%s: cannot create a file beside it", file->target);
    }
    if (code == RF_OK)
        list(file);
    pthread_mutex_unlock(&lock);
    return code;
}

/* One that is there already is RF_OK and not listed. */
static rf_code make_listed_directory(struct tempfile *file, rf_error *error)
{
    file->directory = true;
    pthread_mutex_lock(&lock);
    rf_code code = ended ? fail_ended(file, error) : RF_OK;
    if (code == RF_OK && mkdirat(file->dir, file->name, 0777) == 0)
        list(file);
    else if (code == RF_OK && errno != EEXIST)
        code = fail_errno(error, RF_E_WRITE, "%s: cannot make the directory", file->target);
    pthread_mutex_unlock(&lock);
    return code;
}

typedef rf_code make_fn(struct tempfile *file, rf_error *error);

static rf_code create(const char *target, make_fn *make, struct tempfile **out, rf_error *error)
{
    size_t size = strlen(target) + 1;
    struct tempfile *file = calloc(1, sizeof *file + size);
    if (!file)
        return fail(error, RF_E_MEMORY, "out of memory");
    memcpy(file->target, target, size);
    file->fd = file->dir = -1;
    rf_code code = enter_directory(file, error);
    if (code == RF_OK)
        code = make(file, error);
    if (code == RF_OK && file->listed) {
        *out = file;
        return RF_OK;
    }
    tempfile_close(file);
    return code;
}

rf_code tempfile_create(const char *target, struct tempfile **out, rf_error *error)
{
    return create(target, make_listed, out, error);
}

rf_code tempfile_make_directory(const char *path, struct tempfile **out, rf_error *error)
{
    *out = NULL;
    return create(path, make_listed_directory, out, error);
}

void tempfile_keep_directory(struct tempfile *directory)
{
    if (!directory)
        return;
    pthread_mutex_lock(&lock);
    unlist(directory);
    pthread_mutex_unlock(&lock);
    fsync(directory->dir); /* only its name can be lost now, and all it holds with it */
}

int tempfile_fd(const struct tempfile *file)
{
    return file->fd;
}

/* --- giving it its name ------------------------------------------------------------------------------ */

/* umask() can only be read by setting it, which other threads would notice; the kernel tells it in a
 * file. */
static mode_t current_umask(void)
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

static int rename_into_place(const struct tempfile *file, bool replace)
{
    if (replace)
        return renameat(file->dir, file->temporary, file->dir, file->name);
    if (renameat2(file->dir, file->temporary, file->dir, file->name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    /* the file system has no such rename */
    if (linkat(file->dir, file->temporary, file->dir, file->name, 0) < 0)
        return -1;
    return unlinkat(file->dir, file->temporary, 0);
}

static rf_code commit_listed(struct tempfile *file, bool replace, rf_error *error)
{
    if (ended)
        return fail_ended(file, error);
    if (rename_into_place(file, replace) < 0)
        return errno == EEXIST ? fail(error, RF_E_EXISTS, "%s: is there already", file->target)
                               : fail_errno(error, RF_E_WRITE, "%s: cannot rename to it", file->target);
    unlist(file);
    return RF_OK;
}

rf_code tempfile_commit(struct tempfile *file, bool replace, rf_error *error)
{
    if (fchmod(file->fd, 0666 & ~current_umask()) < 0)
        return fail_errno(error, RF_E_WRITE, "%s: cannot set the mode", file->target);
    pthread_mutex_lock(&lock);
    rf_code code = commit_listed(file, replace, error);
    pthread_mutex_unlock(&lock);
    TRY(code);
    /* EBADF: it could not be opened for reading; EINVAL: the file system does not sync directories */
    if (fsync(file->dir) == 0 || errno == EBADF || errno == EINVAL)
        return RF_OK;
    fail_errno(error, RF_E_WRITE, "%s: cannot sync the directory", file->target);
    if (!replace)
        unlinkat(file->dir, file->name, 0);
    return error->code;
}

void tempfile_close(struct tempfile *file)
{
    if (!file)
        return;
    pthread_mutex_lock(&lock);
    if (file->listed)
        remove_listed(file);
    pthread_mutex_unlock(&lock);
    if (file->fd >= 0)
        close(file->fd);
    if (file->dir >= 0)
        close(file->dir);
    free(file);
}
