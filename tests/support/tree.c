/* SPDX-License-Identifier: MIT */
#include "support/tree.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES = 2048, LINE = 512 };

static char (*lines)[LINE];
static size_t line_count, root_length;

static int note(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    const char *name = path + root_length;
    char shown[LINE];
    if (ftw->level == 0)
        return 0;
    if (line_count == LINES)
        abort();
    snprintf(shown, sizeof shown, "%s", name + 1);
    for (char *tail = shown; (tail = strstr(tail, ".rdbferry-")) != NULL; tail++)
        memcpy(tail + strlen(".rdbferry-"), "XXXXXX", 6);
    char *line = lines[line_count++];
    if (kind == FTW_SL || kind == FTW_SLN)
        snprintf(line, LINE, "%.400s@", shown);
    else if (kind == FTW_F)
        snprintf(line, LINE, "%04o %.400s %lld", st->st_mode & 07777, shown, (long long)st->st_size);
    else
        snprintf(line, LINE, "%04o %.400s/", st->st_mode & 07777, shown);
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

const char *tree_text(const struct scratch *scratch)
{
    static char *text;
    char *end = text = realloc(text, LINES * LINE);
    lines = calloc(LINES, sizeof *lines);
    if (!lines || !text)
        abort();
    line_count = 0;
    root_length = strlen(scratch->path);
    if (nftw(scratch->path, note, 8, FTW_PHYS) != 0)
        abort();
    qsort(lines, line_count, sizeof *lines, compare);
    *end = '\0';
    for (size_t i = 0; i < line_count; i++)
        end += sprintf(end, "%s\n", lines[i]);
    free(lines);
    return text;
}

void tree_make(const struct scratch *scratch, const char *directory)
{
    const char *path = scratch_path(scratch, directory);
    if (mkdir(path, 0777) < 0 || chmod(path, 0755) < 0) {
        perror(path);
        abort();
    }
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

void tree_remove_all(struct scratch *scratch)
{
    nftw(scratch->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
