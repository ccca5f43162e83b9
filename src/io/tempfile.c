/* SPDX-License-Identifier: MIT */
/* Temporary files, and directories that are removed unless committed. */
#include "io/tempfile.h"
#include "base/fail.h"
#include "io/cleanup.h"
#include "io/owner.h"
#include "io/temp_path.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct tempfile {
    struct cleanup cleanup; /* first: it is cast back */
    struct temp_path temp_path;
    int fd;
};

/* --- making one -------------------------------------------------------------------------------------- */

static void remove_file(struct cleanup *cleanup)
{
    const struct temp_path *temp_path = &((struct tempfile *)cleanup)->temp_path;
    unlinkat(temp_path->dir, temp_path->temporary, 0);
}

/* A directory that is not empty stays. */
static void remove_directory(struct cleanup *cleanup)
{
    const struct temp_path *temp_path = &((struct tempfile *)cleanup)->temp_path;
    unlinkat(temp_path->dir, temp_path->name, AT_REMOVEDIR);
}

static int make_file(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0 || temp_path_claim(fd))
        return fd;
    close(fd);
    errno = EEXIST; /* another name */
    return -1;
}

/* `made`: whether there is something to be removed; the list is not asked later, as whoever ends the program
 * empties it. */
static rf_code make_listed(struct tempfile *file, bool *made, rf_error *error)
{
    TRY(cleanup_begin(file->temp_path.target, error));
    file->fd = temp_path_make(&file->temp_path, make_file);
    rf_code code = RF_OK;
    if ((*made = file->fd >= 0))
        cleanup_list(&file->cleanup);
    else
        code = fail_errno(error, RF_E_WRITE, "%s: cannot create a temporary file next to it",
                          file->temp_path.target);
    cleanup_end();
    return code;
}

static void give_directory(const struct temp_path *temp_path)
{
    int made = openat(temp_path->dir, temp_path->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (made < 0)
        return;
    owner_give_directory(temp_path->dir, made);
    close(made);
}

/* An existing directory is RF_OK and not made. */
static rf_code make_listed_directory(struct tempfile *file, bool *made, rf_error *error)
{
    TRY(cleanup_begin(file->temp_path.target, error));
    rf_code code = RF_OK;
    if ((*made = mkdirat(file->temp_path.dir, file->temp_path.name, 0777) == 0)) {
        cleanup_list(&file->cleanup);
        give_directory(&file->temp_path);
    } else if (errno != EEXIST) {
        code = fail_errno(error, RF_E_WRITE, "%s: cannot create the directory", file->temp_path.target);
    }
    cleanup_end();
    return code;
}

static rf_code create(const char *target, bool directory, struct tempfile **out, rf_error *error)
{
    struct tempfile *file = calloc(1, sizeof *file);
    if (!file)
        return fail(error, RF_E_MEMORY, "out of memory");
    file->fd = -1;
    file->cleanup.remove = directory ? remove_directory : remove_file;
    rf_code code = temp_path_open(target, &file->temp_path, error);
    if (code != RF_OK) {
        free(file);
        return code;
    }
    bool made = false;
    code = directory ? make_listed_directory(file, &made, error) : make_listed(file, &made, error);
    if (made)
        *out = file;
    else
        tempfile_close(file);
    return code;
}

rf_code tempfile_create(const char *target, struct tempfile **out, rf_error *error)
{
    return create(target, false, out, error);
}

rf_code tempfile_make_directory(const char *path, struct tempfile **out, rf_error *error)
{
    *out = NULL;
    return create(path, true, out, error);
}

int tempfile_fd(const struct tempfile *file)
{
    return file->fd;
}

/* --- giving it its name ------------------------------------------------------------------------------ */

void tempfile_keep_directory(struct tempfile *directory)
{
    rf_error ignored;
    if (!directory)
        return;
    if (cleanup_begin(directory->temp_path.target, &ignored) == RF_OK) {
        cleanup_unlist(&directory->cleanup);
        cleanup_end();
    }
    temp_path_sync(&directory->temp_path,
                   &ignored); /* at worst the directory's name is lost, with its contents */
}

static int rename_into_place(const struct temp_path *temp_path, bool replace)
{
    if (replace)
        return renameat(temp_path->dir, temp_path->temporary, temp_path->dir, temp_path->name);
    if (renameat2(temp_path->dir, temp_path->temporary, temp_path->dir, temp_path->name, RENAME_NOREPLACE) ==
        0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    /* the file system has no such rename */
    if (linkat(temp_path->dir, temp_path->temporary, temp_path->dir, temp_path->name, 0) < 0)
        return -1;
    return unlinkat(temp_path->dir, temp_path->temporary, 0);
}

static rf_code commit_listed(struct tempfile *file, bool replace, rf_error *error)
{
    const struct temp_path *temp_path = &file->temp_path;
    TRY(cleanup_begin(temp_path->target, error));
    rf_code code = RF_OK;
    if (rename_into_place(temp_path, replace) == 0)
        cleanup_unlist(&file->cleanup);
    else if (errno == EEXIST)
        code = fail(error, RF_E_EXISTS, "%s: already exists", temp_path->target);
    else
        code = fail_errno(error, RF_E_WRITE, "%s: cannot rename the temporary file to it", temp_path->target);
    cleanup_end();
    return code;
}

/* The owner is last: only it may change the mode. */
static rf_code set_mode_and_owner(const struct tempfile *file, mode_t mode, rf_error *error)
{
    if (fchmod(file->fd, mode) < 0)
        return fail_errno(error, RF_E_WRITE, "%s: cannot set the mode", file->temp_path.target);
    owner_give(owner_in(file->temp_path.dir), file->fd);
    return RF_OK;
}

rf_code tempfile_commit(struct tempfile *file, bool replace, rf_error *error)
{
    const struct temp_path *temp_path = &file->temp_path;
    TRY(set_mode_and_owner(file, 0666 & ~current_umask(), error));
    TRY(commit_listed(file, replace, error));
    rf_code code = temp_path_sync(temp_path, error);
    if (code != RF_OK && !replace)
        unlinkat(temp_path->dir, temp_path->name, 0);
    return code;
}

rf_code tempfile_commit_small(struct tempfile *file, mode_t mode, bool replace, bool sync, rf_error *error)
{
    rf_error ignored;
    TRY(set_mode_and_owner(file, mode, error));
    TRY(commit_listed(file, replace, error));
    if (sync)
        temp_path_sync(&file->temp_path, &ignored); /* the file is complete, at worst the old one returns */
    return RF_OK;
}

void tempfile_close(struct tempfile *file)
{
    if (!file)
        return;
    cleanup_remove(&file->cleanup);
    if (file->fd >= 0)
        close(file->fd);
    temp_path_close(&file->temp_path);
    free(file);
}
