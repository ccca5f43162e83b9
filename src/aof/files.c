/* SPDX-License-Identifier: MIT */
/* From the name of an input to its files: those of an AOF directory are listed in its manifest. As a server
 * may be writing to the directory, all files are opened together, before the first of them is read. */
#include "aof/files.h"
#include "aof/directory_hint.h"
#include "aof/manifest.h"
#include "aof/snapshot_set.h"
#include "base/fail.h"
#include "io/anon_file.h"
#include "io/source.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <rdbferry/aofdir.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 100 /* to read a directory that a server rewrites at the same time */ };

/* Distinguishes a manifest from the one that replaces it. */
struct stamp {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec changed;
};

struct rf_file {
    char *manifest; /* that lists it; NULL: the file was named directly */
    struct stamp stamp;
    int fd; /* -1: not kept open */
    int64_t size;
    bool alone;        /* no other file of its directory has data */
    rf_error *failure; /* it cannot be opened for this reason; NULL: unknown */
    struct files_provider provider;
    bool provided; /* it has been opened, and cannot be again */
};

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory");
}

/* --- the list ------------------------------------------------------------------------------------------ */

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

static void free_file(struct rf_file *input_file)
{
    if (input_file->fd >= 0)
        close(input_file->fd);
    free(input_file->manifest);
    free(input_file->failure);
    if (input_file->provider.ctx)
        input_file->provider.free(input_file->provider.ctx);
}

/* Takes ownership of `path` and `input_file`, also on error. */
static rf_code add(rf_files *files, char *path, struct rf_file input_file, rf_error *error)
{
    if (!path || !grow(files)) {
        free(path);
        free_file(&input_file);
        return out_of_memory(error);
    }
    files->paths[files->count] = path;
    files->found[files->count++] = input_file;
    return RF_OK;
}

static void drop_last(rf_files *files, size_t count)
{
    while (files->count > count) {
        free(files->paths[--files->count]);
        free_file(&files->found[files->count]);
    }
}

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

static bool is_still(const struct stamp *stamp, const char *path)
{
    struct stamp now;
    return read_stamp(path, &now) && now.dev == stamp->dev && now.ino == stamp->ino &&
           now.size == stamp->size && now.changed.tv_sec == stamp->changed.tv_sec &&
           now.changed.tv_nsec == stamp->changed.tv_nsec;
}

/* At most a quarter of the file descriptors is used for inputs. */
static bool may_hold(const rf_files *files)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && files->count < limit.rlim_cur / 4;
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

/* A server never writes an empty RDB: its content has been lost. */
static bool is_named_rdb(const char *path)
{
    size_t n = strlen(path);
    return n >= 4 && strcmp(path + n - 4, ".rdb") == 0;
}

static bool is_empty(const struct rf_file *input_file, const char *path)
{
    return input_file->size == 0 && !is_named_rdb(path);
}

/* Opens a regular file; -1 for any other. *missing: it does not exist. */
static int open_regular(const char *path, int64_t *size, bool *missing)
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

/* Determines the state of a file of a manifest, and opens it if possible. */
static rf_code probe_path(const rf_files *files, const char *path, struct directory *d,
                          struct rf_file *input_file, rf_error *error)
{
    bool missing;
    *input_file = (struct rf_file){
        .manifest = strdup(d->manifest_path), .stamp = d->stamp, .fd = -1, .size = -1};
    if (!input_file->manifest)
        return out_of_memory(error);
    input_file->fd = open_regular(path, &input_file->size, &missing);
    d->lacks |= missing;
    if (input_file->fd >= 0 && !may_hold(files)) {
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
    rf_code code = path ? probe_path(files, path, d, &input_file, error) : out_of_memory(error);
    if (code == RF_OK && is_empty(&input_file, path) == empty)
        return add(files, path, input_file, error);
    if (code == RF_OK)
        free_file(&input_file);
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
    *retry = code == RF_OK && d.lacks && !is_still(&d.stamp, path);
    manifest_free(&d.manifest);
    return code;
}

static rf_code add_manifest_files(const char *path, rf_files *files, rf_error *error)
{
    size_t before = files->count;
    bool retry = true;
    for (int tries = TRIES; retry && tries > 0; tries--) {
        drop_last(files, before);
        TRY(try_manifest(path, files, &retry, error));
    }
    return retry ? fail(error, RF_E_READ,
                        "the AOF directory keeps changing: read a copy of it, or stop the server")
                 : RF_OK;
}

/* --- inputs -------------------------------------------------------------------------------------------- */

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
            code = out_of_memory(error);
    }
    closedir(dir);
    if (code == RF_OK && !*out)
        code = fail_not_an_aof_directory(path, error);
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

/* A manifest is detected by its first word, like all other inputs; comments may precede it. */
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

/* A file that was named directly. */
static rf_code add_named(rf_files *files, const char *path, bool regular, rf_error *error)
{
    bool missing;
    struct rf_file input_file = {.fd = -1, .size = -1};
    if (regular && may_hold(files))
        input_file.fd = open_regular(path, &input_file.size, &missing);
    return add(files, strdup(path), input_file, error);
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
        return out_of_memory(error);
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
        code = add_directory(path, files, error);
    else if (there && S_ISREG(st.st_mode) && begins_as_manifest(path))
        code = add_manifest_files(path, files, error);
    else
        code = add_named(files, path, there && S_ISREG(st.st_mode), error);
    if (code == RF_OK)
        return RF_OK;
    drop_last(files, before);
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
        return out_of_memory(error);
    *input_file.failure = *why;
    return add(files, strdup(path), input_file, error);
}

static rf_code add_held(rf_files *files, const char *name, int fd, rf_error *error)
{
    struct stat st;
    struct rf_file input_file = {.fd = fd, .size = fstat(fd, &st) == 0 ? st.st_size : -1};
    return add(files, strdup(name), input_file, error);
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
        free_file(&files->found[i]);
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

/* --- inputs that are not files ------------------------------------------------------------------------- */

rf_code files_add_provided(rf_files *files, const char *name, struct files_provider provider, rf_error *error)
{
    return add(files, strdup(name), (struct rf_file){.fd = -1, .size = -1, .provider = provider}, error);
}

void *files_provided(const rf_files *files, size_t number, void (*free_ctx)(void *ctx))
{
    const struct files_provider *provider = &files->found[number].provider;
    return provider->free == free_ctx ? provider->ctx : NULL;
}

bool rf_files_is_live(const rf_files *files, size_t number)
{
    return files->found[number].provider.ctx != NULL;
}

rf_server rf_files_server(const rf_files *files, size_t number)
{
    return files->found[number].provider.server;
}

static rf_code open_provided(struct rf_file *input_file, const char *path, rf_source **out, rf_error *error)
{
    if (input_file->provided && !input_file->provider.repeatable)
        return fail(error, RF_E_ARGUMENT, "%s cannot be read twice", path);
    TRY(input_file->provider.open(input_file->provider.ctx, out, error));
    input_file->provided = true;
    return RF_OK;
}

static rf_code copy_source(rf_source *source, int fd, int64_t *size, rf_error *error)
{
    enum { BLOCK = 512 * 1024 };
    uint8_t *block = malloc(BLOCK);
    size_t n = 1;
    rf_code code = block ? RF_OK : out_of_memory(error);
    for (*size = 0; code == RF_OK && n > 0; *size += (int64_t)n) {
        code = source_read(source, block, BLOCK, &n, error);
        if (code == RF_OK)
            code = anon_file_write(fd, (rf_slice){block, n}, error);
    }
    free(block);
    return code;
}

/* *begun: it could be opened. What has arrived before an error is of no use. */
static rf_code try_capture(const struct rf_file *input_file, bool *begun, int *fd, int64_t *size,
                           rf_error *error)
{
    rf_source *source;
    *begun = false;
    TRY(input_file->provider.open(input_file->provider.ctx, &source, error));
    *begun = true;
    rf_code code = anon_file_open(fd, error);
    if (code == RF_OK) {
        code = copy_source(source, *fd, size, error);
        if (code != RF_OK)
            close(*fd);
    }
    rf_source_close(source);
    return code;
}

rf_code rf_files_capture(const rf_files *files, size_t number, rf_error *error)
{
    enum { CAPTURE_TRIES = 3 };
    struct rf_file *input_file = &files->found[number];
    int fd = -1;
    int64_t size = 0;
    bool begun = true;
    rf_code code = RF_E_UNAVAILABLE;
    if (!input_file->provider.ctx || input_file->provider.repeatable || input_file->fd >= 0)
        return RF_OK;
    for (int i = 0; i < CAPTURE_TRIES && begun && code == RF_E_UNAVAILABLE; i++)
        code = try_capture(input_file, &begun, &fd, &size, error);
    TRY(code);
    input_file->fd = fd;
    input_file->size = size;
    return RF_OK;
}

void rf_files_release(const rf_files *files, size_t number)
{
    struct rf_file *input_file = &files->found[number];
    if (!input_file->provider.ctx || input_file->fd < 0)
        return;
    close(input_file->fd);
    input_file->fd = -1;
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
        return open_provided(input_file, path, out, error);
    TRY(input_file->fd >= 0 ? source_open_held(input_file->fd, input_file->size, path, out, error)
                            : rf_source_open(path, out, error));
    if (input_file->manifest && !is_named_rdb(path))
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
    return input_file->manifest && !is_still(&input_file->stamp, input_file->manifest);
}

bool rf_files_grew(const rf_files *files, size_t number)
{
    const struct rf_file *input_file = &files->found[number];
    struct stat st;
    return input_file->fd >= 0 && fstat(input_file->fd, &st) == 0 && st.st_size > input_file->size;
}

void rf_files_free(rf_files *files)
{
    drop_last(files, 0);
    free(files->paths);
    free(files->found);
    *files = (rf_files){0};
}
