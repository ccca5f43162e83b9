/* SPDX-License-Identifier: MIT */
/* Checks for files at the destination of an output that it would damage, or that would keep a server from
 * reading it. */
#ifndef SINK_SURROUNDINGS_H
#define SINK_SURROUNDINGS_H

#include <rdbferry/error.h>
#include <rdbferry/sink.h>
#include <stdbool.h>

/* RF_E_EXISTS for a directory that is not suitable for an AOF: the working directory of a server, with an AOF
 * directory or a dump.rdb in it; or, unless it contains the manifest of that AOF, one with other files,
 * except hidden ones ("."), "lost+found" in a directory called appendonlydir, a server's temporary files
 * ("temp-") and files of an AOF of that name. */
rf_code surroundings_check_directory(const char *path, const char *appendfilename, bool has_manifest,
                                     rf_error *error);

/* RF_E_EXISTS for a file that is named in a manifest in the same directory, so that its AOF would mix two
 * runs; and for one that servers do not read, as the AOF of its name is in the directory "appendonlydir" next
 * to it. Always RF_OK with options->unsafe, and for stdout. */
rf_code surroundings_check_file(const char *path, const rf_sink_options *options, rf_error *error);

#endif
