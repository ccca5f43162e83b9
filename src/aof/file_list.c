/* SPDX-License-Identifier: MIT */
/* The list of inputs: paths, and descriptors that are held. */
#include "aof/file_list.h"
#include "base/fail.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static bool grow(rf_files *files)
{
    char **paths = realloc(files->paths, (files->count + 1) * sizeof *paths);
    if (paths)
        files->paths = paths;
    struct rf_file *found = realloc(files->found, (files->count + 1) * sizeof *found);
    if (found)
        files->found = found;
    return paths && found;
}

void file_list_free_file(struct rf_file *input_file)
{
    if (input_file->fd >= 0)
        close(input_file->fd);
    free(input_file->manifest);
    free(input_file->failure);
    if (input_file->provider.ctx)
        input_file->provider.free(input_file->provider.ctx);
}

rf_code file_list_add(rf_files *files, char *path, struct rf_file input_file, rf_error *error)
{
    if (!path || !grow(files)) {
        free(path);
        file_list_free_file(&input_file);
        return fail(error, RF_E_MEMORY, "out of memory");
    }
    files->paths[files->count] = path;
    files->found[files->count++] = input_file;
    return RF_OK;
}

void file_list_cut(rf_files *files, size_t count)
{
    while (files->count > count) {
        free(files->paths[--files->count]);
        file_list_free_file(&files->found[files->count]);
    }
}

bool file_list_may_hold(const rf_files *files)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && files->count < limit.rlim_cur / 4;
}

int file_list_open_regular(const char *path, int64_t *size, bool *missing)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    *missing = fd < 0 && errno == ENOENT;
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        *size = st.st_size;
        return fd;
    }
    close(fd);
    return -1;
}
