/* SPDX-License-Identifier: MIT */
/* From the name of an input to its files: those of an AOF directory are listed in its manifest. As a server
 * may be writing to the directory, all files are opened together, before the first of them is read. */
#include "aof/manifest_files.h"
#include "aof/snapshot_set.h"
#include "base/fail.h"
#include "io/source.h"
#include <rdbferry/aofdir.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A file that was named directly. */
static rf_code add_named(rf_files *files, const char *path, bool regular, rf_error *error)
{
    bool missing;
    struct rf_file input_file = {.fd = -1, .size = -1};
    if (regular && file_list_may_hold(files))
        input_file.fd = file_list_open_regular(path, &input_file.size, &missing);
    return file_list_add(files, strdup(path), input_file, error);
}

/* --- snapshots of several files ----------------------------------------------------------------------- */

static bool is_listed(const rf_files *files, const char *path)
{
    for (size_t i = files->set; i < files->count; i++)
        if (strcmp(files->paths[i], path) == 0)
            return true;
    return false;
}

static rf_code add_shard(const struct snapshot_set *set, const char *summary, size_t shard, rf_files *files,
                         rf_error *error)
{
    char *path = snapshot_set_path(summary, shard);
    if (!path)
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_code code = snapshot_set_check(set, summary, path, shard, error);
    if (code == RF_OK && !is_listed(files, path))
        code = add_named(files, path, true, error);
    else if (code != RF_OK && !*error->input)
        error_input(error, path);
    free(path);
    return code;
}

/* A summary stands for all files of its snapshot, some of which may have been named before. */
static rf_code add_snapshot(const char *summary, rf_files *files, rf_error *error)
{
    struct snapshot_set set;
    TRY(snapshot_set_read(summary, &set, error));
    TRY(add_named(files, summary, true, error));
    for (size_t i = 0; i < set.shards; i++)
        TRY(add_shard(&set, summary, i, files, error));
    return RF_OK;
}

/* --- inputs -------------------------------------------------------------------------------------------- */

rf_code rf_files_add(rf_files *files, const char *path, rf_error *error)
{
    struct stat st;
    rf_code code;
    size_t before = files->count;
    bool there = stat(path, &st) == 0, is_summary;
    bool of_snapshot = snapshot_set_names(path, &is_summary) && there && S_ISREG(st.st_mode);
    if (of_snapshot && is_listed(files, path))
        return RF_OK;
    if (of_snapshot && is_summary)
        code = add_snapshot(path, files, error);
    else if (there && S_ISDIR(st.st_mode))
        code = manifest_files_of_directory(path, files, error);
    else if (there && S_ISREG(st.st_mode) && manifest_begins(path))
        code = manifest_files_add(path, files, error);
    else
        code = add_named(files, path, there && S_ISREG(st.st_mode), error);
    if (code == RF_OK)
        return RF_OK;
    file_list_cut(files, before);
    if (!*error->input)
        error_input(error, path);
    return code;
}

char *rf_files_apart(const rf_files *files, size_t number)
{
    struct stat found;
    for (int which = 0; which < SNAPSHOT_NEIGHBOURS; which++) {
        bool must_be;
        char *path = snapshot_set_neighbour(files->paths[number], which, &must_be);
        if (path && !is_listed(files, path) && (must_be || stat(path, &found) == 0))
            return path;
        free(path);
    }
    return NULL;
}

rf_code rf_files_add_failed(rf_files *files, const char *path, const rf_error *why, rf_error *error)
{
    struct rf_file input_file = {.fd = -1, .size = -1, .failure = malloc(sizeof *why)};
    if (!input_file.failure)
        return fail(error, RF_E_MEMORY, "out of memory");
    *input_file.failure = *why;
    return file_list_add(files, strdup(path), input_file, error);
}

static rf_code add_held(rf_files *files, const char *name, int fd, rf_error *error)
{
    struct stat st;
    struct rf_file input_file = {.fd = fd, .size = fstat(fd, &st) == 0 ? st.st_size : -1};
    return file_list_add(files, strdup(name), input_file, error);
}

/* The new file is added at the end, and takes the place of the first old one. */
rf_code rf_files_replace(rf_files *files, size_t first, size_t end, const char *name, int fd,
                         const rf_error *why, rf_error *error)
{
    TRY(fd >= 0 ? add_held(files, name, fd, error) : rf_files_add_failed(files, name, why, error));
    const size_t last = files->count - 1, after = last - end;
    char *path = files->paths[last];
    struct rf_file input_file = files->found[last];
    for (size_t i = first; i < end; i++) {
        free(files->paths[i]);
        file_list_free_file(&files->found[i]);
    }
    memmove(files->paths + first + 1, files->paths + end, after * sizeof *files->paths);
    memmove(files->found + first + 1, files->found + end, after * sizeof *files->found);
    files->paths[first] = path;
    files->found[first] = input_file;
    files->count = first + 1 + after;
    return RF_OK;
}

rf_files rf_files_part(const rf_files *files, size_t first, size_t end)
{
    return (rf_files){.paths = files->paths + first, .found = files->found + first, .count = end - first};
}

/* --- reading ------------------------------------------------------------------------------------------- */

rf_code rf_files_open(const rf_files *files, size_t number, rf_source **out, rf_error *error)
{
    struct rf_file *input_file = &files->found[number];
    const char *path = files->paths[number];
    *out = NULL;
    if (input_file->failure) {
        *error = *input_file->failure;
        return error->code;
    }
    if (input_file->provider.ctx && input_file->fd < 0)
        return file_list_open_provided(input_file, path, out, error);
    TRY(input_file->fd >= 0 ? source_open_held(input_file->fd, input_file->size, path, out, error)
                            : rf_source_open(path, out, error));
    if (input_file->manifest && !manifest_names_rdb(path))
        source_set_emptiness(*out, input_file->alone ? EMPTY_DOUBTFUL : EMPTY_USUAL);
    return RF_OK;
}

const rf_error *rf_files_failure(const rf_files *files, size_t number)
{
    return files->found[number].failure;
}

int rf_files_descriptor(const rf_files *files, size_t number)
{
    return files->found[number].fd;
}

bool rf_files_changed(const rf_files *files, size_t number)
{
    const struct rf_file *input_file = &files->found[number];
    struct stat st;
    if (input_file->fd >= 0)
        return fstat(input_file->fd, &st) == 0 && st.st_size != input_file->size;
    return input_file->manifest && !manifest_is_still(&input_file->stamp, input_file->manifest);
}

bool rf_files_grew(const rf_files *files, size_t number)
{
    const struct rf_file *input_file = &files->found[number];
    struct stat st;
    return input_file->fd >= 0 && fstat(input_file->fd, &st) == 0 && st.st_size > input_file->size;
}

void rf_files_free(rf_files *files)
{
    file_list_cut(files, 0);
    free(files->paths);
    free(files->found);
    *files = (rf_files){0};
}
