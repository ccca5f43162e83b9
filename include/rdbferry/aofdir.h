/* SPDX-License-Identifier: MIT */
/* An AOF directory as an input: the files it consists of. */
#ifndef RDBFERRY_AOFDIR_H
#define RDBFERRY_AOFDIR_H

#include <rdbferry/error.h>
#include <rdbferry/source.h>
#include <rdbferry/version.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct rf_files {
    char **paths;          /* in the order in which a server loads them */
    struct rf_file *found; /* private: the state of each path */
    size_t count;
    size_t set; /* where the data set begins to which files are added: one that is apart from those before has
                   files of a snapshot again that these have, too */
} rf_files;

/* Adds the files of an input named `path`: for an AOF directory or a manifest, the base and then the
 * incremental files that the manifest names, except empty ones (one of them if all are empty); for the
 * summary of a snapshot of Dragonfly (NAME-summary.dfs), this and the files of all shards that the data set
 * does not have yet, RF_E_FORMAT if one is missing or belongs to another snapshot; else `path` itself,
 * whatever it is. Files named "temp-*" are not manifests. A directory with no manifest or more than one, and
 * a manifest without base and incremental files are RF_E_FORMAT; a missing file is reported when it is
 * opened. A zeroed rf_files is empty.
 *
 * Regular files are kept open, within the limit of file descriptors, and read up to the size that they have
 * now: what a server does to the directory afterwards does not change the data that is read. If a file is
 * removed before it could be opened, the manifest is read again. */
RF_API rf_code rf_files_add(rf_files *files, const char *path, rf_error *error);

/* The path of another file of the snapshot of Dragonfly to which the file belongs, that is not among the
 * files: the summary or the next shard, if there is one, or the shard before, which may be missing. The
 * caller frees it; NULL: there is none, or no memory. */
RF_API char *rf_files_apart(const rf_files *files, size_t number);

/* Adds an input that rf_files_add() has refused, as one that cannot be opened: rf_files_open() returns a copy
 * of `why`. Only for RF_E_MEMORY `files` is unchanged. */
RF_API rf_code rf_files_add_failed(rf_files *files, const char *path, const rf_error *why, rf_error *error);

/* Replaces the files `first` to `end` - 1 by one that is called `name` in messages: the regular file `fd`,
 * which belongs to `files` from then on, also after an error; if it is -1, one that cannot be opened, see
 * above. For RF_E_MEMORY, the only error, `files` is otherwise unchanged. */
RF_API rf_code rf_files_replace(rf_files *files, size_t first, size_t end, const char *name, int fd,
                                const rf_error *why, rf_error *error);

/* The files `first` to `end` - 1, which `files` still owns: rf_files_free() must not be called. */
RF_API rf_files rf_files_part(const rf_files *files, size_t first, size_t end);

/* Why a file cannot be opened, as given to one of the above; NULL: it may be possible. */
RF_API const rf_error *rf_files_failure(const rf_files *files, size_t number);

/* Opens a file for reading; may be called repeatedly. A file that is kept open is read as it was when it was
 * added. *out is NULL after an error. */
RF_API rf_code rf_files_open(const rf_files *files, size_t number, rf_source **out, rf_error *error);

/* Whether an input is a live server, added by rf_files_add_live() or rf_files_add_scan(), and its version;
 * 0.0: unknown. */
RF_API bool rf_files_is_live(const rf_files *files, size_t number);
RF_API rf_server rf_files_server(const rf_files *files, size_t number);

/* An input that can be read only once, the snapshot of a live server: copies all of it to a temporary file in
 * $TMPDIR, which is read from now on, any number of times. Any other input is left as it is. */
RF_API rf_code rf_files_capture(const rf_files *files, size_t number, rf_error *error);

/* Discards what that has stored, which is not open: the next one stores another snapshot. */
RF_API void rf_files_release(const rf_files *files, size_t number);

/* The descriptor of a file that is kept open, owned by `files`; -1: it is not. */
RF_API int rf_files_descriptor(const rf_files *files, size_t number);

/* Whether a server has written in the meantime, so that RF_E_READ or RF_E_TRUNCATED of this file may be the
 * result: the file has grown; or it is not kept open and the manifest has changed. */
RF_API bool rf_files_changed(const rf_files *files, size_t number);

/* Whether a file that is kept open is longer than it was when it was added. */
RF_API bool rf_files_grew(const rf_files *files, size_t number);

RF_API void rf_files_free(rf_files *files);

#endif
