/* SPDX-License-Identifier: MIT */
/* The files of an AOF directory are opened together, before the first of them is read: a server may be
 * writing to the directory, and replace its manifest meanwhile. */
#include "aof/manifest_files.h"
#include "aof/directory_hint.h"
#include "aof/manifest.h"
#include "base/fail.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 100 /* to read a directory that a server rewrites at the same time */ };

/* `name` next to the file `path`, or inside it: prefixed by the first `directory_length` bytes of path. */
static char *path_with(const char *path, size_t directory_length, const char *name)
{
    char *out;
    const char *slash = directory_length && path[directory_length - 1] != '/' ? "/" : "";
    return asprintf(&out, "%.*s%s%s", (int)directory_length, path, slash, name) < 0 ? NULL : out;
}

/* --- the files of a manifest --------------------------------------------------------------------------- */

struct directory {
    const char *manifest_path;
    size_t length; /* length of the directory part of that path */
    struct stamp stamp;
    struct manifest manifest;
    bool lacks; /* a file that the manifest names is missing */
};

static bool read_stamp(const char *path, struct stamp *out)
{
    struct stat st;
    *out = (struct stamp){0};
    if (stat(path, &st) < 0)
        return false;
    *out = (struct stamp){.dev = st.st_dev, .ino = st.st_ino, .size = st.st_size, .changed = st.st_mtim};
    return true;
}

bool manifest_is_still(const struct stamp *stamp, const char *path)
{
    struct stamp now;
    return read_stamp(path, &now) && now.dev == stamp->dev && now.ino == stamp->ino &&
           now.size == stamp->size && now.changed.tv_sec == stamp->changed.tv_sec &&
           now.changed.tv_nsec == stamp->changed.tv_nsec;
}

/* The location from which a server moves it during an upgrade: an AOF from before AOF directories, next to
 * its own. It is the base of its name, alone in the manifest, and not in the directory yet. */
static char *path_before_upgrade(const struct directory *d, const struct manifest_file *file)
{
    const char *name = d->manifest_path + d->length;
    size_t length = strlen(file->name);
    struct stat st;
    for (size_t i = 0; i < d->manifest.count; i++)
        if (&d->manifest.files[i] != file && d->manifest.files[i].type != 'h')
            return NULL;
    if (file->type != 'b' || strncmp(name, file->name, length) != 0 ||
        strcmp(name + length, ".manifest") != 0)
        return NULL;
    char *in = path_with(d->manifest_path, d->length, "../"), *path = NULL;
    if (in)
        path = path_with(in, strlen(in), file->name);
    free(in);
    if (path && (stat(path, &st) < 0 || !S_ISREG(st.st_mode))) {
        free(path);
        path = NULL;
    }
    return path;
}

/* The path of a file of the manifest; NULL if out of memory. */
static char *locate(struct directory *d, const struct manifest_file *file)
{
    struct stat st;
    char *path = path_with(d->manifest_path, d->length, file->name);
    if (!path || stat(path, &st) == 0 || errno != ENOENT)
        return path;
    char *before = path_before_upgrade(d, file);
    d->lacks |= !before;
    if (before)
        free(path);
    return before ? before : path;
}

bool manifest_names_rdb(const char *path)
{
    size_t n = strlen(path);
    return n >= 4 && strcmp(path + n - 4, ".rdb") == 0;
}

static bool is_empty(const struct rf_file *input_file, const char *path)
{
    return input_file->size == 0 && !manifest_names_rdb(path);
}

/* Determines the state of a file of a manifest, and opens it if possible. */
static rf_code probe_path(const rf_files *files, const char *path, struct directory *d,
                          struct rf_file *input_file, rf_error *error)
{
    bool missing;
    *input_file = (struct rf_file){
        .manifest = strdup(d->manifest_path), .stamp = d->stamp, .fd = -1, .size = -1};
    if (!input_file->manifest)
        return fail(error, RF_E_MEMORY, "out of memory");
    input_file->fd = file_list_open_regular(path, &input_file->size, &missing);
    d->lacks |= missing;
    if (input_file->fd >= 0 && !file_list_may_hold(files)) {
        close(input_file->fd);
        input_file->fd = -1;
    }
    return RF_OK;
}

/* Incremental files are often empty: when a server was started and stopped without writes. */
static rf_code add_file(struct directory *d, const struct manifest_file *file, bool empty, rf_files *files,
                        rf_error *error)
{
    struct rf_file input_file;
    char *path = locate(d, file);
    rf_code code = path ? probe_path(files, path, d, &input_file, error)
                        : fail(error, RF_E_MEMORY, "out of memory");
    if (code == RF_OK && is_empty(&input_file, path) == empty)
        return file_list_add(files, path, input_file, error);
    if (code == RF_OK)
        file_list_free_file(&input_file);
    free(path);
    return code;
}

/* In the loading order of a server: by type, incremental files in listed order, which is by number. */
static rf_code add_files(struct directory *d, bool empty, size_t most, rf_files *files, rf_error *error)
{
    size_t before = files->count;
    for (const char *type = "bi"; *type; type++)
        for (size_t i = 0; i < d->manifest.count && files->count - before < most; i++)
            if (d->manifest.files[i].type == *type)
                TRY(add_file(d, &d->manifest.files[i], empty, files, error));
    return RF_OK;
}

static rf_code add_listed(struct directory *d, rf_files *files, rf_error *error)
{
    size_t before = files->count;
    TRY(manifest_load(&d->manifest, d->manifest_path, error));
    TRY(add_files(d, false, SIZE_MAX, files, error));
    if (files->count == before)
        TRY(add_files(d, true, 1, files, error));
    if (files->count == before)
        return fail(error, RF_E_FORMAT, "manifest: no base and no incremental file");
    files->found[before].alone = files->count == before + 1;
    return RF_OK;
}

/* *again: the files added belong to a manifest that has been replaced. */
static rf_code try_manifest(const char *path, rf_files *files, bool *retry, rf_error *error)
{
    const char *slash = strrchr(path, '/');
    struct directory d = {.manifest_path = path, .length = slash ? (size_t)(slash + 1 - path) : 0};
    read_stamp(path, &d.stamp);
    rf_code code = add_listed(&d, files, error);
    *retry = code == RF_OK && d.lacks && !manifest_is_still(&d.stamp, path);
    manifest_free(&d.manifest);
    return code;
}

rf_code manifest_files_add(const char *path, rf_files *files, rf_error *error)
{
    size_t before = files->count;
    bool retry = true;
    for (int tries = TRIES; retry && tries > 0; tries--) {
        file_list_cut(files, before);
        TRY(try_manifest(path, files, &retry, error));
    }
    return retry ? fail(error, RF_E_READ,
                        "the AOF directory keeps changing: read a copy of it, or stop the server")
                 : RF_OK;
}

/* --- finding it ----------------------------------------------------------------------------------------- */

/* The path of the only manifest of a directory. */
static rf_code find_manifest(const char *path, char **out, rf_error *error)
{
    rf_code code = RF_OK;
    DIR *dir = opendir(path);
    *out = NULL;
    if (!dir)
        return fail_errno(error, RF_E_READ, "cannot read the directory");
    for (struct dirent *e; code == RF_OK && (e = readdir(dir)) != NULL;) {
        if (!manifest_is_name(e->d_name))
            continue;
        if (*out)
            code = fail(error, RF_E_FORMAT,
                        "more than one .manifest file in the directory: pass the one to read");
        else if (!(*out = path_with(path, strlen(path), e->d_name)))
            code = fail(error, RF_E_MEMORY, "out of memory");
    }
    closedir(dir);
    if (code == RF_OK && !*out)
        code = fail_not_an_aof_directory(path, error);
    return code;
}

rf_code manifest_files_of_directory(const char *path, rf_files *files, rf_error *error)
{
    char *manifest;
    rf_code code = find_manifest(path, &manifest, error);
    if (code == RF_OK)
        code = manifest_files_add(manifest, files, error);
    free(manifest);
    return code;
}

bool manifest_begins(const char *path)
{
    char head[4096 + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, head, sizeof head - 1) : -1;
    if (fd >= 0)
        close(fd);
    head[n > 0 ? n : 0] = '\0';
    const char *line = head;
    while (*line == '#' && strchr(line, '\n'))
        line = strchr(line, '\n') + 1;
    return strncmp(line, "file ", 5) == 0;
}
