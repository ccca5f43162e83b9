/* SPDX-License-Identifier: MIT */
/* Looks through a directory for what its user may have meant: the data of a server, or the output of a split.
 */
#include "aof/directory_hint.h"
#include "aof/manifest.h"
#include "base/fail.h"
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { ENTRIES_MOST = 10000 /* looked at, in each directory */ };

/* Entries of one kind. */
struct kind {
    size_t count;
    char first[NAME_MAX + 1];
};

struct contents {
    struct kind rdb, aof;
    struct kind aof_directories; /* subdirectories with a manifest */
    struct kind shards;          /* subdirectories with an appendonlydir */
    bool has_plan;               /* of a split */
    bool has_parts;              /* of an AOF directory: each alone is not all of the data */
};

static const char shard_pattern[] = "*/appendonlydir";

static void add(struct kind *kind, const char *name)
{
    if (kind->count++ == 0)
        snprintf(kind->first, sizeof kind->first, "%s", name);
}

static bool ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && strcmp(name + n - m, ending) == 0;
}

static bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool has_manifest(const char *path)
{
    DIR *dir = opendir(path);
    bool found = false;
    struct dirent *e;
    for (int n = 0; dir && !found && n < ENTRIES_MOST && (e = readdir(dir)) != NULL; n++)
        found = manifest_is_name(e->d_name);
    if (dir)
        closedir(dir);
    return found;
}

static void look_at_subdirectory(struct contents *contents, const char *path, const char *name)
{
    char below[PATH_MAX];
    int n = snprintf(below, sizeof below, "%s/appendonlydir", path);
    if (has_manifest(path))
        add(&contents->aof_directories, name);
    else if (n > 0 && (size_t)n < sizeof below && is_directory(below))
        add(&contents->shards, shard_pattern);
}

static void look_at(struct contents *contents, const char *directory, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", directory, name);
    if (name[0] == '.' || strncmp(name, "temp-", 5) == 0 || n < 0 || (size_t)n >= sizeof path)
        return;
    if (is_directory(path))
        look_at_subdirectory(contents, path, name);
    else if (ends_with(name, ".base.rdb") || ends_with(name, ".base.aof") || ends_with(name, ".incr.aof"))
        contents->has_parts = true;
    else if (ends_with(name, ".rdb"))
        add(&contents->rdb, name);
    else if (ends_with(name, ".aof"))
        add(&contents->aof, name);
    else
        contents->has_plan |= strcmp(name, "plan.json") == 0;
}

static void look_into(struct contents *contents, const char *directory)
{
    DIR *dir = opendir(directory);
    struct dirent *e;
    for (int n = 0; dir && n < ENTRIES_MOST && (e = readdir(dir)) != NULL; n++)
        look_at(contents, directory, e->d_name);
    if (dir)
        closedir(dir);
}

/* Several of a kind are passed by a pattern. False: there are none. */
static bool format_kind(const struct kind *kind, const char *path, const char *pattern, char *out,
                        size_t size)
{
    bool slash = ends_with(path, "/") || strcmp(path, "/") == 0;
    snprintf(out, size, "%.100s%s%.60s", path, slash ? "" : "/", kind->count > 1 ? pattern : kind->first);
    return kind->count > 0;
}

rf_code fail_not_an_aof_directory(const char *path, rf_error *error)
{
    struct contents c = {.has_plan = false};
    char aof[200], rdb[200];
    look_into(&c, path);
    if (c.has_parts)
        return fail(error, RF_E_FORMAT,
                    "an AOF directory without its .manifest file: copy it again from its source, as a whole");
    bool has_aof = format_kind(&c.aof_directories, path, "*", aof, sizeof aof) ||
                   format_kind(&c.shards, path, shard_pattern, aof, sizeof aof) ||
                   format_kind(&c.aof, path, "*.aof", aof, sizeof aof);
    bool has_rdb = format_kind(&c.rdb, path, "*.rdb", rdb, sizeof rdb);
    if (has_aof && has_rdb)
        return fail(error, RF_E_FORMAT,
                    "not an AOF directory: pass %s, which a server with 'appendonly yes' loads, or %s", aof,
                    rdb);
    if (has_aof || has_rdb)
        return fail(error, RF_E_FORMAT, "%s: did you mean %s?",
                    c.has_plan ? "the output directory of a split" : "not an AOF directory",
                    has_aof ? aof : rdb);
    return fail(error, RF_E_FORMAT, "not an AOF directory: no .manifest file");
}
