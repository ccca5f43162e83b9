/* SPDX-License-Identifier: MIT */
/* An AOF directory for Redis 7 and Valkey:
 *
 *   <appendfilename>.<seq>.base.rdb or .base.aof     keys, functions, module data
 *   <appendfilename>.<seq>.incr.aof                  commands, usually none
 *   <appendfilename>.manifest                        names the two; the last to appear
 *
 * A server reads only the files in the manifest, so a directory is unchanged until the manifest is renamed,
 * and then complete. Files of an older manifest are removed after that. A temporary directory contains
 * nothing older, and all files appear with that directory. */
#include "aof/manifest.h"
#include "base/fail.h"
#include "io/cleanup.h"
#include "io/in_use.h"
#include "io/output.h"
#include "io/tempdir.h"
#include "io/tempfile.h"
#include "sink/sink.h"
#include "sink/surroundings.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { BASE, INCR, MANIFEST, FILE_COUNT };

struct sink_aofdir {
    struct rf_sink sink;
    struct output_group *group;
    struct tempdir *within;
    char *directory, *manifest_name;
    const char *appendfilename; /* while opening */
    struct tempfile *made;      /* the directory, if it was created; it is removed again on failure */
    bool hash, unsafe;
    rf_notify notify;
    int lock; /* the directory, locked against other runs; -1: none */
    struct manifest old, latest;
    uint64_t highest;  /* the highest number in the name of a file in the directory */
    rf_sink *parts[2]; /* BASE, INCR */
    struct output manifest;
    char *paths[FILE_COUNT];
};

static rf_code out_of_memory(rf_error *error)
{
    return fail(error, RF_E_MEMORY, "out of memory");
}

static rf_code make_path(char **out, const struct sink_aofdir *s, const char *name, rf_error *error)
{
    return asprintf(out, "%s/%s", s->directory, name) >= 0 ? RF_OK : (*out = NULL, out_of_memory(error));
}

/* --- existing files --------------------------------------------------------------------------------- */

/* Held from the check of existing files until the new files have their names: two runs would use the same
 * numbers. If the file system has no locks, or the directory is not readable, nothing is locked. */
static rf_code lock_directory(struct sink_aofdir *s, rf_error *error)
{
    s->lock = open(s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->lock >= 0 && flock(s->lock, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return fail(error, RF_E_EXISTS, "'%s': another rdbferry process is writing to it", s->directory);
    return RF_OK;
}

/* A server with another appendfilename uses this directory: its data must not be mixed with the output. */
static rf_code refuse_foreign_manifest(struct sink_aofdir *s, rf_error *error)
{
    rf_code code = RF_OK;
    DIR *dir = opendir(s->directory);
    if (!dir)
        return fail_errno(error, RF_E_WRITE, "cannot read directory '%s'", s->directory);
    for (struct dirent *e; code == RF_OK && (e = readdir(dir)) != NULL;)
        if (manifest_is_name(e->d_name) && strcmp(e->d_name, s->manifest_name) != 0)
            code = fail(error, RF_E_EXISTS, "'%s' contains another AOF: '%s' (see --appendfilename)",
                        s->directory, e->d_name);
    closedir(dir);
    return code;
}

static rf_code refuse_in_use(const struct sink_aofdir *s, rf_error *error)
{
    return s->unsafe || s->old.count == 0 ? RF_OK : in_use_refuse(s->directory, error);
}

static rf_code look_for_old_manifest(struct sink_aofdir *s, bool force, rf_error *error)
{
    bool is_there = access(s->paths[MANIFEST], F_OK) == 0;
    if (!s->unsafe)
        TRY(surroundings_check_directory(s->directory, s->appendfilename, is_there, error));
    if (!is_there)
        return RF_OK;
    if (!force)
        return fail(error, RF_E_EXISTS, "'%s' already contains an AOF; use --force to replace it",
                    s->directory);
    if (manifest_load(&s->old, s->paths[MANIFEST], error) != RF_OK)
        error->code = RF_E_EXISTS; /* it is unknown what would be replaced */
    return s->old.count ? refuse_in_use(s, error) : error->code;
}

static void notify_path(const struct sink_aofdir *s, rf_notice_code code, const char *path,
                        const char *reason)
{
    char detail[320];
    snprintf(detail, sizeof detail, "%.200s%s%s", path, *reason ? ": " : "", reason);
    if (s->notify.fn)
        s->notify.fn(s->notify.ctx, &(rf_notice){code, -1, -1, {NULL, 0}, detail});
}

/* The number of "<appendfilename>.<number>.base.rdb", .base.aof or .incr.aof; 0: another name. */
static uint64_t number_of(const struct sink_aofdir *s, const char *name)
{
    static const char *const endings[] = {".base.rdb", ".base.aof", ".incr.aof"};
    enum { MOST_DIGITS = 15 };
    size_t length = strlen(s->appendfilename);
    if (strncmp(name, s->appendfilename, length) != 0 || name[length] != '.')
        return 0;
    const char *digits = name + length + 1, *ending = digits + strspn(digits, "0123456789");
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ending > digits && ending - digits <= MOST_DIGITS && strcmp(ending, endings[i]) == 0)
            return strtoull(digits, NULL, 10);
    return 0;
}

static bool names_file(const struct manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->count; i++)
        if (strcmp(manifest->files[i].name, name) == 0)
            return true;
    return false;
}

/* Files without a manifest may be of a killed run, or all that is left of a server's data: they are neither
 * removed nor replaced. */
static rf_code look_for_unnamed_files(struct sink_aofdir *s, rf_error *error)
{
    DIR *dir = opendir(s->directory);
    if (!dir)
        return fail_errno(error, RF_E_WRITE, "cannot read directory '%s'", s->directory);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        uint64_t number = number_of(s, e->d_name);
        s->highest = number > s->highest ? number : s->highest;
        if (number > 0 && !names_file(&s->old, e->d_name))
            notify_path(s, RF_NOTICE_UNNAMED_FILE, e->d_name, "");
    }
    closedir(dir);
    return RF_OK;
}

/* --- the new files ------------------------------------------------------------------------------------ */

static uint64_t next_seq(const struct sink_aofdir *s)
{
    uint64_t highest = s->highest;
    for (size_t i = 0; i < s->old.count; i++)
        if (s->old.files[i].seq > highest)
            highest = s->old.files[i].seq;
    return highest + 1;
}

static rf_code name_file(struct sink_aofdir *s, int part, const char *appendfilename, const char *ending,
                         rf_error *error)
{
    struct manifest_file *file = &s->latest.files[part];
    file->seq = next_seq(s);
    file->type = part == BASE ? 'b' : 'i';
    if (asprintf(&file->name, "%s.%llu.%s", appendfilename, (unsigned long long)file->seq, ending) < 0) {
        file->name = NULL;
        return out_of_memory(error);
    }
    return make_path(&s->paths[part], s, file->name, error);
}

static rf_code name_files(struct sink_aofdir *s, const char *appendfilename, rf_aof_base base,
                          rf_error *error)
{
    s->latest.files = calloc(2, sizeof *s->latest.files);
    if (!s->latest.files)
        return out_of_memory(error);
    s->latest.count = 2;
    TRY(name_file(s, BASE, appendfilename, base == RF_BASE_RDB ? "base.rdb" : "base.aof", error));
    return name_file(s, INCR, appendfilename, "incr.aof", error);
}

static struct sink_location location_of(const struct sink_aofdir *s, int file)
{
    return (struct sink_location){.path = s->paths[file], .group = s->group, .within = s->within};
}

static rf_code open_parts(struct sink_aofdir *s, rf_aof_base base, rf_sink_options options, rf_error *error)
{
    struct sink_location at_base = location_of(s, BASE), at_incr = location_of(s, INCR);
    options.compress = RF_PLAIN;
    options.force = false; /* their numbers are new */
    TRY(base == RF_BASE_RDB ? sink_open_rdb(&at_base, RDB_AOF_BASE, &options, &s->parts[BASE], error)
                            : sink_open_aof(&at_base, &options, &s->parts[BASE], error));
    return sink_open_aof(&at_incr, &options, &s->parts[INCR], error);
}

static rf_code put_manifest(struct sink_aofdir *s, rf_error *error)
{
    struct buffer text = {0};
    struct output_options options = {
        .force = s->old.count > 0, .unsafe = true, .hash = s->hash, .group = s->group, .within = s->within};
    bool printed = manifest_print(&text, &s->latest.files[BASE]) &&
                   manifest_print(&text, &s->latest.files[INCR]);
    rf_code code = printed ? output_open(s->paths[MANIFEST], &options, &s->manifest, error)
                           : out_of_memory(error);
    if (code == RF_OK) {
        outbuf_put(&s->manifest.buf, text.data, text.len);
        code = output_finish(&s->manifest, error);
    }
    buffer_free(&text);
    return code;
}

/* --- the sink ----------------------------------------------------------------------------------------- */

static rf_code aofdir_put(rf_sink *sink, rf_entry *entry, rf_error *error)
{
    struct sink_aofdir *s = (struct sink_aofdir *)sink;
    return rf_sink_put(s->parts[entry->kind == RF_ENTRY_COMMAND ? INCR : BASE], entry, error);
}

static rf_code aofdir_put_strings(rf_sink *sink, const rf_strings *strings, rf_error *error)
{
    return rf_sink_put_strings(((struct sink_aofdir *)sink)->parts[BASE], strings, error);
}

static rf_code aofdir_put_commands(rf_sink *sink, const rf_plain_commands *run, rf_error *error)
{
    return rf_sink_put_commands(((struct sink_aofdir *)sink)->parts[INCR], run, error);
}

static rf_code aofdir_finish(rf_sink *sink, rf_error *error)
{
    struct sink_aofdir *s = (struct sink_aofdir *)sink;
    for (int i = BASE; i <= INCR; i++)
        TRY(s->parts[i]->class->finish(s->parts[i], error));
    return put_manifest(s, error);
}

/* Whether a file of this name belongs to the new output. */
static bool is_ours(const struct sink_aofdir *s, const char *name)
{
    return strcmp(name, s->latest.files[BASE].name) == 0 || strcmp(name, s->latest.files[INCR].name) == 0 ||
           strcmp(name, s->manifest_name) == 0;
}

static void remove_old_file(const struct sink_aofdir *s, const char *name)
{
    char *path;
    rf_error ignored;
    if (make_path(&path, s, name, &ignored) != RF_OK)
        return notify_path(s, RF_NOTICE_OLD_FILE, name, strerror(ENOMEM));
    if (unlink(path) < 0 && errno != ENOENT)
        notify_path(s, RF_NOTICE_OLD_FILE, path, strerror(errno));
    free(path);
}

static void remove_old_files(const struct sink_aofdir *s)
{
    for (size_t i = 0; i < s->old.count; i++)
        if (!is_ours(s, s->old.files[i].name))
            remove_old_file(s, s->old.files[i].name);
}

static rf_code commit_each(struct sink_aofdir *s, int *named, rf_error *error)
{
    for (*named = 0; *named < MANIFEST; (*named)++)
        TRY(s->parts[*named]->class->commit(s->parts[*named], error));
    return output_commit(&s->manifest, error);
}

/* Whether the manifest on disk names this file: after a rename whose sync failed, that is the new
 * manifest. */
static bool manifest_names(const struct sink_aofdir *s, const char *name)
{
    struct manifest now = {0};
    rf_error error;
    rf_code code = access(s->paths[MANIFEST], F_OK) == 0 ? manifest_load(&now, s->paths[MANIFEST], &error)
                                                         : RF_OK;
    bool named = code != RF_OK || names_file(&now, name);
    manifest_free(&now);
    return named;
}

/* Renames all three files; on failure, only files that a manifest names stay. */
static rf_code commit_files(struct sink_aofdir *s, rf_error *error)
{
    int named;
    rf_code code = commit_each(s, &named, error);
    while (code != RF_OK && named-- > 0)
        if (!manifest_names(s, s->latest.files[named].name))
            unlink(s->paths[named]);
    return code;
}

static rf_code aofdir_commit(rf_sink *sink, rf_error *error)
{
    struct sink_aofdir *s = (struct sink_aofdir *)sink;
    int named;
    if (s->within)
        return commit_each(s, &named, error);
    TRY(refuse_in_use(s, error));
    cleanup_commits_begin();
    rf_code code = commit_files(s, error);
    if (code == RF_OK) {
        tempfile_keep_directory(s->made);
        remove_old_files(s);
    }
    cleanup_commits_end();
    return code;
}

/* --- parts: one of each file -------------------------------------------------------------------------- */

static void aofdir_part_restart(rf_sink *sink)
{
    struct sink_aofdir *s = (struct sink_aofdir *)sink;
    for (int i = BASE; i <= INCR; i++)
        rf_sink_part_restart(s->parts[i]);
}

static size_t aofdir_part_size(const rf_sink *sink)
{
    const struct sink_aofdir *s = (const struct sink_aofdir *)sink;
    return rf_sink_part_size(s->parts[BASE]) + rf_sink_part_size(s->parts[INCR]);
}

static void aofdir_part_close(rf_sink *sink)
{
    struct sink_aofdir *s = (struct sink_aofdir *)sink;
    for (int i = BASE; i <= INCR; i++)
        rf_sink_close(s->parts[i]);
    free(s);
}

static rf_code aofdir_open_part(rf_sink *sink, rf_notify notify, rf_sink **out, rf_error *error)
{
    static const struct sink_class class = {.put = aofdir_put,
                                            .put_strings = aofdir_put_strings,
                                            .put_commands = aofdir_put_commands,
                                            .restart = aofdir_part_restart,
                                            .size = aofdir_part_size,
                                            .close = aofdir_part_close};
    const struct sink_aofdir *whole = (const struct sink_aofdir *)sink;
    struct sink_aofdir *s = calloc(1, sizeof *s);
    if (!s)
        return out_of_memory(error);
    s->sink = (struct rf_sink){.class = &class,
                               .check = whole->sink.check,
                               .takes_strings = whole->sink.takes_strings,
                               .takes_commands = true};
    rf_code code = RF_OK;
    for (int i = BASE; code == RF_OK && i <= INCR; i++)
        code = rf_sink_open_part(whole->parts[i], notify, &s->parts[i], error);
    if (code == RF_OK)
        *out = &s->sink;
    else
        aofdir_part_close(&s->sink);
    return code;
}

static rf_code aofdir_append(rf_sink *sink, rf_sink *part, rf_error *error)
{
    struct sink_aofdir *s = (struct sink_aofdir *)sink, *from = (struct sink_aofdir *)part;
    for (int i = BASE; i <= INCR; i++)
        TRY(rf_sink_append(s->parts[i], from->parts[i], error));
    return RF_OK;
}

/* --- the end ------------------------------------------------------------------------------------------ */

static bool aofdir_output(const rf_sink *sink, size_t index, rf_output_info *info)
{
    const struct sink_aofdir *s = (const struct sink_aofdir *)sink;
    if (index < MANIFEST)
        return rf_sink_output(s->parts[index], 0, info);
    if (index > MANIFEST)
        return false;
    output_info(&s->manifest, info);
    return true;
}

static void aofdir_close(rf_sink *sink)
{
    struct sink_aofdir *s = (struct sink_aofdir *)sink;
    for (int i = BASE; i <= INCR; i++)
        rf_sink_close(s->parts[i]);
    output_close(&s->manifest);
    tempfile_close(s->made);
    if (s->lock >= 0)
        close(s->lock);
    for (int i = 0; i < FILE_COUNT; i++)
        free(s->paths[i]);
    manifest_free(&s->old);
    manifest_free(&s->latest);
    free(s->manifest_name);
    free(s->directory);
    free(s);
}

/* Without trailing slashes and dots: "dir/" is "dir". */
static char *trimmed_path(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    return strndup(path, n);
}

/* Opens or creates the directory, and checks its contents. */
static rf_code enter_directory(struct sink_aofdir *s, bool force, rf_error *error)
{
    if (s->within)
        return tempdir_make_directory(s->within, s->directory, error);
    TRY(tempfile_make_directory(s->directory, &s->made, error));
    TRY(lock_directory(s, error));
    TRY(refuse_foreign_manifest(s, error));
    TRY(look_for_old_manifest(s, force, error));
    return look_for_unnamed_files(s, error);
}

static rf_code open_directory(struct sink_aofdir *s, const struct sink_location *location,
                              const char *appendfilename, rf_aof_base base, const rf_sink_options *options,
                              rf_error *error)
{
    s->group = location->group;
    s->within = location->within;
    s->directory = trimmed_path(location->path);
    s->hash = options->hash;
    s->unsafe = options->unsafe;
    s->notify = options->notify;
    s->appendfilename = appendfilename;
    if (!s->directory)
        return out_of_memory(error);
    if (asprintf(&s->manifest_name, "%s.manifest", appendfilename) < 0) {
        s->manifest_name = NULL;
        return out_of_memory(error);
    }
    TRY(make_path(&s->paths[MANIFEST], s, s->manifest_name, error));
    TRY(enter_directory(s, options->force, error));
    TRY(name_files(s, appendfilename, base, error));
    return open_parts(s, base, *options, error);
}

rf_code sink_open_aofdir(const struct sink_location *location, const char *appendfilename, rf_aof_base base,
                         const rf_sink_options *options, rf_sink **out, rf_error *error)
{
    static const struct sink_class class = {.put = aofdir_put,
                                            .put_strings = aofdir_put_strings,
                                            .put_commands = aofdir_put_commands,
                                            .finish = aofdir_finish,
                                            .commit = aofdir_commit,
                                            .output = aofdir_output,
                                            .open_part = aofdir_open_part,
                                            .append = aofdir_append,
                                            .close = aofdir_close};
    if (!*appendfilename || strchr(appendfilename, '/'))
        return fail(error, RF_E_ARGUMENT, "appendfilename '%s' is not a file name", appendfilename);
    struct sink_aofdir *s = calloc(1, sizeof *s);
    if (!s)
        return out_of_memory(error);
    s->sink.class = &class;
    s->sink.check = options->check;
    s->lock = -1;
    rf_code code = open_directory(s, location, appendfilename, base, options, error);
    if (code != RF_OK) {
        aofdir_close(&s->sink);
        return code;
    }
    s->sink.takes_strings = s->parts[BASE]->takes_strings;
    s->sink.takes_commands = true;
    *out = &s->sink;
    return RF_OK;
}

rf_code rf_sink_open_aofdir(const char *path, const char *appendfilename, rf_aof_base base,
                            const rf_sink_options *options, rf_sink **out, rf_error *error)
{
    return sink_open_aofdir(&(struct sink_location){.path = path}, appendfilename, base, options, out, error);
}
