/* SPDX-License-Identifier: MIT */
#include "support/scratch.h"
#include "support/exact.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(int fine, const char *what)
{
    if (fine)
        return;
    perror(what);
    abort();
}

void scratch_make(struct scratch *scratch)
{
    const char *dir = getenv("TMPDIR");
    snprintf(scratch->path, sizeof scratch->path, "%s/rdbferry-test-XXXXXX", dir && *dir ? dir : "/tmp");
    check(mkdtemp(scratch->path) != NULL, scratch->path);
}

const char *scratch_path(const struct scratch *scratch, const char *name)
{
    static char paths[4][1024];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", scratch->path, name);
    return path;
}

size_t scratch_count(const struct scratch *scratch)
{
    size_t count = 0;
    DIR *dir = opendir(scratch->path);
    check(dir != NULL, scratch->path);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

void scratch_write(const struct scratch *scratch, const char *name, rf_slice bytes)
{
    FILE *file = fopen(scratch_path(scratch, name), "we");
    check(file != NULL, name);
    check(bytes.len == 0 || fwrite(bytes.ptr, bytes.len, 1, file) == 1, name);
    check(fclose(file) == 0, name);
}

rf_slice scratch_read(const struct scratch *scratch, const char *name)
{
    struct stat st;
    FILE *file = fopen(scratch_path(scratch, name), "re");
    check(file != NULL && fstat(fileno(file), &st) == 0, name);
    size_t len = (size_t)st.st_size;
    uint8_t *bytes = malloc(len ? len : 1);
    check(bytes != NULL && fread(bytes, 1, len, file) == len, name);
    fclose(file);
    rf_slice exact = exact_copy(bytes, len);
    free(bytes);
    return exact;
}

void scratch_remove(struct scratch *scratch)
{
    DIR *dir = opendir(scratch->path);
    check(dir != NULL, scratch->path);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(scratch->path);
}
