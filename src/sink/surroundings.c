/* SPDX-License-Identifier: MIT */
/* Checks the destination before an output is written. */
#include "sink/surroundings.h"
#include "aof/manifest.h"
#include "base/fail.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define USUAL "appendonlydir" /* the default of the server's setting appenddirname */

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory");
}

static char *path_in(const char *directory, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", directory, name) >= 0 ? path : NULL;
}

/* --- directories --------------------------------------------------------------------------------------- */

static bool holds_manifest(const char *path)
{
    DIR *dir = opendir(path);
    bool found = false;
    for (struct dirent *e; dir && !found && (e = readdir(dir)) != NULL;)
        found = manifest_is_name(e->d_name);
    if (dir)
        closedir(dir);
    return found;
}

static bool is_aof_directory(const char *directory, const char *name, rf_code *code, rf_error *error)
{
    struct stat st;
    char *path = path_in(directory, name);
    if (!path)
        *code = out_of_memory(error);
    bool is = path && stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
              (strcmp(name, USUAL) == 0 || holds_manifest(path));
    free(path);
    return is;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* A volume mounted as the AOF directory itself has the default name; any other is assumed to be mounted as
 * the working directory of a server. */
static bool is_usual(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash ? slash + 1 : path, USUAL) == 0;
}

static bool belongs(const char *path, const char *name, const char *appendfilename)
{
    return *name == '.' || (strcmp(name, "lost+found") == 0 && is_usual(path)) ||
           starts_with(name, "temp-") ||
           (starts_with(name, appendfilename) && name[strlen(appendfilename)] == '.');
}

/* Checks a name in the directory that indicates that it is not an AOF directory. */
static rf_code judge_name(const char *path, const char *name, bool has_manifest, rf_error *error)
{
    rf_code code = RF_OK;
    bool inner = is_aof_directory(path, name, &code, error);
    if (code != RF_OK || (has_manifest && !inner && strcmp(name, "dump.rdb") != 0))
        return code;
    return fail(error, RF_E_EXISTS,
                "'%s' contains '%s' and is not an AOF directory: did you mean '%s/%s'? (--force-unsafe "
                "writes there anyway)",
                path, name, path, inner ? name : USUAL);
}

rf_code surroundings_check_directory(const char *path, const char *appendfilename, bool has_manifest,
                                     rf_error *error)
{
    rf_code code = RF_OK;
    DIR *dir = opendir(path);
    if (!dir)
        return fail_errno(error, RF_E_WRITE, "cannot read directory '%s'", path);
    for (struct dirent *e; code == RF_OK && (e = readdir(dir)) != NULL;)
        if (!belongs(path, e->d_name, appendfilename))
            code = judge_name(path, e->d_name, has_manifest, error);
    closedir(dir);
    return code;
}

/* --- files --------------------------------------------------------------------------------------------- */

static bool names(const char *manifest_path, const char *name)
{
    struct manifest manifest = {0};
    rf_error ignored;
    bool found = false;
    if (manifest_load(&manifest, manifest_path, &ignored) != RF_OK)
        return false;
    for (size_t i = 0; i < manifest.count && !found; i++)
        found = strcmp(manifest.files[i].name, name) == 0;
    manifest_free(&manifest);
    return found;
}

static rf_code check_manifests(const char *directory, const char *name, rf_error *error)
{
    rf_code code = RF_OK;
    DIR *dir = opendir(directory);
    for (struct dirent *e; dir && code == RF_OK && (e = readdir(dir)) != NULL;) {
        if (!manifest_is_name(e->d_name))
            continue;
        char *path = path_in(directory, e->d_name);
        if (!path)
            code = out_of_memory(error);
        else if (names(path, name))
            code = fail(
                error, RF_E_EXISTS,
                "'%s' in '%s' is part of the AOF of '%s': use the directory as output (--force-unsafe "
                "replaces it anyway)",
                name, directory, e->d_name);
        free(path);
    }
    if (dir)
        closedir(dir);
    return code;
}

static rf_code check_adjacent_aof(const char *directory, const char *name, rf_error *error)
{
    char *manifest;
    if (asprintf(&manifest, "%s/" USUAL "/%s.manifest", directory, name) < 0)
        return out_of_memory(error);
    bool found = access(manifest, F_OK) == 0;
    free(manifest);
    return found ? fail(error, RF_E_EXISTS,
                        "a server would not load '%s': its AOF is in '%s/" USUAL "': did you mean that? "
                        "(--force-unsafe writes it anyway)",
                        name, directory)
                 : RF_OK;
}

rf_code surroundings_check_file(const char *path, const rf_sink_options *options, rf_error *error)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (options->unsafe || strcmp(path, "-") == 0)
        return RF_OK;
    char *directory = slash == path ? strdup("/")
                      : slash       ? strndup(path, (size_t)(slash - path))
                                    : strdup(".");
    if (!directory)
        return out_of_memory(error);
    rf_code code = check_manifests(directory, name, error);
    if (code == RF_OK)
        code = check_adjacent_aof(directory, name, error);
    free(directory);
    return code;
}
