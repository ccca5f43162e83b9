/* SPDX-License-Identifier: MIT */
/* Temporary files, and directories that are removed unless committed. */
#include "io/tempfile.h"
#include "base/fail.h"
#include "io/beside.h"
#include "io/unfinished.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct tempfile {
    struct unfinished unfinished; /* first: it is cast back */
    struct beside beside;
    int fd;
};

/* --- making one -------------------------------------------------------------------------------------- */

static void remove_file(struct unfinished *unfinished)
{
    const struct beside *beside = &((struct tempfile *)unfinished)->beside;
    unlinkat(beside->dir, beside->temporary, 0);
}

/* A directory that is not empty stays. */
static void remove_directory(struct unfinished *unfinished)
{
    const struct beside *beside = &((struct tempfile *)unfinished)->beside;
    unlinkat(beside->dir, beside->name, AT_REMOVEDIR);
}

static int make_file(int dir, const char *name)
{
    return openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
}

static rf_code make_listed(struct tempfile *file, rf_error *error)
{
    TRY(unfinished_begin(file->beside.target, error));
    file->fd = beside_make(&file->beside, make_file);
    rf_code code = RF_OK;
    if (file->fd >= 0)
        unfinished_list(&file->unfinished);
    else
        code = fail_errno(error, RF_E_WRITE, "%s: cannot create a temporary file next to it",
                          file->beside.target);
    unfinished_end();
    return code;
}

/* An existing directory is RF_OK and not listed. */
static rf_code make_listed_directory(struct tempfile *file, rf_error *error)
{
    TRY(unfinished_begin(file->beside.target, error));
    rf_code code = RF_OK;
    if (mkdirat(file->beside.dir, file->beside.name, 0777) == 0)
        unfinished_list(&file->unfinished);
    else if (errno != EEXIST)
        code = fail_errno(error, RF_E_WRITE, "%s: cannot create the directory", file->beside.target);
    unfinished_end();
    return code;
}

static rf_code create(const char *target, bool directory, struct tempfile **out, rf_error *error)
{
    struct tempfile *file = calloc(1, sizeof *file);
    if (!file)
        return fail(error, RF_E_MEMORY, "out of memory");
    file->fd = -1;
    file->unfinished.remove = directory ? remove_directory : remove_file;
    rf_code code = beside_open(target, &file->beside, error);
    if (code != RF_OK) {
        free(file);
        return code;
    }
    code = directory ? make_listed_directory(file, error) : make_listed(file, error);
    if (file->unfinished.listed)
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
    if (unfinished_begin(directory->beside.target, &ignored) == RF_OK) {
        unfinished_unlist(&directory->unfinished);
        unfinished_end();
    }
    beside_sync(&directory->beside, &ignored); /* at worst the directory's name is lost, with its contents */
}

static int rename_into_place(const struct beside *beside, bool replace)
{
    if (replace)
        return renameat(beside->dir, beside->temporary, beside->dir, beside->name);
    if (renameat2(beside->dir, beside->temporary, beside->dir, beside->name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    /* the file system has no such rename */
    if (linkat(beside->dir, beside->temporary, beside->dir, beside->name, 0) < 0)
        return -1;
    return unlinkat(beside->dir, beside->temporary, 0);
}

static rf_code commit_listed(struct tempfile *file, bool replace, rf_error *error)
{
    const struct beside *beside = &file->beside;
    TRY(unfinished_begin(beside->target, error));
    rf_code code = RF_OK;
    if (rename_into_place(beside, replace) == 0)
        unfinished_unlist(&file->unfinished);
    else if (errno == EEXIST)
        code = fail(error, RF_E_EXISTS, "%s: already exists", beside->target);
    else
        code = fail_errno(error, RF_E_WRITE, "%s: cannot rename the temporary file to it", beside->target);
    unfinished_end();
    return code;
}

rf_code tempfile_commit(struct tempfile *file, bool replace, rf_error *error)
{
    const struct beside *beside = &file->beside;
    if (fchmod(file->fd, 0666 & ~current_umask()) < 0)
        return fail_errno(error, RF_E_WRITE, "%s: cannot set the mode", beside->target);
    TRY(commit_listed(file, replace, error));
    rf_code code = beside_sync(beside, error);
    if (code != RF_OK && !replace)
        unlinkat(beside->dir, beside->name, 0);
    return code;
}

void tempfile_close(struct tempfile *file)
{
    if (!file)
        return;
    unfinished_remove(&file->unfinished);
    if (file->fd >= 0)
        close(file->fd);
    beside_close(&file->beside);
    free(file);
}
