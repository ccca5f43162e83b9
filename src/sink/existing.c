/* SPDX-License-Identifier: MIT */
/* Whether an output exists and is complete. Files appear under their names when they are complete; so does
 * the manifest of an AOF directory, but its files may have been removed since, as may the files of a split.
 */
#include "aof/manifest.h"
#include "base/fail.h"
#include "io/tempdir.h"
#include <fcntl.h>
#include <rdbferry/sink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLAN_MOST = 64 * 1024 * 1024 };

static bool is_file(int dir, const char *name)
{
    struct stat st;
    return fstatat(dir, name, &st, 0) == 0 && S_ISREG(st.st_mode);
}

/* --- AOF directories ----------------------------------------------------------------------------------- */

static bool is_whole(const char *directory, const struct manifest *manifest)
{
    int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool whole = dir >= 0 && manifest->count > 0;
    for (size_t i = 0; whole && i < manifest->count; i++)
        whole = manifest->files[i].type == 'h' || is_file(dir, manifest->files[i].name);
    if (dir >= 0)
        close(dir);
    return whole;
}

static bool is_whole_aof(const char *directory, const char *manifest_name)
{
    struct manifest manifest = {0};
    rf_error ignored;
    char *path;
    if (asprintf(&path, "%s/%s", directory, manifest_name) < 0)
        return false;
    bool whole = access(path, F_OK) == 0 && manifest_load(&manifest, path, &ignored) == RF_OK &&
                 is_whole(directory, &manifest);
    manifest_free(&manifest);
    free(path);
    return whole;
}

bool rf_output_exists(rf_sink_kind kind, const char *path, const char *appendfilename)
{
    char *manifest_name;
    if (kind != RF_SINK_AOFDIR)
        return is_file(AT_FDCWD, path);
    if (asprintf(&manifest_name, "%s.manifest", appendfilename) < 0)
        return false;
    bool exists = is_whole_aof(path, manifest_name);
    free(manifest_name);
    return exists;
}

/* --- splits -------------------------------------------------------------------------------------------- */

/* An RDB or a nodes.conf in the directory of a node. */
static bool is_file_of_node(const char *name, const char *slash)
{
    const char *dot = strrchr(slash, '.');
    return strchr(name, '/') == slash && dot && strcmp(dot, ".aof") != 0;
}

/* Of an AOF directory the manifest counts: a server that has been started on it has replaced the other files.
 * It replaces an AOF by such a directory. */
static bool has_output(const char *directory, int dir, const char *name)
{
    char *path;
    const char *slash = strrchr(name, '/');
    if (!slash || is_file_of_node(name, slash))
        return is_file(dir, name);
    if (!manifest_is_name(slash + 1))
        return true;
    if (asprintf(&path, "%s/%.*s", directory, (int)(slash - name), name) < 0)
        return false;
    bool whole = is_whole_aof(path, slash + 1);
    free(path);
    return whole;
}

/* The plan ends with a list of {"name": ..., "bytes": ...}; names have no characters that JSON escapes. */
static bool has_outputs(const char *directory, int dir, char *plan)
{
    static const char files[] = "\n  \"files\": [", name[] = "\"name\": \"";
    char *at = strstr(plan, files);
    bool complete = at != NULL;
    while (complete && (at = strstr(at, name)) != NULL) {
        char *output = at + sizeof name - 1;
        size_t length = strcspn(output, "\"");
        at = output + length + (output[length] != '\0');
        output[length] = '\0';
        complete = has_output(directory, dir, output);
    }
    return complete;
}

/* Returns NULL on failure. */
static char *read_plan(int dir)
{
    int fd = openat(dir, "plan.json", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    char *text = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < PLAN_MOST &&
        (text = calloc(1, (size_t)st.st_size + 1)) != NULL &&
        read(fd, text, (size_t)st.st_size) != st.st_size) {
        free(text);
        text = NULL;
    }
    if (fd >= 0)
        close(fd);
    return text;
}

bool rf_split_exists(const char *path)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *plan = dir >= 0 && tempdir_holds_plan(dir) ? read_plan(dir) : NULL;
    bool exists = plan && has_outputs(path, dir, plan);
    free(plan);
    if (dir >= 0)
        close(dir);
    return exists;
}
