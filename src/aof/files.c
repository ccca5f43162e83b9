/* SPDX-License-Identifier: MIT */
/* From the name of an input to the files it is read from: an AOF directory is what its manifest says. */
#include "aof/manifest.h"
#include "base/fail.h"
#include <dirent.h>
#include <fcntl.h>
#include <rdbferry/aofdir.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory");
}

static rf_code add(rf_files *files, char *path, rf_error *error)
{
    char **paths = path ? realloc(files->paths, (files->count + 1) * sizeof *paths) : NULL;
    if (!paths) {
        free(path);
        return out_of_memory(error);
    }
    files->paths = paths;
    paths[files->count++] = path;
    return RF_OK;
}

/* `name` beside what `path` names, or in it: `directory_length` bytes of path come first. */
static char *path_with(const char *path, size_t directory_length, const char *name)
{
    char *out;
    const char *slash = directory_length && path[directory_length - 1] != '/' ? "/" : "";
    return asprintf(&out, "%.*s%s%s", (int)directory_length, path, slash, name) < 0 ? NULL : out;
}

/* Increments mostly are empty when a server was started on them and stopped. */
static rf_code add_unless_empty(rf_files *files, char *path, rf_error *error)
{
    struct stat st;
    if (path && stat(path, &st) == 0 && st.st_size == 0) {
        free(path);
        return RF_OK;
    }
    return add(files, path, error);
}

static rf_code add_manifest_files(const char *path, rf_files *files, rf_error *error)
{
    struct manifest manifest = {0};
    const char *slash = strrchr(path, '/');
    size_t directory_length = slash ? (size_t)(slash + 1 - path) : 0, count_before = files->count;
    rf_code code = manifest_load(&manifest, path, error);
    for (size_t i = 0; i < manifest.count && code == RF_OK; i++)
        if (manifest.files[i].type != 'h')
            code = add_unless_empty(files, path_with(path, directory_length, manifest.files[i].name), error);
    if (code == RF_OK && files->count == count_before)
        code = fail(error, RF_E_FORMAT, "an AOF directory without any data");
    manifest_free(&manifest);
    return code;
}

/* The one manifest of a directory, as a path. */
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
            code = fail(error, RF_E_FORMAT, "a directory with more than one manifest: name the one to read");
        else if (!(*out = path_with(path, strlen(path), e->d_name)))
            code = out_of_memory(error);
    }
    closedir(dir);
    if (code == RF_OK && !*out)
        code = fail(error, RF_E_FORMAT, "a directory without a manifest: no AOF directory");
    return code;
}

static rf_code add_directory(const char *path, rf_files *files, rf_error *error)
{
    char *manifest;
    rf_code code = find_manifest(path, &manifest, error);
    if (code == RF_OK)
        code = add_manifest_files(manifest, files, error);
    free(manifest);
    return code;
}

/* A manifest is told from its first word, like everything else that is read; comments may come before. */
static bool begins_as_manifest(const char *path)
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

rf_code rf_files_add(rf_files *files, const char *path, rf_error *error)
{
    struct stat st;
    rf_code code;
    bool there = stat(path, &st) == 0;
    if (there && S_ISDIR(st.st_mode))
        code = add_directory(path, files, error);
    else if (there && S_ISREG(st.st_mode) && begins_as_manifest(path))
        code = add_manifest_files(path, files, error);
    else
        code = add(files, strdup(path), error);
    if (code != RF_OK && !*error->input)
        error_input(error, path);
    return code;
}

void rf_files_free(rf_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
    *files = (rf_files){0};
}
